import { StorageError } from '../model/errors.js';
import type { Core } from '../runtime/core.js';

const longestPause = 1_000;
const mostAttempts = 30;

/** Reads; what the store says may go through later is tried again for about half a minute. */
export async function patiently<T>({ clock, log }: Core, read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof StorageError && error.retryable) || attempt === mostAttempts) throw error;
      log.debug('A stream could not read the store', { error, attempt });
      const pause = Math.min(50 * 2 ** attempt, longestPause);
      await new Promise<void>((resolve) => {
        clock.setTimer(clock.now() + pause, resolve, 'foreground');
      });
    }
  }
}

/** Reads under a key: whoever asks for the same in one breath shares one. It begins after the last of them asked, so it is new to all. */
export function sharedReads(core: Core): <T>(key: string, read: () => Promise<T>) => Promise<T> {
  const waiting = new Map<string, Promise<unknown>>();
  return <T>(key: string, read: () => Promise<T>) => {
    let shared = waiting.get(key) as Promise<T> | undefined;
    if (!shared) {
      shared = Promise.resolve().then(() => {
        waiting.delete(key);
        return patiently(core, read);
      });
      waiting.set(key, shared);
    }
    return shared;
  };
}
