import { isCloseEvent, type RunEvent, type WorkflowStarted } from '../../model/events.js';
import type { Namespace, RunId } from '../../model/ids.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import type { Write } from '../../storage/port.js';
import { chainOwner, updateKey } from '../client/keys.js';
import type { Core } from '../core.js';
import { encodeUpdateRecord, type UpdateRecord } from '../update-record.js';
import { sealFailure } from './sealing.js';
import type { MovedUpdate } from './unfinished-updates.js';
import type { RefusedUpdate } from './update-desk.js';

/** Accepted updates that go on in another run. */
export interface Moved {
  readonly to: RunId;
  readonly updates: readonly MovedUpdate[];
}
const nowhere: Moved = { to: '', updates: [] };

/** What a commit tells the senders of updates: the newest stage of each. */
export function updateWrites(
  { namespace }: Core,
  { started: { runId, firstRunId: chain = runId }, updates }: WorkflowInstance,
  events: readonly RunEvent[],
  refused: readonly RefusedUpdate[],
  moved: Moved = nowhere,
): readonly Write[] {
  if (refused.length === 0 && moved.updates.length === 0 && !events.some(concerns)) return none;
  const stages = stagesOf(runId, events, (updateId) => updates.nameOf(updateId));
  for (const { updateId, name, failure, accepted } of refused) {
    const about = { runId, name, failure };
    stages.set(updateId, accepted ? { stage: 'completed', ...about } : { stage: 'rejected', ...about });
  }
  for (const { updateId, name } of moved.updates)
    stages.set(updateId, { stage: 'accepted', runId: moved.to, name });
  return recordWrites(namespace, chain, stages);
}

/**
 * The same for a history that was copied: whoever sends one of its updates again is told what that came to. What an ended
 * run has not done is left alone, for another run of its chain may have done it.
 */
export function copiedUpdateWrites(
  { namespace }: Core,
  { runId, firstRunId: chain = runId }: WorkflowStarted,
  events: readonly RunEvent[],
): readonly Write[] {
  const names = new Map(
    events.flatMap((event) => (event.type === 'UpdateAccepted' ? [[event.updateId, event.name]] : [])),
  );
  const stages = stagesOf(runId, events, (updateId) => names.get(updateId));
  const last = events.at(-1);
  const isClosed = last !== undefined && isCloseEvent(last);
  for (const [updateId, { stage }] of stages) if (isClosed && stage === 'accepted') stages.delete(updateId);
  return recordWrites(namespace, chain, stages);
}

function stagesOf(
  runId: RunId,
  events: readonly RunEvent[],
  nameOf: (updateId: string) => string | undefined,
): Map<string, UpdateRecord> {
  const stages = new Map<string, UpdateRecord>();
  for (const event of events) {
    if (event.type === 'UpdateAccepted')
      stages.set(event.updateId, { stage: 'accepted', runId, name: event.name });
    else if (event.type === 'UpdateCompleted' || event.type === 'UpdateFailed') {
      const name = nameOf(event.updateId);
      stages.set(event.updateId, {
        stage: 'completed',
        runId,
        ...(name !== undefined && { name }),
        seq: event.seq,
      });
    }
  }
  return stages;
}

function recordWrites(
  namespace: Namespace,
  chain: RunId,
  stages: ReadonlyMap<string, UpdateRecord>,
): readonly Write[] {
  return [...stages].map(([updateId, record]) => ({
    kind: 'put-key',
    record: {
      namespace,
      key: updateKey(chain, updateId),
      value: encodeUpdateRecord(record),
      runId: chainOwner(chain),
    },
  }));
}

function concerns({ type }: RunEvent): boolean {
  return type === 'UpdateAccepted' || type === 'UpdateCompleted' || type === 'UpdateFailed';
}

const none: readonly Write[] = [];

export async function sealRefused(
  core: Core,
  refused: readonly RefusedUpdate[],
): Promise<readonly RefusedUpdate[]> {
  return Promise.all(refused.map(async (one) => ({ ...one, failure: await sealFailure(core, one.failure) })));
}
