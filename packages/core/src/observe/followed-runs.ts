import type { RunId, Seq } from '../model/ids.js';
import { NEVER } from '../model/time.js';
import type { HistoryEvent, WorkflowDescription } from '../runtime/client/description.js';
import type { OpenCore } from '../runtime/client/open-core.js';
import type { RunReads } from '../runtime/client/run-reads.js';
import type { CancelTimer } from '../runtime/clock.js';
import type { Unwatch } from '../storage/port.js';
import { FollowedRun, type Watcher } from './followed-run.js';
import { nextPoll } from './polling.js';
import { SharedReads } from './shared-reads.js';

/** Events read at once. */
export const eventPage = 256;
/** Runs looked after at once. */
const sweepPage = 100;

/** The runs that somebody watches. Hints say which changed; a sweep over the versions of all finds what hints have missed. */
export class FollowedRuns {
  readonly #runs = new Map<RunId, FollowedRun>();
  readonly #shared: SharedReads;
  readonly #core: OpenCore;
  #cancelSweep: CancelTimer | undefined;

  constructor(core: OpenCore) {
    this.#core = core;
    this.#shared = new SharedReads(core);
  }

  /** Tells the watcher how the run stands, now and after each change. */
  watch(reads: RunReads, runId: RunId, watcher: Watcher): Unwatch {
    this.#followed(reads, runId).watch(watcher);
    return () => {
      this.#leave(runId, watcher);
    };
  }

  /** Calls back after each change of the run, and whenever there may have been one. */
  mark(reads: RunReads, runId: RunId, mark: () => void): Unwatch {
    this.#followed(reads, runId).mark(mark);
    return () => {
      this.#leave(runId, mark);
    };
  }

  /** The run as it is after this call. */
  describe(reads: RunReads, runId: RunId): Promise<WorkflowDescription> {
    return this.#shared.get(runId, () => reads.describe(runId));
  }

  /** A page of events, as recorded after this call. */
  events(reads: RunReads, runId: RunId, from: Seq): Promise<readonly HistoryEvent[]> {
    return this.#shared.get(`${runId}/${from}`, () => reads.events(runId, from, eventPage));
  }

  #followed(reads: RunReads, runId: RunId): FollowedRun {
    let run = this.#runs.get(runId);
    if (!run) {
      run = new FollowedRun(
        () => this.describe(reads, runId),
        (changed) => this.#core.feed.onRun(runId, changed),
      );
      this.#runs.set(runId, run);
      if (this.#runs.size === 1) this.#sweepLater(0);
    }
    return run;
  }

  #leave(runId: RunId, one: Watcher | (() => void)): void {
    if (this.#runs.get(runId)?.leave(one)) this.#runs.delete(runId);
    if (this.#runs.size === 0) this.#cancelSweep?.();
  }

  #sweepLater(cost: number): void {
    const { clock } = this.#core;
    this.#cancelSweep = clock.setTimer(nextPoll(clock, cost), () => void this.#sweep(), 'background');
  }

  async #sweep(): Promise<void> {
    const began = this.#core.clock.now();
    const runs = [...this.#runs];
    for (let i = 0; i < runs.length; i += sweepPage) await this.#lookAfter(runs.slice(i, i + sweepPage));
    this.#cancelSweep?.();
    if (this.#runs.size > 0) this.#sweepLater(this.#core.clock.now() - began);
  }

  async #lookAfter(runs: readonly (readonly [RunId, FollowedRun])[]): Promise<void> {
    const requests = runs.map(([runId]) => ({ runId, afterSeq: NEVER }));
    // Where the store cannot answer or the run is gone, who watches has to look and be told.
    const loaded = await this.#core.command(() => this.#core.storage.loadRuns(requests)).catch(() => []);
    runs.forEach(([, run], i) => {
      run.found(loaded[i]?.run.version ?? -1);
    });
  }
}

const followed = new WeakMap<OpenCore, FollowedRuns>();

/** Those of one client: all its handles share them. */
export function followedRuns(core: OpenCore): FollowedRuns {
  let runs = followed.get(core);
  if (!runs) followed.set(core, (runs = new FollowedRuns(core)));
  return runs;
}
