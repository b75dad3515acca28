import { PlatformError, StorageError, type StorageErrorCode } from '@perdure/core/storage';

/** Before a transaction is told to commit, nothing of it can have been applied; after that, only some errors say so. */
export type Phase = 'before' | 'committing';

export function storageError(
  code: StorageErrorCode,
  message: string,
  about: {
    readonly retryable?: boolean;
    readonly outcome?: StorageError['outcome'];
    readonly cause?: unknown;
  } = {},
): StorageError {
  const { retryable = false, outcome = 'not-applied', cause } = about;
  return new StorageError(code, message, { retryable, outcome }, { cause });
}

export function nameOf(error: unknown): string {
  return typeof error === 'object' && error !== null
    ? String((error as { readonly name?: unknown }).name)
    : '';
}

/** What the platform threw, in the port's words. Told apart by name: a `DOMException` of another realm has no class here. */
export function asStorageError(error: unknown, name: string, phase: Phase): StorageError | PlatformError {
  if (error instanceof StorageError || error instanceof PlatformError) return error;
  const cause = error;
  const store = `IndexedDB database "${name}"`;
  switch (nameOf(error)) {
    case 'QuotaExceededError':
      // The whole transaction fails with it, at whatever moment.
      return storageError('storage_full', `No room is left for the ${store}; free some space and try again`, {
        retryable: true,
        cause,
      });
    case 'ConstraintError':
      return storageError('storage_busy', `Others changed the ${store} at the same moment; try again`, {
        retryable: true,
        cause,
      });
    case 'DataError':
    case 'DataCloneError':
    case 'TypeError':
    case 'ReferenceError':
      return storageError('storage_failed', `A record cannot be kept in the ${store}`, { cause });
    case 'NotFoundError':
      return storageError('storage_corrupt', `The ${store} lacks a part of its schema`, { cause });
    default:
      return storageError(
        phase === 'before' ? 'storage_failed' : 'storage_lost',
        phase === 'before'
          ? `A call on the ${store} failed; try again`
          : `The connection to the ${store} was lost while it was writing; read again before deciding`,
        { retryable: true, outcome: phase === 'before' ? 'not-applied' : 'unknown', cause },
      );
  }
}

/** The database connection was closed under us: another one may work. */
export function isConnectionLost(error: unknown): boolean {
  return ['InvalidStateError', 'AbortError', 'UnknownError'].includes(nameOf(error));
}
