import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isWanted, laneFields, laneOf, lanePrefix } from './lane.js';
import { newTask } from './records.testkit.js';

const name = fc.string({ unit: fc.constantFrom('a', '/', '%', '2', 'F', '5', ' '), maxLength: 4 });
const task = fc
  .record({
    namespace: name,
    kind: fc.constantFrom('workflow' as const, 'activity' as const, 'query' as const),
    queue: name,
    type: name,
    buildId: fc.option(name),
    priority: fc.integer({ min: 0, max: 9 }),
  })
  .map((fields) => newTask('t', fields));

test('a lane says what its tasks have in common', () => {
  expect(laneOf(newTask('t', { buildId: 'b1' }))).toBe('default/workflow/main/Order/b1/5');
  fc.assert(
    fc.property(task, (one) => {
      const { namespace, kind, queue, type, buildId, priority } = one;
      expect(laneFields(laneOf(one))).toEqual({ namespace, kind, queue, type, buildId, priority });
    }),
    { numRuns: 2_000 },
  );
});

test('tasks of different kinds never share a lane, and those of one queue share its prefix', () => {
  fc.assert(
    fc.property(task, task, (a, b) => {
      const same = JSON.stringify(laneFields(laneOf(a))) === JSON.stringify(laneFields(laneOf(b)));
      expect(laneOf(a) === laneOf(b)).toBe(same);
      const ofQueue = a.namespace === b.namespace && a.kind === b.kind && a.queue === b.queue;
      expect(laneOf(a).startsWith(lanePrefix(b.namespace, b.kind, b.queue))).toBe(ofQueue);
    }),
    { numRuns: 2_000 },
  );
});

test('C1 a lane is wanted by namespace, kind, queue, type and build', () => {
  const lane = laneOf(newTask('t', { buildId: 'b1' }));
  const want = { kind: 'workflow' as const, queues: ['main'], types: null };
  expect(isWanted(lane, 'default', want, 'b1')).toBe(true);
  expect(isWanted(lane, 'default', want)).toBe(true);
  expect(isWanted(lane, 'default', want, 'b2')).toBe(false);
  expect(isWanted(lane, 'default', want, null)).toBe(false);
  expect(isWanted(lane, 'other', want, 'b1')).toBe(false);
  expect(isWanted(lane, 'default', { ...want, kind: 'query' }, 'b1')).toBe(false);
  expect(isWanted(lane, 'default', { ...want, queues: [] }, 'b1')).toBe(false);
  expect(isWanted(lane, 'default', { ...want, types: ['Other'] }, 'b1')).toBe(false);
});
