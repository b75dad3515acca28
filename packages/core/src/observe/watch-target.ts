import type { Subscriber } from 'rxjs';
import { EngineClosedError } from '../model/errors.js';
import type { RunId } from '../model/ids.js';
import { isOpen } from '../model/status.js';
import type { WorkflowDescription } from '../runtime/client/description.js';
import type { OpenCore } from '../runtime/client/open-core.js';
import { readTarget } from '../runtime/client/read-run.js';
import type { RunReads, RunTarget } from '../runtime/client/run-reads.js';
import type { Unwatch } from '../storage/port.js';
import { followedRuns } from './followed-runs.js';
import { patiently } from './shared-reads.js';

/**
 * Takes descriptions of the run that is meant when watching begins: as it is now, then after each change; then of the
 * run that goes on in its place, unless a certain run is meant. The subscriber completes after the one in which it has
 * ended.
 */
export function watchTarget<T>(
  core: OpenCore,
  reads: RunReads,
  target: RunTarget,
  subscriber: Subscriber<T>,
  {
    tasks = false,
    take,
  }: { readonly tasks?: boolean; readonly take: (description: WorkflowDescription) => void },
): void {
  const error = (reason: unknown): void => {
    subscriber.error(reason);
  };
  let leave: Unwatch = () => undefined;
  subscriber.add(() => {
    leave();
  });
  const follow = (runId: RunId): void => {
    leave();
    if (!subscriber.closed) leave = followedRuns(core).follow(reads, runId, { tasks, next, error });
  };
  const next = (description: WorkflowDescription): void => {
    take(description);
    const { status, nextRunId } = description;
    if (isOpen(status)) return;
    if (nextRunId !== undefined && isFollowing(target)) follow(nextRunId);
    else subscriber.complete();
  };
  subscriber.add(
    core.onClose(() => {
      error(new EngineClosedError());
    }),
  );
  resolveTarget(core, target).then(follow, error);
}

/** Whether the runs that follow are meant too. */
export function isFollowing({ runId, follow }: RunTarget): boolean {
  return runId === undefined || follow === true;
}

/** The run that is meant now. */
export function resolveTarget(core: OpenCore, target: RunTarget): Promise<RunId> {
  return patiently(core, () => core.command(async () => (await readTarget(core, target)).runId));
}
