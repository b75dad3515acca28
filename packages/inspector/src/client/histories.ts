import type { Client, HistoryEvent, PendingActivity, WorkflowDescription } from '@perdure/core';
import { activitiesOf } from '../activity-rows.js';
import type { ActivityRow, EventRow, RunKey } from '../source.js';
import { fieldsText, valueText } from '../value-text.js';

/** Up to so many events of a run; in `fromSeq` the first of them. */
export async function eventsIn(
  client: Client,
  { workflowId, runId }: RunKey,
  range: { readonly fromSeq: number; readonly limit: number },
): Promise<readonly HistoryEvent[]> {
  const found: HistoryEvent[] = [];
  for await (const event of client.handle(workflowId, runId).history(range)) found.push(event);
  return found;
}

export function eventRow(
  { workflowId, runId }: RunKey,
  { seq, at, type, attributes }: HistoryEvent,
): EventRow {
  return { workflowId, runId, seq, at: at.toISOString(), type, about: fieldsText(attributes) };
}

/** What its history tells of the activities of a run, and what is known of those under way. */
export function activityRows(
  run: WorkflowDescription,
  events: readonly HistoryEvent[],
): readonly ActivityRow[] {
  const told = events.map(({ type, at, attributes }) => ({ type, at: at.toISOString(), attributes }));
  const pending = new Map(run.pendingActivities.map((one) => [one.activityId, one]));
  return activitiesOf(run, told, valueText).map((row) => {
    const now = row.state === 'scheduled' ? pending.get(row.activityId) : undefined;
    return now ? { ...row, ...underWay(now, row) } : row;
  });
}

function underWay(activity: PendingActivity, { at, about }: ActivityRow): Partial<ActivityRow> {
  const { state, attempt, lastHeartbeat, lastHeartbeatAt, lastFailure } = activity;
  const told = lastHeartbeat === undefined ? (lastFailure?.message ?? about) : valueText(lastHeartbeat);
  return { state, attempt, at: lastHeartbeatAt?.toISOString() ?? at, about: told };
}
