import { StorageError } from '../../model/errors.js';
import type { RunId } from '../../model/ids.js';
import type { Unwatch } from '../../storage/port.js';
import type { Core } from '../core.js';
import type { CancelTimer } from '../clock.js';
import type { EndedRun } from '../run-projection.js';

type Settle = (run: EndedRun | undefined, error?: StorageError) => void;

type Needs = Pick<Core, 'storage' | 'feed' | 'clock' | 'busy' | 'log' | 'worker'>;

interface Watched {
  readonly waiting: Set<Settle>;
  readonly unwatch: Unwatch;
  reading: boolean;
  /** Grows with each change of the run that anybody has told of. */
  changes: number;
}

/** Runs are read again this often even if no hint comes. Milliseconds; more waits stretch it. */
const pollEvery = 1_000;
const pollCostPerRun = 5;

/**
 * Waits for runs to close: told by hints, saved by a poll, one read at a time for each run however many wait for it.
 * A wait keeps no process alive and stops no virtual clock.
 */
export class Closings {
  readonly #watched = new Map<RunId, Watched>();
  readonly #listeners = new Set<() => void>();
  #others = 0;
  #closed = false;
  #poll: CancelTimer | undefined;
  readonly #core: Needs;

  constructor(core: Needs) {
    this.#core = core;
  }

  /** How many waits are under way: a test engine lets time pass while somebody waits for a result. */
  get waits(): number {
    let waits = this.#others;
    for (const { waiting } of this.#watched.values()) waits += waiting.size;
    return waits;
  }

  /** Somebody waits for something else that a run will bring. */
  waiting(): Unwatch {
    this.#others += 1;
    this.#changed();
    return () => {
      this.#others -= 1;
      this.#changed();
    };
  }

  /** Calls back whenever a wait begins or ends. */
  onChange(listener: () => void): Unwatch {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Calls back once: with the closed run, with the error that keeps it from being read, or with neither where it is gone or `close` came. */
  wait(runId: RunId, settle: Settle): Unwatch {
    if (this.#closed) {
      settle(undefined);
      return () => undefined;
    }
    const watched = this.#watched.get(runId) ?? this.#watch(runId);
    watched.waiting.add(settle);
    // Open for sure: who owns it says when it lets go.
    if (!this.#core.worker?.owns(runId)) this.#read(runId, watched);
    this.#changed();
    return () => {
      if (watched.waiting.delete(settle)) this.#changed();
      if (watched.waiting.size === 0) this.#forget(runId, watched);
    };
  }

  /** This process has just ended the run: whoever waits for it need not wait for a hint, or for its owner to notice. */
  look(runId: RunId): void {
    const watched = this.#watched.get(runId);
    if (watched) this.#read(runId, watched);
  }

  /** Ends every wait, and those that come later at once. */
  close(): void {
    this.#closed = true;
    for (const [runId, watched] of [...this.#watched]) this.#settle(runId, watched, undefined);
  }

  /** Forgets every wait: none is ever answered, as after a crash. */
  abandon(): void {
    for (const [runId, watched] of [...this.#watched]) {
      watched.waiting.clear();
      this.#forget(runId, watched);
    }
  }

  #watch(runId: RunId): Watched {
    const watched: Watched = {
      waiting: new Set(),
      // A run that the worker of this process owns changes all the time; that it has ended the worker says itself.
      unwatch: this.#core.feed.onRun(runId, (ended) => {
        if (ended) this.#settle(runId, watched, ended);
        else if (!this.#core.worker?.owns(runId)) this.#read(runId, watched);
      }),
      reading: false,
      changes: 0,
    };
    this.#watched.set(runId, watched);
    this.#poll ??= this.#pollLater();
    return watched;
  }

  #forget(runId: RunId, watched: Watched): void {
    watched.unwatch();
    if (this.#watched.get(runId) === watched) this.#watched.delete(runId);
    if (this.#watched.size > 0) return;
    this.#poll?.();
    this.#poll = undefined;
  }

  #read(runId: RunId, watched: Watched): void {
    watched.changes += 1;
    if (watched.reading) return;
    watched.reading = true;
    void this.#core.busy.during(async () => {
      try {
        for (let seen = 0; seen < watched.changes && watched.waiting.size > 0;) {
          seen = watched.changes;
          const run = await this.#core.storage.readRun(runId);
          if (run?.closedAt !== null) this.#settle(runId, watched, run);
        }
      } catch (error) {
        // What may go through later is read again by the poll.
        if (error instanceof StorageError && !error.retryable) this.#settle(runId, watched, undefined, error);
        else this.#core.log.debug('A run could not be read', { runId, error });
      } finally {
        watched.reading = false;
      }
    });
  }

  #settle(runId: RunId, watched: Watched, run: EndedRun | undefined, error?: StorageError): void {
    this.#forget(runId, watched);
    const waiting = [...watched.waiting];
    watched.waiting.clear();
    for (const settle of waiting) settle(run, error);
    this.#changed();
  }

  #pollLater(): CancelTimer {
    const at = this.#core.clock.now() + Math.max(pollEvery, this.#watched.size * pollCostPerRun);
    return this.#core.clock.setTimer(
      at,
      () => {
        for (const [runId, watched] of this.#watched) this.#read(runId, watched);
        this.#poll = this.#watched.size > 0 ? this.#pollLater() : undefined;
      },
      'background',
    );
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
