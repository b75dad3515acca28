import type { WorkerId } from '@perdure/core/storage';

/**
 * Who is alive, by Web Locks: each worker holds one of its own for as long as its page lives, and the browser lets it go
 * when the page is gone, however it went. Others queue for a shared hold on it, and so learn of the death at once.
 */
export class Presence {
  readonly #name: string;
  readonly #onGone: () => void;
  /** This handle's workers, and how to let go of their locks. */
  readonly #held = new Map<WorkerId, AbortController>();
  /** Other workers, whose locks this handle queues for. */
  readonly #awaited = new Map<WorkerId, AbortController>();

  constructor(name: string, onGone: () => void) {
    this.#name = name;
    this.#onGone = onGone;
  }

  get workers(): readonly WorkerId[] {
    return [...this.#held.keys()];
  }

  /**
   * Holds the worker's lock. Resolves once that is so, or where another holds it (then the worker is alive through that
   * one); to false where there are no locks: nobody could tell whether an announced worker lives.
   */
  hold(worker: WorkerId): Promise<boolean> {
    const locks = webLocks();
    if (locks === undefined) return Promise.resolve(false);
    if (this.#held.has(worker)) return Promise.resolve(true);
    const letGo = new AbortController();
    this.#held.set(worker, letGo);
    return new Promise((settle) => {
      const resolve = (): void => {
        settle(true);
      };
      const patience = setTimeout(resolve, holdPatienceMs);
      locks
        .request(this.#lockOf(worker), { signal: letGo.signal }, () => {
          clearTimeout(patience);
          resolve();
          return untilAborted(letGo.signal);
        })
        .catch(() => {
          // Let go before it was granted.
          clearTimeout(patience);
          resolve();
        });
    });
  }

  letGo(worker: WorkerId): void {
    this.#held.get(worker)?.abort();
    this.#held.delete(worker);
    if (this.#held.size === 0) this.#awaitNobody();
  }

  /** Queues for the locks of these workers, and of no others; one that is not among them any more is gone. */
  await(others: readonly WorkerId[]): void {
    const locks = webLocks();
    if (locks === undefined) return;
    // That a worker is announced no more may be known here before the browser has passed its lock on.
    const left = [...this.#awaited.keys()].filter((worker) => !others.includes(worker));
    for (const worker of left) this.#stopAwaiting(worker);
    if (left.length > 0) this.#onGone();
    for (const worker of others) {
      if (this.#awaited.has(worker) || this.#held.has(worker)) continue;
      const queued = new AbortController();
      this.#awaited.set(worker, queued);
      locks
        .request(this.#lockOf(worker), { mode: 'shared', signal: queued.signal }, () => {
          this.#awaited.delete(worker);
          this.#onGone();
        })
        .catch(() => {
          // No longer of interest.
        });
    }
  }

  /** Lets go of everything, and forgets nothing: for a page that goes to sleep. */
  release(): readonly WorkerId[] {
    const { workers } = this;
    for (const worker of workers) this.letGo(worker);
    this.#awaitNobody();
    return workers;
  }

  #awaitNobody(): void {
    for (const worker of [...this.#awaited.keys()]) this.#stopAwaiting(worker);
  }

  #stopAwaiting(worker: WorkerId): void {
    this.#awaited.get(worker)?.abort();
    this.#awaited.delete(worker);
  }

  /** Those of the announced workers whose lock nobody holds or waits for. */
  async dead(announced: readonly WorkerId[]): Promise<readonly WorkerId[]> {
    const locks = webLocks();
    if (locks === undefined || announced.length === 0) return [];
    const { held = [], pending = [] } = await locks.query();
    const alive = new Set(
      [...held, ...pending].filter(({ mode }) => mode === 'exclusive').map(({ name }) => name),
    );
    return announced.filter((worker) => !alive.has(this.#lockOf(worker)));
  }

  /**
   * Works while nobody else can hold the worker's lock, so that it cannot come back meanwhile. Undefined where that
   * cannot be had soon.
   */
  async instead<T>(worker: WorkerId, work: () => Promise<T>): Promise<T | undefined> {
    const locks = webLocks();
    if (locks === undefined) return undefined;
    const patience = new AbortController();
    const timer = setTimeout(() => {
      patience.abort();
    }, reapPatienceMs);
    const progress = { begun: false };
    try {
      return await locks.request(this.#lockOf(worker), { signal: patience.signal }, () => {
        progress.begun = true;
        return work();
      });
    } catch (error) {
      if (progress.begun) throw error;
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  #lockOf(worker: WorkerId): string {
    return `perdure:${this.#name}:${worker}`;
  }
}

const holdPatienceMs = 2_000;
const reapPatienceMs = 1_000;

/** Missing in Node before 24 and on pages that are not secure; null in happy-dom. */
function webLocks(): LockManager | undefined {
  const { navigator } = globalThis as { readonly navigator?: { readonly locks?: LockManager | null } };
  const locks = navigator?.locks;
  return typeof locks?.request === 'function' ? locks : undefined;
}

/** A granted lock is held until its promise settles. Aborting the signal of a request that is granted does nothing by itself. */
function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}
