import { WorkflowNotActiveError } from '../../model/errors.js';
import { runTaskId, type RunId } from '../../model/ids.js';
import { atOnce } from './at-once.js';
import { attemptCommit, gaveUp, mostRounds } from './attempt-commit.js';
import type { OpenCore } from './open-core.js';
import { readTarget } from './read-run.js';
import type { RunTarget } from './run-reads.js';
import { checkReason, pokeAll, terminationBatch } from './termination.js';

/** After so many refusals the run's owner, who keeps moving it on, is fenced off first. */
const fenceAfter = 3;

/**
 * Ends a run by force, with or without a worker: none of its code runs any more, no cleanup either.
 * Nothing happens where it is terminated already. Rejects with `WorkflowNotActiveError` where it has ended otherwise,
 * since its outcome is not what the caller asked for, and with `WorkflowNotFoundError`.
 */
export async function terminateRun(
  core: OpenCore,
  target: RunTarget,
  reason: string | undefined,
): Promise<void> {
  checkReason(reason);
  for (let round = 0; round < mostRounds; round++) {
    const run = await readTarget(core, target);
    const { runId } = run;
    if (run.status === 'terminated') return;
    if (run.closedAt !== null) {
      throw new WorkflowNotActiveError(
        `Workflow '${run.workflowId}' (run ${runId}) is ${run.status} and cannot be terminated`,
      );
    }
    if (round > 0 && round % fenceAfter === 0) await fence(core, runId);
    const attempted = await attemptCommit(core, await terminationBatch(core, run, reason, run.isCurrent));
    if (attempted !== 'unknown' && attempted.ok) {
      pokeAll(core, run);
      core.closings.look(runId);
      return;
    }
  }
  throw gaveUp(`The termination of workflow '${target.workflowId}'`);
}

/**
 * A run that is moved on without a pause could stay ahead of every attempt for ever. A newer token keeps its owner from
 * writing until it has claimed the run again.
 */
async function fence(core: OpenCore, runId: RunId): Promise<void> {
  const taskId = runTaskId(runId);
  const task = await core.storage.readTask(taskId);
  if (!task) return;
  await attemptCommit(core, {
    expect: [{ kind: 'token', taskId, token: task.token }],
    writes: [
      {
        kind: 'put-task',
        task: {
          ...task,
          token: task.token + 1,
          leaseOwner: null,
          leaseUntil: 0,
          visibleAt: atOnce(core.clock.now()),
        },
      },
    ],
  });
}
