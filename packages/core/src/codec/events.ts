import { StorageError } from '../model/errors.js';
import { isKnownEventType, type RunEvent } from '../model/events.js';
import type { FailureRecord } from '../model/failure.js';
import type { Payload } from '../model/payload.js';
import { eventFields } from './event-fields.js';
import { readFailure, readPayload, writeFailure, writePayload } from './stored-payload.js';
import { upcast } from './upcast.js';

/** An event as its stored body: JSON text, written once. */
export function encodeEvent(event: RunEvent): string {
  const fields = eventFields[event.type];
  const plain: Record<string, unknown> = {};
  let spliced = '';
  for (const [name, value] of Object.entries(event) as [string, unknown][]) {
    switch (fields[name]) {
      case 'payload':
        spliced += `,"${name}":${writePayload(value as Payload)}`;
        break;
      case 'failure':
      case 'failure?':
        spliced += `,"${name}":${writeFailure(value as FailureRecord)}`;
        break;
      default:
        plain[name] = value;
    }
  }
  const text = JSON.stringify(plain);
  return spliced === '' ? text : `${text.slice(0, -1)}${spliced}}`;
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
  if (typeof seq !== 'number' || typeof at !== 'number' || typeof type !== 'string') throw new TypeError('no seq, time or type');
  if (!isKnownEventType(type)) throw new TypeError(`unknown type '${type.slice(0, 60)}': a newer release wrote it, upgrade this one`);
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
