import { InvalidArgumentError } from '../model/errors.js';
import type { Recorder } from './recorder.js';

/** Runs a predicate, a query, a validator or a side effect: it may look, not act. */
export function readOnly<T>(recorder: Recorder, fn: () => T): T {
  const before = recorder.readOnly;
  recorder.readOnly = true;
  try {
    const value = fn();
    if (typeof (value as { then?: unknown } | null | undefined)?.then === 'function') {
      Promise.resolve(value).catch(() => undefined); // the rejection is the caller's mistake, reported below
      throw new InvalidArgumentError('Predicates, queries, validators and side effects are synchronous', [
        { path: '', message: 'returned a promise' },
      ]);
    }
    return value;
  } finally {
    recorder.readOnly = before;
  }
}
