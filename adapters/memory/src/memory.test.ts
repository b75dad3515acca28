import { expect, test } from 'vitest';
import type { ChangeHint, NewRun, TaskRecord } from '@perdure/core/storage';
import { memory } from './memory.js';

const run = (runId: string, startedAt = 1): NewRun => ({
  namespace: 'default',
  runId,
  workflowId: `workflow-${runId}`,
  runNumber: 1,
  workflowType: 'Order',
  taskQueue: 'main',
  startedAt,
  start: '{}',
  attributes: '{}',
  archivedAt: null,
  status: 'pending',
  isCurrent: true,
  buildId: null,
  closedAt: null,
  progressAt: startedAt,
  body: '{}',
});
const task = (taskId: string, runId: string): TaskRecord => ({
  taskId,
  namespace: 'default',
  kind: 'workflow',
  queue: 'main',
  type: 'Order',
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
  body: '',
});
const insert = (runId: string, startedAt?: number) => ({
  expect: [],
  writes: [{ kind: 'insert-run' as const, run: run(runId, startedAt), events: ['started'] }],
});

test('data lives as long as the value, not as its handles; two values are two stores', async () => {
  const storage = memory();
  const first = await storage.open();
  await first.commit([insert('r1')]);
  await first.close();
  const second = await storage.open();
  expect((await second.readRun('r1'))?.seq).toBe(1);
  expect(second.traits.instanceId).toBe(first.traits.instanceId);
  const other = await memory().open();
  expect(await other.readRun('r1')).toBeUndefined();
  expect(other.traits.instanceId).not.toBe(first.traits.instanceId);
});

test('N1 a hint reaches every handle after the commit has returned, merged', async () => {
  const storage = memory();
  const [writer, reader] = [await storage.open(), await storage.open()];
  const told: ChangeHint[] = [];
  writer.watch(() => {
    throw new Error('its own');
  });
  reader.watch((hint) => told.push(hint));
  const one = writer.commit([insert('r1')]);
  const two = writer.commit([{ expect: [], writes: [{ kind: 'put-task', task: task('r2', 'r2') }] }]);
  expect(told).toEqual([]);
  await Promise.all([one, two]);
  expect(told).toEqual([{ kind: 'changed', runs: ['r1', 'r2'], queues: ['main'] }]);
});

test('N1 a listener that is taken away, or whose handle is closed, hears no more', async () => {
  const storage = memory();
  const [writer, reader] = [await storage.open(), await storage.open()];
  let heard = 0;
  const listener = (): void => {
    heard++;
  };
  const unwatch = reader.watch(listener);
  reader.watch(listener);
  await writer.commit([insert('r1')]);
  expect(heard).toBe(2);
  unwatch();
  unwatch();
  await writer.commit([insert('r2')]);
  expect(heard).toBe(3);
  const last = writer.commit([insert('r3')]);
  await reader.close();
  await last;
  expect(heard).toBe(3);
});

test('Q1 lists stay in order when runs are born out of order and purged', async () => {
  const handle = await memory().open();
  const all = { namespace: 'default' };
  const page = { after: null, limit: 100 };
  await handle.commit([insert('c', 30), insert('a', 10), insert('d', 30), insert('b', 20)]);
  expect((await handle.listRuns(all, page)).map(({ runId }) => runId)).toEqual(['d', 'c', 'b', 'a']);
  await handle.commit([
    { expect: [], writes: [{ kind: 'purge-run', runId: 'c' }] },
    insert('c', 5),
    { expect: [], writes: [{ kind: 'purge-run', runId: 'b' }] },
  ]);
  expect((await handle.listRuns(all, page)).map(({ runId }) => runId)).toEqual(['d', 'a', 'c']);
  expect(await handle.countRuns(all)).toBe(3);
  const rest = await handle.listRuns(all, { after: { startedAt: 30, runId: 'd' }, limit: 1 });
  expect(rest.map(({ runId }) => runId)).toEqual(['a']);
});

test('L1 after close every call is refused', async () => {
  const handle = await memory().open();
  await handle.close();
  await handle.close();
  await expect(handle.commit([])).rejects.toMatchObject({ code: 'storage_closed', outcome: 'not-applied' });
  await expect(handle.readRun('r1')).rejects.toMatchObject({ code: 'storage_closed' });
  await expect(handle.join('w')).rejects.toMatchObject({ code: 'storage_closed' });
  expect(() => handle.watch(() => {})).toThrow('closed');
});
