import { noteFailure } from './own-failures.js';
import type { Scope } from './scope.js';
import type { Scopes } from './scopes.js';

/** Durable work that has been started. Await it for its result; nobody has to. */
export interface Task<O> extends Promise<O> {
  readonly id: string;
  /** Asks the work to stop: what is pending rejects. Nothing happens when it has ended. */
  cancel(reason?: string): void;
}

/** Called with a task as `this` only. */
const nativeThen = Reflect.get(Promise.prototype, 'then') as (
  this: Promise<unknown>,
  ...handlers: readonly unknown[]
) => Promise<unknown>;

/**
 * The promise behind a `Task`. A subclass, because `await` then looks up `then`, which is how an unobserved failure is
 * told from an observed one, and how the scope of whoever awaits is known; what `then` returns is a plain promise.
 * Every one carries a handler of its own, so a failure that nobody awaits never reaches the host process.
 */
export class TaskPromise<O> extends Promise<O> implements Task<O> {
  id = '';
  observed = false;
  failed = false;
  scopes!: Scopes;
  /** The scope that it was begun in: cancelled with it. */
  scope!: Scope;
  /** The scope of whoever awaited it first, else its own: current when it settles. */
  home!: Scope;
  onCancel: ((reason: string | undefined) => void) | undefined;

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  cancel(reason?: string): void {
    this.onCancel?.(reason);
  }

  /** Marks a failure as taken care of without counting as an observer. */
  silence(): void {
    void nativeThen.call(this, undefined, () => {
      this.failed = true;
    });
  }
}

/** Who goes on from a task without a word about its failure (`task.then(next)`) need not look at it either. */
function silenced(next: Promise<unknown>): Promise<unknown> {
  void nativeThen.call(next, undefined, pass);
  return next;
}
function quietThen(this: Promise<unknown>, onFulfilled: unknown, onRejected: unknown): Promise<unknown> {
  const next = nativeThen.call(this, onFulfilled, onRejected);
  return typeof onRejected === 'function' ? next : silenced(next);
}

/** `await` looks `then` up at once and calls it later: the lookup is the moment at which the awaiter's scope is known. */
void Object.defineProperty(TaskPromise.prototype, 'then', {
  configurable: true,
  get(this: TaskPromise<unknown>) {
    const { scopes, observed } = this;
    this.observed = true;
    if (!scopes.opened) return quietThen;
    const scope = scopes.current;
    if (!observed) this.home = scope;
    const bound = (callback: unknown, otherwise: Callback): Callback =>
      scopes.bind(scope, typeof callback === 'function' ? (callback as Callback) : otherwise);
    return (onFulfilled: unknown, onRejected: unknown) => {
      const next = nativeThen.call(this, bound(onFulfilled, pass), bound(onRejected, fail));
      return typeof onRejected === 'function' ? next : silenced(next);
    };
  },
});

type Callback = (value: unknown) => unknown;
const pass: Callback = (value) => value;
const fail: Callback = (reason) => {
  throw reason;
};

/** A task and the two ways to settle it. Settling again does nothing. */
export interface Deferred<O> {
  readonly task: TaskPromise<O>;
  readonly resolve: (value: O | PromiseLike<O>) => void;
  readonly reject: (reason: unknown) => void;
}

/** A task of the scope that is current. */
export function deferred<O>(id: string, scopes: Scopes): Deferred<O> {
  let resolve!: Deferred<O>['resolve'];
  let reject!: Deferred<O>['reject'];
  const task = new TaskPromise<O>((onResolve, onReject) => {
    // Code of another scope may settle it, and who awaited it before there were scopes is not told by the await.
    resolve = (value) => {
      if (task.home === scopes.current) onResolve(value);
      else scopes.setAside(task.home, onResolve, value);
    };
    reject = (reason) => {
      noteFailure(reason);
      if (task.home === scopes.current) onReject(reason);
      else scopes.setAside(task.home, onReject, reason);
    };
  });
  task.id = id;
  task.scopes = scopes;
  task.scope = task.home = scopes.current;
  task.silence();
  return { task, resolve, reject };
}
