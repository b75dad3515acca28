import type {
  ActivityCompleted,
  ActivityFailed,
  ActivityScheduled,
  ActivityTimedOut,
  RunEvent,
} from '../../model/events.js';
import type { Failure } from '../../model/failure.js';
import { statusBucket, type StatusBucket } from '../../model/status.js';
import { toDate } from '../../model/time.js';
import type { RunRecord, TaskRecord } from '../../storage/records.js';
import { activityTaskState, decodeActivityTask } from '../activity-task.js';
import { decodeBody, decodeStart } from '../run-projection.js';
import { homeOf, type StandaloneCall } from '../standalone.js';
import { eventsOf } from '../worker/sealing.js';
import { readFailure, readValue } from './describe.js';
import type { PendingActivity } from './description.js';
import type { OpenCore } from './open-core.js';

/** A standalone activity as it stands. */
export interface ActivityDescription {
  readonly activityId: string;
  readonly activityType: string;
  readonly taskQueue: string;
  readonly namespace: string;
  /** Names this execution of the activity; its id is the caller's. */
  readonly runId: string;
  readonly label?: string;
  readonly businessKey?: string;
  readonly status: StatusBucket;
  readonly activityStatus: PendingActivity['state'] | 'completed' | 'failed' | 'timed_out' | 'cancelled';
  /** Which timeout it was, or why it was cancelled, where that was said. */
  readonly closedReason?: string;
  /** Attempts begun so far. */
  readonly attempt: number;
  readonly input: unknown;
  readonly result?: unknown;
  /** What it failed with: its own error. While it is open, that of its last attempt. */
  readonly failure?: Failure;
  readonly startedAt: Date;
  readonly closedAt?: Date;
  /** While it is open. */
  readonly lastHeartbeat?: unknown;
  readonly lastHeartbeatAt?: Date;
  readonly nextAttemptAt?: Date;
  /** While it waits in its queue. */
  readonly scheduleToStartDeadline?: Date;
  readonly scheduleToCloseDeadline?: Date;
}

type Ended = ActivityCompleted | ActivityFailed | ActivityTimedOut;

/** Standalone activities as people and programs see them, in the order of their runs. */
export async function describeActivities(
  core: OpenCore,
  runs: readonly RunRecord[],
): Promise<readonly ActivityDescription[]> {
  const loaded = await core.storage.loadRuns(runs.map(({ runId }) => ({ runId, afterSeq: 0 })));
  return Promise.all(
    runs.map(async (run, i) => describe(core, run, await eventsOf(core, loaded[i]?.events ?? []))),
  );
}

async function describe(
  core: OpenCore,
  run: RunRecord,
  events: readonly RunEvent[],
): Promise<ActivityDescription> {
  const start = decodeStart(run);
  const { type, input, options } = (await readValue(core, start.input)) as StandaloneCall;
  const { label, businessKey } = (await readValue(core, start.memo)) as Partial<Record<string, string>>;
  const scheduled = events.find((event) => event.type === 'ActivityScheduled');
  const deadline = scheduled && closeDeadline(scheduled);
  return {
    activityId: run.workflowId,
    activityType: type,
    taskQueue: options.taskQueue,
    namespace: homeOf(run.namespace),
    runId: run.runId,
    ...(label !== undefined && { label }),
    ...(businessKey !== undefined && { businessKey }),
    status: statusBucket(run.status),
    input,
    startedAt: toDate(run.startedAt),
    ...(deadline !== undefined && { scheduleToCloseDeadline: toDate(deadline) }),
    ...(run.closedAt === null
      ? await underWay(core, run, scheduled)
      : { closedAt: toDate(run.closedAt), ...(await ended(core, run, events)) }),
  };
}

function closeDeadline({ at, timeouts }: ActivityScheduled): number | undefined {
  return timeouts.scheduleToClose === undefined ? undefined : at + timeouts.scheduleToClose;
}

type UnderWay = Pick<ActivityDescription, 'activityStatus' | 'attempt' | 'lastHeartbeat' | 'failure'> &
  Partial<ActivityDescription>;

async function underWay(
  core: OpenCore,
  { runId }: RunRecord,
  scheduled: ActivityScheduled | undefined,
): Promise<UnderWay> {
  const task = (await core.storage.readTasks(runId)).find(({ kind }) => kind === 'activity');
  // Without a task it has not been put into its queue yet, or its outcome is on its way.
  if (!task) return { activityStatus: scheduled ? 'started' : 'scheduled', attempt: scheduled ? 1 : 0 };
  return inQueue(core, task, scheduled);
}

async function inQueue(
  core: OpenCore,
  task: TaskRecord,
  scheduled: ActivityScheduled | undefined,
): Promise<UnderWay> {
  const body = decodeActivityTask(task);
  const state = activityTaskState(task, body, core.clock.now());
  const scheduleToStart = scheduled?.timeouts.scheduleToStart;
  return {
    activityStatus: state,
    attempt: task.attempt,
    ...(body.heartbeat && { lastHeartbeat: await readValue(core, body.heartbeat) }),
    ...(body.heartbeatAt !== undefined && { lastHeartbeatAt: toDate(body.heartbeatAt) }),
    ...(body.lastFailure && { failure: await readFailure(core, body.lastFailure) }),
    ...(state === 'backing_off' && { nextAttemptAt: toDate(task.visibleAt) }),
    ...(state !== 'started' &&
      scheduleToStart !== undefined && {
        scheduleToStartDeadline: toDate(body.queuedAt + scheduleToStart),
      }),
  };
}

async function ended(core: OpenCore, run: RunRecord, events: readonly RunEvent[]): Promise<UnderWay> {
  const end = events.find(
    (event): event is Ended =>
      event.type === 'ActivityCompleted' ||
      event.type === 'ActivityFailed' ||
      event.type === 'ActivityTimedOut',
  );
  const { output, failure: recorded, closedReason } = decodeBody(run);
  const attempt = end?.attempt ?? 0;
  if (run.status === 'completed')
    return {
      activityStatus: 'completed',
      attempt,
      ...(output && { result: await readValue(core, output) }),
    };
  if (run.status !== 'failed')
    return { activityStatus: 'cancelled', attempt, ...(closedReason !== undefined && { closedReason }) };
  // The run failed with the error that workflows catch; its cause is the activity's own.
  const failure = recorded && (await readFailure(core, recorded.cause ?? recorded));
  const about = { attempt, ...(failure && { failure }) };
  return end?.type === 'ActivityTimedOut'
    ? { activityStatus: 'timed_out', closedReason: `${end.timeout} timeout`, ...about }
    : { activityStatus: 'failed', ...about };
}
