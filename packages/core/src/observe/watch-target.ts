import type { Subscriber } from 'rxjs';
import { EngineClosedError, WorkflowNotFoundError } from '../model/errors.js';
import { isOpen } from '../model/status.js';
import type { WorkflowDescription } from '../runtime/client/description.js';
import type { OpenCore } from '../runtime/client/open-core.js';
import type { RunReads, RunTarget } from '../runtime/client/run-reads.js';
import { followedRuns } from './followed-runs.js';
import { patiently } from './shared-reads.js';

/**
 * Takes descriptions of the run that is meant when watching begins: as it is now, then after each change. The subscriber
 * completes after the one in which it has ended.
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
  const next = (description: WorkflowDescription): void => {
    checkWorkflow(description, target);
    take(description);
    if (!isOpen(description.status)) subscriber.complete();
  };
  subscriber.add(
    core.onClose(() => {
      error(new EngineClosedError());
    }),
  );
  patiently(core, () => reads.resolve(target)).then((runId) => {
    if (!subscriber.closed) subscriber.add(followedRuns(core).watch(reads, runId, { tasks, next, error }));
  }, error);
}

/** A run id names its workflow as well: a handle whose two ids do not go together names nothing. */
export function checkWorkflow({ workflowId, runId }: WorkflowDescription, target: RunTarget): void {
  if (workflowId === target.workflowId) return;
  throw new WorkflowNotFoundError(
    `Run ${runId} belongs to workflow '${workflowId}', not to '${target.workflowId}'`,
  );
}
