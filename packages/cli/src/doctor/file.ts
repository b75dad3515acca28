import { statSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { fine, problem, type Finding } from './finding.js';

/**
 * The file of the store, opened for reading only: nothing in it is brought up to date by being looked at. The driver is
 * loaded here and not before: on a Node that it was not built for that ends the process.
 */
export async function* storeFile(path: string): AsyncGenerator<Finding, void, undefined> {
  yield fine('store', `${path}, ${(statSync(path).size / 1_048_576).toFixed(1)} MiB`);
  let database: Database.Database | undefined;
  try {
    const { default: Driver } = await import('better-sqlite3');
    database = new Driver(path, { readonly: true });
    const value = (sql: string): unknown => database?.prepare(sql).pluck().get();
    yield fine('schema', `version ${String(value("select value from perdure_meta where key = 'schema'"))}`);
    const integrity = String(value('pragma integrity_check(1)'));
    if (integrity === 'ok') yield fine('integrity', `ok, SQLite ${String(value('select sqlite_version()'))}`);
    else yield problem('integrity', `${integrity}: restore it from a copy`);
  } catch (error) {
    yield problem('store', `it cannot be read as a store of Perdure: ${(error as Error).message}`);
  } finally {
    database?.close();
  }
}
