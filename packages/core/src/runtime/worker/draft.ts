import { encodeEvent } from '../../codec/events.js';
import type { RunId } from '../../model/ids.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import type { Batch, Write } from '../../storage/port.js';
import type { TaskRecord } from '../../storage/records.js';
import type { Core, RunBirth } from '../core.js';
import type { Ending } from './closing.js';
import type { Unwritten } from './commit-plan.js';
import { keptTasks, mayKeep } from './kept-activities.js';
import { writtenWith } from './next-run.js';
import type { PendingInput } from './pending-input.js';
import { closedBody, openBody, sealedOpenBody } from './run-body.js';
import { sealedBodies } from './sealing.js';
import { leftByTheirHandlers, movedUpdates } from './unfinished-updates.js';
import { neverHandled, type UpdateDesk } from './update-desk.js';
import { sealRefused, updateWrites } from './update-writes.js';

/** What has to be encoded, sealed or read before a commit can be planned. */
export interface Draft {
  readonly ending: Ending | undefined;
  /** The bodies of all events that are to be written. */
  readonly bodies: readonly string[];
  /** What senders of updates are told. */
  readonly updates: readonly Write[];
  /** The run's projection. */
  readonly body: string;
  /** What the close of the run is written with. */
  readonly after: Batch;
  /** Tasks of cancelled activities that stay in their queues. */
  readonly kept: readonly TaskRecord[];
}

export interface DraftInput {
  readonly core: Core;
  readonly runId: RunId;
  readonly instance: WorkflowInstance;
  readonly unwritten: Unwritten;
  readonly desk: UpdateDesk;
  /** What has come in and not been looked at. */
  readonly inputs: readonly PendingInput[];
  readonly birth: RunBirth | undefined;
  /** Signals that may wait to be taken; 0: any number. */
  readonly mostSignals: number;
}

const nothing: Batch = { expect: [], writes: [] };

/** Where nothing has to be waited for: a run that goes on, without codecs of the user's. Else undefined. */
export function draftAtOnce(input: DraftInput, ending: Ending | undefined): Draft | undefined {
  const { core, instance, unwritten, mostSignals } = input;
  if (ending || core.sealer.active || mayKeep(instance)) return undefined;
  return {
    ending,
    bodies: unwritten.bodies,
    updates: updateWrites(core, instance, unwritten.events, unwritten.refused),
    body: openBody(instance, mostSignals),
    after: nothing,
    kept: [],
  };
}

export async function draftOf(input: DraftInput, ending: Ending | undefined): Promise<Draft> {
  const { core, runId, instance, unwritten, desk, mostSignals } = input;
  const closed = ending?.event;
  const { active } = core.sealer;
  const bodies = active
    ? await sealedBodies(core, closed ? [...unwritten.events, closed] : unwritten.events)
    : closed
      ? [...unwritten.bodies, encodeEvent(closed)]
      : unwritten.bodies;
  const next = closed && 'newRunId' in closed ? closed.newRunId : undefined;
  const refused = [
    ...unwritten.refused,
    ...(closed ? leftByTheirHandlers(instance) : []),
    ...(closed && next === undefined ? neverHandled(desk.held, instance) : []),
  ];
  const unfed = [...desk.held, ...input.inputs];
  const moved = next === undefined ? undefined : { to: next, updates: movedUpdates(instance, unfed) };
  const after = ending
    ? await writtenWith(core, instance, ending, input.birth?.run, unwritten, unfed)
    : nothing;
  const kept = mayKeep(instance) ? await keptTasks(core, runId, unwritten.events, closed !== undefined) : [];
  const told = active ? await sealRefused(core, refused) : refused;
  return {
    ending,
    bodies,
    updates: updateWrites(core, instance, unwritten.events, told, moved),
    body: closed
      ? await closedBody(core, instance, closed)
      : await sealedOpenBody(core, instance, mostSignals),
    after,
    kept,
  };
}
