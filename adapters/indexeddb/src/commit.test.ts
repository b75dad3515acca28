import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import type { StorageHandle } from '@perdure/core/storage';
import { expect, test } from 'vitest';
import { indexedDb } from './indexed-db.js';
import { applied, leased, newRun, newTask, running, start, step } from './make.testkit.js';
import { operations } from './ops.testkit.js';

let opened = 0;
let name = '';

async function open(): Promise<StorageHandle> {
  name = `commit ${String(++opened)}`;
  return indexedDb(name).open();
}

const begun = (runId: string) =>
  start(runId, { kind: 'put-task', task: newTask(`${runId}/0`, runId, leased) });
const message = (runId: string, messageId: string) =>
  ({
    kind: 'put-message',
    message: { namespace: 'default', runId, kind: 'signal', messageId, at: 1, body: 'm' },
  }) as const;

async function stored(store: string): Promise<unknown[]> {
  const db = await openDB(name);
  const all = await db.getAll(store);
  db.close();
  return all as unknown[];
}

test('A1 a sequential step is one transaction with one record added, and nothing read', async () => {
  const handle = await open();
  await applied(handle, begun('r'));
  expect(await operations(() => applied(handle, step('r', 0)))).toEqual({ transaction: 1, add: 1 });
  // The same with the inbox checked, once it has been looked at.
  const checked = (k: number) => ({
    ...step('r', k),
    expect: [...step('r', k).expect, { kind: 'inbox-read', runId: 'r', through: 0 }] as const,
  });
  await applied(handle, checked(1));
  expect(await operations(() => applied(handle, checked(2)))).toEqual({ transaction: 1, add: 1 });
  await handle.close();
});

test('A1 steps of many runs share a transaction, with one record each', async () => {
  const handle = await open();
  const runs = Array.from({ length: 20 }, (_, i) => `r${String(i)}`);
  await applied(handle, ...runs.map(begun));
  const ops = await operations(() => applied(handle, ...runs.map((runId) => step(runId, 0))));
  expect(ops).toEqual({ transaction: 1, add: 20 });
  await handle.close();
});

test('A1 many batches about one run cost one record', async () => {
  const handle = await open();
  await applied(handle, begun('r'));
  const batches = Array.from({ length: 30 }, (_, k) => step('r', k));
  expect(await operations(() => applied(handle, ...batches))).toEqual({ transaction: 1, add: 1 });
  expect((await handle.readRun('r'))?.seq).toBe(61);
  await handle.close();
});

test('A1 a start is two records added and nothing read; an end reads nothing either', async () => {
  const handle = await open();
  const key = { namespace: 'default', key: 'workflow r', value: 'r', runId: 'r' };
  const first = begun('r');
  const born = {
    expect: [{ kind: 'key', namespace: 'default', key: 'workflow r', value: null }],
    writes: [...first.writes, { kind: 'put-key', record: key }],
  } as const;
  expect(await operations(() => applied(handle, born))).toEqual({ transaction: 1, add: 2 });
  await applied(handle, step('r', 0));
  const end = {
    expect: [
      { kind: 'token', taskId: 'r/1', token: 1 },
      { kind: 'inbox-read', runId: 'r', through: 0 },
    ],
    writes: [
      {
        kind: 'advance-run',
        runId: 'r',
        fromSeq: 3,
        events: ['end'],
        changes: { ...running, status: 'completed', closedAt: 9 },
      },
      { kind: 'drop-tasks', runId: 'r' },
    ],
  } as const;
  const ops = await operations(() => applied(handle, end));
  expect(ops).toEqual({ transaction: 1, add: 1, delete: 1, put: 1 });
  // What was taken to be missing is looked for once it is there.
  expect(await handle.commit([born])).toEqual([
    { ok: false, refusal: { reason: 'key', of: 'expect', index: 0 } },
  ]);
  expect(await handle.commit([first])).toEqual([
    { ok: false, refusal: { reason: 'run-exists', of: 'writes', index: 0 } },
  ]);
  await handle.close();
});

test('A1 what was put for a run before it was there belongs to it', async () => {
  const handle = await open();
  await applied(handle, {
    expect: [],
    writes: [
      { kind: 'put-task', task: newTask('r/0', 'r') },
      { kind: 'put-task', task: newTask('elsewhere', 'r') },
      message('r', 'early'),
    ],
  });
  await applied(handle, begun('r'));
  const read = { expect: [{ kind: 'inbox-read', runId: 'r', through: 0 }], writes: [] } as const;
  expect((await handle.commit([read]))[0]?.ok).toBe(false);
  expect((await handle.readTasks('r')).map(({ taskId, token }) => [taskId, token])).toEqual([
    ['elsewhere', 0],
    ['r/0', 1],
  ]);
  await applied(handle, { expect: [], writes: [{ kind: 'drop-tasks', runId: 'r' }] });
  expect(await handle.readTasks('r')).toEqual([]);
  await handle.close();
});

test('P1 a run that is purged and inserted in one batch has nothing of the old one', async () => {
  const handle = await open();
  const tasks = Array.from({ length: 30 }, (_, i) => newTask(`r/${String(i)}`, 'r'));
  await applied(handle, start('r', ...tasks.map((task) => ({ kind: 'put-task', task }) as const)));
  const again = start('r').writes;
  await applied(handle, { expect: [], writes: [{ kind: 'purge-run', runId: 'r' }, ...again] });
  expect(await handle.readTasks('r')).toEqual([]);
  expect(await handle.readEvents('r', { from: 1, limit: 9 })).toEqual(['started']);
  await handle.close();
});

test('A7 a commit that comes upon a run it does not name bars what is remembered of it', async () => {
  const handle = await open();
  const stray = { kind: 'put-task', task: newTask('r/stray', 's') } as const;
  await applied(handle, begun('r'), begun('s'), { expect: [], writes: [stray] });
  await applied(handle, step('r', 0));
  // The stray goes, and the run that its id begins with keeps count of it.
  const under = applied(handle, { expect: [], writes: [{ kind: 'drop-tasks', runId: 's' }] });
  await Promise.all([under, applied(handle, step('r', 1))]);
  await applied(handle, step('r', 2));
  expect(await handle.readEvents('r', { from: 1, limit: 99 })).toHaveLength(7);
  expect((await handle.readRun('r'))?.seq).toBe(7);
  await handle.close();
});

test('A7 a long run keeps every event in order, in few records', async () => {
  const handle = await open();
  await applied(handle, begun('r'));
  for (let k = 0; k < 450; k++) await applied(handle, step('r', k));
  const events = await handle.readEvents('r', { from: 1, limit: 10_000 });
  expect(events).toHaveLength(901);
  expect([events[0], events[1], events[900]]).toEqual(['started', 'completed 0', 'scheduled 450']);
  expect(await handle.readEvents('r', { from: 256, limit: 4 })).toEqual(events.slice(255, 259));
  const [loaded] = await handle.loadRuns([{ runId: 'r', afterSeq: 700 }]);
  expect(loaded?.events).toEqual(events.slice(700));
  expect((await stored('steps')).length).toBeLessThanOrEqual(200);
  expect((await stored('chunks')).length).toBeLessThanOrEqual(10);
  await handle.close();
  const again = await indexedDb(name).open();
  expect(await again.readEvents('r', { from: 1, limit: 10_000 })).toEqual(events);
  await again.close();
});

test('A1 what is big is not written again with each change of the run', async () => {
  const handle = await open();
  const big = 'x'.repeat(100_000);
  const run = newRun('r', { start: big });
  await applied(
    handle,
    { expect: [], writes: [{ kind: 'insert-run', run, events: ['e', big, 'f'] }] },
    { expect: [], writes: [{ kind: 'put-task', task: newTask('r/0', 'r', { body: big }) }] },
  );
  const [record] = (await stored('live')).filter((value) => 'tasks' in (value as object));
  expect(JSON.stringify(record).length).toBeLessThan(2_000);
  expect(await handle.readEvents('r', { from: 1, limit: 9 })).toEqual(['e', big, 'f']);
  expect((await handle.readRun('r'))?.start).toBe(big);
  expect((await handle.listRuns({ namespace: 'default' }, { after: null, limit: 1 }))[0]?.start).toBe(big);
  expect((await handle.readTask('r/0'))?.body).toBe(big);
  await handle.close();
});

test('A4 a handle that remembers a run is refused what another has overtaken', async () => {
  const handle = await open();
  const other = await indexedDb(name).open();
  await applied(handle, begun('r'));
  await applied(handle, step('r', 0));
  await applied(other, step('r', 1));
  expect(await handle.commit([step('r', 1)])).toEqual([
    { ok: false, refusal: { reason: 'run-at', of: 'expect', index: 0 } },
  ]);
  await applied(handle, step('r', 2));
  await applied(other, step('r', 3));
  expect(await handle.readEvents('r', { from: 1, limit: 99 })).toHaveLength(9);
  await handle.close();
  await other.close();
});

test('A5 a handle that remembers a run sees the claim of another', async () => {
  const handle = await open();
  const other = await indexedDb(name).open();
  await applied(handle, begun('r'));
  const wants = [{ kind: 'activity', queues: ['main'], types: null, limit: 1, leaseMs: 1_000 }] as const;
  expect(
    await other.claim({ namespace: 'default', owner: 'thief', now: 70_000, buildId: null, wants }),
  ).toHaveLength(1);
  expect(await handle.commit([step('r', 0)])).toEqual([
    { ok: false, refusal: { reason: 'token', of: 'expect', index: 1 } },
  ]);
  await handle.close();
  await other.close();
});

test('A5 a message that comes while the journal is open is there for the next inbox-read', async () => {
  const handle = await open();
  const other = await indexedDb(name).open();
  await applied(handle, begun('r'));
  const checked = (k: number) => ({
    ...step('r', k),
    expect: [{ kind: 'inbox-read', runId: 'r', through: 0 }] as const,
  });
  await applied(handle, checked(0));
  await applied(handle, checked(1));
  await applied(other, { expect: [{ kind: 'run-open', runId: 'r' }], writes: [message('r', 'm')] });
  expect(await handle.commit([checked(2)])).toEqual([
    { ok: false, refusal: { reason: 'inbox-read', of: 'expect', index: 0 } },
  ]);
  await handle.close();
  await other.close();
});

test('C2 a handle that remembers a run finds it purged', async () => {
  const handle = await open();
  const other = await indexedDb(name).open();
  await applied(handle, begun('r'));
  await applied(handle, step('r', 0));
  await applied(other, { expect: [], writes: [{ kind: 'purge-run', runId: 'r' }] });
  expect((await handle.commit([step('r', 1)]))[0]?.ok).toBe(false);
  expect(await handle.readRun('r')).toBeUndefined();
  await handle.close();
  await other.close();
});

test('A2 a refused batch among steps from memory leaves its neighbours alone', async () => {
  const handle = await open();
  await applied(handle, begun('r'), begun('s'));
  const results = await handle.commit([step('r', 0), step('s', 7), step('r', 1), step('s', 0)]);
  expect(results.map(({ ok }) => ok)).toEqual([true, false, true, true]);
  expect([(await handle.readRun('r'))?.seq, (await handle.readRun('s'))?.seq]).toEqual([5, 3]);
  await handle.close();
});

test('A5 an expectation that only looks at a remembered run is checked in the store', async () => {
  const handle = await open();
  const other = await indexedDb(name).open();
  await applied(handle, begun('r'));
  await applied(other, step('r', 0));
  const key = { namespace: 'default', key: 'k', value: 'v', runId: 'r' };
  const at = (seq: number) => [{ kind: 'run-at', runId: 'r', seq }] as const;
  expect((await handle.commit([{ expect: at(1), writes: [{ kind: 'put-key', record: key }] }]))[0]?.ok).toBe(
    false,
  );
  await applied(handle, { expect: at(3), writes: [{ kind: 'put-key', record: key }] });
  await handle.close();
  await other.close();
});

test('P1 a purge leaves nothing but what bars those who remember', async () => {
  const handle = await open();
  const other = await indexedDb(name).open();
  const tasks = Array.from(
    { length: 40 },
    (_, i) => ({ kind: 'put-task', task: newTask(`r/${String(i)}`, 'r', leased) }) as const,
  );
  const stray = { kind: 'put-task', task: newTask('stray', 'r') } as const;
  await applied(
    handle,
    start('r', ...tasks, stray, message('r', 'm'), {
      kind: 'put-key',
      record: { namespace: 'default', key: 'k', value: 'v', runId: 'r' },
    }),
  );
  for (let k = 0; k < 3; k++) await applied(handle, step('r', k));
  await applied(other, {
    expect: [],
    writes: [{ kind: 'advance-run', runId: 'r', fromSeq: 7, events: ['x'.repeat(20_000)], changes: running }],
  });
  await applied(other, { expect: [], writes: [{ kind: 'purge-run', runId: 'r' }] });
  for (const store of ['live', 'chunks', 'inbox', 'keys']) expect(await stored(store), store).toEqual([]);
  expect(await stored('steps')).toEqual([null]);
  await handle.close();
  await other.close();
});
