import { StorageError } from '../model/errors.js';
import type { Batch, CommitResult, StorageHandle } from '../storage/port.js';
import type { Busy } from './busy.js';
import type { Platform } from './platform.js';

/** Told once, after the store has answered: the result, or the error that kept it from answering. */
export type Committed = (result: CommitResult | undefined, error: unknown) => void;

interface Ready {
  readonly batch: Batch;
  readonly committed: Committed;
}

/** So long at most do batches wait for activations that are still being moved on, and may other tasks wait for a turn. Milliseconds. */
const longestHold = 5;

/**
 * Group commit: every batch that becomes ready while a commit is under way, or while activations are being moved on,
 * goes into the next one, so latency is one commit and throughput grows with load.
 *
 * A call that fails as a whole is repeated while the store says that nothing was applied and that it may go through;
 * an unknown outcome goes to the callers, who read again before they decide.
 */
export class Committer {
  #ready: Ready[] = [];
  #flushing = false;
  #held = false;
  #readySince = 0;
  #lastTask = 0;
  readonly #storage: StorageHandle;
  readonly #platform: Platform;
  readonly #busy: Busy;

  constructor(storage: StorageHandle, platform: Platform, busy: Busy) {
    this.#storage = storage;
    this.#platform = platform;
    this.#busy = busy;
  }

  submit(batch: Batch, committed: Committed): void {
    if (this.#ready.push({ batch, committed }) === 1) this.#readySince = this.#platform.monotonic();
    if (!this.#held) this.#begin();
  }

  /** Between two steps of an activation: what has waited long enough is written before it goes on. */
  nudge(): void {
    if (this.#ready.length > 0 && this.#platform.monotonic() - this.#readySince >= longestHold) this.#begin();
  }

  /** Activations are being moved on: what they bring is worth waiting for. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    if (this.#ready.length > 0) this.#begin();
  }

  #begin(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#busy.enter();
    this.#schedule();
  }

  /** When what is under way now has gone as far as it can; every few milliseconds in a task of its own, so that nothing starves. */
  #schedule(): void {
    if (this.#platform.nextTick && this.#platform.monotonic() - this.#lastTask < longestHold)
      void microtask.then(this.#flushInTick);
    else this.#platform.hop(this.#flushInTask);
  }

  readonly #flushInTick = (): void => {
    this.#platform.nextTick?.(this.#flush);
  };
  readonly #flushInTask = (): void => {
    this.#lastTask = this.#platform.monotonic();
    this.#flush();
  };

  /** The same, awaited. Rejects where the store could not answer. */
  commit(batch: Batch): Promise<CommitResult> {
    return new Promise((resolve, reject) => {
      this.submit(batch, (result, error) => {
        if (result) resolve(result);
        else reject(error);
      });
    });
  }

  readonly #flush = (): void => {
    const asked = this.#platform.monotonic();
    const group = this.#ready;
    this.#ready = [];
    const batches = group.map((entry) => entry.batch);
    const answered = (results: readonly CommitResult[]): void => {
      for (let i = 0; i < group.length; i++) (group[i] as Ready).committed(results[i], undefined);
      this.#next();
    };
    this.#storage.commit(batches).then(answered, (first: unknown) => {
      this.#repeat(batches, first, asked).then(answered, (error: unknown) => {
        for (const entry of group) entry.committed(undefined, error);
        this.#next();
      });
    });
  };

  #next(): void {
    if (this.#ready.length > 0 && !this.#held) {
      this.#schedule();
      return;
    }
    this.#flushing = false;
    this.#busy.leave();
  }

  /** After a first failure. A store that has itself waited for long is not asked again. */
  async #repeat(batches: readonly Batch[], first: unknown, asked: number): Promise<readonly CommitResult[]> {
    let error = first;
    for (let attempt = 2; attempt <= mostAttempts; attempt++) {
      if (!(error instanceof StorageError && error.retryable && error.outcome === 'not-applied')) break;
      if (this.#platform.monotonic() - asked > longestRepeat) break;
      await this.#pause(Math.min(20 * 2 ** attempt, 1_000));
      try {
        return await this.#storage.commit(batches);
      } catch (next) {
        error = next;
      }
    }
    throw error;
  }

  /** By the host's time: whoever waits for the commit is under way, and a virtual clock stands still until it is done. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#platform.setTimer(resolve, ms, false);
    });
  }
}

const mostAttempts = 6;
/** Milliseconds. */
const longestRepeat = 5_000;
const microtask = Promise.resolve();
