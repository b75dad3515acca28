import { WorkflowNotFoundError } from '../../model/errors.js';
import { isValidId, type RunId, type WorkflowId } from '../../model/ids.js';
import type { RunRecord } from '../../storage/records.js';
import type { Core } from '../core.js';
import { chainOf, decodeBody } from '../run-projection.js';
import { workflowKey } from './keys.js';
import type { RunTarget } from './run-reads.js';

/** The run that is meant now. Throws `WorkflowNotFoundError` where there is none. */
export async function resolveRun(
  { storage, namespace }: Core,
  { workflowId, runId }: RunTarget,
): Promise<RunId> {
  if (runId !== undefined) return runId;
  // What cannot be an id is not looked up: it may not even be text that a store can take.
  const key = isValidId(workflowId) ? await storage.readKey(namespace, workflowKey(workflowId)) : undefined;
  if (!key)
    throw new WorkflowNotFoundError(`There is no workflow '${workflowId}' in namespace '${namespace}'`);
  return key.value;
}

export async function readRun({ storage, namespace }: Core, runId: RunId): Promise<RunRecord> {
  const run = isValidId(runId) ? await storage.readRun(runId) : undefined;
  if (run?.namespace !== namespace) {
    throw new WorkflowNotFoundError(`There is no run ${runId} in namespace '${namespace}'`);
  }
  return run;
}

/** The run that goes on in place of one now: itself, unless it was continued as new or tried again. */
export async function newestOf(core: Core, run: RunRecord): Promise<RunRecord> {
  let next = nextOf(run);
  if (next === undefined) return run;
  // A long chain is not walked where its newest run is the current one of the id.
  const current = await currentRun(core, run.workflowId);
  if (chainOf(current) === chainOf(run)) return current;
  let newest = run;
  for (; next !== undefined; next = nextOf(newest)) newest = await readRun(core, next);
  return newest;
}

/** The id may pass on to the next run of its chain between the two reads; a run that it has left is not the current one. */
async function currentRun(core: Core, workflowId: WorkflowId): Promise<RunRecord> {
  for (let runId = await resolveRun(core, { workflowId }); ;) {
    const run = await readRun(core, runId);
    if (nextOf(run) === undefined) return run;
    const now = await resolveRun(core, { workflowId });
    if (now === runId) return run;
    runId = now;
  }
}

/** The run that follows a closed one in its chain. */
export function nextOf(run: Pick<RunRecord, 'closedAt' | 'body' | 'runId'>): RunId | undefined {
  return run.closedAt === null ? undefined : decodeBody(run).nextRunId;
}

export async function readTarget(core: Core, target: RunTarget): Promise<RunRecord> {
  const { workflowId, runId, follow } = target;
  const named = await (runId === undefined ? currentRun(core, workflowId) : readRun(core, runId));
  const run = follow ? await newestOf(core, named) : named;
  if (run.workflowId !== target.workflowId) {
    throw new WorkflowNotFoundError(
      `Run ${run.runId} belongs to workflow '${run.workflowId}', not to '${target.workflowId}'`,
    );
  }
  return run;
}
