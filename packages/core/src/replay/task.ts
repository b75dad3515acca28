/** Durable work that has been started. Await it for its result; nobody has to. */
export interface Task<O> extends Promise<O> {
  readonly id: string;
  cancel(reason?: string): void;
}

/**
 * The promise behind a `Task`. A subclass, because `await` then calls `then`, which is how an unobserved failure is
 * told from an observed one; what `then` returns is a plain promise. Every one carries a handler of its own, so a
 * failure that nobody awaits never reaches the host process.
 */
export class TaskPromise<O> extends Promise<O> implements Task<O> {
  id = '';
  observed = false;
  failed = false;
  onCancel: ((reason: string | undefined) => void) | undefined;

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  override then<A = O, B = never>(
    onFulfilled?: ((value: O) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.observed = true;
    return super.then(onFulfilled, onRejected);
  }

  /** Asks the work to stop. Nothing happens when it has ended. */
  cancel(reason?: string): void {
    this.onCancel?.(reason);
  }

  /** Marks a failure as taken care of without counting as an observer. */
  silence(): void {
    super.then(undefined, () => {
      this.failed = true;
    });
  }
}

/** A task and the two ways to settle it. Settling again does nothing. */
export interface Deferred<O> {
  readonly task: TaskPromise<O>;
  readonly resolve: (value: O | PromiseLike<O>) => void;
  readonly reject: (reason: unknown) => void;
}

export function deferred<O>(id: string): Deferred<O> {
  let resolve!: Deferred<O>['resolve'];
  let reject!: Deferred<O>['reject'];
  const task = new TaskPromise<O>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  task.id = id;
  task.silence();
  return { task, resolve, reject };
}
