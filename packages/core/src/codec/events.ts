import { InvalidArgumentError, StorageError } from '../model/errors.js';
import { isKnownEventType, type RunEvent } from '../model/events.js';
import type { FailureRecord } from '../model/failure.js';
import type { Payload } from '../model/payload.js';
import { eventFields, type EventField } from './event-fields.js';
import { quoted } from './json-text.js';
import { readFailure, readPayload, writeFailure, writePayload } from './stored-payload.js';
import { eventVersion, upcast, versionOf } from './upcast.js';

/** An event as its stored body: JSON text, written once and member by member, since every commit passes here. */
export function encodeEvent(event: RunEvent): string {
  const values = event as unknown as Readonly<Record<string, unknown>>;
  let text = `{"seq":${event.seq},"type":"${event.type}","at":${event.at}`;
  for (const { name, kind, prefix, usual } of eventFields[event.type]) {
    const value = values[name];
    if (value === undefined || value === usual) continue;
    text += prefix + encodeField(event, name, kind, value);
  }
  return `${text}}`;
}

function encodeField(event: RunEvent, name: string, kind: EventField['kind'], value: unknown): string {
  switch (kind) {
    case 'payload':
    case 'payload?':
      return writePayload(value as Payload);
    case 'failure':
    case 'failure?':
      return writeFailure(value as FailureRecord);
    case 'string':
    case 'string?':
      if (typeof value === 'string') return quoted(value);
      throw unwritable(event, name, `is of type ${typeof value}, and must be a string`);
    case 'number':
    case 'number?':
      if (Number.isFinite(value)) return String(value);
      throw unwritable(
        event,
        name,
        `is ${typeof value === 'number' ? value : `of type ${typeof value}`}, and must be a finite number`,
      );
    case 'boolean':
    case 'boolean?':
    case 'object':
    case 'object?':
      return JSON.stringify(value);
  }
}

function unwritable({ seq, type }: RunEvent, path: string, message: string): InvalidArgumentError {
  return new InvalidArgumentError(`Event ${seq} (${type}) cannot be written`, [{ path, message }]);
}

/** Reads a stored body; payloads come as trees. Throws `StorageError` (`storage_corrupt`) naming the event and what is wrong with it. */
export function decodeEvent(body: string): RunEvent {
  let seq: unknown;
  try {
    const record = JSON.parse(body) as Record<string, unknown>;
    seq = record['seq'];
    return checked(record);
  } catch (cause) {
    const where = typeof seq === 'number' ? `Event ${seq}` : 'An event';
    const what = cause instanceof Error ? cause.message : 'unreadable';
    const why =
      cause instanceof NewerEvent
        ? 'a newer release wrote this history; upgrade this one'
        : 'it was changed from outside, or the medium is damaged';
    throw new StorageError(
      'storage_corrupt',
      `${where} cannot be read (${what}): ${why}`,
      { retryable: false, outcome: 'not-applied' },
      { cause },
    );
  }
}

class NewerEvent extends Error {}

function checked(stored: Record<string, unknown>): RunEvent {
  const version = versionOf(stored);
  if (version > eventVersion)
    throw new NewerEvent(`it has version ${version}, where ${eventVersion} is known`);
  const record = upcast(stored, version);
  const { type, seq, at } = record;
  if (!Number.isSafeInteger(seq) || (seq as number) < 1) throw new TypeError('no seq');
  if (typeof type !== 'string') throw new TypeError('no type');
  if (typeof at !== 'number') throw new TypeError('no time');
  if (!isKnownEventType(type)) throw new NewerEvent(`unknown type '${type.slice(0, 60)}'`);
  for (const { name, kind, usual } of eventFields[type]) {
    const value = record[name];
    if (value === undefined) {
      if (usual !== undefined) record[name] = usual;
      else if (!kind.endsWith('?')) throw new TypeError(`${type} without ${name}`);
    } else if (kind.startsWith('payload')) record[name] = readPayload(value);
    else if (kind.startsWith('failure')) record[name] = readFailure(value);
    else if (value === null || !kind.startsWith(typeof value)) {
      throw new TypeError(`${type} with a ${name} that is no ${kind.replace('?', '')}`);
    }
  }
  return record as unknown as RunEvent;
}
