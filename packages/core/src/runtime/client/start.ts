import type { RunId, WorkflowId } from '../../model/ids.js';
import type { RunBirth } from '../core.js';
import { attemptCommit, gaveUp, mostRounds, orUnknown, type Attempted } from './attempt-commit.js';
import type { PlannedStart } from './beginning.js';
import { batchOf, birthOf } from './birth.js';
import { decideDuplicate, firstRun, type StartedRun } from './duplicates.js';
import type { OpenCore } from './open-core.js';
import { checkRegistered } from '../search/attribute-registry.js';

/**
 * Starts a run, or finds the one that the id or the request id stands for.
 *
 * Optimistic: one batch that expects the id and the request id to be free. Where it is refused, what stands there is
 * read, the duplicate policy decides, and the next batch expects exactly what was read. So of any number of starts at
 * the same time each id gets one run, and a request id has one answer.
 */
export async function startRun(core: OpenCore, beginning: PlannedStart): Promise<StartedRun> {
  const { plan } = beginning;
  await checkRegistered(core, beginning.attributes);
  let runId: RunId = core.ids.next(core.clock.now());
  const workflowId: WorkflowId = plan.workflowId ?? (runId as string);
  let origin = firstRun(core, workflowId);
  // Where another run of the id may well be there, looking first saves a first activation in vain.
  let look = plan.policy !== 'reject' && plan.workflowId !== undefined;
  let local = true;
  for (let round = 0; round < mostRounds; round++) {
    if (look) {
      const decision = await decideDuplicate(core, workflowId, beginning);
      if (decision.kind === 'existing') return decision.run;
      origin = decision.origin;
    }
    look = true;
    const birth = await birthOf(core, { workflowId, runId }, beginning, origin, core.clock.now());
    const attempted = await begin(core, birth, local);
    if (attempted !== 'unknown' && attempted.ok) {
      // A run that was ended to make room may have activities under way here, and somebody who waits for it.
      for (const write of origin.writes) {
        if (write.kind !== 'advance-run') continue;
        core.worker?.poke(write.runId);
        core.closings.look(write.runId);
      }
      return { workflowId, runId, follow: true };
    }
    local = attempted !== 'unknown';
    if (await isThere(core, attempted, runId)) return { workflowId, runId, follow: true };
    // What was refused has left nothing behind; what is unknown may still come to light under its id.
    if (local) runId = core.ids.next(core.clock.now());
  }
  throw gaveUp(`The start of workflow '${workflowId}'`);
}

/** Whether a commit that did not say so has begun the run all the same. */
async function isThere(core: OpenCore, attempted: Attempted, runId: RunId): Promise<boolean> {
  if (attempted !== 'unknown' && !attempted.ok && attempted.refusal.reason !== 'run-exists') return false;
  return (await core.storage.readRun(runId)) !== undefined;
}

/** Here, the first activation in the same commit, where this process runs such workflows; else for whoever claims it. */
async function begin(core: OpenCore, birth: RunBirth, local: boolean): Promise<Attempted> {
  const { run, visibleAt } = birth;
  const { worker } = core;
  if (local && worker && visibleAt <= core.clock.now() && worker.serves(run.workflowType, run.taskQueue)) {
    return orUnknown(worker.start(birth));
  }
  const attempted = await attemptCommit(core, await batchOf(core, birth));
  if (attempted !== 'unknown' && attempted.ok) worker?.poke(run.runId);
  return attempted;
}
