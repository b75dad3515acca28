import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { StorageTraits } from '@perdure/core/storage';
import { Connection } from './connection.js';
import { loadDriver, type Database } from './driver.js';
import { refused, storageError } from './errors.js';
import { patiently } from './patience.js';
import { metaTable, migrations, ourNames } from './schema.js';

type Durability = 'strict' | 'relaxed';

export async function openFile(path: string, durability: Durability): Promise<Connection> {
  const Driver = loadDriver();
  let db: Database;
  try {
    // No waiting inside SQLite: see patience.ts.
    db = new Driver(path, { timeout: 0 });
  } catch (cause) {
    throw storageError(cause);
  }
  try {
    return await prepared(db, durability, true, removal(db, path));
  } catch (cause) {
    db.close();
    throw cause;
  }
}

/** The owner's journal mode and busy timeout stay; only `synchronous` is raised, where `strict` needs it. */
export async function openGiven(given: object, durability: Durability): Promise<Connection> {
  const db = given as Database;
  if (!db.open) throw refused('storage_lost', 'The given better-sqlite3 database is closed');
  return prepared(db, durability, false);
}

/** A removed file goes on taking writes for those who have it open; nobody else will ever read them. */
function removal(db: Database, path: string): (() => boolean) | undefined {
  if (db.memory) return undefined;
  const file = resolve(path);
  const inode = (): number | undefined => statSync(file, { throwIfNoEntry: false })?.ino;
  const opened = inode();
  return () => inode() !== opened;
}

function prepared(
  db: Database,
  durability: Durability,
  own: boolean,
  gone?: () => boolean,
): Promise<Connection> {
  return patiently(() => {
    try {
      if (db.inTransaction) throw refused('storage_busy', 'The given database is in a transaction', true);
      const names = namesIn(db);
      refuseForeign(names, own);
      if (own) {
        db.exec('pragma journal_mode = wal');
        db.exec('pragma synchronous = normal');
      }
      if (durability === 'strict' && Number(value(db, 'pragma synchronous')) < 2)
        db.exec('pragma synchronous = full');
      return new Connection(db, traits(db, durability, migrate(db)), own, gone);
    } catch (cause) {
      throw storageError(cause);
    }
  });
}

function traits(db: Database, durability: Durability, instanceId: string): StorageTraits {
  if (db.memory) return { contract: 1, reach: 'process', durability: 'none', instanceId };
  const journal = value(db, 'pragma journal_mode');
  const safe = journal !== 'memory' && journal !== 'off';
  return { contract: 1, reach: 'host', durability: safe ? durability : 'relaxed', instanceId };
}

function refuseForeign(names: readonly string[], own: boolean): void {
  if (names.includes('perdure_meta')) return;
  const foreign = own ? names : names.filter((name) => ourNames.includes(name));
  if (foreign.length === 0) return;
  throw refused(
    'storage_foreign',
    `The database is somebody else's: it has ${foreign.slice(0, 5).join(', ')}, and no table perdure_meta. ` +
      'Choose another file',
  );
}

/** Brings the tables to the newest version; resolves to the store's instance id. Proves on the way that it can write. */
function migrate(db: Database): string {
  db.exec('begin exclusive');
  try {
    if (!namesIn(db).includes('perdure_meta')) {
      db.exec(metaTable);
      const put = db.prepare('insert into perdure_meta values (?, ?)');
      put.run('schema', '0');
      put.run('instance_id', randomUUID());
      put.run('created_at', new Date().toISOString());
    }
    const version = Number(value(db, "select value from perdure_meta where key = 'schema'") ?? NaN);
    if (Number.isNaN(version))
      throw refused('storage_corrupt', 'perdure_meta does not say which schema this is');
    if (version > migrations.length) {
      throw refused(
        'storage_newer',
        `A newer Perdure has written this database (schema ${version}, and this one knows ${migrations.length}): ` +
          'update @perdure/sqlite, or go back to a copy from before that update',
      );
    }
    for (const step of migrations.slice(version)) db.exec(step);
    db.prepare("update perdure_meta set value = ? where key = 'schema'").run(String(migrations.length));
    const instanceId = value(db, "select value from perdure_meta where key = 'instance_id'");
    db.exec('commit');
    return String(instanceId);
  } catch (cause) {
    if (db.inTransaction) db.exec('rollback');
    throw cause;
  }
}

function namesIn(db: Database): string[] {
  return db
    .prepare("select lower(name) from sqlite_schema where name not like 'sqlite\\_%' escape '\\'")
    .pluck()
    .all() as string[];
}

function value(db: Database, sql: string): unknown {
  return db.prepare(sql).pluck().get();
}
