import 'fake-indexeddb/auto';
import { expect, test } from 'vitest';
import type { Batch, NewRun, StorageHandle, TaskRecord } from '@perdure/core/storage';
import { indexedDb } from './indexed-db.js';

let names = 0;
const open = (): Promise<StorageHandle> => indexedDb(`t${++names}`).open();
const newRun = (runId: string): NewRun => ({
  namespace: 'n',
  runId,
  workflowId: 'w',
  runNumber: 1,
  workflowType: 't',
  taskQueue: 'q',
  startedAt: 1,
  start: 's',
  status: 'running',
  isCurrent: true,
  buildId: null,
  closedAt: null,
  progressAt: 1,
  body: 'b',
});
const newTask = (taskId: string, runId: string, more: Partial<TaskRecord> = {}): TaskRecord => ({
  taskId,
  namespace: 'n',
  kind: 'activity',
  queue: 'q',
  type: 't',
  runId,
  buildId: null,
  priority: 5,
  fairnessKey: '',
  fairnessWeight: 1,
  visibleAt: 0,
  attempt: 0,
  token: 0,
  leaseOwner: null,
  leaseUntil: 0,
  body: 'tb',
  ...more,
});

test('steps', async () => {
  const h = await open();
  expect(
    await h.commit([
      {
        expect: [],
        writes: [
          { kind: 'insert-run', run: newRun('r'), events: ['e1'] },
          { kind: 'put-task', task: newTask('r/0', 'r', { leaseOwner: 'w', leaseUntil: 1000, token: 1 }) },
        ],
      },
    ]),
  ).toEqual([{ ok: true }]);
  for (let k = 0; k < 250; k++) {
    const r = await h.commit([
      {
        expect: [
          { kind: 'run-at', runId: 'r', seq: 1 + 2 * k },
          { kind: 'token', taskId: `r/${k}`, token: 1 },
        ],
        writes: [
          {
            kind: 'advance-run',
            runId: 'r',
            fromSeq: 1 + 2 * k,
            events: [`a${k}`, `b${k}`],
            changes: newRun('r'),
          },
          { kind: 'drop-task', taskId: `r/${k}` },
          {
            kind: 'put-task',
            task: newTask(`r/${k + 1}`, 'r', { leaseOwner: 'w', leaseUntil: 1000 + k, token: 1 }),
          },
        ],
      } as Batch,
    ]);
    expect(r).toEqual([{ ok: true }]);
  }
  const all = await h.readEvents('r', { from: 1, limit: 10000 });
  expect(all.length).toBe(501);
  expect(all.slice(0, 5)).toEqual(['e1', 'a0', 'b0', 'a1', 'b1']);
  expect(await h.readEvents('r', { from: 300, limit: 3 })).toEqual(all.slice(299, 302));
  expect((await h.readTasks('r')).map((t) => t.taskId)).toEqual(['r/250']);
  expect(
    await h.nextWakeAt({ namespace: 'n', wants: [{ kind: 'activity', queues: ['q'], types: null }] }),
  ).toBeLessThanOrEqual(1249);
  expect(
    await h.claim({
      namespace: 'n',
      owner: 'w2',
      now: 1248,
      buildId: null,
      wants: [{ kind: 'activity', queues: ['q'], types: null, limit: 5, leaseMs: 100 }],
    }),
  ).toEqual([]);
  expect(
    (
      await h.claim({
        namespace: 'n',
        owner: 'w2',
        now: 1249,
        buildId: null,
        wants: [{ kind: 'activity', queues: ['q'], types: null, limit: 5, leaseMs: 100 }],
      })
    ).length,
  ).toBe(1);
  expect(await h.releaseLeases('w2')).toBe(1);
  await h.close();
});
