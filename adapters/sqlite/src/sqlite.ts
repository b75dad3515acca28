import { ArgumentCheck, type Storage, type StorageHandle } from '@perdure/core/storage';
import type { Connection } from './connection.js';
import type { Database } from './driver.js';
import { SqliteHandle } from './handle.js';
import { openFile, openGiven } from './open.js';

export interface SqliteOptions {
  /**
   * What an acknowledged write survives. `strict` (default): a power cut; each commit waits for the disk. `relaxed`: the
   * death of the process, however violent, but a power cut or a crash of the system may take the last moments with it;
   * about ten times as many commits. The database is consistent in either case. In memory nothing survives.
   */
  readonly durability?: 'strict' | 'relaxed';
}

/**
 * A store in a SQLite file, through better-sqlite3 12, or 13 on Node 22 and newer, which the application installs.
 *
 * `source` is the path of the file, made where there is none; `':memory:'`, whose data lives as long as the returned
 * value; or a better-sqlite3 database that the caller has opened, and closes after the engines. Of a given database
 * journal mode and busy timeout stay as they are (WAL and `timeout: 0` are best); `synchronous` is raised to `FULL`
 * where `strict` needs it. It may have tables of its own; do not write to those of Perdure.
 *
 * Several engines, clients and processes of one computer can use one file at the same time. Not on a network drive.
 *
 * Throws `InvalidArgumentError` for a source that is none of these, and for unknown or wrong options.
 *
 * `open` rejects with `StorageError`: `storage_unsupported` (better-sqlite3 is not installed, or does not fit this Node),
 * `storage_foreign` (somebody else's database), `storage_newer` (written by a newer version), `storage_readonly`,
 * `storage_corrupt`, `storage_busy` (another writer held it for 10 s) or `storage_failed`. Calls reject with
 * `storage_full`, `storage_busy`, `storage_lost` (the given database was closed) and `storage_closed` as well.
 *
 * @example
 * ```ts
 * import { sqlite } from '@perdure/sqlite';
 *
 * const storage = sqlite('orders.db', { durability: 'relaxed' });
 * const handle = await storage.open();
 * await handle.close();
 * ```
 */
export function sqlite(source: string | { readonly database: object }, options: SqliteOptions = {}): Storage {
  checkArguments(source, options);
  const { durability = 'strict' } = options;
  if (typeof source === 'string') {
    const shared = new Shared(() => openFile(source, durability), source === ':memory:');
    return { kind: 'sqlite', open: () => shared.open() };
  }
  const { database } = source;
  return {
    kind: 'sqlite',
    open: () => {
      let shared = given.get(database);
      if (shared === undefined)
        given.set(database, (shared = new Shared(() => openGiven(database, durability), false)));
      return shared.open();
    },
  };
}

/** SQLite takes an empty path for a temporary database, which is gone when it is closed. */
function checkArguments(source: unknown, options: SqliteOptions): void {
  const check = new ArgumentCheck();
  const { database } = Object(source) as { readonly database?: Partial<Database> | null };
  check.require(
    (typeof source === 'string' && source.trim() !== '') ||
      (typeof database?.prepare === 'function' && typeof database.exec === 'function'),
    'source',
    "must be the path of a file, ':memory:', or { database } with an open better-sqlite3 database",
  );
  check.options(options, ['durability']);
  check.require(
    ['strict', 'relaxed', undefined].includes((options as SqliteOptions | null)?.durability),
    'durability',
    "must be 'strict' or 'relaxed'",
  );
  check.done('sqlite() cannot make a storage of these arguments');
}

/** Two values of one database would each believe to be its only writer. */
const given = new WeakMap<object, Shared>();

/** One connection for all handles. It is opened for the first and closed after the last. */
class Shared {
  readonly #connect: () => Promise<Connection>;
  readonly #keep: boolean;
  #connection: Promise<Connection> | undefined;
  #handles = 0;

  constructor(connect: () => Promise<Connection>, keep: boolean) {
    this.#connect = connect;
    this.#keep = keep;
  }

  async open(): Promise<StorageHandle> {
    const opening = (this.#connection ??= this.#connect());
    this.#handles++;
    try {
      return new SqliteHandle(await opening, () => this.#release());
    } catch (cause) {
      this.#handles--;
      if (this.#connection === opening) this.#connection = undefined;
      throw cause;
    }
  }

  async #release(): Promise<void> {
    if (--this.#handles > 0 || this.#keep) return;
    const connection = this.#connection;
    this.#connection = undefined;
    await (await connection)?.close();
  }
}
