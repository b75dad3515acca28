import { StorageError, type Storage, type StorageHandle } from '@perdure/core/storage';

type Call<M extends keyof StorageHandle> = StorageHandle[M] extends (...args: infer A) => infer R
  ? (call: (...args: A) => R, ...args: A) => R
  : never;
type Bends = { readonly [M in keyof StorageHandle]?: Call<M> };

/** A storage of which some calls go another way, as the test says; each is given the call that it stands for. */
export function bent(storage: Storage, bends: Bends): Storage {
  return {
    kind: storage.kind,
    open: async () =>
      new Proxy(await storage.open(), {
        get: (handle, name) => {
          const member: unknown = Reflect.get(handle, name, handle);
          if (typeof member !== 'function') return member;
          const call = member.bind(handle) as (...args: unknown[]) => unknown;
          const bend = bends[name as keyof Bends] as
            ((call: unknown, ...args: unknown[]) => unknown) | undefined;
          return bend ? (...args: unknown[]) => bend(call, ...args) : call;
        },
      }),
  };
}

/**
 * A storage in which something happens after such a read and before anybody makes anything of it: the next time, and
 * again the next time after `again`.
 */
export function meanwhile(
  storage: Storage,
  read: 'readKey' | 'listRuns',
  happen: () => Promise<unknown>,
): { readonly storage: Storage; again(): void } {
  let due = true;
  const bend = async (
    call: (...args: unknown[]) => Promise<unknown>,
    ...args: unknown[]
  ): Promise<unknown> => {
    const found = await call(...args);
    if (due) {
      due = false;
      await happen();
    }
    return found;
  };
  return {
    storage: bent(storage, { [read]: bend }),
    again: () => {
      due = true;
    },
  };
}

export function storeFailure(outcome: 'unknown' | 'not-applied', retryable = true): StorageError {
  return new StorageError('storage_failed', 'The store fails on purpose', { retryable, outcome });
}
