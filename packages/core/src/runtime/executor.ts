import type { Busy } from './busy.js';
import type { Committer } from './committer.js';
import type { Drain } from './drain.js';

/** A run's activation: stepped with a drain in between, then told that it is done. */
export interface Job {
  step(): boolean;
  done(): void;
}

/** Runs activations one after the other: one window is open at a time in a process. */
export class Executor {
  #queue: Job[] = [];
  #running = false;
  readonly #drain: Drain;
  readonly #busy: Busy;
  readonly #committer: Committer;

  constructor(drain: Drain, busy: Busy, committer: Committer) {
    this.#drain = drain;
    this.#busy = busy;
    this.#committer = committer;
  }

  run(job: Job): void {
    this.#queue.push(job);
    if (this.#running) return;
    this.#running = true;
    this.#busy.enter();
    this.#committer.hold();
    void this.#drain(this.#step).then(this.#finished);
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
