import { StorageError } from '../model/errors.js';

/** Reads what a store gave back. Throws `StorageError` (`storage_corrupt`) where `read` throws. */
export function readStored<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new StorageError(
      'storage_corrupt',
      `${what} cannot be read: it was changed from outside, was written by a newer release, or the medium is damaged`,
      { retryable: false, outcome: 'not-applied' },
      { cause },
    );
  }
}

/** A JSON object. Throws for anything else. */
export function parsedRecord(text: string): Record<string, unknown> {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new TypeError('no record');
  return parsed as Record<string, unknown>;
}
