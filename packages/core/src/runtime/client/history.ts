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
import { readLimits } from '../../codec/limits.js';

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

function shown(event: RunEvent): HistoryEvent {
  const { seq, type, at } = event;
  const attributes: Record<string, unknown> = {};
  for (const { name, kind } of eventFields[type]) {
    const value = (event as unknown as Readonly<Record<string, unknown>>)[name];
    if (value === undefined) continue;
    if (kind.startsWith('payload')) attributes[name] = decodeValue(value as Payload, readLimits);
    else if (kind.startsWith('failure')) attributes[name] = failureOf(value as FailureRecord);
    else attributes[name] = moments.has(name) ? toDate(value as number) : value;
  }
  return { seq, type, at: toDate(at), attributes };
}
