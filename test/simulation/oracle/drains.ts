import { cancelled, isCancelled, type Done, type Scope } from './scope.js';

interface Condition {
  readonly id: string;
  readonly holds: () => boolean;
  readonly grant: () => void;
}

/** A condition that held when it was asked for, and waits for its turn. */
export interface Asked {
  readonly scope: Scope;
  readonly holds: () => boolean;
  /** It does not hold any more. */
  readonly open: () => void;
  readonly done: Done;
}

/** In what order things go on that one input has set in motion. */
export class Drains {
  /** Grows with each input and each condition that is granted. What comes within one hangs on the order of microtasks. */
  turn = 0;
  /** A condition was granted at once in this drain, or a scope was opened: then another has to wait for its turn. */
  crowded = false;
  /** What goes on in this drain, once what has been begun is. */
  readonly #later: (() => void)[] = [];
  /** What goes on in a drain of its own: whoever waits for a scope that has ended. */
  readonly #aside: (() => void)[] = [];
  #conditions: Condition[] = [];
  #asked: Asked[] = [];

  later(go: () => void): void {
    this.#later.push(go);
  }

  setAside(go: () => void): void {
    this.#aside.push(go);
  }

  /** Everything that follows from `deliver`; conditions only until `settled`. */
  follow(deliver: () => void, settled: () => boolean): void {
    this.turn += 1;
    deliver();
    do this.#goOn();
    while (!settled() && this.#grantNext());
  }

  /** A condition that did not hold when it was asked for. */
  open(condition: Condition): void {
    this.#conditions.push(condition);
  }

  close(id: string): void {
    this.#conditions = this.#conditions.filter((one) => one.id !== id);
  }

  ask(asked: Asked): void {
    this.#asked.push(asked);
  }

  withdraw(asked: Asked): void {
    this.#asked = this.#asked.filter((one) => one !== asked);
  }

  #goOn(): void {
    for (let next: (() => void) | undefined = () => undefined; next; next = this.#aside.shift()) {
      next();
      for (let more = this.#later.shift(); more; more = this.#later.shift()) more();
      this.crowded = false;
    }
  }

  /** Conditions are granted one at a time, the oldest first; those that held when they were asked for before the others. */
  #grantNext(): boolean {
    this.turn += 1;
    for (let asked = this.#asked.shift(); asked; asked = this.#asked.shift()) {
      const { scope, holds, open, done } = asked;
      const over = isCancelled(scope);
      if (over || holds()) {
        this.crowded = true;
        done(over ? cancelled : { value: true });
        return true;
      }
      open();
    }
    const next = this.#conditions.find(({ holds }) => holds());
    next?.grant();
    return next !== undefined;
  }
}
