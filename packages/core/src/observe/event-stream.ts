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

/**
 * Every event that is committed from the subscription on, in order within its run, exactly once.
 *
 * A first sweep notes how far the open runs have come; from then on a hint leads to the new events of the runs it names,
 * and a sweep now and then to those of runs whose hints were lost. An open run that is not known is a new one: it is
 * told from its first event. A closed one that is not known is new only if it was started after the `horizon` and has
 * not been told already. So what is kept is a number for each open run, and the ids of runs that ended a moment ago.
 */
export class EventTail {
  readonly #open = new Map<RunId, { readonly workflowId: WorkflowId; seq: Seq; sweep: number }>();
  /** When those started that have been told to the end, or had ended before: none from before the horizon. */
  readonly #ended = new Map<RunId, EpochMs>();
  readonly #touched = new Set<RunId>();
  readonly #core: OpenCore;
  readonly #reads: RunReads;
  readonly #subscribedAt: EpochMs;
  #horizon: EpochMs;
  #sweeps = 0;
  #sweepAt = 0;

  constructor(core: OpenCore, reads: RunReads) {
    this.#core = core;
    this.#reads = reads;
    this.#subscribedAt = core.clock.now();
    this.#horizon = this.#subscribedAt - slackMs;
  }

  async *pages(changes: Changes): AsyncGenerator<readonly NamespaceEvent[], void, undefined> {
    const { clock, feed } = this.#core;
    changes.onEnd(
      feed.onHint((hint) => {
        this.#touch(hint);
        changes.mark();
      }),
    );
    while (!changes.over) {
      if (clock.now() >= this.#sweepAt) await this.#sweep();
      const some = this.#take();
      if (some.length > 0) {
        const pages = await Promise.all(some.map((runId) => this.#advance(runId)));
        const events = pages.flat();
        if (events.length > 0) yield events;
        continue;
      }
      await nextUntil(clock, changes, this.#sweepAt);
    }
  }

  #take(): readonly RunId[] {
    const some: RunId[] = [];
    for (const runId of this.#touched) {
      if (some.length === readPage) break;
      some.push(runId);
      this.#touched.delete(runId);
    }
    return some;
  }

  #touch(hint: ChangeHint): void {
    if (hint.kind === 'changed') for (const runId of hint.runs) this.#touched.add(runId);
    else this.#sweepAt = 0;
    if (this.#touched.size <= mostTouched) return;
    this.#touched.clear();
    this.#sweepAt = 0;
  }

  /** The new events of a run, a page of them. */
  async #advance(runId: RunId): Promise<readonly NamespaceEvent[]> {
    const { storage, namespace } = this.#core;
    const run = await this.#read(() => storage.readRun(runId));
    if (run?.namespace !== namespace) {
      this.#open.delete(runId);
      return [];
    }
    const known = this.#open.get(runId);
    if (!known && run.closedAt !== null && this.#isOld(run)) return [];
    const tail = known ?? this.#follow(run, 0);
    const from = tail.seq + 1;
    const events = run.seq < from ? [] : await followedRuns(this.#core).events(this.#reads, runId, from);
    tail.seq += events.length;
    if (tail.seq < run.seq) this.#touched.add(runId);
    else if (run.closedAt !== null) {
      this.#open.delete(runId);
      this.#ended.set(runId, run.startedAt);
    }
    const { workflowId } = tail;
    return events.map((event) => ({ workflowId, runId, event }));
  }

  /** A closed run that is not followed: it had ended before, or was told to the end. */
  #isOld({ runId, startedAt }: RunRecord): boolean {
    return startedAt < this.#horizon || this.#ended.has(runId);
  }

  #follow(
    { runId, workflowId }: RunRecord,
    seq: Seq,
  ): { readonly workflowId: WorkflowId; seq: Seq; sweep: number } {
    const tail = { workflowId, seq, sweep: this.#sweeps };
    this.#open.set(runId, tail);
    return tail;
  }

  async #sweep(): Promise<void> {
    const { clock, namespace } = this.#core;
    const began = clock.now();
    this.#sweepAt = Infinity;
    this.#sweeps += 1;
    // Both are asked for in the breath that subscribes, so that the first sweep sees nothing that comes after it.
    await Promise.all([
      this.#list({ namespace, statuses: statusesIn('running') }),
      this.#list({ namespace, startedAfter: this.#horizon - 1 }),
    ]);
    for (const [runId, { sweep }] of this.#open) if (sweep !== this.#sweeps) this.#touched.add(runId);
    this.#horizon = Math.max(this.#horizon, began - slackMs);
    for (const [runId, startedAt] of this.#ended) if (startedAt < this.#horizon) this.#ended.delete(runId);
    this.#sweepAt = Math.min(this.#sweepAt, nextPoll(clock, clock.now() - began));
  }

  async #list(query: RunQuery): Promise<void> {
    let page: readonly RunRecord[];
    let after: RunCursor | null = null;
    do {
      const range = { after, limit: listPage };
      page = await this.#read(() => this.#core.storage.listRuns(query, range));
      for (const run of page) this.#visit(run);
      after = page.at(-1) ?? null;
    } while (page.length === listPage);
  }

  #visit(run: RunRecord): void {
    const { runId, seq, closedAt, startedAt } = run;
    const known = this.#open.get(runId);
    if (known) {
      known.sweep = this.#sweeps;
      if (seq > known.seq) this.#touched.add(runId);
      return;
    }
    if (this.#ended.has(runId)) return;
    // The first sweep finds what was there before, and perhaps a run that was started while it was under way.
    if (this.#sweeps > 1 || startedAt > this.#subscribedAt) {
      this.#follow(run, 0);
      this.#touched.add(runId);
    } else if (closedAt === null) this.#follow(run, seq);
    else this.#ended.set(runId, startedAt);
  }

  #read<T>(read: () => Promise<T>): Promise<T> {
    return patiently(this.#core, () => this.#core.command(read));
  }
}
