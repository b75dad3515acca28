import { CancelledError, InvalidArgumentError } from '../model/errors.js';
import type { Scopes } from './scopes.js';
import { deferred, type Task } from './task.js';

/** Combinators over tasks. All of them are built on native promises, whose order is a function of the order of deliveries. */

export function all(scopes: Scopes, tasks: readonly PromiseLike<unknown>[]): Task<unknown[]> {
  return combine(scopes, 'all', Promise.all(tasks), tasks);
}

export function allSettled(
  scopes: Scopes,
  tasks: readonly PromiseLike<unknown>[],
): Task<PromiseSettledResult<unknown>[]> {
  return combine(scopes, 'allSettled', Promise.allSettled(tasks), tasks);
}

/** The first task to settle, with its key; the others are cancelled. */
export function race(
  scopes: Scopes,
  tasks: Readonly<Record<string, PromiseLike<unknown>>>,
): Task<{ key: string; value: unknown }> {
  const entries = Object.entries(tasks);
  if (entries.length === 0) throw new InvalidArgumentError('ctx.race needs at least one task', []);
  const first = Promise.race(entries.map(async ([key, task]) => ({ key, value: await task })));
  return combine(scopes, 'race', first, Object.values(tasks), 'Another task of the race came first');
}

/** The first task to fulfil; the others are cancelled. Rejects with an `AggregateError` when all have failed. */
export function any(scopes: Scopes, tasks: readonly PromiseLike<unknown>[]): Task<unknown> {
  return combine(scopes, 'any', Promise.any(tasks), tasks, 'Another task came first');
}

/** Maps with at most `concurrency` items under way; results in the order of the items. The first failure stops the rest. */
export function map(
  scopes: Scopes,
  items: readonly unknown[],
  fn: (item: unknown, index: number) => PromiseLike<unknown>,
  concurrency = Infinity,
): Task<unknown[]> {
  if (!(concurrency >= 1)) {
    throw new InvalidArgumentError('ctx.map cannot run', [
      { path: 'concurrency', message: 'must be at least 1' },
    ]);
  }
  const results = new Array<unknown>(items.length);
  const underWay = new Set<PromiseLike<unknown>>();
  let next = 0;
  let stopped = false;
  let why: string | undefined;
  const lane = async (): Promise<void> => {
    while (!stopped && next < items.length) {
      const index = next++;
      let task: PromiseLike<unknown> | undefined;
      try {
        task = fn(items[index], index);
        underWay.add(task);
        results[index] = await task;
      } catch (error) {
        stopped = true;
        throw error;
      } finally {
        if (task) underWay.delete(task);
      }
    }
  };
  const lanes = Array.from({ length: Math.min(concurrency, items.length) }, lane);
  const outcome = deferred<unknown[]>('map', scopes);
  outcome.task.onCancel = (reason) => {
    stopped = true;
    why = reason;
    for (const task of underWay) cancelTask(task, reason);
  };
  Promise.all(lanes).then(() => {
    // Those under way may have made do with being cancelled; the rest never began.
    if (next < items.length) outcome.reject(new CancelledError(why ?? 'The map was cancelled'));
    else outcome.resolve(results);
  }, outcome.reject);
  return outcome.task;
}

function combine<O>(
  scopes: Scopes,
  id: string,
  promise: Promise<O>,
  parts: readonly PromiseLike<unknown>[],
  cancelLosers?: string,
): Task<O> {
  const outcome = deferred<O>(id, scopes);
  const cancelParts = (reason: string | undefined): void => {
    for (const part of parts) cancelTask(part, reason);
  };
  outcome.task.onCancel = cancelParts;
  promise
    .then(
      (value) => {
        if (cancelLosers !== undefined) cancelParts(cancelLosers);
        outcome.resolve(value);
      },
      (error: unknown) => {
        if (cancelLosers !== undefined) cancelParts(cancelLosers);
        outcome.reject(error);
      },
    )
    .catch(outcome.reject); // a part's own way to cancel threw
  return outcome.task;
}

function cancelTask(task: PromiseLike<unknown>, reason: string | undefined): void {
  const { cancel } = task as Partial<Task<unknown>>;
  if (typeof cancel === 'function') cancel.call(task, reason);
}
