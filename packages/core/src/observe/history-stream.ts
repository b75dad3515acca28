import type { Seq } from '../model/ids.js';
import { isOpen } from '../model/status.js';
import type { HistoryEvent } from '../runtime/client/description.js';
import type { OpenCore } from '../runtime/client/open-core.js';
import { isClosing, type RunReads, type RunTarget } from '../runtime/client/run-reads.js';
import type { Unwatch } from '../storage/port.js';
import type { Changes } from './changes.js';
import { eventPage, followedRuns } from './followed-runs.js';
import { isFollowing, resolveTarget } from './watch-target.js';

/**
 * Each event once, in order: what is recorded, then what comes, up to the one that closes the run; then those of the run
 * that goes on in its place, from its first, unless a certain run is meant. Holds one page.
 */
export async function* historyPages(
  core: OpenCore,
  reads: RunReads,
  target: RunTarget,
  fromSeq: Seq,
  changes: Changes,
): AsyncGenerator<readonly HistoryEvent[], void, undefined> {
  const runs = followedRuns(core);
  let runId = await resolveTarget(core, target);
  let leave: Unwatch = () => undefined;
  changes.onEnd(() => {
    leave();
  });
  const watch = (): void => {
    leave();
    if (!changes.over) leave = runs.follow(reads, runId, changes.mark);
  };
  watch();
  for (let from = Math.max(1, fromSeq); await changes.next();) {
    const page = await runs.events(reads, runId, from);
    const last = page.at(-1);
    if (last) {
      yield page;
      if (isClosing(last)) {
        const next = last.attributes['newRunId'];
        if (typeof next !== 'string' || !isFollowing(target)) return;
        runId = next;
        from = 1;
        watch();
        changes.mark();
        continue;
      }
      from = last.seq + 1;
      if (page.length === eventPage) changes.mark();
      continue;
    }
    // Nothing new: another kind of change, the run is gone, or it ended before `fromSeq`.
    const { status, historyLength } = await runs.describe(reads, runId);
    if (historyLength >= from) changes.mark();
    else if (!isOpen(status)) return;
  }
}
