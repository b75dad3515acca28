import { createRequire } from 'node:module';
import { StorageError } from '@perdure/core/storage';

/** What is used of better-sqlite3, so that a given database may come from any copy or build of it. */
export interface Database {
  readonly open: boolean;
  readonly inTransaction: boolean;
  readonly memory: boolean;
  prepare(sql: string): Statement;
  exec(sql: string): unknown;
  close(): unknown;
}

export type Value = string | number | null;

export interface Statement {
  run(...values: readonly Value[]): { readonly changes: number; readonly lastInsertRowid: number | bigint };
  get(...values: readonly Value[]): unknown;
  all(...values: readonly Value[]): unknown[];
  pluck(): this;
  raw(): this;
  safeIntegers(on: boolean): this;
}

type Driver = new (path: string, options: { readonly timeout: number }) => Database;

/**
 * Loads better-sqlite3. Version 13 on Node before 22 ends the process while it loads, without a word, so the pair is
 * looked at first.
 */
export function loadDriver(
  load: (id: string) => unknown = createRequire(import.meta.url),
  node: string = process.versions.node,
): Driver {
  try {
    const { version } = load('better-sqlite3/package.json') as { readonly version: string };
    if (parseInt(version) >= 13 && parseInt(node) < 22) {
      throw unsupported(
        `better-sqlite3 ${version} needs Node 22 or newer, and this is Node ${node}: ` +
          'install better-sqlite3@12, or a newer Node',
      );
    }
    return load('better-sqlite3') as Driver;
  } catch (cause) {
    if (cause instanceof StorageError) throw cause;
    const missing = (cause as { readonly code?: unknown }).code === 'MODULE_NOT_FOUND';
    throw unsupported(
      missing
        ? '@perdure/sqlite needs better-sqlite3: run "npm install better-sqlite3"'
        : 'better-sqlite3 is installed but does not load here: run "npm rebuild better-sqlite3"',
      cause,
    );
  }
}

function unsupported(message: string, cause?: unknown): StorageError {
  return new StorageError(
    'storage_unsupported',
    message,
    { retryable: false, outcome: 'not-applied' },
    { cause },
  );
}
