import { describe, expect, test } from 'vitest';
import { makeBundle, readBundle, type HistoryBundle } from './bundle.js';
import { encodeEvent } from './events.js';
import { encodeValue } from './values.js';

const workflow = { workflowId: 'w', runId: 'r', workflowType: 't' };
const bodies = [
  encodeEvent({
    seq: 1,
    type: 'WorkflowStarted',
    at: 1,
    ...workflow,
    taskQueue: 'default',
    input: encodeValue({ b: 1, a: 2 }),
    runNumber: 1,
    attempt: 1,
  }),
  encodeEvent({ seq: 2, type: 'WorkflowCompleted', at: 2, result: encodeValue(null) }),
];
const bundle = makeBundle(workflow, bodies);

describe('bundles', () => {
  test('come through any JSON tool', () => {
    const reordered: unknown = JSON.parse(JSON.stringify(bundle), (_key, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value,
    );
    expect(readBundle(reordered)).toMatchObject({ workflow, events: [{ seq: 1 }, { seq: 2 }] });
  });

  const deep = (levels: number): unknown => {
    let value: unknown = 1;
    for (let i = 0; i < levels; i++) value = [value];
    return value;
  };
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  test.each<[string, unknown]>([
    ['too deep', { ...bundle, events: [deep(100_000)] }],
    ['cyclic', { ...bundle, events: cyclic }],
    ['a bigint', { ...bundle, events: [1n] }],
    ['a function', { ...bundle, events: [() => 1] }],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('trap');
          },
        },
      ),
    ],
    ['a body that is null', { ...bundle, events: [null] }],
    ['a list', []],
    ['text', JSON.stringify(bundle)],
  ])('%s is refused with a typed error', (_name, value) => {
    expect(() => readBundle(value)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });

  test('depth is counted, not run into', () => {
    expect(() => readBundle({ ...bundle, events: [deep(2_000)] })).toThrow(/1000 levels/);
  });

  test('a newer version says upgrade, another one does not', () => {
    expect(() => readBundle({ ...bundle, version: 2 })).toThrow(/upgrade/);
    expect(() => readBundle({ ...bundle, version: '1' })).not.toThrow(/upgrade/);
    expect(() => readBundle({ ...bundle, version: '1' })).toThrow(/must be 1/);
  });

  test('reading leaves the bundle as it is, and it can be read again', () => {
    const before = JSON.stringify(bundle);
    readBundle(bundle);
    expect(JSON.stringify(bundle)).toBe(before);
    expect(readBundle(bundle).events).toHaveLength(2);
  });

  const edited = (change: (copy: any) => void): unknown => {
    const copy = JSON.parse(JSON.stringify(bundle)) as HistoryBundle;
    change(copy);
    return copy;
  };
  test.each<[string, unknown, string]>([
    ['something else', { events: [] }, 'format'],
    ['null', null, 'format'],
    [
      'a newer version',
      edited((b) => {
        b.version = 2;
      }),
      'version',
    ],
    [
      'an edited event',
      edited((b) => {
        b.events[0].at = 9;
      }),
      'digest',
    ],
    [
      'a missing event',
      edited((b) => {
        b.events.pop();
      }),
      'digest',
    ],
    ['another workflow', { ...makeBundle({ ...workflow, runId: 'other' }, bodies) }, 'workflow'],
    ['a gap', makeBundle(workflow, [bodies[0]!, bodies[1]!.replace('"seq":2', '"seq":3')]), 'events[1].seq'],
    ['no start', makeBundle(workflow, [bodies[1]!.replace('"seq":2', '"seq":1')]), 'events[0]'],
    ['no events', makeBundle(workflow, []), 'events'],
  ])('%s is refused', (_name, value, path) => {
    expect(() => readBundle(value)).toThrow(
      expect.objectContaining({ code: 'invalid_argument', issues: [expect.objectContaining({ path })] }),
    );
  });
});
