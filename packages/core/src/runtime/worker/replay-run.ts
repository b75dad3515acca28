import type { RunEvent, WorkflowStarted } from '../../model/events.js';
import type { RunId } from '../../model/ids.js';
import { WorkflowInstance } from '../../replay/instance.js';
import type { RecordedHistory } from '../../replay/recorded-turns.js';
import { blockageError } from '../blockage-error.js';
import type { WorkflowRecord } from '../definitions.js';
import { heardWhile } from '../silent-log.js';
import { explainedHere, historyGone } from './blocking.js';
import type { RunHost } from './run-host.js';
import { eventsOf, historyOf } from './sealing.js';

/**
 * A run as recorded, for looking only: nothing of what it does is written. Undefined for an unknown run or a workflow
 * that this worker has no code of. Throws what a run with this code is blocked for, with the same report.
 */
export async function replayRun(host: RunHost, runId: RunId): Promise<WorkflowInstance | undefined> {
  const { core } = host;
  const [loaded] = await core.storage.loadRuns([{ runId, afterSeq: 0 }]);
  const workflow = loaded && core.registry.workflowOf(loaded.run.workflowType);
  if (!workflow) return undefined;
  const { started, history } = await historyOf(core, loaded.events);
  if (!started) throw historyGone(loaded.run);
  return replayed(host, workflow, started, history, async () => eventsOf(core, loaded.events));
}

/** A run as it was after these events. They are read again where it cannot get there: a replay consumes their payloads. */
export async function replayEvents(
  host: RunHost,
  workflow: WorkflowRecord,
  read: () => Promise<readonly RunEvent[]>,
): Promise<WorkflowInstance> {
  const events = await read();
  return replayed(host, workflow, events[0] as WorkflowStarted, { events }, read);
}

async function replayed(
  host: RunHost,
  workflow: WorkflowRecord,
  started: WorkflowStarted,
  history: RecordedHistory,
  read: () => Promise<readonly RunEvent[]>,
): Promise<WorkflowInstance> {
  const { core, executor } = host;
  // What a copy does beyond its history has to be what the run would do.
  if (started.origin || ('bodies' in history && history.bodies?.length === 1))
    await core.attributes.refresh();
  const instance: WorkflowInstance = new WorkflowInstance(workflow, started, {
    namespace: core.namespace,
    log: heardWhile(() => instance.recorder.looking, core.log),
    limits: core.limits,
    registeredAttributes: core.attributes.current.types,
    workflows: core.registry.workflows,
    activities: core.registry.activities,
    onForeign: () => undefined,
  });
  instance.feedRecorded(history);
  await executor.through(() => instance.step());
  if (!instance.blockage) return instance;
  throw blockageError(await explainedHere(host, workflow, instance.blockage, await read()));
}
