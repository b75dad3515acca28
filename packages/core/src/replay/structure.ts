import { InvalidArgumentError, ScopeTimeoutError, isCancelled, isThrown } from '../model/errors.js';
import { ContinuedAsNew } from './continuation.js';
import type { RunningCode } from './running-code.js';
import type { Scope } from './scope.js';
import { scopeSignal } from './scope-signal.js';
import { deferred, type Task } from './task.js';
import { startTimer } from './timers.js';

/** The scope of a `ctx.scope`, as its body holds it. */
export interface CancellationScope {
  /**
   * Rejects what is pending in the scope with `CancelledError`, in the order in which it began; from then on nothing new
   * begins in it. Does nothing where it was cancelled before, or its body has ended.
   */
  cancel(reason?: string): void;
  /** Aborts when the scope is cancelled. */
  readonly signal: AbortSignal;
}

/** A step of `ctx.saga` that takes back what was done. */
export type UndoStep = () => PromiseLike<unknown>;

export function scope(
  run: RunningCode,
  body: (scope: CancellationScope) => PromiseLike<unknown>,
): Task<unknown> {
  return inScope(run, 'scope', body, (opened) =>
    body({
      cancel: (reason) => {
        run.cancelScope(opened, reason ?? 'The scope was cancelled');
      },
      get signal() {
        return scopeSignal(run, opened);
      },
    }),
  );
}

export function nonCancellable<O>(run: RunningCode, body: () => PromiseLike<O>): Task<O> {
  return inScope(run, 'nonCancellable', body, body, true);
}

/**
 * The timer belongs to the scope: it is cancelled with it, and when the body ends. Whichever comes first decides: once
 * time is up the task rejects with `ScopeTimeoutError`, however late the body ends then, and however well; once the
 * scope was cancelled from outside, time does not count any more.
 */
export function withTimeout(
  run: RunningCode,
  milliseconds: number,
  body: () => PromiseLike<unknown>,
): Task<unknown> {
  return inScope(run, 'withTimeout', body, async (opened) => {
    let late: string | undefined;
    const timeIsUp = (): void => {
      late = `ctx.withTimeout: time was up after ${milliseconds} ms`;
      run.cancelScope(opened, late);
    };
    const timer = opened.cancelled === undefined ? deferred<void>(run.nextId('t'), run.scopes) : undefined;
    if (timer) startTimer(run, 'scope', run.recorder.now + milliseconds, timeIsUp, timer);
    const [ended] = await Promise.allSettled([started(body)]);
    run.dropTimer(timer?.task.id);
    const failed = ended.status === 'rejected';
    if (late !== undefined) {
      throw new ScopeTimeoutError(
        late,
        failed && !isCancelled(ended.reason) ? { cause: ended.reason as unknown } : {},
      );
    }
    if (failed) throw ended.reason;
    return ended.value;
  });
}

/**
 * Undo steps run one at a time, the newest first; not where the body continues as a new run. One that fails does not stop the others: then an `AggregateError` of
 * these failures is thrown, whose cause is what the body threw; else that is thrown as it is.
 */
export function saga(
  run: RunningCode,
  body: (undo: (step: UndoStep) => void) => PromiseLike<unknown>,
): Task<unknown> {
  return inScope(run, 'saga', body, async () => {
    const steps: UndoStep[] = [];
    try {
      return await body((step) => {
        checkFunction('the undo of a ctx.saga', step);
        steps.push(step);
      });
    } catch (error) {
      if (isThrown(error, ContinuedAsNew)) throw error; // no failure: the work goes on in the next run
      const failures = await nonCancellable(run, () => unwind(steps));
      if (failures.length === 0) throw error;
      throw new AggregateError(failures, `ctx.saga failed, and ${failures.length} of its undo steps too`, {
        cause: error,
      });
    }
  });
}

async function unwind(steps: UndoStep[]): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (let step = steps.pop(); step; step = steps.pop()) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  return failures;
}

/** Runs work in a scope of its own; `body` is what it was given for, and must be a function. */
function inScope<O>(
  run: RunningCode,
  name: string,
  body: unknown,
  work: (scope: Scope) => PromiseLike<O>,
  shielded = false,
): Task<O> {
  checkFunction(`ctx.${name}`, body);
  const { scopes } = run;
  const outcome = deferred<O>(name, scopes);
  const opened = scopes.open(shielded);
  if (!shielded) {
    outcome.task.onCancel = (reason) => {
      run.cancelScope(opened, reason ?? 'The scope was cancelled');
    };
  }
  const end =
    <V>(settle: (value: V) => void) =>
    (value: V): void => {
      opened.ended = true;
      settle(value);
    };
  scopes.run(opened, () => started(() => work(opened))).then(end(outcome.resolve), end(outcome.reject));
  return outcome.task;
}

/** A function that throws at once has failed like one that rejects. */
const started = async <O>(work: () => PromiseLike<O>): Promise<O> => work();

function checkFunction(what: string, given: unknown): void {
  if (typeof given === 'function') return;
  throw new InvalidArgumentError(`${what} needs a function`, [
    { path: '', message: `expected an async function, not ${given === null ? 'null' : typeof given}` },
  ]);
}
