import { WorkflowNotClosedError } from '../../model/errors.js';
import type { RunChanges, RunRecord } from '../../storage/records.js';
import type { Expectation } from '../../storage/port.js';
import { attemptCommit, gaveUp, mostRounds } from './attempt-commit.js';
import { workflowKey } from './keys.js';
import type { OpenCore } from './open-core.js';
import { readTarget } from './read-run.js';
import type { RunTarget } from './run-reads.js';

/**
 * Puts a closed run out of sight: lists leave it out unless they ask for it. Nothing else of it changes. Nothing happens
 * where it is archived. Rejects with `WorkflowNotClosedError`, `WorkflowNotFoundError`.
 */
export async function archiveRun(core: OpenCore, target: RunTarget): Promise<void> {
  for (let round = 0; round < mostRounds; round++) {
    const run = await readTarget(core, target);
    if (run.closedAt === null) {
      throw new WorkflowNotClosedError(
        `Workflow '${run.workflowId}' (run ${run.runId}) is ${run.status}: only a closed run can be archived. Wait for its end, or terminate it`,
      );
    }
    if (run.archivedAt !== null) return;
    const changes = { ...changesOf(run), archivedAt: core.clock.now() };
    const attempted = await attemptCommit(core, {
      expect: standing(core, run),
      writes: [{ kind: 'amend-run', runId: run.runId, changes }],
    });
    if (attempted !== 'unknown' && attempted.ok) return;
  }
  throw gaveUp(`The archiving of workflow '${target.workflowId}'`);
}

/** The changing part of a run as it was read. */
export function changesOf({ status, isCurrent, buildId, closedAt, progressAt, body }: RunRecord): RunChanges {
  return { status, isCurrent, buildId, closedAt, progressAt, body };
}

/** Whoever amends a run as it was read expects this, so that neither an event nor a run that follows it is undone. */
export function standing(
  { namespace }: OpenCore,
  { runId, seq, isCurrent, workflowId }: RunRecord,
): readonly Expectation[] {
  return [
    { kind: 'run-at', runId, seq },
    ...(isCurrent ? [{ kind: 'key' as const, namespace, key: workflowKey(workflowId), value: runId }] : []),
  ];
}
