import { CancelledError, isCancelled } from '../model/errors.js';
import type { Failure, FailureRecord } from '../model/failure.js';
export function encodeFailure(thrown: unknown): FailureRecord {
  if (thrown instanceof Error) {
    const e = thrown as Error & { code?: unknown; nonRetryable?: unknown };
    return { name: isCancelled(e) ? 'CancelledError' : e.name, message: e.message, ...(e.stack && { stack: e.stack }), ...(typeof e.code === 'string' && { code: e.code }), ...(e.nonRetryable === true && { nonRetryable: true }), ...(e.cause !== undefined && { cause: encodeFailure(e.cause) }) };
  }
  return { name: 'NonError', message: String(thrown) };
}
export function failureOf(record: FailureRecord): Failure { return record as Failure; }
export function rebuildError(record: FailureRecord): Error {
  const e = record.name === 'CancelledError' ? new CancelledError(record.message) : new Error(record.message);
  return Object.assign(e, { name: record.name }, record.code && { code: record.code }, record.cause && { cause: rebuildError(record.cause) });
}
