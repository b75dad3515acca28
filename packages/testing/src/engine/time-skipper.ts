import type { OpenCore } from '@perdure/core/internal';
import type { VirtualClock } from './virtual-clock.js';

/** Moves virtual time: by hand, or by itself while somebody waits for a result and nothing but timers is pending. */
export class TimeSkipper {
  #stopped = false;
  #skipping = false;
  /** One skip that nobody waits for a result for. */
  #pulled = false;
  #byHand = 0;
  readonly #core: OpenCore;
  readonly #clock: VirtualClock;
  readonly #automatic: boolean;
  readonly #unwatch: () => void;

  constructor(core: OpenCore, clock: VirtualClock, automatic: boolean) {
    this.#core = core;
    this.#clock = clock;
    this.#automatic = automatic;
    this.#unwatch = core.closings.onChange(() => {
      this.#start();
    });
  }

  /**
   * Moves on by so many milliseconds, stopping at everything that is due on the way. Activities are given a moment of
   * real time to end; one that hangs is what timeouts are for.
   */
  async advance(by: number): Promise<void> {
    this.#byHand += 1;
    try {
      const until = this.#clock.now() + Math.max(0, by);
      for (;;) {
        await this.#core.busy.whenStill();
        const due = this.#clock.nextDue();
        if (due === undefined || due > until) break;
        this.#clock.moveTo(due);
      }
      this.#clock.moveTo(until);
      await this.#core.busy.whenStill();
    } finally {
      this.#byHand -= 1;
    }
    this.#start();
  }

  /** Lets time move on until something is done, whether a result is awaited or not. */
  pull(): void {
    this.#pulled = true;
    this.#start();
  }

  /** Lets time pass for as long as the work takes, hanging activities or not. */
  async through(work: Promise<void>): Promise<void> {
    this.#byHand += 1;
    let done = false;
    const ended = work.finally(() => {
      done = true;
    });
    ended.catch(() => undefined); // told to the caller below
    while (!done) {
      await Promise.race([this.#core.busy.whenStill(), ended.catch(() => undefined)]);
      const due = done ? undefined : this.#clock.nextDue();
      if (due !== undefined) this.#clock.moveTo(due);
      else await Promise.race([this.#core.busy.whenBusy(), ended.catch(() => undefined)]);
    }
    return ended;
  }

  stop(): void {
    this.#stopped = true;
    this.#unwatch();
  }

  get #wanted(): boolean {
    return this.#pulled || (this.#automatic && this.#core.closings.waits > 0 && this.#byHand === 0);
  }

  #start(): void {
    if (this.#skipping || this.#stopped || !this.#wanted) return;
    this.#skipping = true;
    void this.#skip().finally(() => {
      this.#skipping = false;
    });
  }

  async #skip(): Promise<void> {
    while (this.#wanted && !this.#stopped) {
      await this.#core.busy.whenIdle();
      if (!this.#wanted || this.#stopped) return;
      const due = this.#core.busy.activities > 0 ? undefined : this.#clock.nextDue();
      // Nothing will happen by itself: an activity has to end, or a message to come.
      if (due === undefined) await this.#core.busy.whenBusy();
      else this.#clock.moveTo(due);
    }
  }
}
