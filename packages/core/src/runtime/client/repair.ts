import { runTaskId } from '../../model/ids.js';
import type { WorkflowStarted } from '../../model/events.js';
import type { Batch } from '../../storage/port.js';
import type { RunRecord, TaskRecord } from '../../storage/records.js';
import { decodeBody, encodeBody } from '../run-projection.js';
import { eventsOf } from '../worker/sealing.js';
import { changesOf, standing } from './archive.js';
import { atOnce } from './at-once.js';
import { attemptCommit, gaveUp, mostRounds } from './attempt-commit.js';
import { runTaskOf } from './birth.js';
import type { OpenCore } from './open-core.js';
import { readTarget } from './read-run.js';
import type { RunTarget } from './run-reads.js';

export interface RepairOutcome {
  /** Whether the run was handed to the workers again, or needs nothing. */
  readonly outcome: 'repair_dispatched' | 'repair_not_needed';
}

/**
 * Hands a run to the workers again that is blocked, that should have gone on and did not, or whose place in the queue is
 * lost. One that waits, is being worked on, or is closed needs nothing. Rejects with `WorkflowNotFoundError`.
 */
export async function repairRun(core: OpenCore, target: RunTarget): Promise<RepairOutcome> {
  await core.storage.reapDeadWorkers();
  for (let round = 0; round < mostRounds; round++) {
    const run = await readTarget(core, target);
    const batch = run.closedAt === null ? await repairOf(core, run) : undefined;
    if (!batch) return { outcome: 'repair_not_needed' };
    const attempted = await attemptCommit(core, batch);
    if (attempted === 'unknown' || !attempted.ok) continue;
    core.worker?.poke(run.runId);
    return { outcome: 'repair_dispatched' };
  }
  throw gaveUp(`The repair of workflow '${target.workflowId}'`);
}

async function repairOf(core: OpenCore, run: RunRecord): Promise<Batch | undefined> {
  const { runId } = run;
  const now = core.clock.now();
  const task = await core.storage.readTask(runTaskId(runId));
  if (!task) {
    const [body = ''] = await core.storage.readEvents(runId, { from: 1, limit: 1 });
    const [started] = (await eventsOf(core, [body])) as [WorkflowStarted];
    return {
      expect: standing(core, run),
      writes: [{ kind: 'put-task', task: runTaskOf(run, started, now) }],
    };
  }
  if (run.status !== 'blocked' && !(await isStalled(core, task))) return undefined;
  // Any build may take it; claims count anew, and whoever may hold the run without a sign of life is fenced off.
  const fresh: TaskRecord = {
    ...task,
    token: task.token + 1,
    buildId: null,
    attempt: 0,
    visibleAt: atOnce(now),
    leaseOwner: null,
    leaseUntil: 0,
  };
  const { blocked, ...body } = decodeBody(run);
  return {
    expect: [...standing(core, run), { kind: 'token', taskId: task.taskId, token: task.token }],
    writes: [
      { kind: 'put-task', task: fresh },
      ...(blocked
        ? [
            {
              kind: 'amend-run' as const,
              runId,
              changes: { ...changesOf(run), status: 'running' as const, body: encodeBody(body) },
            },
          ]
        : []),
    ],
  };
}

/** Nobody holds it, and either it is due or there are messages that it has not been woken for. */
async function isStalled(
  { storage, clock }: OpenCore,
  { runId, visibleAt, leaseUntil }: TaskRecord,
): Promise<boolean> {
  const now = clock.now();
  if (leaseUntil > now) return false;
  if (visibleAt <= now) return true;
  return (await storage.readInbox(runId, { afterPosition: 0, limit: 1 })).length > 0;
}
