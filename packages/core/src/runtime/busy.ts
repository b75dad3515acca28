import type { Platform } from './platform.js';

/** Nothing may begin for so many tasks in a row before it counts as quiet: hints of a store come a little later than its answers. */
const quietTasks = 3;

/** Counts what is under way and who waits for results, so that a test engine knows when only time can move things on. */
export class Busy {
  #count = 0;
  #awaiting = 0;
  #begun = 0;
  readonly #platform: Platform;
  #onChange: () => void = () => undefined;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  enter(): void {
    this.#count += 1;
    this.#begun += 1;
  }

  leave(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#onChange();
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  /** Somebody waits for the outcome of a run: time may have to move on for it. */
  async awaiting<T>(wait: () => Promise<T>): Promise<T> {
    this.#awaiting += 1;
    this.#onChange();
    try {
      return await wait();
    } finally {
      this.#awaiting -= 1;
    }
  }

  get isAwaited(): boolean {
    return this.#awaiting > 0;
  }

  /** Calls back whenever things may have become quiet, or a wait has begun. One listener. */
  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  /** Resolves when nothing is under way and nothing has begun for a few tasks either. */
  async whenIdle(): Promise<void> {
    for (let quiet = 0; quiet < quietTasks; ) {
      const begun = this.#begun;
      await this.#hop();
      quiet = this.#count === 0 && this.#begun === begun ? quiet + 1 : 0;
    }
  }

  #hop(): Promise<void> {
    return new Promise((resolve) => { this.#platform.hop(resolve); });
  }
}
