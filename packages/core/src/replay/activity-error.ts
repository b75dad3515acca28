import { rebuildError } from '../codec/failures.js';
import { ActivityError } from '../model/errors.js';
import type { ActivityCancelled, ActivityFailed, ActivityTimedOut } from '../model/events.js';

/** What workflow code catches when an activity did not complete. */
export function activityError(
  activityType: string,
  event: ActivityFailed | ActivityTimedOut | ActivityCancelled,
): ActivityError {
  const about = { activityType, activityId: event.activityId, attempt: event.attempt };
  const named = `Activity '${activityType}' (${event.activityId})`;
  const tries = event.attempt === 1 ? '1 attempt' : `${event.attempt} attempts`;
  switch (event.type) {
    case 'ActivityFailed':
      return new ActivityError(
        `${named} failed after ${tries}: ${event.failure.message}`,
        { ...about, kind: 'failed' },
        { cause: rebuildError(event.failure) },
      );
    case 'ActivityTimedOut':
      return new ActivityError(
        `${named} timed out (${event.timeout})${event.timeout === 'schedule_to_start' ? ': no worker took it in time' : ` after ${tries}`}`,
        { ...about, kind: 'timed_out', timeout: event.timeout },
        event.failure && { cause: rebuildError(event.failure) },
      );
    case 'ActivityCancelled':
      return cancelledActivity(about, event.reason);
  }
}

export function cancelledActivity(
  about: { readonly activityType: string; readonly activityId: string; readonly attempt: number },
  reason: string | undefined,
): ActivityError {
  const message = `Activity '${about.activityType}' (${about.activityId}) was cancelled${reason ? `: ${reason}` : ''}`;
  return new ActivityError(message, { ...about, kind: 'cancelled' });
}
