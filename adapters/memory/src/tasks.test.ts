import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ClaimRequest, TaskRecord } from '@perdure/core/storage';
import { Tasks } from './tasks.js';

const record = fc.record({
  taskId: fc.integer({ min: 0, max: 30 }).map((n) => `t${n}`),
  namespace: fc.constantFrom('a', 'b'),
  kind: fc.constantFrom('workflow' as const, 'activity' as const),
  queue: fc.constantFrom('q1', 'q2'),
  type: fc.constantFrom('T1', 'T2'),
  runId: fc.integer({ min: 0, max: 4 }).map((n) => `r${n}`),
  buildId: fc.constantFrom(null, 'b1', 'b2'),
  priority: fc.integer({ min: 0, max: 3 }),
  fairnessKey: fc.constant(''),
  fairnessWeight: fc.constant(1),
  visibleAt: fc.integer({ min: 0, max: 40 }),
  attempt: fc.constant(0),
  token: fc.integer({ min: 0, max: 3 }),
  leaseOwner: fc.constantFrom(null, 'w1', 'w2'),
  leaseUntil: fc.integer({ min: 0, max: 40 }),
  body: fc.constant(''),
});

const claim = fc.record({
  namespace: fc.constantFrom('a', 'b'),
  owner: fc.constantFrom('w1', 'w2'),
  now: fc.integer({ min: 0, max: 50 }),
  buildId: fc.constantFrom(null, 'b1'),
  wants: fc.array(
    fc.record({
      kind: fc.constantFrom('workflow' as const, 'activity' as const),
      queues: fc.subarray(['q1', 'q2']),
      types: fc.option(fc.subarray(['T1', 'T2'])),
      limit: fc.integer({ min: 0, max: 5 }),
      leaseMs: fc.integer({ min: 0, max: 20 }),
    }),
    { maxLength: 2 },
  ),
});

const step = fc.oneof(
  { weight: 4, arbitrary: record.map((task) => ({ does: 'put' as const, task })) },
  { weight: 2, arbitrary: claim.map((request) => ({ does: 'claim' as const, request })) },
  { weight: 1, arbitrary: record.map(({ taskId }) => ({ does: 'drop' as const, taskId })) },
  { weight: 1, arbitrary: record.map(({ runId }) => ({ does: 'drop-run' as const, runId })) },
  { weight: 1, arbitrary: fc.constantFrom('w1', 'w2').map((owner) => ({ does: 'release' as const, owner })) },
);

const inOrder = (a: TaskRecord, b: TaskRecord): number =>
  a.priority - b.priority || a.visibleAt - b.visibleAt || (a.taskId < b.taskId ? -1 : 1);

/** The rules of the port, one by one, over a plain list. */
class Plain {
  tasks: TaskRecord[] = [];

  put(task: TaskRecord): void {
    this.tasks = [...this.tasks.filter(({ taskId }) => taskId !== task.taskId), task];
  }

  claim(request: ClaimRequest): readonly TaskRecord[] {
    const claimed: TaskRecord[] = [];
    for (const want of request.wants) {
      const best = this.tasks
        .filter((task) => task.namespace === request.namespace && task.kind === want.kind)
        .filter((task) => want.queues.includes(task.queue) && (want.types?.includes(task.type) ?? true))
        .filter((task) => task.buildId === null || task.buildId === request.buildId)
        .filter((task) => task.visibleAt <= request.now && task.leaseUntil <= request.now)
        .filter((task) => !claimed.some(({ taskId }) => taskId === task.taskId))
        .sort(inOrder)
        .slice(0, want.limit)
        .map((task) => ({
          ...task,
          attempt: task.attempt + 1,
          token: task.token + 1,
          leaseOwner: request.owner,
        }))
        .map((task) => ({ ...task, leaseUntil: request.now + want.leaseMs }));
      for (const task of best) this.put(task);
      claimed.push(...best);
    }
    return claimed.sort(inOrder);
  }

  wakeAt(namespace: string): number {
    const at = this.tasks
      .filter((task) => task.namespace === namespace && task.kind === 'activity' && task.queue === 'q1')
      .map(({ visibleAt, leaseUntil }) => Math.max(visibleAt, leaseUntil));
    return Math.min(...at);
  }
}

test('C1 W1 lanes claim what a plain search over all tasks claims, and never wake late', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const tasks = new Tasks();
      const plain = new Plain();
      for (const one of steps) {
        switch (one.does) {
          case 'put':
            tasks.put(one.task);
            plain.put(one.task);
            break;
          case 'claim':
            expect(tasks.claim(one.request)).toEqual(plain.claim(one.request));
            break;
          case 'drop':
            tasks.drop(one.taskId);
            plain.tasks = plain.tasks.filter(({ taskId }) => taskId !== one.taskId);
            break;
          case 'drop-run':
            tasks.dropRun(one.runId);
            plain.tasks = plain.tasks.filter(({ runId }) => runId !== one.runId);
            break;
          case 'release': {
            const held = plain.tasks.filter(({ leaseOwner }) => leaseOwner === one.owner);
            expect(tasks.release(one.owner)).toHaveLength(held.length);
            for (const task of held) plain.put({ ...task, leaseOwner: null, leaseUntil: 0 });
            break;
          }
        }
        for (const runId of ['r0', 'r1', 'r2', 'r3', 'r4']) {
          const expected = plain.tasks.filter((task) => task.runId === runId);
          expect(tasks.ofRun(runId)).toEqual(expected.sort((a, b) => (a.taskId < b.taskId ? -1 : 1)));
        }
        const wakeAt = tasks.wakeAt('a', [{ kind: 'activity', queues: ['q1'], types: null }]);
        expect(wakeAt ?? Infinity).toBeLessThanOrEqual(plain.wakeAt('a'));
      }
    }),
    { numRuns: 400 },
  );
});

test('queues that come and go leave nothing behind, and no task is lost with them', () => {
  const tasks = new Tasks();
  const task: TaskRecord = {
    taskId: '',
    namespace: 'a',
    kind: 'query',
    queue: '',
    type: 'T',
    runId: 'r',
    buildId: null,
    priority: 5,
    fairnessKey: '',
    fairnessWeight: 1,
    visibleAt: 0,
    attempt: 0,
    token: 0,
    leaseOwner: null,
    leaseUntil: 0,
    body: '',
  };
  for (let n = 0; n < 3_000; n++) {
    tasks.put({ ...task, taskId: `t${n}`, queue: `q${n}` });
    if (n % 10 !== 0) tasks.drop(`t${n}`);
  }
  const queues = Array.from({ length: 3_000 }, (_, n) => `q${n}`);
  const wants = [{ kind: 'query' as const, queues, types: null, limit: 3_000, leaseMs: 1 }];
  const claimed = tasks.claim({ namespace: 'a', owner: 'w', now: 1, buildId: null, wants });
  expect(claimed).toHaveLength(300);
});
