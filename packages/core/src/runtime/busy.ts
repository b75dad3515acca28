import type { Platform } from './platform.js';

/** Nothing may begin for so many tasks in a row before it counts as quiet: hints of a store come a little later than its answers. */
const quietTasks = 3;

/** Counts what is under way, so that a test engine knows when only time can move things on. */
export class Busy {
  #count = 0;
  #begun = 0;
  #onBegin: (() => void)[] = [];
  #onEnd: (() => void)[] = [];
  readonly #platform: Platform;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  enter(): void {
    this.#count += 1;
    this.#begun += 1;
    if (this.#onBegin.length > 0) for (const begun of this.#onBegin.splice(0)) begun();
  }

  leave(): void {
    this.#count -= 1;
    if (this.#count === 0 && this.#onEnd.length > 0) for (const ended of this.#onEnd.splice(0)) ended();
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  /** Resolves when something begins. */
  whenBusy(): Promise<void> {
    return new Promise((resolve) => this.#onBegin.push(resolve));
  }

  /** Resolves when nothing is under way and nothing has begun for a few tasks either. */
  async whenIdle(): Promise<void> {
    for (let quiet = 0; quiet < quietTasks; ) {
      if (this.#count > 0) await new Promise<void>((resolve) => this.#onEnd.push(resolve));
      const begun = this.#begun;
      await this.#hop();
      quiet = this.#count === 0 && this.#begun === begun ? quiet + 1 : 0;
    }
  }

  #hop(): Promise<void> {
    return new Promise((resolve) => { this.#platform.hop(resolve); });
  }
}
