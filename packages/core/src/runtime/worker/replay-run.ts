import { NondeterminismError } from '../../model/errors.js';
import type { RunEvent, WorkflowStarted } from '../../model/events.js';
import type { RunId } from '../../model/ids.js';
import { WorkflowInstance } from '../../replay/instance.js';
import type { WorkflowRecord } from '../definitions.js';
import { silent } from '../silent-log.js';
import type { RunHost } from './run-host.js';
import { eventsOf } from './sealing.js';

/**
 * A run as recorded, for looking only: nothing of what it does is written. Undefined for an unknown run or a workflow
 * that this worker has no code of. Throws `NondeterminismError` where the code no longer fits.
 */
export async function replayRun(host: RunHost, runId: RunId): Promise<WorkflowInstance | undefined> {
  const { core } = host;
  const [loaded] = await core.storage.loadRuns([{ runId, afterSeq: 0 }]);
  const workflow = loaded && core.registry.workflowOf(loaded.run.workflowType);
  if (!workflow) return undefined;
  const events = await eventsOf(core, loaded.events);
  return replayEvents(host, workflow, events, core.sealer.active ? undefined : loaded.events);
}

/** A run as it was after these events. Consumes their payloads. */
export async function replayEvents(
  { core, executor }: RunHost,
  workflow: WorkflowRecord,
  events: readonly RunEvent[],
  bodies?: readonly string[],
): Promise<WorkflowInstance> {
  const instance = new WorkflowInstance(workflow, events[0] as WorkflowStarted, {
    namespace: core.namespace,
    log: silent,
    limits: core.limits,
    workflows: core.registry.workflows,
    activities: core.registry.activities,
    onForeign: () => undefined,
  });
  instance.feedRecorded(events, bodies);
  await executor.through(() => instance.step());
  if (instance.blockage) throw new NondeterminismError(instance.blockage.message, instance.blockage.details);
  return instance;
}
