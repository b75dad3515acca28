import { runTaskId } from '../../model/ids.js';
import type { Batch } from '../../storage/port.js';
import type { RunRecord } from '../../storage/records.js';
import { decodeStart } from '../run-projection.js';
import type { Core } from '../core.js';
import { cancelMessageId, encodeCancel } from '../messages.js';
import { atOnce } from './at-once.js';
import { attemptCommit, gaveUp, mostRounds } from './attempt-commit.js';
import type { OpenCore } from './open-core.js';
import { readTarget } from './read-run.js';
import type { RunTarget } from './run-reads.js';
import { cancellationBatch, checkReason, pokeAll } from './termination.js';

export interface CancelOptions {
  /** Why, for people: in the event, in the error that waiting code gets, and in the description. */
  reason?: string;
  /**
   * False leaves activities that no worker has claimed in their queue: a worker still runs them, retries included, and
   * nobody is told how they end. The workflow's code sees them cancelled either way. Default true.
   */
  cancelQueuedActivities?: boolean;
}

/**
 * Asks a run to cancel: it may clean up, and decides how it ends. A workflow that nothing has been run of closes at once.
 * Nothing happens where the run is closed or was asked before. Rejects with `WorkflowNotFoundError`.
 */
export async function cancelRun(core: OpenCore, target: RunTarget, options: CancelOptions): Promise<void> {
  checkReason(options.reason);
  for (let round = 0; round < mostRounds; round++) {
    const run = await readTarget(core, target);
    if (run.closedAt !== null) return;
    const attempted = await attemptCommit(core, await cancelBatch(core, run, options));
    if (attempted !== 'unknown' && attempted.ok) {
      pokeAll(core, run);
      return;
    }
  }
  throw gaveUp(`The cancellation of workflow '${target.workflowId}'`);
}

/** Nothing of the workflow has been run, or nothing of this attempt. What was continued as new may have to clean up. */
function neverBegun(run: RunRecord): boolean {
  if (run.status !== 'pending' || run.seq !== 1) return false;
  const { firstRunId, attempt = 1 } = decodeStart(run);
  return firstRunId === undefined || attempt > 1;
}

/** Asks an open run to cancel, or ends it where none of its code has been run. */
export async function cancelBatch(core: Core, run: RunRecord, options: CancelOptions): Promise<Batch> {
  return neverBegun(run) ? cancellationBatch(core, run, options.reason) : request(core, run, options);
}

/** A message with an id of its own: whoever asks again, while it has not been read, adds nothing. */
function request(
  core: Core,
  { runId }: RunRecord,
  { reason, cancelQueuedActivities = true }: CancelOptions,
): Batch {
  const at = core.clock.now();
  const body = encodeCancel({ ...(reason !== undefined && { reason }), cancelQueuedActivities });
  return {
    expect: [{ kind: 'run-open', runId }],
    writes: [
      {
        kind: 'put-message',
        message: { namespace: core.namespace, runId, kind: 'cancel', messageId: cancelMessageId, at, body },
      },
      { kind: 'wake-task', taskId: runTaskId(runId), at: atOnce(at) },
    ],
  };
}
