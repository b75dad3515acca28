import { failureOf } from '../../codec/failures.js';
import { decodeValue } from '../../codec/values.js';
import { readLimits } from '../../codec/limits.js';
import { PayloadError } from '../../model/errors.js';
import type { RunOrigin } from '../../model/events.js';
import type { Failure, FailureRecord } from '../../model/failure.js';
import type { Payload } from '../../model/payload.js';
import { statusBucket } from '../../model/status.js';
import { toDate, type EpochMs } from '../../model/time.js';
import { runTaskId } from '../../model/ids.js';
import type { RunRecord, TaskRecord } from '../../storage/records.js';
import { activityTaskState, decodeActivityTask } from '../activity-task.js';
import type { Core } from '../core.js';
import { decodeBody, decodeStart, type RunBody } from '../run-projection.js';
import { openFailure } from '../worker/sealing.js';
import type { PendingActivity, WaitingFor, WorkflowAction, WorkflowDescription } from './description.js';
import { workflowKey } from './keys.js';
import { attributeValues } from './search-attributes.js';

/**
 * A run as people and programs see it, without the values that cannot be read where `onUnreadable` takes the error. Reads its tasks, where they are not given, while it is open, and the newest run of its chain where that is another.
 */
export async function describeRun(
  core: Core,
  run: RunRecord,
  given?: readonly TaskRecord[],
  onUnreadable?: (error: PayloadError) => void,
): Promise<WorkflowDescription> {
  const where = async <V>(reading: Promise<V>): Promise<V | undefined> => {
    try {
      return await reading;
    } catch (error) {
      if (!onUnreadable || !(error instanceof PayloadError)) throw error;
      onUnreadable(error);
      return undefined;
    }
  };
  const open = run.closedAt === null;
  const tasks = given ?? (open ? await core.storage.readTasks(run.runId) : []);
  const start = decodeStart(run);
  const body = decodeBody(run);
  const now = core.clock.now();
  const pendingActivities = await Promise.all(
    tasks
      .filter((task) => task.kind === 'activity')
      .map((task) => pendingActivity(core, task, now, (payload) => where(readValue(core, payload)))),
  );
  const failure = body.failure && (await where(readFailure(core, body.failure)));
  return {
    namespace: run.namespace,
    workflowId: run.workflowId,
    runId: run.runId,
    workflowType: run.workflowType,
    taskQueue: run.taskQueue,
    status: run.status,
    statusBucket: statusBucket(run.status),
    runNumber: run.runNumber,
    runCount: run.isCurrent ? run.runNumber : await newestRunNumber(core, run),
    isCurrentRun: run.isCurrent,
    ...(body.nextRunId !== undefined && { nextRunId: body.nextRunId }),
    ...(run.buildId !== null && { buildId: run.buildId }),
    input: await where(readValue(core, start.input)),
    ...(body.output && { output: await where(readValue(core, body.output)) }),
    ...(failure && { failure }),
    ...(body.state && { state: await where(readValue(core, body.state)) }),
    memo: ((await where(readValue(core, body.memo ?? start.memo))) ?? {}) as Record<string, unknown>,
    searchAttributes: attributeValues(run),
    startedAt: toDate(run.startedAt),
    ...(run.closedAt !== null && { closedAt: toDate(run.closedAt) }),
    ...(body.closedReason !== undefined && { closedReason: body.closedReason }),
    lastProgressAt: toDate(run.progressAt),
    ...(start.executionDeadline !== undefined && { executionDeadline: toDate(start.executionDeadline) }),
    ...(start.runDeadline !== undefined && { runDeadline: toDate(start.runDeadline) }),
    waitingFor: open ? waitingFor(run, body, tasks, pendingActivities, now) : [],
    pendingActivities,
    pendingChildren: body.children ?? [],
    historyLength: run.seq,
    historyBytes: run.historyBytes,
    ...(start.parent && {
      parent: { workflowId: start.parent.workflowId, runId: start.parent.runId },
    }),
    ...(start.origin && { origin: shownOrigin(start.origin) }),
    ...(body.blocked && {
      blocked: { code: body.blocked.code, message: body.blocked.message, details: body.blocked.details },
    }),
    ...(run.archivedAt !== null && { archivedAt: toDate(run.archivedAt) }),
    actions: actionsOf(run),
    version: run.version,
  };
}

function shownOrigin({
  workflowId,
  runId,
  seq,
  reason,
}: RunOrigin): NonNullable<WorkflowDescription['origin']> {
  return { workflowId, runId, seq, ...(reason !== undefined && { reason }) };
}

function actionsOf({ closedAt, archivedAt, status }: RunRecord): readonly WorkflowAction[] {
  if (closedAt !== null) return archivedAt === null ? ['fork', 'archive'] : ['fork'];
  const open: readonly WorkflowAction[] = ['signal', 'update', 'cancel', 'terminate', 'fork'];
  return status === 'blocked' ? [...open, 'repair'] : open;
}

/** Consumes the payload. */
export async function readValue(core: Core, payload: Payload): Promise<unknown> {
  return decodeValue(core.sealer.active ? await core.sealer.open(payload) : payload, readLimits);
}

export async function readFailure(core: Core, failure: FailureRecord): Promise<Failure> {
  return failureOf(await openFailure(core, failure));
}

async function newestRunNumber({ storage, namespace }: Core, run: RunRecord): Promise<number> {
  const current = await storage.readKey(namespace, workflowKey(run.workflowId));
  const newest = current && (await storage.readRun(current.value));
  return newest?.runNumber ?? run.runNumber;
}

async function pendingActivity(
  core: Core,
  task: TaskRecord,
  now: EpochMs,
  read: (payload: Payload) => Promise<unknown>,
): Promise<PendingActivity> {
  const body = decodeActivityTask(task);
  const state = activityTaskState(task, body, now);
  return {
    activityId: body.activityId,
    activityType: body.activityType,
    state,
    attempt: task.attempt,
    ...(body.heartbeat && { lastHeartbeat: await read(body.heartbeat) }),
    ...(body.heartbeatAt !== undefined && { lastHeartbeatAt: toDate(body.heartbeatAt) }),
    ...(body.lastFailure && { lastFailure: await readFailure(core, body.lastFailure) }),
    ...(state === 'backing_off' && { nextAttemptAt: toDate(task.visibleAt) }),
  };
}

function waitingFor(
  run: RunRecord,
  body: RunBody,
  tasks: readonly TaskRecord[],
  activities: readonly PendingActivity[],
  now: EpochMs,
): readonly WaitingFor[] {
  const waits: WaitingFor[] = [
    ...activities.map(({ activityId, activityType }) => ({
      kind: 'activity' as const,
      id: activityId,
      name: activityType,
    })),
    ...(body.timers ?? []).map(({ id, dueAt }) => ({ kind: 'timer' as const, id, dueAt: toDate(dueAt) })),
    ...(body.children ?? []).map(({ workflowId }) => ({ kind: 'child' as const, workflowId })),
    ...(body.signals ?? []).map((name) => ({ kind: 'signal' as const, name })),
    ...(body.conditions ?? []).map(({ id, dueAt }) => ({
      kind: 'condition' as const,
      id,
      ...(dueAt !== undefined && { dueAt: toDate(dueAt) }),
    })),
  ];
  const task = tasks.find(({ taskId }) => taskId === runTaskId(run.runId));
  if (!task || task.leaseUntil > now) return waits;
  if (task.visibleAt <= now)
    waits.push({
      kind: 'worker',
      taskQueue: run.taskQueue,
      ...(task.buildId !== null && { buildId: task.buildId }),
    });
  else if (run.status === 'pending')
    waits.push({ kind: 'timer', id: 'startDelay', dueAt: toDate(task.visibleAt) });
  return waits;
}
