import type { ChangeHint, StorageHandle } from '@perdure/core/storage';
import { deleteDB, openDB } from 'idb';
import { afterEach, expect, test, vi } from 'vitest';
import { indexedDb } from './indexed-db.js';
import { locksOf } from './locks.testkit.js';
import { applied, leased, newTask, start, step } from './make.testkit.js';

const newName = (): string => `page ${crypto.randomUUID()}`;

function heard(handle: StorageHandle): ChangeHint[] {
  const hints: ChangeHint[] = [];
  handle.watch((hint) => hints.push(hint));
  return hints;
}

afterEach(() => {
  vi.restoreAllMocks();
});

test.each([
  ['strict', {}],
  ['strict', { durability: 'strict' }],
  ['relaxed', { durability: 'relaxed' }],
] as const)('A6 commits are %s with %j', async (durability, options) => {
  const handle = await indexedDb(newName(), options).open();
  expect(handle.traits.durability).toBe(durability);
  const original = IDBDatabase.prototype.transaction;
  const asked: (string | undefined)[] = [];
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...args) {
    const tx = original.apply(this, args);
    if (tx.mode === 'readwrite') asked.push(tx.durability);
    return tx;
  });
  await applied(handle, start('r', { kind: 'put-task', task: newTask('r/0', 'r', leased) }));
  await applied(handle, step('r', 0));
  const wants = [{ kind: 'activity', queues: ['main'], types: null, limit: 1, leaseMs: 1 }] as const;
  await handle.claim({ namespace: 'default', owner: 'w', now: 99_000, buildId: null, wants });
  await handle.releaseLeases('w');
  expect(asked).toEqual([durability, durability, durability, durability]);
  await handle.close();
});

test('S1 newer code upgrades without waiting for this page, whose commits end first', async () => {
  const name = newName();
  const handle = await indexedDb(name).open();
  const hints = heard(handle);
  const under = Array.from({ length: 20 }, (_, i) => applied(handle, start(`r${String(i)}`)));
  let blocked = false;
  await new Promise((resolve) => setTimeout(resolve, 1));
  const newer = await openDB(name, 2, { blocked: () => (blocked = true) });
  await Promise.all(under);
  expect(blocked).toBe(false);
  expect(await newer.count('live')).toBe(20);
  const lost = hints.filter((hint) => hint.kind === 'lost');
  expect(lost).toHaveLength(1);
  expect(String(lost[0]?.error)).toContain('reload');
  await expect(handle.readRun('r0')).rejects.toMatchObject({ code: 'storage_newer', retryable: false });
  newer.close();
  await handle.close();
});

test('S1 an opener waits for older code to let go', async () => {
  const name = newName();
  const older = await openDB(name, 1);
  // Version 0 cannot be had; what holds up an upgrade holds up the deletion that comes before it.
  const deleting = deleteDB(name);
  const opening = indexedDb(name).open();
  let opened = false;
  void opening.then(() => (opened = true));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(opened).toBe(false);
  older.close();
  await deleting;
  await (await opening).close();
});

test('S1 a store deleted by another tab is lost', async () => {
  const name = newName();
  const handle = await indexedDb(name).open();
  const hints = heard(handle);
  await deleteDB(name);
  await expect.poll(() => hints.map(({ kind }) => kind)).toEqual(['lost']);
  await expect(handle.commit([start('r')])).rejects.toMatchObject({ code: 'storage_lost' });
  expect((await indexedDB.databases()).map((database) => database.name)).not.toContain(name);
  await handle.close();
});

const hide = (): unknown => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
const show = (): unknown => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
const freeze = (): unknown => document.dispatchEvent(new Event('freeze'));
const resume = (): unknown => document.dispatchEvent(new Event('resume'));

test.each([
  ['sleeps in the cache', [hide], [show]],
  ['is frozen', [freeze], [resume]],
  ['is frozen in the cache', [hide, freeze], [resume, show]],
])('S1 E1 a page that %s holds nobody up, and works on when it is back', async (_, asleep, awake) => {
  const name = newName();
  const handle = await indexedDb(name).open();
  const other = await indexedDb(name).open();
  await handle.join('asleep');
  await applied(
    handle,
    start('r', { kind: 'put-task', task: newTask('r/0', 'r', { ...leased, leaseOwner: 'asleep' }) }),
  );
  expect(await locksOf(name)).toHaveLength(1);
  for (const event of asleep) event();
  // Both handles of this page let go.
  const foreign = await openDB(name);
  await expect.poll(() => locksOf(name)).toEqual([]);
  foreign.close();
  const hints = heard(handle);
  const waiting = handle.readRun('r');
  for (const event of awake) event();
  expect((await waiting)?.seq).toBe(1);
  expect(hints).toEqual([{ kind: 'unknown' }]);
  await expect.poll(() => locksOf(name)).toHaveLength(1);
  expect(await other.reapDeadWorkers()).toBe(0);
  await Promise.all([handle.close(), other.close()]);
});

test('E1 a page that falls asleep leaves no transaction open for others to wait for, and does its work on waking', async () => {
  const handle = await indexedDb(newName()).open();
  await applied(handle, start('r', { kind: 'put-task', task: newTask('r/0', 'r') }));
  const original = IDBDatabase.prototype.transaction;
  const opened: IDBTransaction[] = [];
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...args) {
    const tx = original.apply(this, args);
    opened.push(tx);
    return tx;
  });
  const wants = [{ kind: 'activity', queues: ['main'], types: null, limit: 1, leaseMs: 1 }] as const;
  const works = [
    handle.readRun('r'),
    handle.readKey('default', 'none'),
    handle.claim({ namespace: 'default', owner: 'w', now: 99_000, buildId: null, wants }),
    handle.commit([step('r', 0)]),
  ] as const;
  // No request can be answered meanwhile.
  for (let n = 0; n < 100; n++) await Promise.resolve();
  expect(opened).toHaveLength(works.length);
  freeze();
  for (const tx of opened) expect(() => tx.objectStore('live')).toThrow('finished');
  resume();
  const [run, key, tasks, results] = await Promise.all(works);
  expect([run?.seq, key, tasks.map(({ taskId }) => taskId), results]).toEqual([
    expect.any(Number),
    undefined,
    ['r/0'],
    [{ ok: true }],
  ]);
  await handle.close();
});

test('S1 while the page sleeps, another can delete the store', async () => {
  const name = newName();
  const handle = await indexedDb(name).open();
  hide();
  // Never resolves while somebody has it open.
  await deleteDB(name);
  show();
  await expect(handle.readRun('r')).rejects.toMatchObject({ code: 'storage_lost' });
  await handle.close();
});

test('N1 a page that is looked at again is told to look again', async () => {
  const handle = await indexedDb(newName()).open();
  const hints = heard(handle);
  document.dispatchEvent(new Event('visibilitychange'));
  expect(hints).toEqual(document.visibilityState === 'visible' ? [{ kind: 'unknown' }] : []);
  await handle.close();
  document.dispatchEvent(new Event('visibilitychange'));
  expect(hints.length).toBeLessThan(2);
});
