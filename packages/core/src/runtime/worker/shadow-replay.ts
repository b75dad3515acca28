import { sameValue } from '../../codec/same-value.js';
import type { WorkflowStarted } from '../../model/events.js';
import type { RunId } from '../../model/ids.js';
import { WorkflowInstance } from '../../replay/instance.js';
import type { Blockage } from '../../replay/recorder.js';
import type { WorkflowRecord } from '../definitions.js';
import type { RunHost } from './run-host.js';
import { historyOf } from './sealing.js';

/** Replays what the store has from event 1 and compares with the run in memory; a difference is a blockage with its report. */
export async function shadowReplay(
  host: RunHost,
  workflow: WorkflowRecord,
  live: WorkflowInstance,
  runId: RunId,
): Promise<Blockage | undefined> {
  const { core } = host;
  const [loaded] = await core.storage.loadRuns([{ runId, afterSeq: 0 }]);
  if (loaded?.run.seq !== live.recorder.head) return undefined; // moved on by somebody else: nothing to compare
  const { started, history } = await historyOf(core, loaded.events);
  const shadow = new WorkflowInstance(workflow, started as WorkflowStarted, {
    namespace: core.namespace,
    log: core.log,
    limits: core.limits,
    workflows: core.registry.workflows,
    activities: core.registry.activities,
    onForeign: () => undefined,
  });
  shadow.feedRecorded(history);
  await host.executor.through(() => shadow.step());
  if (shadow.blockage) return shadow.blockage;
  const difference = compare(live, shadow);
  return difference === undefined
    ? undefined
    : {
        code: 'nondeterminism',
        message: `Shadow replay of '${workflow.name}' differs from the run in memory: ${difference}`,
      };
}

function compare(live: WorkflowInstance, shadow: WorkflowInstance): string | undefined {
  const waits = (instance: WorkflowInstance): string =>
    [...instance.waits.all()].map((wait) => wait.id).join(' ');
  const unfinished = ({ updates }: WorkflowInstance): string => [...updates.unfinished.keys()].join(' ');
  if (live.recorder.head !== shadow.recorder.head)
    return `history ends at ${shadow.recorder.head} instead of ${live.recorder.head}`;
  if (waits(live) !== waits(shadow)) return `it waits for [${waits(shadow)}] instead of [${waits(live)}]`;
  if (unfinished(live) !== unfinished(shadow)) return 'other updates of it are under way';
  if (!(live.state && shadow.state ? sameValue(live.state, shadow.state) : live.state === shadow.state))
    return 'its state is another one';
  if (live.settlement?.kind !== shadow.settlement?.kind)
    return `it is ${shadow.settlement?.kind ?? 'open'} instead of ${live.settlement?.kind ?? 'open'}`;
  return undefined;
}
