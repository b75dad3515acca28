import { rebuildError } from '../codec/failures.js';
import {
  ChildWorkflowError,
  SignalRejectedError,
  WorkflowNotActiveError,
  WorkflowNotFoundError,
} from '../model/errors.js';
import type {
  ChildWorkflowCancelled,
  ChildWorkflowFailed,
  ChildWorkflowScheduled,
  ChildWorkflowStartFailed,
  ChildWorkflowTerminated,
  ChildWorkflowTimedOut,
} from '../model/events.js';
import type { FailureRecord } from '../model/failure.js';

type Child = Pick<ChildWorkflowScheduled, 'workflowType' | 'workflowId'>;

/** What workflow code catches when a child did not complete. */
export function childError(
  { workflowType, workflowId }: Child,
  event:
    | ChildWorkflowStartFailed
    | ChildWorkflowFailed
    | ChildWorkflowCancelled
    | ChildWorkflowTerminated
    | ChildWorkflowTimedOut,
): ChildWorkflowError {
  const named = `Child workflow '${workflowType}' (${workflowId})`;
  const about = { workflowType, workflowId, ...('runId' in event && { runId: event.runId }) };
  const reason = 'reason' in event && event.reason ? `: ${event.reason}` : '';
  switch (event.type) {
    case 'ChildWorkflowStartFailed':
      return new ChildWorkflowError(
        `${named} could not be started: ${event.failure.message}`,
        { ...about, kind: 'failed' },
        { cause: rebuildError(event.failure) },
      );
    case 'ChildWorkflowFailed':
      return new ChildWorkflowError(
        `${named} failed: ${event.failure.message}`,
        { ...about, kind: 'failed' },
        { cause: rebuildError(event.failure) },
      );
    case 'ChildWorkflowCancelled':
      return new ChildWorkflowError(`${named} was cancelled${reason}`, { ...about, kind: 'cancelled' });
    case 'ChildWorkflowTerminated':
      return new ChildWorkflowError(`${named} was terminated${reason}`, { ...about, kind: 'terminated' });
    case 'ChildWorkflowTimedOut':
      return new ChildWorkflowError(`${named} timed out (${event.timeout} timeout)`, {
        ...about,
        kind: 'timed_out',
      });
  }
}

/** What the task of a child rejects with when it is cancelled itself; the child is asked, and not waited for. */
export function cancelledChild(
  { workflowType, workflowId }: Child,
  runId: string | undefined,
  reason: string | undefined,
): ChildWorkflowError {
  return new ChildWorkflowError(
    `Child workflow '${workflowType}' (${workflowId}) was asked to cancel${reason ? `: ${reason}` : ''}`,
    { workflowType, workflowId, runId, kind: 'cancelled' },
  );
}

const refusals: Readonly<Record<string, new (message: string, details: { cause: Error }) => Error>> = {
  workflow_not_found: WorkflowNotFoundError,
  workflow_not_active: WorkflowNotActiveError,
  signal_rejected: SignalRejectedError,
};

/** Why a request to another workflow was refused there. */
export function requestError(failure: FailureRecord): Error {
  const rebuilt = rebuildError(failure);
  const type = refusals[failure.code ?? ''];
  return type ? new type(failure.message, { cause: rebuilt }) : rebuilt;
}
