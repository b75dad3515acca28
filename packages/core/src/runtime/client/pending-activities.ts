import type { ActivityScheduled, RunEvent } from '../../model/events.js';
import { activityTaskId } from '../../model/ids.js';
import type { EpochMs } from '../../model/time.js';
import type { RunRecord, TaskRecord } from '../../storage/records.js';
import { activityQueue, encodeActivityTask } from '../activity-task.js';
import type { RunHeaders } from '../interceptor.js';

/** The activities that a run waits for after these events, as tasks that nobody has begun. */
export function pendingActivityTasks(
  run: Pick<RunRecord, 'namespace' | 'runId' | 'workflowId' | 'workflowType'>,
  events: readonly RunEvent[],
  now: EpochMs,
): readonly TaskRecord[] {
  const pending = new Map<string, ActivityScheduled>();
  const [first] = events;
  const headers = first?.type === 'WorkflowStarted' ? first.headers : undefined;
  for (const event of events) {
    if (event.type === 'ActivityScheduled') pending.set(event.activityId, event);
    else if ('activityId' in event) pending.delete(event.activityId);
  }
  return Array.from(pending.values(), (scheduled) => taskOf(run, scheduled, headers, now));
}

function taskOf(
  {
    namespace,
    runId,
    workflowId,
    workflowType,
  }: Pick<RunRecord, 'namespace' | 'runId' | 'workflowId' | 'workflowType'>,
  scheduled: ActivityScheduled,
  headers: RunHeaders | undefined,
  now: EpochMs,
): TaskRecord {
  const { activityId, activityType, seq, inline, priority, fairnessKey, fairnessWeight } = scheduled;
  return {
    taskId: activityTaskId(runId, activityId),
    namespace,
    kind: 'activity',
    queue: activityQueue(scheduled),
    type: inline ? workflowType : activityType,
    runId,
    buildId: null,
    priority,
    fairnessKey,
    fairnessWeight,
    visibleAt: now,
    attempt: 0,
    token: 0,
    leaseOwner: null,
    leaseUntil: 0,
    body: encodeActivityTask({
      activityId,
      activityType,
      workflowId,
      workflowType,
      scheduledSeq: seq,
      queuedAt: now,
      finished: 0,
      ...(headers && { headers }),
    }),
  };
}
