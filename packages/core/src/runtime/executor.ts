import type { Busy } from './busy.js';
import type { Committer } from './committer.js';
import type { Drain } from './drain.js';
import type { Platform } from './platform.js';

/** A run's activation: stepped with a drain in between, then told that it is done. */
export interface Job {
  step(): boolean;
  done(): void;
}

/** Runs activations one after the other: one window is open at a time in a process. */
export class Executor {
  #queue: Job[] = [];
  #running = false;
  #recent = false;
  readonly #platform: Platform;
  readonly #drain: Drain;
  readonly #busy: Busy;
  readonly #committer: Committer;

  constructor(platform: Platform, drain: Drain, busy: Busy, committer: Committer) {
    this.#platform = platform;
    this.#drain = drain;
    this.#busy = busy;
    this.#committer = committer;
  }

  /** Whether workflow code has run in this turn of the host's event loop, so that what is amiss now may be its. */
  get recent(): boolean {
    return this.#recent;
  }

  run(job: Job): void {
    this.#queue.push(job);
    if (this.#running) return;
    this.#running = true;
    if (!this.#recent && this.#platform.forgiveRejections) {
      this.#recent = true;
      this.#platform.hop(this.#turnOver);
    }
    this.#busy.enter();
    this.#committer.hold();
    void this.#drain(this.#step).then(this.#finished);
  }

  readonly #turnOver = (): void => {
    this.#recent = this.#running;
    if (this.#recent) this.#platform.hop(this.#turnOver);
  };

  /** Resolves when `step` has said false. */
  through(step: () => boolean): Promise<void> {
    return new Promise((done) => {
      this.run({ step, done });
    });
  }

  readonly #step = (): boolean => {
    for (;;) {
      this.#committer.nudge();
      const job = this.#queue[0];
      if (!job) return false;
      if (job.step()) return true;
      this.#queue.shift();
      job.done();
    }
  };

  readonly #finished = (): void => {
    this.#running = false;
    const rest = this.#queue;
    this.#queue = [];
    for (const job of rest) this.run(job);
    if (rest.length === 0) this.#committer.release();
    this.#busy.leave();
  };
}
