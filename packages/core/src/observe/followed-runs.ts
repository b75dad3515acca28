import type { RunId, Seq } from '../model/ids.js';
import { NEVER } from '../model/time.js';
import type { HistoryEvent, WorkflowDescription } from '../runtime/client/description.js';
import type { OpenCore } from '../runtime/client/open-core.js';
import type { RunReads } from '../runtime/client/run-reads.js';
import type { CancelTimer } from '../runtime/clock.js';
import type { Unwatch } from '../storage/port.js';
import { FollowedRun, type Watcher } from './followed-run.js';
import { nextPoll } from './polling.js';
import { sharedReads } from './shared-reads.js';

/** Events read at once. */
export const eventPage = 256;
/** Runs looked after at once. */
const sweepPage = 100;

/** The runs that somebody watches. Hints say which changed; a sweep over the versions of all finds what hints have missed. */
interface FollowedRuns {
  /**
   * Tells a watcher how the run stands, now and after each change. A function is called after each change, and whenever
   * there may have been one.
   */
  follow(reads: RunReads, runId: RunId, one: Watcher | (() => void)): Unwatch;
  /** The run as it is after this call. */
  describe(reads: RunReads, runId: RunId): Promise<WorkflowDescription>;
  /** A page of events, as recorded after this call. */
  events(reads: RunReads, runId: RunId, from: Seq): Promise<readonly HistoryEvent[]>;
}

const followed = new WeakMap<OpenCore, FollowedRuns>();

/** Those of one client: all its handles share them. */
export function followedRuns(core: OpenCore): FollowedRuns {
  let runs = followed.get(core);
  if (!runs) followed.set(core, (runs = followRuns(core)));
  return runs;
}

function followRuns(core: OpenCore): FollowedRuns {
  const { clock, feed, storage } = core;
  const runs = new Map<RunId, FollowedRun>();
  const share = sharedReads(core);
  let cancelSweep: CancelTimer = () => undefined;

  const describe: FollowedRuns['describe'] = (reads, runId) => share(runId, () => reads.describe(runId));

  const follow: FollowedRuns['follow'] = (reads, runId, one) => {
    let run = runs.get(runId);
    if (!run) {
      run = new FollowedRun(
        () => describe(reads, runId),
        (changed) => feed.onRun(runId, changed),
      );
      if (runs.size === 0) sweepLater(0);
      runs.set(runId, run);
    }
    run.join(one);
    return () => {
      if (runs.get(runId)?.leave(one)) runs.delete(runId);
      if (runs.size === 0) cancelSweep();
    };
  };

  const sweepLater = (cost: number): void => {
    cancelSweep = clock.setTimer(nextPoll(clock, cost), () => void sweep(), 'background');
  };

  const sweep = async (): Promise<void> => {
    const began = clock.now();
    const all = [...runs];
    for (let i = 0; i < all.length; i += sweepPage) await lookAfter(all.slice(i, i + sweepPage));
    cancelSweep();
    if (runs.size > 0) sweepLater(clock.now() - began);
  };

  const lookAfter = async (some: readonly (readonly [RunId, FollowedRun])[]): Promise<void> => {
    const requests = some.map(([runId]) => ({ runId, afterSeq: NEVER }));
    // Where the store cannot answer or the run is gone, who watches has to look and be told.
    const loaded = await core.command(() => storage.loadRuns(requests)).catch(() => []);
    some.forEach(([, run], i) => {
      run.found(loaded[i]?.run.version ?? -1);
    });
  };

  return {
    follow,
    describe,
    events: (reads, runId, from) => share(`${runId}/${from}`, () => reads.events(runId, from, eventPage)),
  };
}
