import { WorkflowNotFoundError } from '../../model/errors.js';
import { isValidId, type RunId, type WorkflowId } from '../../model/ids.js';
import type { RunRecord } from '../../storage/records.js';
import type { Core } from '../core.js';
import { chainOf, decodeBody } from '../run-projection.js';
import { workflowKey } from './keys.js';
import type { RunTarget } from './run-reads.js';

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

/** The current run of a workflow id, undefined where nobody has used it. */
export async function findCurrentRun(
  { storage, namespace }: Core,
  workflowId: WorkflowId,
): Promise<RunRecord | undefined> {
  const key = workflowKey(workflowId);
  for (let named = await storage.readKey(namespace, key); named;) {
    const run = await storage.readRun(named.value);
    // The id may pass on to another run between the two reads; a run that it has left is not the current one.
    const now = run?.closedAt === null ? named : await storage.readKey(namespace, key);
    if (now?.value === named.value) return run;
    named = now;
  }
  return undefined;
}

async function currentRun(core: Core, workflowId: WorkflowId): Promise<RunRecord> {
  // What cannot be an id is not looked up: it may not even be text that a store can take.
  const run = isValidId(workflowId) ? await findCurrentRun(core, workflowId) : undefined;
  if (!run)
    throw new WorkflowNotFoundError(`There is no workflow '${workflowId}' in namespace '${core.namespace}'`);
  return run;
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
