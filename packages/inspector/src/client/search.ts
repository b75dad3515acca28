import type { ActivityDescription, Client, WorkflowDescription } from '@perdure/core';
import type { ActivitiesFilter, ActivityRow, EventRow, EventsFilter, Findings } from '../source.js';
import { valueText } from '../value-text.js';
import { activityRows, eventRow, eventsIn } from './histories.js';

/** How far a search over all runs goes: the newest runs, the newest events of each, the newest rows. */
const mostRuns = 100;
const mostEvents = 500;
const mostRows = 500;

export async function findActivities(
  client: Client,
  filter: ActivitiesFilter,
): Promise<Findings<ActivityRow>> {
  const { runs, bounded } = await newestRuns(client);
  const rows: ActivityRow[] = [];
  for (const run of runs) {
    const events = await eventsIn(client, run, { fromSeq: 1, limit: mostEvents });
    rows.push(...activityRows(run, events));
  }
  const alone = await client.activities.list({ pageSize: mostRuns });
  rows.push(...alone.items.map(standaloneRow));
  const { state = '', search = '' } = filter;
  return found(
    rows.filter(
      (row) =>
        (state === '' || row.state === state) &&
        holds([row.activityType, row.activityId, row.workflowId, row.about], search),
    ),
    bounded,
  );
}

export async function findEvents(client: Client, filter: EventsFilter): Promise<Findings<EventRow>> {
  const { runs, bounded } = await newestRuns(client);
  const rows: EventRow[] = [];
  for (const run of runs) {
    const fromSeq = Math.max(1, run.historyLength - mostEvents + 1);
    const events = await eventsIn(client, run, { fromSeq, limit: mostEvents });
    rows.push(...events.map((event) => eventRow(run, event)));
  }
  const { type = '', search = '' } = filter;
  return found(
    rows.filter((row) => (type === '' || row.type === type) && holds([row.workflowId, row.about], search)),
    bounded,
  );
}

async function newestRuns(
  client: Client,
): Promise<{ readonly runs: readonly WorkflowDescription[]; readonly bounded: boolean }> {
  const { items, nextPageToken } = await client.list({ pageSize: mostRuns, allRuns: true });
  return {
    runs: items,
    bounded: nextPageToken !== null || items.some((run) => run.historyLength > mostEvents),
  };
}

function found<T extends { readonly at: string }>(rows: readonly T[], bounded: boolean): Findings<T> {
  const newest = [...rows].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)).slice(0, mostRows);
  const all = !bounded && newest.length === rows.length;
  return {
    items: newest,
    bound: all
      ? ''
      : `Looked at ${mostEvents} events of each of the newest ${mostRuns} runs; at most ${mostRows} are shown.`,
  };
}

function holds(texts: readonly string[], search: string): boolean {
  const part = search.toLowerCase();
  return texts.some((text) => text.toLowerCase().includes(part));
}

/** An activity without a workflow. */
function standaloneRow(activity: ActivityDescription): ActivityRow {
  const { activityId, runId, activityType, activityStatus, attempt, closedAt, startedAt } = activity;
  const { failure, result, lastHeartbeat, input } = activity;
  return {
    workflowId: '',
    runId,
    activityId,
    activityType,
    state: activityStatus,
    attempt,
    at: (closedAt ?? startedAt).toISOString(),
    about: failure?.message ?? valueText(result ?? lastHeartbeat ?? input),
  };
}
