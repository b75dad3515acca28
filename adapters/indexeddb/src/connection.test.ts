import 'fake-indexeddb/auto';
import { forceCloseDatabase } from 'fake-indexeddb';
import { StorageError, type ChangeHint } from '@perdure/core/storage';
import { deleteDB } from 'idb';
import { afterEach, expect, test, vi } from 'vitest';
import { indexedDb } from './indexed-db.js';
import { applied, leased, newTask, start, step } from './make.testkit.js';

let opened = 0;
const newName = (): string => `connection ${String(++opened)}`;

/** The databases that are opened while the spy is there. */
function connections(): IDBDatabase[] {
  const found: IDBDatabase[] = [];
  const original = IDBFactory.prototype.open;
  vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(function (this: IDBFactory, ...args) {
    const request = original.apply(this, args);
    request.addEventListener('success', () => found.push(request.result));
    return request;
  });
  return found;
}

afterEach(() => {
  vi.restoreAllMocks();
});

async function failure(work: Promise<unknown>): Promise<StorageError> {
  const error: unknown = await work.catch((cause: unknown) => cause);
  if (error instanceof StorageError) return error;
  throw new Error('It did not fail with a StorageError', { cause: error });
}

test('E1 a connection that the browser closed is replaced, unseen', async () => {
  const found = connections();
  const handle = await indexedDb(newName()).open();
  await applied(handle, start('r', { kind: 'put-task', task: newTask('r/0', 'r', leased) }));
  await applied(handle, step('r', 0));
  forceCloseDatabase(found[0] as never);
  await applied(handle, step('r', 1));
  expect((await handle.readRun('r'))?.seq).toBe(5);
  expect(found).toHaveLength(2);
  await handle.close();
});

test('E1 a connection lost while a commit is under way leaves its outcome unknown', async () => {
  const handle = await indexedDb(newName()).open();
  // What happens in the browser's own process after it was told to commit, nobody here can know.
  vi.spyOn(IDBTransaction.prototype, 'commit').mockImplementationOnce(function (this: IDBTransaction) {
    this.abort();
  });
  const error = await failure(handle.commit([start('r')]));
  expect([error.code, error.outcome, error.retryable]).toEqual(['storage_lost', 'unknown', true]);
  expect(await handle.readRun('r')).toBeUndefined();
  await applied(handle, start('r'));
  await handle.close();
});

test('E1 a full store says so, and that nothing was applied', async () => {
  const handle = await indexedDb(newName()).open();
  vi.spyOn(IDBTransaction.prototype, 'commit').mockImplementationOnce(function (this: IDBTransaction) {
    Object.defineProperty(this, 'error', { value: new DOMException('full', 'QuotaExceededError') });
    this.abort();
  });
  const error = await failure(handle.commit([start('r')]));
  expect([error.code, error.outcome, error.retryable]).toEqual(['storage_full', 'not-applied', true]);
  await applied(handle, start('r'));
  await handle.close();
});

test('S1 a store that was cleared while its connection was closed is lost', async () => {
  const name = newName();
  const found = connections();
  const handle = await indexedDb(name).open();
  const hints: ChangeHint[] = [];
  handle.watch((hint) => hints.push(hint));
  found[0]!.close();
  await deleteDB(name);
  expect((await failure(handle.commit([start('r')]))).code).toBe('storage_lost');
  expect(hints.map(({ kind }) => kind)).toEqual(['lost']);
  expect(await indexedDB.databases()).not.toContainEqual(expect.objectContaining({ name }));
  await handle.close();
});

test('S1 a store that is cleared while it is being opened again is lost', async () => {
  const name = newName();
  const found = connections();
  const handle = await indexedDb(name).open();
  found[0]!.close();
  await deleteDB(name);
  vi.spyOn(IDBFactory.prototype, 'open').mockImplementationOnce(() => {
    throw new DOMException('The connection was closed.', 'AbortError');
  });
  expect((await failure(handle.commit([start('r')]))).code).toBe('storage_lost');
  await handle.close();
});

test('S1 a store that was made anew while its connection was closed is lost', async () => {
  const name = newName();
  const found = connections();
  const handle = await indexedDb(name).open();
  found[0]!.close();
  await deleteDB(name);
  const fresh = await indexedDb(name).open();
  expect((await failure(handle.commit([start('r')]))).code).toBe('storage_lost');
  expect(await fresh.countRuns({ namespace: 'default' })).toBe(0);
  await handle.close();
  await fresh.close();
});

test('L1 close waits for what is under way, and refuses what comes after', async () => {
  const name = newName();
  const handle = await indexedDb(name).open();
  const under = applied(handle, start('r'));
  const closing = handle.close();
  expect((await failure(handle.readRun('r'))).code).toBe('storage_closed');
  await Promise.all([under, closing]);
  const again = await indexedDb(name).open();
  expect(await again.countRuns({ namespace: 'default' })).toBe(1);
  await again.close();
});
