import type { RunEvent, WorkflowStarted } from '../../model/events.js';
import type { RunId } from '../../model/ids.js';
import { WorkflowInstance } from '../../replay/instance.js';
import { blockageError } from '../blockage-error.js';
import type { WorkflowRecord } from '../definitions.js';
import { silent } from '../silent-log.js';
import { explainedHere } from './blocking.js';
import type { RunHost } from './run-host.js';
import { eventsOf } from './sealing.js';

/**
 * A run as recorded, for looking only: nothing of what it does is written. Undefined for an unknown run or a workflow
 * that this worker has no code of. Throws what a run with this code is blocked for, with the same report.
 */
export async function replayRun(host: RunHost, runId: RunId): Promise<WorkflowInstance | undefined> {
  const { core } = host;
  const [loaded] = await core.storage.loadRuns([{ runId, afterSeq: 0 }]);
  const workflow = loaded && core.registry.workflowOf(loaded.run.workflowType);
  if (!workflow) return undefined;
  const read = async (): Promise<readonly RunEvent[]> => eventsOf(core, loaded.events);
  return replayEvents(host, workflow, read, core.sealer.active ? undefined : loaded.events);
}

/** A run as it was after these events. They are read again where it cannot get there: a replay consumes their payloads. */
export async function replayEvents(
  host: RunHost,
  workflow: WorkflowRecord,
  read: () => Promise<readonly RunEvent[]>,
  bodies?: readonly string[],
): Promise<WorkflowInstance> {
  const { core, executor } = host;
  const events = await read();
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
  if (!instance.blockage) return instance;
  throw blockageError(await explainedHere(host, workflow, instance.blockage, await read()));
}
