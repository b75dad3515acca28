import { activityTaskId, type RunId } from '../../model/ids.js';
import { mayRetry, retryDelay } from '../../model/retry.js';
import { NEVER, type EpochMs } from '../../model/time.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import type { ActivityWait } from '../../replay/waits.js';
import type { TaskRecord } from '../../storage/records.js';
import { decodeActivityTask, encodeActivityTask } from '../activity-task.js';
import type { Core } from '../core.js';
import type { PendingInput } from './pending-input.js';
import { openFailure } from './sealing.js';

/**
 * The two timeouts that hold even when no worker ever takes an activity: the run's owner sees to them.
 * (An attempt under way keeps its own time; see `Attempt`.)
 */
export interface DeadlineFindings {
  readonly inputs: readonly PendingInput[];
  /** Tasks that get another attempt. */
  readonly requeued: readonly TaskRecord[];
  /** When to look at each activity that still waits in its queue. */
  readonly checks: ReadonlyMap<string, EpochMs>;
}

export function hasQueueTimeouts(instance: WorkflowInstance): boolean {
  return instance.waits.someActivity(isLimited);
}

function isLimited({ scheduled: { timeouts } }: ActivityWait): boolean {
  return timeouts.scheduleToStart !== undefined || timeouts.scheduleToClose !== undefined;
}

export async function checkDeadlines(
  core: Core,
  instance: WorkflowInstance,
  runId: RunId,
): Promise<DeadlineFindings> {
  const now = core.clock.now();
  const tasks = new Map((await core.storage.readTasks(runId)).map((task) => [task.taskId, task]));
  const inputs: PendingInput[] = [];
  const requeued: TaskRecord[] = [];
  const checks = new Map<string, EpochMs>();
  for (const { id, scheduled } of instance.activities().filter(isLimited)) {
    const task = tasks.get(activityTaskId(runId, id));
    if (!task) {
      checks.set(id, NEVER); // its outcome is in the inbox
      continue;
    }
    const { scheduleToStart, scheduleToClose } = scheduled.timeouts;
    const { lastFailure, later, ...body } = decodeActivityTask(task);
    const end = async (timeout: 'schedule_to_start' | 'schedule_to_close'): Promise<void> => {
      const failure = lastFailure && { failure: await openFailure(core, lastFailure) };
      inputs.push({
        at: now,
        expires: task,
        input: {
          type: 'ActivityTimedOut',
          activityId: id,
          attempt: Math.max(1, task.attempt),
          timeout,
          ...failure,
        },
      });
    };
    if (scheduleToClose !== undefined && scheduled.at + scheduleToClose <= now) {
      await end('schedule_to_close');
      continue;
    }
    if (scheduleToStart === undefined) continue;
    // An attempt is under way: with a worker, or with whoever will complete it later.
    const underWayUntil = later ? task.visibleAt : task.leaseUntil;
    if (underWayUntil > now) {
      checks.set(id, underWayUntil);
      continue;
    }
    const startBy = (later ? task.visibleAt : body.queuedAt) + scheduleToStart;
    const attempt = task.attempt + 1;
    if (startBy > now) checks.set(id, startBy);
    else if (!mayRetry(scheduled.retry, attempt, { name: 'TimeoutError' })) await end('schedule_to_start');
    else {
      const visibleAt =
        now + retryDelay(scheduled.retry, attempt, core.platform.randomUint32() / 0x1_0000_0000);
      const next = encodeActivityTask({
        ...body,
        ...(lastFailure && { lastFailure }),
        queuedAt: visibleAt,
        finished: body.finished + (later ? 2 : 1),
      });
      requeued.push({ ...task, attempt, visibleAt, leaseOwner: null, leaseUntil: 0, body: next });
      checks.set(id, visibleAt + scheduleToStart);
    }
  }
  return { inputs, requeued, checks };
}
