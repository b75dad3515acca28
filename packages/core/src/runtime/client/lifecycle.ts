import { EngineClosedError } from '../../model/errors.js';
import type { Unwatch } from '../../storage/port.js';

/** Whether a client is open, and what it still has under way: closing waits for it, so that no call is cut in half. */
export class Lifecycle {
  #closing = false;
  #underWay = 0;
  #settled: (() => void)[] = [];
  readonly #listeners = new Set<() => void>();

  /** Throws `EngineClosedError` once close has begun. */
  assertOpen(): void {
    if (this.#closing) throw new EngineClosedError();
  }

  /** Calls back once, when close begins; at once where it has begun. */
  onClose(listener: () => void): Unwatch {
    if (this.#closing) listener();
    else this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Something that close has to wait for. Must not wait for anything unbounded. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.assertOpen();
    this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) for (const settle of this.#settled.splice(0)) settle();
    }
  }

  /** From now on every call is refused, and nobody is told. */
  abandon(): void {
    this.#closing = true;
    this.#listeners.clear();
  }

  /** From now on every call is refused. Resolves when those under way have ended. */
  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      const listeners = [...this.#listeners];
      this.#listeners.clear();
      for (const listener of listeners) listener();
    }
    if (this.#underWay > 0) await new Promise<void>((resolve) => this.#settled.push(resolve));
  }
}
