import type { ActivityRow, RunKey } from './source.js';

/** What is read of an event to follow the activities of a run. */
export interface ActivityEvent {
  readonly type: string;
  readonly at: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const states: Readonly<Record<string, string>> = {
  ActivityScheduled: 'scheduled',
  ActivityCompleted: 'completed',
  ActivityFailed: 'failed',
  ActivityTimedOut: 'timed_out',
  ActivityCancelled: 'cancelled',
};

/** Activities of a run, in the order in which it scheduled them, as its events tell. */
export function activitiesOf(
  { workflowId, runId }: RunKey,
  events: readonly ActivityEvent[],
  tell: (value: unknown) => string,
): readonly ActivityRow[] {
  const rows = new Map<string, ActivityRow>();
  for (const { type, at, attributes } of events) {
    const state = states[type];
    const { activityId, activityType, attempt, input, result, failure, reason } = attributes;
    if (state === undefined || typeof activityId !== 'string') continue;
    const carried = failure ?? result ?? reason ?? input;
    rows.set(activityId, {
      workflowId,
      runId,
      activityId,
      activityType:
        typeof activityType === 'string' ? activityType : (rows.get(activityId)?.activityType ?? ''),
      state,
      attempt: typeof attempt === 'number' ? attempt : (rows.get(activityId)?.attempt ?? 0),
      at,
      about: carried === undefined ? '' : tell(carried),
    });
  }
  return [...rows.values()];
}
