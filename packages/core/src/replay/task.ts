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

/** `await` looks `then` up at once and calls it later: the lookup is the moment at which the awaiter's scope is known. */
void Object.defineProperty(TaskPromise.prototype, 'then', {
  configurable: true,
  get(this: TaskPromise<unknown>) {
    const { scopes, observed } = this;
    this.observed = true;
    if (!scopes.opened) return nativeThen;
    const scope = scopes.current;
    if (!observed) this.home = scope;
    return (onFulfilled: unknown, onRejected: unknown) =>
      nativeThen.call(
        this,
        scopes.bind(scope, typeof onFulfilled === 'function' ? (onFulfilled as Callback) : pass),
        scopes.bind(scope, typeof onRejected === 'function' ? (onRejected as Callback) : fail),
      );
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
    resolve = onResolve;
    reject = onReject;
  });
  task.id = id;
  task.scopes = scopes;
  task.scope = task.home = scopes.current;
  task.silence();
  return { task, resolve, reject };
}
