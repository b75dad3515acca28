import type { Platform } from './platform.js';

/** Counts what is under way, so that a test engine knows when only time can move things on. */
export class Busy {
  #count = 0;
  #waiting: (() => void)[] = [];
  readonly #platform: Platform;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  enter(): void {
    this.#count += 1;
  }

  leave(): void {
    this.#count -= 1;
    if (this.#count === 0 && this.#waiting.length > 0) this.#settle();
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  get idle(): boolean {
    return this.#count === 0;
  }

  /** Resolves when nothing is under way and nothing has begun by the next task either. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#count === 0) this.#settle();
    });
  }

  #settle(): void {
    this.#platform.hop(() => {
      if (this.#count > 0) return;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const resolve of waiting) resolve();
    });
  }
}
