import { CancelledError } from '../model/errors.js';
import { Scope } from './scope.js';

/**
 * Which scope the code that runs now belongs to. Every operation of `ctx` counts to `current` at the moment of its call.
 *
 * There is no async context in browsers, and one history must mean the same on every host, so what continues is told by
 * what it awaited: a task knows, for each awaiter, the scope that the await was made in. Where another one is current
 * when the task settles, the awaiter is set aside, and the step machine lets it go on in a drain of its own, with its
 * scope current. So a drain has one scope, and what happens in it was caused by one awaiter.
 *
 * What is left are jobs that a body queues before it first awaits a task (`await helper()`). They share a drain with the
 * code that opened the scope, so they are bracketed: one microtask before and one after them say which scope is current.
 * The microtask queue is first in, first out, so a pair that queues itself again encloses what its jobs have queued.
 */
export class Scopes {
  readonly root = new Scope();
  current = this.root;
  /** A run that never opens a scope pays nothing for them. */
  opened = false;
  /** Those whose signal workflow code has asked for. */
  readonly signalling: Scope[] = [];
  #left = mostTurns;
  /** A scope was opened in this drain, which therefore has the jobs of more than one. */
  shared = false;
  #aside: { readonly scope: Scope; readonly go: (value: unknown) => void; readonly value: unknown }[] = [];

  /** Opens a scope below the current one. */
  open(shielded: boolean): Scope {
    this.opened = true;
    return new Scope(this.current, shielded);
  }

  /** Calls a body with its scope current, for what it does at once and for the jobs that it queues. */
  run<T>(scope: Scope, body: () => T): T {
    const outer = this.current;
    const left = this.#left;
    this.shared = true;
    this.#mark(scope, left);
    this.current = scope;
    try {
      return body();
    } finally {
      this.current = outer;
      this.#mark(outer, left);
    }
  }

  /** Inner pairs end with the outer one: what they restore is current only inside it. */
  #mark(scope: Scope, turns: number): void {
    let left = turns;
    const again = (): void => {
      this.current = scope;
      this.#left = --left;
      if (left > 0) void settled.then(again);
    };
    if (left > 0) void settled.then(again);
  }

  /** Aborts the signals of what was cancelled with `scope`. */
  abort(scope: Scope): void {
    for (const one of this.signalling) {
      if (one.cancelled === undefined || !one.isWithin(scope)) continue;
      one.controller?.abort(new CancelledError(one.cancelled));
    }
  }

  /** What an awaiter in `scope` does with a result: at once where the drain is that scope's, else in a drain of its own. */
  bind<V, R>(scope: Scope, callback: (value: V) => R): (value: V) => R | Promise<R> {
    return (value) =>
      this.current === scope && !this.shared
        ? callback(value)
        : new Promise((resolve, reject) => {
            const go = (): void => {
              try {
                resolve(callback(value));
              } catch (error) {
                reject(error);
              }
            };
            this.setAside(scope, go);
          });
  }

  /** Does something in a drain of its own, which is of that scope. */
  setAside(scope: Scope, go: (value: never) => void, value?: unknown): void {
    this.#aside.push({ scope, go: go as (value: unknown) => void, value });
  }

  /** The microtask queue has run empty. */
  drained(): void {
    this.current = this.root;
    this.#left = mostTurns;
    this.shared = false;
  }

  /** Says what is about to be settled: whoever awaited it first goes on in this very drain, not in one more. */
  follow({ deferred }: { readonly deferred?: { readonly task: { readonly home: Scope } } }): void {
    if (deferred) this.current = deferred.task.home;
  }

  /** Goes on with what was set aside first; false where there is nothing. */
  resume(): boolean {
    const next = this.#aside.shift();
    if (!next) return false;
    this.current = next.scope;
    next.go(next.value);
    return true;
  }
}

const settled = Promise.resolve();
/** How many turns of the microtask queue a bracket follows. Longer chains of plain awaits before a body's first task count to the scope around it. */
const mostTurns = 64;
