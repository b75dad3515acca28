import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqlite } from '@perdure/sqlite';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { finished, finishStore } from './0.1/store.js';
import 'fake-indexeddb/auto';
import './stored-database.js';

test('S1 a file of release 0.1 is opened on SQLite, and its runs come to their ends', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-golden-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'store.sqlite');
  copyFileSync(join(import.meta.dirname, '0.1/stores/sqlite.bin'), file);
  expect(await finishStore(sqlite(file))).toStrictEqual(finished);
  const database = new Database(file);
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  database.close();
});
