import Sqlite, { type Database } from 'better-sqlite3';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Storage } from '@perdure/core/storage';
import { sqlite } from '@perdure/sqlite';
import { afterAll } from 'vitest';
import { conforms } from './cases.js';

const folder = mkdtempSync(join(tmpdir(), 'perdure-conformance-'));
const paths = new WeakMap<Storage, string>();
let files = 0;

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function newPath(): string {
  files += 1;
  return join(folder, `${files}.sqlite`);
}

/** Relaxed, to save time: what a power cut leaves cannot be seen from inside. */
function opened(path: string): Storage {
  const storage = sqlite(path, { durability: 'relaxed' });
  paths.set(storage, path);
  return storage;
}

const pathOf = (storage: Storage): string => paths.get(storage) ?? '';

/** A change made from outside, with a connection of its own. */
function meddle(path: string, work: (database: Database) => void): void {
  const database = new Sqlite(path);
  work(database);
  database.close();
}

conforms({
  name: 'sqlite (file)',
  create: () => opened(newPath()),
  dispose: (storage) => {
    for (const end of ['', '-wal', '-shm']) rmSync(pathOf(storage) + end, { force: true });
  },
  reopen: (storage) => opened(pathOf(storage)),
  second: (storage) => opened(pathOf(storage)),
  crash: (storage) => {
    const path = newPath();
    for (const end of ['', '-wal']) {
      if (existsSync(pathOf(storage) + end)) copyFileSync(pathOf(storage) + end, path + end);
    }
    return opened(path);
  },
  newer: (storage) => {
    meddle(pathOf(storage), (database) => {
      database.exec(`update perdure_meta set value = '1000' where key = 'schema'`);
    });
    return storage;
  },
  foreign: () => {
    const path = newPath();
    meddle(path, (database) => {
      database.exec('create table runs (id text)');
    });
    return opened(path);
  },
  corrupt: (storage) => {
    const path = pathOf(storage);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xa5, 2_048));
    return storage;
  },
  readOnly: (storage) => sqlite({ database: new Sqlite(pathOf(storage), { readonly: true }) }),
  without: {
    busy: 'a commit waits ten seconds for another writer; tested with the adapter',
    full: 'tested with a given database',
    lose: 'tested with a given database',
  },
});

conforms({
  name: 'sqlite (:memory:)',
  create: () => sqlite(':memory:'),
  // Its data lives as long as the value.
  reopen: (storage) => storage,
  without: {
    second: 'a database in memory has one connection',
    crash: 'nothing outlives the process',
    newer: 'nothing outlives the process',
    corrupt: 'nothing outlives the process',
    readOnly: 'memory takes writes',
    busy: 'nobody else knows the database',
  },
});

const databases = new WeakMap<Storage, Database>();

conforms({
  name: 'sqlite (given database)',
  create: () => {
    const database = new Sqlite(':memory:');
    const storage = sqlite({ database });
    databases.set(storage, database);
    return storage;
  },
  dispose: (storage) => {
    databases.get(storage)?.close();
  },
  reopen: (storage) => storage,
  full: (storage) => {
    const database = databases.get(storage);
    const pages = Number(database?.pragma('page_count', { simple: true }));
    database?.pragma(`max_page_count = ${pages + 20}`);
    return Promise.resolve(() => {
      database?.pragma('max_page_count = 1000000');
    });
  },
  lose: (storage) => {
    databases.get(storage)?.close();
  },
  without: {
    second: 'a database in memory has one connection',
    crash: 'nothing outlives the process',
    newer: 'tested with a file',
    foreign: 'a given database may have tables of its own',
    corrupt: 'nothing outlives the process',
    readOnly: 'tested with a file',
    busy: 'nobody else knows the database',
  },
});
