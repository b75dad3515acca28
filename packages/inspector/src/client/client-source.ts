import type { AnyWorkflow, Client, ListFilter, WorkflowStatus } from '@perdure/core';
import type { BulkOutcome, InspectorSource, RunKey, RunsFilter, StartRequest, Watched } from '../source.js';
import { activityRows, eventRow, eventsIn } from './histories.js';
import { runFields, runRow } from './run-rows.js';
import { findActivities, findEvents } from './search.js';

export interface ClientSourceOptions {
  /** What is inspected, for people. Default: the namespace. */
  readonly title?: string;
  /** What can be started; other names are refused, with these. Default: the client decides. */
  readonly workflows?: readonly AnyWorkflow[];
  /** Nothing can be started, cancelled or signalled. Default false. */
  readonly readOnly?: boolean;
}

/** Events of a run that are given at once, and that are looked at for its activities. */
const historyPage = 500;
const mostForActivities = 10_000;
const pageSize = 50;
const freshness = 'Changes are shown as they are committed.';

/**
 * What a client or an engine in the same process knows, live through its observables.
 *
 * @example
 * ```ts
 * import type { Client } from '@perdure/core';
 * import { clientSource, defineInspector } from '@perdure/inspector';
 *
 * export function inspect(client: Client): void {
 *   defineInspector();
 *   const inspector = document.createElement('perdure-inspector');
 *   inspector.source = clientSource(client);
 *   document.body.append(inspector);
 * }
 * ```
 */
export function clientSource(client: Client, options: ClientSourceOptions = {}): InspectorSource {
  const { title = `Namespace ${client.namespace}`, workflows, readOnly = false } = options;
  const acting = <T>(act: () => Promise<T>): Promise<T> =>
    readOnly ? Promise.reject(new Error('This inspector only shows: nothing can be changed with it')) : act();
  return {
    about: async () => ({
      title,
      canAct: !readOnly,
      workflows: (workflows ?? []).map(({ name }) => name).sort(),
      freshness,
    }),
    runs: async (filter) => {
      const { items, nextPageToken } = await client.list({
        ...listFilter(filter),
        pageToken: filter.pageToken ?? null,
      });
      return { items: items.map(runRow), next: nextPageToken };
    },
    run: async (key) => {
      const run = await client.handle(key.workflowId, key.runId).describe();
      const events = await eventsIn(client, key, { fromSeq: 1, limit: mostForActivities });
      return {
        ...runRow(run),
        fields: runFields(run),
        activities: activityRows(run, events),
        historyLength: run.historyLength,
      };
    },
    history: async (key, afterSeq) => {
      const events = await eventsIn(client, key, { fromSeq: afterSeq + 1, limit: historyPage + 1 });
      const items = events.slice(0, historyPage).map((event) => eventRow(key, event));
      return { items, more: events.length > historyPage };
    },
    activities: (filter) => findActivities(client, filter),
    events: (filter) => findEvents(client, filter),
    start: (request) => acting(() => start(client, workflows, request)),
    cancel: (runs, reason) =>
      acting(() =>
        forEach(runs, ({ workflowId, runId }) =>
          client.handle(workflowId, runId).cancel(reason === '' ? {} : { reason }),
        ),
      ),
    signal: (runs, name, input) =>
      acting(async () => {
        const payload = parsed(input);
        return forEach(runs, ({ workflowId, runId }) =>
          client.handle(workflowId, runId).signal(name, payload),
        );
      }),
    watch: (what, changed) => watch(client, what, changed),
  };
}

function listFilter({ search, workflowType, status, query }: RunsFilter): ListFilter {
  return {
    pageSize,
    ...(search && { workflowIdPrefix: search }),
    ...(workflowType && { workflowType }),
    // What is no status is the client's to refuse.
    ...(status && { status: status as WorkflowStatus }),
    ...(query && { query }),
  };
}

async function start(
  client: Client,
  workflows: readonly AnyWorkflow[] | undefined,
  { name, input, id }: StartRequest,
): Promise<RunKey> {
  const options = id === '' ? {} : { id };
  const value = parsed(input);
  const definition = workflows?.find((one) => one.name === name);
  if (workflows && !definition) {
    const names = workflows.map((one) => one.name).sort();
    throw new Error(`There is no workflow '${name}'; registered: ${names.join(', ') || 'none'}`);
  }
  const handle = definition
    ? await client.start(definition, value, options)
    : await client.start(name, value, options);
  return { workflowId: handle.workflowId, runId: handle.runId ?? '' };
}

function parsed(json: string): unknown {
  if (json.trim() === '') return undefined;
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new Error(`The input is no JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** Ten at a time; one that refuses does not hold up the others. */
async function forEach(runs: readonly RunKey[], act: (run: RunKey) => Promise<void>): Promise<BulkOutcome> {
  let done = 0;
  const failed: { workflowId: string; message: string }[] = [];
  for (let i = 0; i < runs.length; i += 10) {
    const some = runs.slice(i, i + 10);
    const results = await Promise.allSettled(some.map(act));
    results.forEach((result, j) => {
      if (result.status === 'fulfilled') done += 1;
      else failed.push({ workflowId: some[j]?.workflowId ?? '', message: messageOf(result.reason) });
    });
  }
  return { done, failed };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function watch(client: Client, what: Watched, changed: () => void): () => void {
  // Who reads again after an error learns of it there.
  const observer = { next: changed, error: changed };
  const subscriptions: { unsubscribe(): void }[] = [];
  if (what.kind === 'runs') subscriptions.push(client.list$(listFilter(what.filter)).subscribe(observer));
  else if (what.kind === 'events') subscriptions.push(client.events$.subscribe(observer));
  else {
    const { state$, activities$ } = client.handle(what.run.workflowId, what.run.runId);
    subscriptions.push(state$.subscribe(observer), activities$.subscribe(observer));
  }
  return () => {
    for (const subscription of subscriptions) subscription.unsubscribe();
  };
}
