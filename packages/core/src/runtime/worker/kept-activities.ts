import type { RunEvent } from '../../model/events.js';
import { activityTaskId, type RunId } from '../../model/ids.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import type { TaskRecord } from '../../storage/records.js';
import { decodeActivityTask, encodeActivityTask } from '../activity-task.js';
import type { Core } from '../core.js';

/**
 * Activities that outlive their cancellation: a run was asked to cancel with `cancelQueuedActivities: false`. Its own code
 * sees them cancelled like all others. A task that no worker has claimed by then stays in its queue, detached from the
 * run: whoever claims it runs it as ever, retries included, and nobody is told how it ends.
 */

export function mayKeep({ cancelRequest }: WorkflowInstance): boolean {
  return cancelRequest?.cancelQueuedActivities === false;
}

/** The tasks of a run that are left in their queues, as a commit that brings these events has to write them. */
export async function keptTasks(
  core: Core,
  runId: RunId,
  events: readonly RunEvent[],
  closing: boolean,
): Promise<readonly TaskRecord[]> {
  const left = new Set<string>();
  for (const event of events)
    if (event.type === 'ActivityCancelRequested' && event.keepQueued)
      left.add(activityTaskId(runId, event.activityId));
  if (left.size === 0 && !closing) return [];
  const kept: TaskRecord[] = [];
  for (const task of await core.storage.readTasks(runId)) {
    if (task.kind !== 'activity') continue;
    const body = decodeActivityTask(task);
    // The end of a run removes all its tasks: those that were detached earlier have to be written again.
    if (body.detached) kept.push(task);
    else if (left.has(task.taskId) && task.leaseOwner === null && !body.later)
      kept.push({ ...task, body: encodeActivityTask({ ...body, detached: true }) });
  }
  return kept;
}
