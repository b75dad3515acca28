import { StorageError } from '../model/errors.js';
import type { Batch, CommitResult, StorageHandle } from '../storage/port.js';
import type { Busy } from './busy.js';
import type { Clock } from './clock.js';
import type { Platform } from './platform.js';

/** Told once, after the store has answered: the result, or the error that kept it from answering. */
export type Committed = (result: CommitResult | undefined, error: unknown) => void;

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
  #ready: { readonly batch: Batch; readonly committed: Committed }[] = [];
  #flushing = false;
  #held = false;
  #readySince = 0;
  #lastTask = 0;
  readonly #storage: StorageHandle;
  readonly #platform: Platform;
  readonly #clock: Clock;
  readonly #busy: Busy;

  constructor(storage: StorageHandle, platform: Platform, clock: Clock, busy: Busy) {
    this.#storage = storage;
    this.#platform = platform;
    this.#clock = clock;
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
    const { nextTick } = this.#platform;
    if (nextTick && this.#platform.monotonic() - this.#lastTask < longestHold) {
      void Promise.resolve().then(() => { nextTick(this.#flush); });
      return;
    }
    this.#platform.hop(() => {
      this.#lastTask = this.#platform.monotonic();
      this.#flush();
    });
  }

  /** The same, awaited. Rejects where the store could not answer. */
  commit(batch: Batch): Promise<CommitResult> {
    return new Promise((resolve, reject) => {
      this.submit(batch, (result, error) => {
        if (result) resolve(result);
        else reject(error as Error);
      });
    });
  }

  readonly #flush = (): void => {
    const group = this.#ready;
    this.#ready = [];
    this.#call(group.map((entry) => entry.batch)).then(
      (results) => {
        group.forEach((entry, i) => { entry.committed(results[i], undefined); });
        this.#next();
      },
      (error: unknown) => {
        for (const entry of group) entry.committed(undefined, error);
        this.#next();
      },
    );
  };

  #next(): void {
    if (this.#ready.length > 0 && !this.#held) {
      this.#schedule();
      return;
    }
    this.#flushing = false;
    this.#busy.leave();
  }

  async #call(batches: readonly Batch[]): Promise<readonly CommitResult[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#storage.commit(batches);
      } catch (error) {
        const again = error instanceof StorageError && error.retryable && error.outcome === 'not-applied' && attempt < mostAttempts;
        if (!again) throw error;
        await this.#pause(Math.min(20 * 2 ** attempt, 1_000));
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.setTimer(this.#clock.now() + ms, resolve, 'foreground');
    });
  }
}

const mostAttempts = 6;
