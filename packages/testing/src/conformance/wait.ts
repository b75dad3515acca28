interface Timers {
  readonly setTimeout: (run: () => void, ms: number) => unknown;
  readonly clearTimeout: (timer: unknown) => void;
}

/** The one ambient thing the kit uses, found when it is needed: every platform has it. */
const timers = (): Timers => globalThis as unknown as Timers;

/** Settles with `work`, or rejects with `late()` after `limitMs`. */
export async function within<T>(limitMs: number, work: Promise<T>, late: () => Error): Promise<T> {
  const { setTimeout, clearTimeout } = timers();
  let timer: unknown;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(late());
    }, limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    timers().setTimeout(resolve, ms);
  });
}

/** Looks until the condition holds; false where it never does. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  limitMs = 5_000,
): Promise<boolean> {
  for (let waited = 0, step = 1; waited <= limitMs; waited += step, step = Math.min(step * 2, 50)) {
    if (await condition()) return true;
    await pause(step);
  }
  return condition();
}
