import { rebuildError } from '../../codec/failures.js';
import { encodeValue } from '../../codec/values.js';
import {
  StorageError,
  WorkflowCancelledError,
  WorkflowFailedError,
  WorkflowTerminatedError,
  WorkflowTimedOutError,
} from '../../model/errors.js';
import type { Failure, FailureRecord } from '../../model/failure.js';
import type { WorkflowDescription } from './description.js';

/** What a closed run gave: its output, or throws the typed error. */
export function outcomeOf(run: WorkflowDescription): unknown {
  const named = `Workflow '${run.workflowType}' (${run.workflowId}, run ${run.runId})`;
  const reason = run.closedReason === undefined ? '' : `: ${run.closedReason}`;
  switch (run.status) {
    case 'completed':
      return run.output;
    case 'failed': {
      const failure = run.failure ?? { name: 'Error', message: 'unknown failure' };
      const { name, message } = failure;
      const said = name === 'Error' ? message : `${name}: ${message}`;
      throw new WorkflowFailedError(`${named} failed: ${said}`, failure, {
        cause: rebuildError(recordOf(failure)),
      });
    }
    case 'cancelled':
      throw new WorkflowCancelledError(`${named} was cancelled${reason}`);
    case 'terminated':
      throw new WorkflowTerminatedError(`${named} was terminated${reason}`);
    case 'timed_out':
      throw new WorkflowTimedOutError(`${named} timed out${reason}`);
    case 'continued_as_new':
    case 'pending':
    case 'running':
    case 'waiting':
    case 'blocked':
      throw new StorageError('storage_failed', `${named} is ${run.status} and has no result`, {
        retryable: true,
        outcome: 'not-applied',
      });
  }
}

/** A failure as it was stored. */
export function recordOf({ details, cause, ...plain }: Failure): FailureRecord {
  return {
    ...plain,
    ...(details !== undefined && { details: encodeValue(details) }),
    ...(cause && { cause: recordOf(cause) }),
  };
}
