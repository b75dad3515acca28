import { eventFields } from '../../codec/event-fields.js';
import { failureOf } from '../../codec/failures.js';
import { decodeValue } from '../../codec/values.js';
import type { RunEvent } from '../../model/events.js';
import type { FailureRecord } from '../../model/failure.js';
import type { RunId, Seq } from '../../model/ids.js';
import type { Payload } from '../../model/payload.js';
import { toDate } from '../../model/time.js';
import type { Core } from '../core.js';
import { eventsOf } from '../worker/sealing.js';
import type { HistoryEvent } from './description.js';
import { readLimits } from './describe.js';

/** Events with `fromSeq <= seq`, in order, at most `limit`, decoded for people. */
export async function readHistory(
  core: Core,
  runId: RunId,
  fromSeq: Seq,
  limit: number,
): Promise<readonly HistoryEvent[]> {
  const bodies = await core.storage.readEvents(runId, { from: fromSeq, limit });
  return (await eventsOf(core, bodies)).map(shown);
}

const moments: ReadonlySet<string> = new Set(['dueAt', 'executionDeadline', 'runDeadline']);

function shown({ seq, type, at, ...rest }: RunEvent): HistoryEvent {
  const fields = eventFields[type];
  const attributes: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(rest) as [string, unknown][]) {
    const kind = fields[name];
    if (kind === 'payload') attributes[name] = decodeValue(value as Payload, readLimits);
    else if (kind === 'failure' || kind === 'failure?') attributes[name] = failureOf(value as FailureRecord);
    else if (moments.has(name)) attributes[name] = toDate(value as number);
    else attributes[name] = value;
  }
  return { seq, type, at: toDate(at), attributes };
}
