import type { Clock } from '@perdure/core/internal';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
  readonly foreground: boolean;
}

/** Time that moves only when it is told to. Timers fire in the order in which they are due, then in which they were set. */
export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(startAt: number) {
    this.#now = startAt;
  }

  now(): number {
    return this.#now;
  }

  setTimer(at: number, callback: () => void, kind: 'foreground' | 'background'): () => void {
    const timer: Timer = { at, callback, order: ++this.#order, foreground: kind === 'foreground' };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** When the next timer that time stops for is due; polls and the like are not. */
  nextDue(): number | undefined {
    let next: number | undefined;
    for (const timer of this.#timers)
      if (timer.foreground && (next === undefined || timer.at < next)) next = timer.at;
    return next;
  }

  /** Moves on to `at` and fires what is due by then; time never steps back. */
  moveTo(at: number): void {
    this.#now = Math.max(this.#now, at);
    const due = [...this.#timers].filter((timer) => timer.at <= this.#now);
    due.sort((a, b) => a.at - b.at || a.order - b.order);
    for (const timer of due) if (this.#timers.delete(timer)) timer.callback();
  }
}
