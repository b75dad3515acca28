import 'fake-indexeddb/auto';
import { deepStrictEqual } from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { indexedDb } from '@perdure/indexeddb';
import { sqlite } from '@perdure/sqlite';
import { fillStore } from './0.1/store.js';
import { dumpDatabase } from './database-dump.js';

/** Records the stores that are not there yet. One that is there is never written again. */
export async function recordStores(): Promise<void> {
  const folder = join(import.meta.dirname, '0.1', 'stores');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'sqlite.bin');
  if (!existsSync(file)) await fillStore(sqlite(file));
  const dumped = join(folder, 'indexeddb.json');
  if (existsSync(dumped)) return;
  await fillStore(indexedDb('golden'));
  const dump = await dumpDatabase('golden');
  deepStrictEqual(JSON.parse(JSON.stringify(dump)), dump, 'the database holds what JSON does not');
  writeFileSync(dumped, `${JSON.stringify(dump, null, 1)}\n`);
}
