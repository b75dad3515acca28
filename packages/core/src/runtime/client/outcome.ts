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
import type { Core } from '../core.js';
import { decodeBody, type EndedRun } from '../run-projection.js';
import { readFailure, readValue } from './describe.js';
import type { WorkflowDescription } from './description.js';

type Outcome = Pick<
  WorkflowDescription,
  'workflowType' | 'workflowId' | 'runId' | 'status' | 'output' | 'failure' | 'closedReason'
>;

/** What the record of a closed run says of its end. */
export async function readOutcome(core: Core, run: EndedRun): Promise<Outcome> {
  const { workflowType, workflowId, runId, status } = run;
  const { output, failure, closedReason } = decodeBody(run);
  return {
    workflowType,
    workflowId,
    runId,
    status,
    ...(output && { output: await readValue(core, output) }),
    ...(failure && { failure: await readFailure(core, failure) }),
    ...(closedReason !== undefined && { closedReason }),
  };
}

/** What a closed run gave: its output, or throws the typed error. */
export function outcomeOf(run: Outcome): unknown {
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
