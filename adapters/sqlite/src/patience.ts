import { isBusy, refused } from './errors.js';

// As they were when this module was loaded: fake timers in an application's tests must not stop the store.
const { clearInterval, setInterval, setTimeout } = globalThis;
export const clock = performance.now.bind(performance);

/** How long another writer is waited for. */
const patienceMs = 10_000;

/**
 * Tries until the lock is free. SQLite's own waiting blocks the event loop and backs off to 100 ms, which starves one of
 * two busy writers for seconds; this one looks again after about a millisecond, a little unevenly, and blocks nothing.
 * `since`: when the waiting began.
 */
export async function patiently<T>(attempt: () => T, since = clock()): Promise<T> {
  for (const end = since + patienceMs; ;) {
    try {
      return attempt();
    } catch (cause) {
      if (!isBusy(cause)) throw cause;
      if (clock() > end) {
        throw refused(
          'storage_busy',
          `Another writer has held the SQLite database for ${patienceMs} ms`,
          true,
        );
      }
      await pause(1 + 2 * Math.random());
    }
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Calls back every `ms` without keeping the process alive. Returns what ends it. */
export function every(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
