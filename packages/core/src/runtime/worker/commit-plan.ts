import {
  isOutsideCommand,
  type ActivityCancelRequested,
  type ActivityScheduled,
  type CloseEvent,
  type RunEvent,
} from '../../model/events.js';
import { activityTaskId, type RunId, type TaskId } from '../../model/ids.js';
import type { EpochMs } from '../../model/time.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import type { Batch, Expectation, Write } from '../../storage/port.js';
import type { RunChanges, TaskRecord } from '../../storage/records.js';
import { activityQueue, encodeActivityTask, type ActivityTaskBody } from '../activity-task.js';
import type { RunBirth } from '../core.js';
import { outboxTask } from '../outbox/outbox-task.js';
import { nextWake } from './activation.js';
import type { ActivityOutcome } from '../messages.js';
import type { Registered } from '../search/known-attributes.js';
import type { PendingInput } from './pending-input.js';
import type { RunHost } from './run-host.js';
import type { RefusedUpdate } from './update-desk.js';

/** Token of an activity that was scheduled with its lease; whoever claims it after that has a greater one. */
export const leasedToken = 1;

/** What an activation has brought that no commit has taken yet. */
export interface Unwritten {
  events: RunEvent[];
  /** The bodies of these events, as they are without codecs. */
  bodies: string[];
  /** Updates that were not taken. */
  refused: RefusedUpdate[];
  /** Outcomes of activities that this process ran, with the tasks they settle. */
  outcomes: { readonly outcome: ActivityOutcome; readonly task: TaskRecord }[];
  /** Outcomes that nobody waited for any more; should all this not count, they are told again. */
  useless: PendingInput[];
  /** Tasks of activities that ended by their deadline. */
  expired: TaskRecord[];
  /** Tasks to be written back, such as another attempt after a wait in the queue that was too long. */
  requeued: TaskRecord[];
  /** The inbox has been read up to here. */
  through: number;
}

export function emptyUnwritten(through: number): Unwritten {
  return {
    events: [],
    bodies: [],
    refused: [],
    outcomes: [],
    useless: [],
    expired: [],
    requeued: [],
    through,
  };
}

export interface PlanInput {
  readonly host: RunHost;
  readonly runId: RunId;
  readonly instance: WorkflowInstance;
  readonly task: TaskRecord;
  /** The build that the run's own task and its steps ask for. */
  readonly pin: string | null;
  readonly seq: number;
  readonly inbox: number;
  readonly unwritten: Unwritten;
  readonly bodies: readonly string[];
  /** What senders of updates are told. */
  readonly updates: readonly Write[];
  /** What the run's task carries. */
  readonly taskBody: string;
  readonly changes: RunChanges;
  /** The run does not show what it has come to, and there may be no event that brings it to light. */
  readonly stale: boolean;
  readonly closed: CloseEvent | undefined;
  /** What the close of the run is written with. */
  readonly after: Batch;
  readonly birth: RunBirth | undefined;
  readonly activityChecks: ReadonlyMap<string, EpochMs>;
  /** Tasks of cancelled activities that stay in their queues. */
  readonly kept: readonly TaskRecord[];
  /** What search attributes of the activation were judged by. */
  readonly attributes: Registered;
  readonly now: EpochMs;
}

/** One batch for all that an activation causes, and what to do once it is written. */
export interface CommitPlan {
  readonly expect: Expectation[];
  readonly writes: Write[];
  /** Activities that were scheduled with a lease for this worker. */
  readonly start: {
    readonly task: TaskRecord;
    readonly scheduled: ActivityScheduled;
    readonly body: ActivityTaskBody;
  }[];
  /** What the run asks of other runs, leased to this worker. */
  readonly errands: { readonly task: TaskRecord; readonly event: RunEvent }[];
  readonly cancel: { readonly taskId: TaskId; readonly reason: string | undefined }[];
  /** The run's task as it will be; undefined once the run is closed. */
  readonly task: TaskRecord | undefined;
  /** Somebody waits to hear of an update. */
  readonly updates: boolean;
  /** Something that a worker can claim was written. */
  readonly claimable: boolean;
}

export function planCommit(input: PlanInput): CommitPlan {
  const { runId, unwritten, birth, closed, task } = input;
  const expect: Expectation[] = birth
    ? [...birth.expect]
    : [{ kind: 'token', taskId: task.taskId, token: task.token }];
  const writes: Write[] = [];
  const settle = ({ taskId, token }: TaskRecord): void => {
    expect.push({ kind: 'token', taskId, token });
    if (!closed) writes.push({ kind: 'drop-task', taskId });
  };
  for (const { task: settled } of unwritten.outcomes) settle(settled);
  if (unwritten.events.some(({ type }) => type === 'SearchAttributesUpserted'))
    expect.push(input.attributes.expect);
  unwritten.expired.forEach(settle);
  const consumed = unwritten.through > input.inbox;
  if (consumed) writes.push({ kind: 'drop-messages', runId, through: unwritten.through });

  if (birth)
    writes.push(
      { kind: 'insert-run', run: { ...birth.run, ...input.changes }, events: input.bodies },
      ...birth.writes,
    );
  else if (input.bodies.length > 0) {
    writes.push({
      kind: 'advance-run',
      runId,
      fromSeq: input.seq,
      events: input.bodies,
      changes: input.changes,
    });
  } else if (input.stale) writes.push({ kind: 'amend-run', runId, changes: input.changes });

  writes.push(...input.updates);

  const plan: CommitPlan = {
    expect,
    writes,
    start: [],
    errands: [],
    cancel: [],
    task: undefined,
    updates: input.updates.length > 0,
    claimable: false,
  };
  // One that a worker has claimed meanwhile is not left alone: then all of this is planned anew.
  for (const { taskId, token } of input.kept) expect.push({ kind: 'token', taskId, token });
  const keep = input.kept.map((kept): Write => ({ kind: 'put-task', task: kept }));
  const unled = planErrands(input, plan);
  if (closed) {
    expect.push(...input.after.expect);
    if (birth) {
      writes.push(...input.after.writes);
      return { ...plan, claimable: unled };
    }
    for (const event of unwritten.events)
      if (event.type === 'ActivityCancelRequested') plan.cancel.push(cancelOf(runId, event));
    // A deadline waits for nobody; any other end has seen every message that was accepted.
    if (closed.type === 'WorkflowTimedOut' && !closed.newRunId)
      writes.push({ kind: 'drop-messages', runId, through: Number.MAX_SAFE_INTEGER });
    else expect.push({ kind: 'inbox-read', runId, through: unwritten.through });
    writes.push({ kind: 'drop-tasks', runId }, ...keep, ...input.after.writes);
    return { ...plan, claimable: unled };
  }
  const claimable = planActivities(input, plan) || unled;
  writes.push(...keep);
  return { ...plan, task: planRunTask(input, plan, consumed), claimable };
}

/** What is done at other runs once this is written, its children after its end among it; true where others have to do it. */
function planErrands(
  { host, runId, instance, task, unwritten, closed, now }: PlanInput,
  plan: CommitPlan,
): boolean {
  const events: RunEvent[] = unwritten.events.filter(isOutsideCommand);
  const ended = closed && closed.type !== 'WorkflowContinuedAsNew';
  if (ended && instance.children.left.length > 0) events.push(closed);
  if (events.length === 0) return false;
  const lease = host.outbox.lease(now);
  for (const event of events) {
    const errand = outboxTask(task, { runId, seq: event.seq }, now, lease);
    plan.writes.push({ kind: 'put-task', task: errand });
    if (lease) plan.errands.push({ task: errand, event });
  }
  return !lease;
}

/** Tasks for what was scheduled; leased to this worker where it has a slot, so that they need no claim. */
function planActivities(input: PlanInput, plan: CommitPlan): boolean {
  const { host, runId, instance, unwritten } = input;
  let claimable = false;
  for (const requeued of unwritten.requeued) {
    const { taskId, token } = requeued;
    // Given back, and too late at once.
    if (unwritten.expired.some((task) => task.taskId === taskId)) continue;
    plan.expect.push({ kind: 'token', taskId, token });
    plan.writes.push({ kind: 'put-task', task: requeued });
    claimable = true;
  }
  for (const event of unwritten.events) {
    if (event.type === 'ActivityCancelRequested') {
      const cancelled = cancelOf(runId, event);
      plan.writes.push({ kind: 'drop-task', taskId: cancelled.taskId });
      plan.cancel.push(cancelled);
    } else if (event.type === 'ActivityScheduled' && instance.waits.get(event.activityId)) {
      const leased = host.takesActivity(event) && host.activities.reserveAhead(event);
      const body = activityBody(input, event);
      const task = activityTask(input, event, leased, body);
      plan.writes.push({ kind: 'put-task', task });
      if (leased) plan.start.push({ task, scheduled: event, body });
      else claimable = true;
    }
  }
  return claimable;
}

function activityBody(
  { instance, now }: PlanInput,
  { activityId, activityType, seq }: ActivityScheduled,
): ActivityTaskBody {
  const { workflowId, workflowType, headers } = instance.started;
  return {
    activityId,
    activityType,
    workflowId,
    workflowType,
    scheduledSeq: seq,
    queuedAt: now,
    finished: 0,
    ...(headers && { headers }),
  };
}

function cancelOf(
  runId: RunId,
  { activityId, reason }: ActivityCancelRequested,
): CommitPlan['cancel'][number] {
  return { taskId: activityTaskId(runId, activityId), reason };
}

function activityTask(
  { host, runId, task, pin, now }: PlanInput,
  event: ActivityScheduled,
  leased: boolean,
  body: ActivityTaskBody,
): TaskRecord {
  return {
    taskId: activityTaskId(runId, event.activityId),
    namespace: task.namespace,
    kind: 'activity',
    queue: activityQueue(event),
    type: event.inline ? body.workflowType : event.activityType,
    runId,
    buildId: event.inline ? pin : null,
    priority: event.priority,
    fairnessKey: event.fairnessKey,
    fairnessWeight: event.fairnessWeight,
    visibleAt: now,
    attempt: leased ? 1 : 0,
    token: leased ? leasedToken : 0,
    leaseOwner: leased ? host.workerId : null,
    leaseUntil: leased ? host.activities.leaseUntil(event, now) : 0,
    body: encodeActivityTask(body),
  };
}

/**
 * The run's own task: visible when it has to be looked at next. Leased only while activities of the run are under way
 * here, and never beyond the next wake-up, so that whoever is there can take it then.
 *
 * It is written only where it changes. Then the inbox must have been read to its end: a message that came meanwhile has
 * made the task visible, and that must not be undone.
 */
function planRunTask(input: PlanInput, plan: CommitPlan, consumed: boolean): TaskRecord {
  const { host, runId, instance, task, taskBody: body, pin, birth, unwritten, now } = input;
  // A run that has settled and could not close yet must not be left lying, should this process end before it does.
  const visibleAt = instance.settlement ? now : nextWake(instance, input.activityChecks);
  const underWay =
    plan.start.length > 0 ||
    (host.activities.hasRun(runId) &&
      instance.waits.someActivity((wait) => host.activities.isRunning(activityTaskId(runId, wait.id))));
  const leaseStands = task.leaseUntil > now;
  const unchanged =
    !birth &&
    !consumed &&
    task.body === body &&
    task.visibleAt === visibleAt &&
    task.attempt === 0 &&
    task.buildId === pin &&
    (underWay || !leaseStands);
  if (unchanged) return task;
  const next: TaskRecord = {
    ...task,
    body,
    buildId: pin,
    visibleAt,
    attempt: 0,
    leaseOwner: underWay ? host.workerId : null,
    leaseUntil: underWay ? Math.min(now + host.runLeaseMs, visibleAt) : 0,
  };
  if (!birth) plan.expect.push({ kind: 'inbox-read', runId, through: unwritten.through });
  plan.writes.push({ kind: 'put-task', task: next });
  return next;
}
