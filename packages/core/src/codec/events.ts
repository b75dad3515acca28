import { StorageError } from '../model/errors.js';
import { isKnownEventType, type RunEvent } from '../model/events.js';
import type { FailureRecord } from '../model/failure.js';
import type { Payload } from '../model/payload.js';
import { eventFields } from './event-fields.js';
import { readFailure, readPayload, writeFailure, writePayload } from './stored-payload.js';
import { upcast } from './upcast.js';

/** An event as its stored body: JSON text, written once and member by member, since every commit passes here. */
export function encodeEvent(event: RunEvent): string {
  const fields = eventFields[event.type];
  const values = event as unknown as Readonly<Record<string, unknown>>;
  let text = `{"seq":${event.seq},"type":"${event.type}","at":${event.at}`;
  for (const name in values) {
    const value = values[name];
    if (value === undefined || name === 'seq' || name === 'type' || name === 'at') continue;
    const kind = fields[name];
    text += `,"${name}":`;
    if (kind === 'payload') text += writePayload(value as Payload);
    else if (kind === 'failure' || kind === 'failure?') text += writeFailure(value as FailureRecord);
    else text += typeof value === 'number' ? String(value) : JSON.stringify(value);
  }
  return `${text}}`;
}

/** Reads a stored body; payloads come as trees. Throws `StorageError` (`storage_corrupt`) naming the event and what is wrong with it. */
export function decodeEvent(body: string): RunEvent {
  let seq: unknown;
  try {
    const record = upcast(JSON.parse(body) as Record<string, unknown>);
    seq = record['seq'];
    return checked(record);
  } catch (cause) {
    const where = typeof seq === 'number' ? `Event ${seq}` : 'An event';
    const what = cause instanceof Error ? cause.message : 'unreadable';
    throw new StorageError(
      'storage_corrupt',
      `${where} cannot be read (${what}): it was changed from outside, or the medium is damaged`,
      { retryable: false, outcome: 'not-applied' },
      { cause },
    );
  }
}

function checked(record: Record<string, unknown>): RunEvent {
  const { type, seq, at } = record;
  if (typeof seq !== 'number' || typeof at !== 'number' || typeof type !== 'string')
    throw new TypeError('no seq, time or type');
  if (!isKnownEventType(type))
    throw new TypeError(`unknown type '${type.slice(0, 60)}': a newer release wrote it, upgrade this one`);
  const fields = eventFields[type];
  for (const name in fields) {
    const value = record[name];
    const kind = fields[name] as string;
    if (value === undefined && kind.endsWith('?')) continue;
    if (kind === 'payload') record[name] = readPayload(value);
    else if (kind.startsWith('failure')) record[name] = readFailure(value);
    else if (typeof value !== kind || value === null) throw new TypeError(`${type} without ${name}`);
  }
  return record as unknown as RunEvent;
}
