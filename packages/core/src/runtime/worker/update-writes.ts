import type { RunEvent, WorkflowStarted } from '../../model/events.js';
import type { Write } from '../../storage/port.js';
import { chainOwner, updateKey } from '../client/keys.js';
import type { Core } from '../core.js';
import { encodeUpdateRecord, type UpdateRecord } from '../update-record.js';
import { sealFailure } from './sealing.js';
import type { RefusedUpdate } from './update-desk.js';

/** What a commit tells the senders of updates: the newest stage of each. */
export function updateWrites(
  { namespace }: Core,
  { runId, firstRunId: chain = runId }: WorkflowStarted,
  events: readonly RunEvent[],
  refused: readonly RefusedUpdate[],
): readonly Write[] {
  if (refused.length === 0 && !events.some(concerns)) return none;
  const stages = new Map<string, UpdateRecord>();
  for (const event of events) {
    if (event.type === 'UpdateAccepted') stages.set(event.updateId, { stage: 'accepted', runId });
    else if (event.type === 'UpdateCompleted' || event.type === 'UpdateFailed')
      stages.set(event.updateId, { stage: 'completed', runId, seq: event.seq });
  }
  for (const { updateId, failure } of refused) stages.set(updateId, { stage: 'rejected', runId, failure });
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
  return Promise.all(
    refused.map(async ({ updateId, failure }) => ({ updateId, failure: await sealFailure(core, failure) })),
  );
}
