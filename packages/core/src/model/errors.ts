import type { Failure } from './failure.js';

/**
 * Every error of the library has a stable `code`, a message that says what to do, and a `cause` where there is one.
 * Recognise one with `isPerdureError` or by `code`, never by message. The mark survives two copies of the package.
 */
const mark = Symbol.for('perdure.error');

export interface ErrorDetails {
  readonly cause?: unknown;
}

export class PerdureError extends Error {
  readonly code: string;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    Object.defineProperty(this, mark, { value: true });
  }

  static {
    PerdureError.prototype.name = 'PerdureError';
  }
}

export function isPerdureError(error: unknown): error is PerdureError {
  return isMarked(error, mark);
}

/** Anything can be thrown, a proxy that throws when it is looked at as well. */
function isMarked(error: unknown, by: symbol): boolean {
  try {
    return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[by] === true;
  } catch {
    return false;
  }
}

/** `instanceof` for what anybody may have thrown: a proxy may throw when it is asked what it is. */
export function isThrown<E extends Error>(
  thrown: unknown,
  type: abstract new (...args: never[]) => E,
): thrown is E {
  try {
    return thrown instanceof type;
  } catch {
    return false;
  }
}

function named(type: { readonly prototype: Error }, name: string): void {
  Object.defineProperty(type.prototype, 'name', { value: name, configurable: true, writable: true });
}

// ── how a workflow ended, as its callers see it ─────────────────────────────────────────────────────────────────────

/** The workflow threw. `failure` is what it threw; `cause` is the same, rebuilt as an error. Code `workflow_failed`. */
export class WorkflowFailedError extends PerdureError {
  readonly failure: Failure;
  constructor(message: string, failure: Failure, details?: ErrorDetails) {
    super('workflow_failed', message, details);
    this.failure = failure;
  }
}
/** The workflow was asked to cancel, and did. Code `workflow_cancelled`. */
export class WorkflowCancelledError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('workflow_cancelled', message, details);
  }
}
/** The workflow was ended by force. Code `workflow_terminated`. */
export class WorkflowTerminatedError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('workflow_terminated', message, details);
  }
}
/** The run or execution timeout elapsed. Code `workflow_timeout`. */
export class WorkflowTimedOutError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('workflow_timeout', message, details);
  }
}
/** The wait ended, not the workflow. Code `wait_timeout`. */
export class WaitTimeoutError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('wait_timeout', message, details);
  }
}

// ── what a request was refused for ──────────────────────────────────────────────────────────────────────────────────

/** The workflow id is taken and the duplicate policy does not allow another run. Code `workflow_already_started`. */
export class WorkflowAlreadyStartedError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('workflow_already_started', message, details);
  }
}
/** No run has that id. Code `workflow_not_found`. */
export class WorkflowNotFoundError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('workflow_not_found', message, details);
  }
}
/** The run is closed. Code `workflow_not_active`. */
export class WorkflowNotActiveError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('workflow_not_active', message, details);
  }
}
/** The run is open, and what was asked for needs one that has ended. Code `workflow_not_closed`. */
export class WorkflowNotClosedError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('workflow_not_closed', message, details);
  }
}
/** This engine has no workflow of that name. Code `unknown_workflow`. */
export class UnknownWorkflowError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('unknown_workflow', message, details);
  }
}
export function unknownWorkflow(name: string, registered: Iterable<string>): UnknownWorkflowError {
  const names = [...registered].map((one) => `'${one}'`).join(', ');
  return new UnknownWorkflowError(`There is no workflow '${name}' here; registered: ${names || 'none'}`);
}
/** The worker that serves the task queue has no activity of that name. Never retried. Code `unknown_activity`. */
export class UnknownActivityError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('unknown_activity', message, details);
  }
}
/** A token stands for no attempt that is under way: the activity has ended, was cancelled, or was attempted again. Code `activity_not_active`. */
export class ActivityNotActiveError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('activity_not_active', message, details);
  }
}
/** The workflow type does not take that signal, or not with that value. Code `signal_rejected`. */
export class SignalRejectedError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('signal_rejected', message, details);
  }
}
/** The update was not taken: its validator refused it (`cause` says why), its type does not take it, or the run ended before it had a handler. It changed nothing. Code `update_rejected`. */
export class UpdateRejectedError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('update_rejected', message, details);
  }
}
/** The update was accepted and its handler threw. `failure` is what it threw; `cause` is the same, rebuilt as an error. The workflow goes on. Code `update_failed`. */
export class UpdateFailedError extends PerdureError {
  readonly failure: Failure;
  constructor(message: string, failure: Failure, details?: ErrorDetails) {
    super('update_failed', message, details);
    this.failure = failure;
  }
}
/** The query has no handler, its argument is not valid, or its handler threw. Code `query_rejected`. */
export class QueryRejectedError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('query_rejected', message, details);
  }
}

export interface ArgumentIssue {
  /** Where in the argument, as in `retry.maximumAttempts` or `items[2].price`. */
  readonly path: string;
  readonly message: string;
}

/** An argument is not valid; `issues` says where and why. Code `invalid_argument`. */
export class InvalidArgumentError extends PerdureError {
  readonly issues: readonly ArgumentIssue[];
  constructor(message: string, issues: readonly ArgumentIssue[], details?: ErrorDetails) {
    const listed = issues
      .map((issue) => (issue.path ? `${issue.path}: ${issue.message}` : issue.message))
      .join('; ');
    super('invalid_argument', listed ? `${message} (${listed})` : message, details);
    this.issues = issues;
  }
}

/** A value cannot be stored, or what was stored cannot be read. `path` says where in the value. Code `payload_invalid`. */
export class PayloadError extends PerdureError {
  readonly path: string;
  constructor(message: string, path: string, details?: ErrorDetails) {
    super('payload_invalid', message, details);
    this.path = path;
  }
}
/** A value is larger than a payload may be. Code `payload_too_large`. */
export class PayloadTooLargeError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('payload_too_large', message, details);
  }
}
/** An interceptor stopped what it was to go around before that had begun; `cause` is what it threw. Code `interceptor_failed`. */
export class InterceptorError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('interceptor_failed', message, details);
  }
}
/** The engine or client was closed. Code `engine_closed`. */
export class EngineClosedError extends PerdureError {
  constructor(message = 'This engine is closed; create another one', details?: ErrorDetails) {
    super('engine_closed', message, details);
  }
}
/** The platform lacks something that the named package needs. Code `platform_unsupported`. */
export class PlatformError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('platform_unsupported', message, details);
  }
}

// ── what workflow code sees ─────────────────────────────────────────────────────────────────────────────────────────

/** What a workflow catches when an activity fails for good; `cause` is the activity's own error, rebuilt. Code `activity_failed`, `activity_timeout` or `activity_cancelled`. */
export class ActivityError extends PerdureError {
  readonly activityType: string;
  readonly activityId: string;
  readonly attempt: number;
  readonly kind: 'failed' | 'timed_out' | 'cancelled';
  /** Which of the four timeouts, where `kind` is `timed_out`. */
  readonly timeout?: string;
  constructor(
    message: string,
    about: {
      readonly activityType: string;
      readonly activityId: string;
      readonly attempt: number;
      readonly kind: ActivityError['kind'];
      readonly timeout?: string;
    },
    details?: ErrorDetails,
  ) {
    super(about.kind === 'timed_out' ? 'activity_timeout' : `activity_${about.kind}`, message, details);
    this.activityType = about.activityType;
    this.activityId = about.activityId;
    this.attempt = about.attempt;
    this.kind = about.kind;
    if (about.timeout !== undefined) this.timeout = about.timeout;
  }
}

/** Time was up in `ctx.withTimeout`. `cause` is what its body threw after that, besides the cancellation. Code `scope_timeout`. */
export class ScopeTimeoutError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('scope_timeout', message, details);
  }
}

/**
 * What a workflow catches when a child did not complete; `cause` is the child's own error, rebuilt, or why there is no
 * child. Code `child_workflow_failed`, `child_workflow_timeout`, `child_workflow_cancelled` or `child_workflow_terminated`.
 */
export class ChildWorkflowError extends PerdureError {
  readonly workflowType: string;
  readonly workflowId: string;
  /** The run that ended; absent where the child was never started. */
  readonly runId?: string;
  readonly kind: 'failed' | 'timed_out' | 'cancelled' | 'terminated';
  constructor(
    message: string,
    about: {
      readonly workflowType: string;
      readonly workflowId: string;
      readonly runId?: string | undefined;
      readonly kind: ChildWorkflowError['kind'];
    },
    details?: ErrorDetails,
  ) {
    super(
      about.kind === 'timed_out' ? 'child_workflow_timeout' : `child_workflow_${about.kind}`,
      message,
      details,
    );
    this.workflowType = about.workflowType;
    this.workflowId = about.workflowId;
    if (about.runId !== undefined) this.runId = about.runId;
    this.kind = about.kind;
  }
}

/** Today's code asks for something else than history recorded. Blocks the run, never fails it. Code `nondeterminism`. */
export class NondeterminismError extends PerdureError {
  readonly details: unknown;
  constructor(message: string, report: unknown, details?: ErrorDetails) {
    super('nondeterminism', message, details);
    this.details = report;
  }
}
/** The run goes by a version of a change that this code does not support any more, or not yet. Blocks the run, never fails it. Code `version_not_supported`. */
export class VersionNotSupportedError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('version_not_supported', message, details);
  }
}
/** Workflow code waits for something that is not durable. Blocks the run, never fails it. Code `foreign_await`. */
export class ForeignAwaitError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('foreign_await', message, details);
  }
}

/** Thrown by an activity (or a workflow) to stop its retries. */
export class NonRetryableError extends Error {
  readonly nonRetryable = true;
  readonly details?: unknown;
  constructor(
    message?: string,
    options: { readonly name?: string; readonly details?: unknown; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    if (options.details !== undefined) this.details = options.details;
    if (options.name !== undefined) this.name = options.name;
  }
}

const cancelledMark = Symbol.for('perdure.cancelled');

/** What pending work rejects with when its scope is cancelled. Not a `PerdureError`: cancellation is not a failure. */
export class CancelledError extends Error {
  constructor(message = 'Cancelled') {
    super(message);
    Object.defineProperty(this, cancelledMark, { value: true });
  }
}

export function isCancelled(error: unknown): error is CancelledError {
  return isMarked(error, cancelledMark);
}

// ── stores ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * What a store reports. `outcome` of a failed write: `not-applied` (nothing happened) or `unknown` (read again before
 * deciding). `retryable`: the same call may go through later.
 * Codes: `storage_closed`, `storage_busy`, `storage_full`, `storage_corrupt`, `storage_newer`, `storage_foreign`,
 * `storage_readonly`, `storage_lost`, `storage_unsupported`, `storage_failed`.
 */
export class StorageError extends PerdureError {
  readonly retryable: boolean;
  readonly outcome: 'not-applied' | 'unknown';
  constructor(
    code: StorageErrorCode,
    message: string,
    about: { readonly retryable: boolean; readonly outcome: 'not-applied' | 'unknown' },
    details?: ErrorDetails,
  ) {
    super(code, message, details);
    this.retryable = about.retryable;
    this.outcome = about.outcome;
  }
}
export type StorageErrorCode =
  | 'storage_closed'
  | 'storage_busy'
  | 'storage_full'
  | 'storage_corrupt'
  | 'storage_newer'
  | 'storage_foreign'
  | 'storage_readonly'
  | 'storage_lost'
  | 'storage_unsupported'
  | 'storage_failed';

for (const [name, type] of Object.entries({
  WorkflowFailedError,
  WorkflowCancelledError,
  WorkflowTerminatedError,
  WorkflowTimedOutError,
  WaitTimeoutError,
  WorkflowAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowNotActiveError,
  WorkflowNotClosedError,
  UnknownWorkflowError,
  UnknownActivityError,
  ActivityNotActiveError,
  SignalRejectedError,
  QueryRejectedError,
  UpdateRejectedError,
  UpdateFailedError,
  InvalidArgumentError,
  PayloadError,
  PayloadTooLargeError,
  EngineClosedError,
  PlatformError,
  ActivityError,
  ChildWorkflowError,
  ScopeTimeoutError,
  NondeterminismError,
  VersionNotSupportedError,
  ForeignAwaitError,
  NonRetryableError,
  CancelledError,
  StorageError,
})) {
  named(type, name);
}
