import { ArgumentCheck, type Storage } from '@perdure/core/storage';
import type { Durability } from './durability.js';
import { openHandle } from './handle.js';

export interface IndexedDbOptions {
  /** Default `strict`. `relaxed` commits in about half the time. */
  readonly durability?: Durability;
}

/**
 * A store in the browser's IndexedDB, shared by all tabs and workers of the origin that use the same name. Works in
 * windows, dedicated workers and shared workers.
 *
 * `open` makes the database where there is none. It rejects with `PlatformError` (`platform_unsupported`) where there
 * is no IndexedDB, as in a sandboxed frame, and with `StorageError`: `storage_newer` where newer code has upgraded the
 * database (reload the page), `storage_foreign` where the name is taken by a database of another make, `storage_busy`
 * where a tab with older code does not let go of it, `storage_full` where there is no room.
 *
 * Throws `InvalidArgumentError` for a name that is no text or empty, and for unknown or wrong options.
 *
 * @param name Name of the database.
 *
 * @example
 * ```ts
 * import { indexedDb } from '@perdure/indexeddb';
 *
 * const storage = indexedDb('orders', { durability: 'relaxed' });
 * const handle = await storage.open();
 * await handle.close();
 * ```
 */
export function indexedDb(name: string, options: IndexedDbOptions = {}): Storage {
  const check = new ArgumentCheck();
  check.require(typeof name === 'string' && name !== '', 'name', 'must be the name of the database');
  check.options(options, ['durability']);
  check.require(
    ['strict', 'relaxed', undefined].includes((options as IndexedDbOptions | null)?.durability),
    'durability',
    "must be 'strict' or 'relaxed'",
  );
  check.done('indexedDb() cannot make a storage of these arguments');
  const { durability = 'strict' } = options;
  return { kind: 'indexeddb', open: () => openHandle(name, durability) };
}
