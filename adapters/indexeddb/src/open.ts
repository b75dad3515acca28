import { PlatformError } from '@perdure/core/storage';
import { openDB } from 'idb';
import { nameOf, storageError } from './errors.js';
import { createStores, schemaVersion, storeNames, type Database, type Meta, type Schema } from './schema.js';

/** How long an opener waits for tabs with older code to let go. */
const patienceMs = 10_000;

export interface Opened {
  readonly db: Database;
  readonly instanceId: string;
}

export interface Watcher {
  /** Another connection wants to upgrade the database, or to delete it (null). */
  readonly onBlocking: (version: number | null) => void;
  /** The browser closed the connection. */
  readonly onTerminated: () => void;
}

/** Opens the database; makes it only where `create` says so, because a handle must not revive a deleted one. */
export async function openDatabase(name: string, create: boolean, watcher: Watcher): Promise<Opened> {
  let gone: Error | undefined;
  try {
    requireIndexedDb();
    const db = await patiently(name, (blocked) =>
      openDB<Schema>(name, schemaVersion, {
        upgrade(made, oldVersion, _newVersion, tx) {
          tx.done.catch(() => {
            // `openDB` rejects with it.
          });
          if (oldVersion > 0) return;
          if (create) {
            createStores(made);
            void tx.objectStore('meta').put(newMeta(), 'store');
          } else {
            gone = deleted(name);
            tx.abort();
          }
        },
        blocked,
        blocking: (_current, version) => {
          watcher.onBlocking(version);
        },
        terminated: () => {
          watcher.onTerminated();
        },
      }),
    );
    return { db, instanceId: await identify(db, name) };
  } catch (error) {
    if (gone !== undefined) throw gone;
    if (nameOf(error) === 'VersionError') throw await newerOrForeign(name);
    // Some browsers let an opaque origin see `indexedDB`, and refuse its use.
    if (nameOf(error) === 'SecurityError') throw unsupported(error);
    throw error;
  }
}

export function deleted(name: string): Error {
  return storageError(
    'storage_lost',
    `The IndexedDB database "${name}" was deleted while it was in use; reload the page to begin with a new one`,
  );
}

export function newer(name: string): Error {
  return storageError(
    'storage_newer',
    `The IndexedDB database "${name}" belongs to a newer version of this application; reload the page to get that version`,
  );
}

function foreign(name: string): Error {
  return storageError(
    'storage_foreign',
    `The IndexedDB database "${name}" was not made by Perdure; give indexedDb() another name`,
  );
}

function requireIndexedDb(): void {
  let cause: unknown;
  try {
    // Reading the property throws where the origin is opaque, as in a sandboxed frame.
    if ((globalThis as { readonly indexedDB?: IDBFactory }).indexedDB !== undefined) return;
  } catch (error) {
    cause = error;
  }
  throw unsupported(cause);
}

function unsupported(cause: unknown): Error {
  return new PlatformError(
    '@perdure/indexeddb needs indexedDB, which this platform or this frame does not offer; use another storage here',
    { cause },
  );
}

async function patiently(name: string, open: (blocked: () => void) => Promise<Database>): Promise<Database> {
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let late = false;
    const blocked = (): void => {
      timer = setTimeout(() => {
        late = true;
        reject(
          storageError(
            'storage_busy',
            `Another tab keeps an older version of the IndexedDB database "${name}" open; close that tab or reload it`,
            { retryable: true },
          ),
        );
      }, patienceMs);
    };
    open(blocked).then(
      (db) => {
        clearTimeout(timer);
        // The request cannot be taken back: a database that opens after all is let go.
        if (late) db.close();
        else resolve(db);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

async function identify(db: Database, name: string): Promise<string> {
  try {
    if (!hasOurStores(db)) throw foreign(name);
    const meta = (await db.get('meta', 'store')) as Meta | undefined;
    if (meta === undefined) {
      throw storageError(
        'storage_corrupt',
        `The IndexedDB database "${name}" lacks its first record; delete it`,
      );
    }
    // Of whatever shape: the names of the stores may be a coincidence.
    if ((meta.app as unknown) !== 'perdure') throw foreign(name);
    return meta.instanceId;
  } catch (error) {
    db.close();
    throw error;
  }
}

function hasOurStores(db: Database): boolean {
  const names = [...db.objectStoreNames];
  return names.length === storeNames.length && storeNames.every((name) => names.includes(name));
}

async function newerOrForeign(name: string): Promise<Error> {
  const db = await openDB<Schema>(name);
  try {
    const meta = db.objectStoreNames.contains('meta')
      ? ((await db.get('meta', 'store')) as Partial<Meta> | undefined)
      : undefined;
    return meta?.app === 'perdure' ? newer(name) : foreign(name);
  } finally {
    db.close();
  }
}

function newMeta(): Meta {
  return {
    app: 'perdure',
    schema: schemaVersion,
    instanceId: randomName(),
    createdAt: Date.now(),
  };
}

/** Told apart from every other one. `crypto.randomUUID` is missing on pages that are not secure. */
export function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
