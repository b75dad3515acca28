import { WorkflowAlreadyStartedError } from '../../model/errors.js';
import type { RunId, WorkflowId } from '../../model/ids.js';
import type { RunEvent, RunOrigin, WorkflowStarted } from '../../model/events.js';
import { NEVER, type EpochMs } from '../../model/time.js';
import type { Batch, Expectation, Write } from '../../storage/port.js';
import type { NewRun } from '../../storage/records.js';
import { outboxTask } from '../outbox/outbox-task.js';
import type { RunStart } from '../run-projection.js';
import { atOnce } from './at-once.js';
import { attemptCommit, gaveUp, mostRounds } from './attempt-commit.js';
import { runTaskOf } from './birth.js';
import type { OpenCore } from './open-core.js';
import { pendingActivityTasks } from './pending-activities.js';
import { undoneOutside } from './pending-outside.js';

/** A first event for a copy: another run, with the time that it has left counted from now, and nobody's child. */
export function startedAnew(
  { parent, continuedFrom: _c, firstRunId: _f, children: _o, ...started }: WorkflowStarted,
  { workflowId, runId }: { readonly workflowId: WorkflowId; readonly runId: RunId },
  { seq, at, reason }: Pick<RunOrigin, 'seq' | 'at' | 'reason'>,
  later: number,
): WorkflowStarted {
  const { executionDeadline, runDeadline, origin } = started;
  return {
    ...started,
    workflowId,
    runId,
    seed: started.seed ?? started.runId,
    origin: {
      workflowId: started.workflowId,
      runId: started.runId,
      seq,
      ...(at !== undefined && { at }),
      ...(reason !== undefined && { reason }),
      ...(parent && { parent }),
      ...(origin && { origin }),
    },
    ...(executionDeadline !== undefined && { executionDeadline: Math.min(NEVER, executionDeadline + later) }),
    ...(runDeadline !== undefined && { runDeadline: Math.min(NEVER, runDeadline + later) }),
  };
}

/** What the `start` column says of a run that begins with this event. */
export function startOf(
  {
    input,
    executionDeadline,
    runDeadline,
    origin,
    attempt,
    parent,
    firstRunId,
    children,
    headers,
  }: WorkflowStarted,
  memo: RunStart['memo'],
): RunStart {
  return {
    input,
    memo,
    ...(executionDeadline !== undefined && { executionDeadline }),
    ...(runDeadline !== undefined && { runDeadline }),
    ...(origin && { origin }),
    ...(parent && { parent }),
    ...(firstRunId !== undefined && { firstRunId }),
    ...(attempt > 1 && { attempt }),
    ...(children && { inherits: true }),
    ...(headers && { headers }),
  };
}

/** What goes on with an open copy: its place in the queue, the activities that it waits for, which begin anew, and what it asked of other runs and may not have been done. */
export function openTasks(
  run: NewRun,
  started: WorkflowStarted,
  events: readonly RunEvent[],
  now: EpochMs,
): readonly Write[] {
  const at = atOnce(now);
  const task = runTaskOf(run, started, at);
  const errands = undoneOutside(events).map(({ seq }) => outboxTask(task, { runId: run.runId, seq }, at));
  const tasks = [task, ...pendingActivityTasks(run, events, at), ...errands];
  return tasks.map((task) => ({ kind: 'put-task' as const, task }));
}

/** Its ids must be free: `place` says what is expected and written for them, or that they are taken. */
export async function insertCopy(
  core: OpenCore,
  run: NewRun,
  bodies: readonly string[],
  tasks: readonly Write[],
  place: () => Promise<{
    readonly isCurrent: boolean;
    readonly expect: readonly Expectation[];
    readonly writes: readonly Write[];
  }>,
): Promise<void> {
  for (let round = 0; round < mostRounds; round++) {
    const { isCurrent, expect, writes } = await place();
    const batch: Batch = {
      expect,
      writes: [{ kind: 'insert-run', run: { ...run, isCurrent }, events: bodies }, ...writes, ...tasks],
    };
    const attempted = await attemptCommit(core, batch);
    const isThere =
      attempted === 'unknown' ? (await core.storage.readRun(run.runId)) !== undefined : attempted.ok;
    if (isThere) {
      core.worker?.poke(run.runId);
      return;
    }
  }
  throw gaveUp(`The copying of workflow '${run.workflowId}'`);
}

export function idTaken(workflowId: WorkflowId, runId: RunId, status: string): WorkflowAlreadyStartedError {
  return new WorkflowAlreadyStartedError(
    `Workflow id '${workflowId}' is taken: its run ${runId} is ${status}. Give the copy another id`,
  );
}
