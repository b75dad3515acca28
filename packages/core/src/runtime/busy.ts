import type { Clock } from './clock.js';
import type { Platform } from './platform.js';

/** Nothing may begin for so many tasks in a row before it counts as quiet: hints of a store come a little later than its answers. */
const quietTasks = 3;

/** Real time that activities are given to end by themselves before one of them is taken to hang. Milliseconds. */
const activityPatience = 50;

/**
 * Counts what is under way, so that a test engine knows when only time can move things on. The engine's own work always
 * ends; the code of an activity may wait for a timeout or an abort, so it is counted apart.
 */
export class Busy {
  #count = 0;
  #begun = 0;
  #activities = 0;
  /** Activities that had their chance to end by themselves. */
  #hanging = 0;
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

  /** Something under way waits for time to pass: that alone is no work. */
  async pause(clock: Clock, ms: number): Promise<void> {
    const passed = new Promise<void>((resolve) => {
      clock.setTimer(clock.now() + ms, resolve, 'foreground');
    });
    this.leave();
    await passed;
    this.enter();
  }

  activityBegan(): void {
    this.#activities += 1;
    this.enter();
    this.leave();
  }

  activityEnded(): void {
    this.#activities -= 1;
    this.#hanging = Math.min(this.#hanging, this.#activities);
    this.enter();
    this.leave();
  }

  get activities(): number {
    return this.#activities;
  }

  /**
   * Resolves when the engine is idle and every activity has ended, or has had 50 ms of real time to do so since the
   * last of them began.
   */
  async whenStill(): Promise<void> {
    for (;;) {
      await this.whenIdle();
      if (this.#activities <= this.#hanging) return;
      const begun = this.#begun;
      await Promise.race([this.whenBusy(), this.#pause()]);
      if (this.#begun === begun) this.#hanging = this.#activities;
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#platform.setTimer(resolve, activityPatience, true));
  }

  /** Resolves when something begins. */
  whenBusy(): Promise<void> {
    return new Promise((resolve) => this.#onBegin.push(resolve));
  }

  /** Resolves when nothing is under way and nothing has begun for a few tasks either. */
  async whenIdle(): Promise<void> {
    for (let quiet = 0; quiet < quietTasks;) {
      if (this.#count > 0) await new Promise<void>((resolve) => this.#onEnd.push(resolve));
      const begun = this.#begun;
      await this.#hop();
      quiet = this.#count === 0 && this.#begun === begun ? quiet + 1 : 0;
    }
  }

  #hop(): Promise<void> {
    return new Promise((resolve) => {
      this.#platform.hop(resolve);
    });
  }
}
