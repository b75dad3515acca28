import 'fake-indexeddb/auto';
import { InvalidArgumentError, PlatformError, StorageError, type ChangeHint } from '@perdure/core/storage';
import { deleteDB, openDB } from 'idb';
import { afterEach, expect, test, vi } from 'vitest';
import { indexedDb } from './indexed-db.js';
import { applied, start } from './make.testkit.js';

let opened = 0;
const newName = (): string => `open ${String(++opened)}`;

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => 'no error',
    (cause: unknown) => cause,
  );
  if (error instanceof StorageError || error instanceof PlatformError)
    return `${error.code}: ${error.message}`;
  throw new Error('Not one of ours', { cause: error });
}

afterEach(() => {
  vi.unstubAllGlobals();
});

test('E1 where there is no IndexedDB, opening says what is missing', async () => {
  vi.stubGlobal('indexedDB', undefined);
  expect(await codeOf(indexedDb(newName()).open())).toMatch(/^platform_unsupported: .*indexedDB/);
});

test('E1 where the origin is opaque, opening says what is missing', async () => {
  const denied = (): never => {
    throw new DOMException('denied', 'SecurityError');
  };
  vi.stubGlobal('indexedDB', { open: denied });
  expect(await codeOf(indexedDb(newName()).open())).toMatch(/^platform_unsupported: .*indexedDB/);
  vi.unstubAllGlobals();
  const before = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB')!;
  Object.defineProperty(globalThis, 'indexedDB', { configurable: true, get: denied });
  try {
    expect(await codeOf(indexedDb(newName()).open())).toMatch(/^platform_unsupported: .*indexedDB/);
  } finally {
    Object.defineProperty(globalThis, 'indexedDB', before);
  }
});

test('S1 a store of newer code is refused with a sentence that says to reload', async () => {
  const name = newName();
  await (await indexedDb(name).open()).close();
  (await openDB(name, 2)).close();
  expect(await codeOf(indexedDb(name).open())).toMatch(/^storage_newer: .*reload/);
});

test.each([1, 7])('S1 a database of another make is refused and left alone, version %i', async (version) => {
  const name = newName();
  const theirs = await openDB(name, version, { upgrade: (db) => void db.createObjectStore('carts') });
  await theirs.put('carts', 'mine', 1);
  theirs.close();
  expect(await codeOf(indexedDb(name).open())).toMatch(/^storage_foreign: /);
  const again = await openDB(name);
  expect([again.version, [...again.objectStoreNames], await again.get('carts', 1)]).toEqual([
    version,
    ['carts'],
    'mine',
  ]);
  again.close();
});

test('E1 a store without its first record is corrupt', async () => {
  const name = newName();
  await (await indexedDb(name).open()).close();
  const db = await openDB(name);
  await db.delete('meta', 'store');
  db.close();
  expect(await codeOf(indexedDb(name).open())).toMatch(/^storage_corrupt: /);
});

test('S1 newer code upgrades without waiting, and the handle says to reload', async () => {
  const name = newName();
  const handle = await indexedDb(name).open();
  const hints: ChangeHint[] = [];
  handle.watch((hint) => hints.push(hint));
  const under = applied(handle, start('r'));
  (await openDB(name, 2)).close();
  await under;
  expect(hints.filter(({ kind }) => kind === 'lost')).toHaveLength(1);
  expect(await codeOf(handle.readRun('r'))).toMatch(/^storage_newer: .*reload/);
  expect(await codeOf(handle.commit([start('s')]))).toMatch(/^storage_newer: /);
  await handle.close();
  expect(await codeOf(handle.readRun('r'))).toMatch(/^storage_closed: /);
});

test('S1 a store that is deleted is lost, and not made again by the handle', async () => {
  const name = newName();
  const handle = await indexedDb(name).open();
  const lost = new Promise<ChangeHint>((resolve) => handle.watch(resolve));
  await deleteDB(name);
  expect((await lost).kind).toBe('lost');
  expect(await codeOf(handle.commit([start('r')]))).toMatch(/^storage_lost: .*reload/);
  await handle.close();
  const fresh = await indexedDb(name).open();
  expect(fresh.traits.instanceId).not.toBe(handle.traits.instanceId);
  expect(await fresh.countRuns({ namespace: 'default' })).toBe(0);
  await fresh.close();
});

test.each<[string, readonly unknown[]]>([
  ['name', ['']],
  ['name', [undefined]],
  ['name', [5]],
  ['durability', ['x', { durability: 'no' }]],
  ['durabilty', ['x', { durabilty: 'relaxed' }]],
  ['options', ['x', null]],
])('S1 arguments that would fail later are refused at once: %s of %j', (path, given) => {
  const make = (): unknown => indexedDb(...(given as Parameters<typeof indexedDb>));
  expect(make).toThrow(InvalidArgumentError);
  expect(make).toThrow(path);
});
