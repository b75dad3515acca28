import { memory } from '@perdure/memory';
import type { Batch, CommitResult, Storage, StorageHandle, Write } from '@perdure/core/storage';
import type { Law } from '../case.js';
import type { StorageFixture } from '../fixture.js';

/** What a careless adapter does, and the law that must find it. */
export interface Bug {
  readonly law: Law;
  readonly name: string;
  readonly fixture: StorageFixture;
}

type Patch = (handle: StorageHandle, all: readonly StorageHandle[]) => Partial<StorageHandle>;

/** A memory store some of whose methods are replaced. `patch` is asked once a store, for what its handles share. */
export function bug(law: Law, name: string, patch: () => Patch): Bug {
  const create = (): Storage => broken(memory(), patch());
  const same = (storage: Storage): Storage => storage;
  return { law, name, fixture: { name, create, reopen: same, second: same, hintsWithinMs: 100 } };
}

function broken(storage: Storage, patch: Patch): Storage {
  const handles: StorageHandle[] = [];
  return {
    kind: storage.kind,
    open: async () => {
      const handle = await storage.open();
      handles.push(handle);
      return overlay(handle, patch(handle, handles));
    },
  };
}

function overlay(handle: StorageHandle, over: Partial<StorageHandle>): StorageHandle {
  return new Proxy(handle, {
    get: (target, name) => {
      const replaced = Reflect.get(over, name) as unknown;
      if (replaced !== undefined) return replaced;
      const own = Reflect.get(target, name, target) as unknown;
      return typeof own === 'function' ? (own.bind(target) as unknown) : own;
    },
  });
}

/** Replaces commits by ones whose batches were changed on the way. */
export function batches(
  change: (batch: Batch, handle: StorageHandle) => Batch | Promise<Batch>,
): () => Patch {
  return () => (handle) => ({
    commit: async (all) => {
      const results: CommitResult[] = [];
      for (const one of all) results.push(...(await handle.commit([await change(one, handle)])));
      return results;
    },
  });
}

export function writes(
  change: (write: Write, handle: StorageHandle) => readonly Write[] | Promise<readonly Write[]>,
) {
  return batches(async (batch, handle) => {
    const changed: Write[] = [];
    for (const write of batch.writes) changed.push(...(await change(write, handle)));
    return { ...batch, writes: changed };
  });
}
