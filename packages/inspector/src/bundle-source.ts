import type { HistoryBundle } from '@perdure/core';
import { activitiesOf } from './activity-rows.js';
import type { ActivityRow, EventRow, InspectorSource, RunKey, RunRow } from './source.js';
import { fieldsText, valueText } from './value-text.js';

/**
 * Exported histories, to look at only. It reads what they say and checks nothing: `replay` and `importHistory` of the core
 * do that.
 *
 * @example
 * ```ts
 * import type { HistoryBundle } from '@perdure/core';
 * import { bundleSource, defineInspector } from '@perdure/inspector';
 *
 * export function show(bundles: readonly HistoryBundle[]): void {
 *   defineInspector();
 *   const inspector = document.createElement('perdure-inspector');
 *   inspector.source = bundleSource(bundles);
 *   document.body.append(inspector);
 * }
 * ```
 */
export function bundleSource(
  bundles: readonly HistoryBundle[],
  title = 'Exported histories',
): InspectorSource {
  const runs = bundles.map(read).sort((a, b) => (a.row.startedAt < b.row.startedAt ? 1 : -1));
  const runOf = ({ workflowId, runId }: RunKey): BundledRun => {
    const found = runs.find(({ row }) => row.workflowId === workflowId && row.runId === runId);
    if (!found) throw new Error(`There is no history of workflow '${workflowId}' here`);
    return found;
  };
  return {
    about: async () => ({
      title,
      canAct: false,
      workflows: [],
      freshness: 'These are files: nothing changes.',
    }),
    runs: async ({ search = '', workflowType = '', status = '' }) => ({
      items: runs
        .map(({ row }) => row)
        .filter(
          (row) =>
            row.workflowId.startsWith(search) &&
            (workflowType === '' || row.workflowType === workflowType) &&
            (status === '' || row.status === status),
        ),
      next: null,
    }),
    run: async (key) => {
      const { row, activities, events } = runOf(key);
      return { ...row, fields: [['Run', row.runId]], activities, historyLength: events.length };
    },
    history: async (key, afterSeq) => ({ items: runOf(key).events.slice(afterSeq), more: false }),
    activities: async ({ search = '', state = '' }) => ({
      items: runs
        .flatMap(({ activities }) => activities)
        .filter(
          (one) =>
            (state === '' || one.state === state) &&
            holds(search, one.activityType, one.workflowId, one.about),
        ),
      bound: '',
    }),
    events: async ({ search = '', type = '' }) => ({
      items: runs
        .flatMap(({ events }) => events)
        .filter((one) => (type === '' || one.type === type) && holds(search, one.workflowId, one.about)),
      bound: '',
    }),
    start: refused,
    cancel: refused,
    signal: refused,
    watch: () => () => undefined,
  };
}

interface BundledRun {
  readonly row: RunRow;
  readonly events: readonly EventRow[];
  readonly activities: readonly ActivityRow[];
}

interface BundledEvent {
  readonly seq: number;
  readonly type: string;
  readonly at: number;
  readonly [field: string]: unknown;
}

const ends: Readonly<Record<string, string>> = {
  WorkflowCompleted: 'completed',
  WorkflowFailed: 'failed',
  WorkflowCancelled: 'cancelled',
  WorkflowTerminated: 'terminated',
  WorkflowTimedOut: 'timed_out',
  WorkflowContinuedAsNew: 'continued_as_new',
};

function read({ workflow: { workflowId, runId, workflowType }, events }: HistoryBundle): BundledRun {
  const key = { workflowId, runId };
  const told = (events as readonly BundledEvent[]).map(({ seq, type, at, ...fields }) => {
    const attributes = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, bare(value)]));
    return { seq, type, at: isoOf(at), attributes };
  });
  const last = told.at(-1);
  const status = ends[last?.type ?? ''];
  return {
    row: {
      ...key,
      workflowType,
      status: status ?? 'running',
      isOpen: status === undefined,
      startedAt: told[0]?.at ?? '',
      closedAt: status === undefined ? null : (last?.at ?? null),
      about: status === undefined ? '' : fieldsText(last?.attributes ?? {}),
    },
    events: told.map(({ attributes, ...event }) => ({ ...key, ...event, about: fieldsText(attributes) })),
    activities: activitiesOf(key, told, valueText),
  };
}

/** Of what is no moment: nothing. */
function isoOf(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

/** What is in a payload, without its codec. */
function bare(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('codec' in value && 'data' in value)) return value;
  const { codec, data } = value as { readonly codec: unknown; readonly data: unknown };
  return codec === 'superjson' ? (data as { readonly json?: unknown }).json : data;
}

function holds(search: string, ...texts: readonly string[]): boolean {
  return texts.some((text) => text.toLowerCase().includes(search.toLowerCase()));
}

function refused(): Promise<never> {
  return Promise.reject(new Error('Exported histories can only be looked at'));
}
