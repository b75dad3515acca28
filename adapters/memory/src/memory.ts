import { Hints, type Storage, type StorageTraits } from '@perdure/core/storage';
import { MemoryHandle } from './handle.js';
import { Store } from './store.js';

/**
 * A store in memory. Its data lives as long as the value that this returns; every engine and client that was given the
 * same value shares it, and closing one of them leaves the data to the others. Two calls make two stores.
 *
 * Nothing survives the process: use it in tests, and where a restart may lose everything. `open` never rejects; after
 * `close`, calls reject with `StorageError`, code `storage_closed`.
 *
 * @example
 * ```ts
 * import { memory } from '@perdure/memory';
 *
 * const storage = memory();
 * const handle = await storage.open();
 * await handle.close();
 * ```
 */
export function memory(): Storage {
  const hints = new Hints();
  const store = new Store(hints);
  const traits: StorageTraits = {
    contract: 1,
    reach: 'process',
    durability: 'none',
    instanceId: newInstanceId(),
  };
  return { kind: 'memory', open: () => Promise.resolve(new MemoryHandle(traits, store, hints)) };
}

/** Told apart within one process, which is as far as it reaches. */
function newInstanceId(): string {
  return Math.random().toString(36).slice(2);
}
