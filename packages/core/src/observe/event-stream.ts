import type { RunId, Seq, WorkflowId } from '../model/ids.js';
import { statusesIn } from '../model/status.js';
import type { EpochMs } from '../model/time.js';
import type { HistoryEvent } from '../runtime/client/description.js';
import type { OpenCore } from '../runtime/client/open-core.js';
import type { RunReads } from '../runtime/client/run-reads.js';
import type { ChangeHint, RunCursor, RunQuery } from '../storage/port.js';
import type { RunRecord } from '../storage/records.js';
import type { Changes } from './changes.js';
import { followedRuns } from './followed-runs.js';
import { nextPoll, nextUntil } from './polling.js';
import { patiently } from './shared-reads.js';

/** One event of the namespace, and whose it is. */
export interface NamespaceEvent {
  readonly workflowId: WorkflowId;
  readonly runId: RunId;
  readonly event: HistoryEvent;
}

/** How far the clocks of those who start runs may be apart, and how long a start may take, before a lost hint costs its events. */
const slackMs = 5_000;
const listPage = 500;
/** Runs read at once. */
const readPage = 32;
/** More runs than this are not remembered one by one: a sweep finds them. */
const mostTouched = 10_000;

interface OpenRun {
  readonly workflowId: WorkflowId;
  /** The newest event that was told. */
  seq: Seq;
  /** The last sweep that saw it. */
  sweep: number;
}

/**
 * Every event that is committed from the subscription on, in order within its run, exactly once.
 *
 * A first sweep notes how far the open runs have come; from then on a hint leads to the new events of the runs it names,
 * and a sweep now and then to those of runs whose hints were lost. An open run that is not known is a new one: it is
 * told from its first event. A closed one that is not known is new only if it was started after the `horizon` and has
 * not been told already. So what is kept is a number for each open run, and the ids of runs that ended a moment ago.
 */
export async function* namespaceEvents(
  core: OpenCore,
  reads: RunReads,
  changes: Changes,
): AsyncGenerator<readonly NamespaceEvent[], void, undefined> {
  const { clock, feed, namespace, storage } = core;
  const open = new Map<RunId, OpenRun>();
  /** When those started that have been told to the end, or had ended before: none from before the horizon. */
  const ended = new Map<RunId, EpochMs>();
  const touched = new Set<RunId>();
  const subscribedAt = clock.now();
  let horizon = subscribedAt - slackMs;
  let sweeps = 0;
  let sweepAt = 0;

  const read = <T>(call: () => Promise<T>): Promise<T> => patiently(core, () => core.command(call));

  const touch = (hint: ChangeHint): void => {
    if (hint.kind === 'changed') for (const runId of hint.runs) touched.add(runId);
    else sweepAt = 0;
    if (touched.size > mostTouched) {
      touched.clear();
      sweepAt = 0;
    }
    changes.mark();
  };

  const begin = ({ runId, workflowId }: RunRecord, seq: Seq): OpenRun => {
    const run = { workflowId, seq, sweep: sweeps };
    open.set(runId, run);
    return run;
  };

  /** The new events of a run, a page of them. */
  const advance = async (runId: RunId): Promise<readonly NamespaceEvent[]> => {
    touched.delete(runId);
    const record = await read(() => storage.readRun(runId));
    if (record?.namespace !== namespace) {
      open.delete(runId);
      return [];
    }
    const { seq, closedAt, startedAt } = record;
    let run = open.get(runId);
    // Closed and not known: it had ended before, or was told to the end.
    if (!run && closedAt !== null && (startedAt < horizon || ended.has(runId))) return [];
    run ??= begin(record, 0);
    const events = seq > run.seq ? await followedRuns(core).events(reads, runId, run.seq + 1) : [];
    run.seq += events.length;
    if (run.seq < seq) touched.add(runId);
    else if (closedAt !== null) {
      open.delete(runId);
      ended.set(runId, startedAt);
    }
    const { workflowId } = run;
    return events.map((event) => ({ workflowId, runId, event }));
  };

  const visit = (record: RunRecord): void => {
    const { runId, seq, closedAt, startedAt } = record;
    let run = open.get(runId);
    if (!run && ended.has(runId)) return;
    // The first sweep finds what was there before, and perhaps a run that was started while it was under way.
    const isOld = sweeps === 1 && startedAt <= subscribedAt;
    if (!run && isOld && closedAt !== null) {
      ended.set(runId, startedAt);
      return;
    }
    run ??= begin(record, isOld ? seq : 0);
    run.sweep = sweeps;
    if (seq > run.seq) touched.add(runId);
  };

  const list = async (query: Omit<RunQuery, 'namespace'>): Promise<void> => {
    let page: readonly RunRecord[];
    let after: RunCursor | null = null;
    do {
      const range = { after, limit: listPage };
      page = await read(() => storage.listRuns({ namespace, ...query }, range));
      page.forEach(visit);
      after = page.at(-1) ?? null;
    } while (page.length === listPage);
  };

  const sweep = async (): Promise<void> => {
    const began = clock.now();
    sweepAt = Infinity;
    sweeps += 1;
    // Both are asked for in the breath that subscribes, so that the first sweep sees nothing that comes after it.
    await Promise.all([list({ statuses: statusesIn('running') }), list({ startedAfter: horizon - 1 })]);
    for (const [runId, run] of open) if (run.sweep !== sweeps) touched.add(runId);
    horizon = Math.max(horizon, began - slackMs);
    for (const [runId, startedAt] of ended) if (startedAt < horizon) ended.delete(runId);
    sweepAt = Math.min(sweepAt, nextPoll(clock, clock.now() - began));
  };

  changes.onEnd(feed.onHint(touch));
  while (!changes.over) {
    if (clock.now() >= sweepAt) await sweep();
    if (touched.size === 0) await nextUntil(clock, changes, sweepAt);
    const pages = await Promise.all([...firstOf(touched, readPage)].map(advance));
    const events = pages.flat();
    if (events.length > 0) yield events;
  }
}

function* firstOf<T>(values: Iterable<T>, count: number): Generator<T> {
  for (const value of values) {
    if (count-- === 0) return;
    yield value;
  }
}
