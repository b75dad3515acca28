/// <reference types="vite/client" />
import { indexedDb } from '@perdure/indexeddb';
import { expect, test } from 'vitest';
import { finished, finishStore } from './0.1/store.js';
import dump from './0.1/stores/indexeddb.json?raw';
import { loadDatabase, type DatabaseDump } from './database-dump.js';

test('S1 a database of release 0.1 is opened on IndexedDB, and its runs come to their ends', async () => {
  const name = `golden-${crypto.randomUUID()}`;
  await loadDatabase(name, JSON.parse(dump) as DatabaseDump);
  expect(await finishStore(indexedDb(name))).toStrictEqual(finished);
});
