import { readLimits } from './limits.js';
import { InvalidArgumentError } from '../model/errors.js';
import type { RunEvent, RunOrigin } from '../model/events.js';
import type { FailureRecord } from '../model/failure.js';
import { asText, payloadText, redactedCodec, type Payload } from '../model/payload.js';
import { eventFields } from './event-fields.js';
import { writePayload } from './stored-payload.js';
import { decodeValue, encodeValue } from './values.js';

/** Where a value stands in a history. */
export interface RedactionPlace {
  readonly seq: number;
  /** Type of the event. */
  readonly type: string;
  /** The event's attribute, as in `input` or `result`; `failure.message` and `failure.details` for what was thrown. */
  readonly field: string;
}
/** Gives what stands in the bundle in place of a value; the same value leaves it as it is. */
export type Redact = (value: unknown, place: RedactionPlace) => unknown;

const texts: ReadonlySet<string> = new Set(['reason', 'summary']);
const records: ReadonlySet<string> = new Set(['memo', 'searchAttributes', 'values']);

/** An event with values replaced, its payloads marked as such. Throws `InvalidArgumentError`, with what `redact` threw as its cause. */
export function redactedEvent(event: RunEvent, replacement: Redact): RunEvent {
  const redact: Redact = (value, place) => {
    try {
      return replacement(value, place);
    } catch (cause) {
      throw refused(place.field, `cannot be redacted, since redact throws at event ${place.seq}`, cause);
    }
  };
  const { seq, type } = event;
  const redacted: Record<string, unknown> = { ...event };
  const text = (value: unknown, field: string): string => {
    const given = redact(value, { seq, type, field });
    if (typeof given === 'string') return given;
    throw refused(field, 'must be redacted to a string');
  };
  const payload = (value: Payload, field: string): Payload => {
    const before = asText(value);
    const given = redact(decodeValue(before, readLimits), { seq, type, field });
    if (records.has(field) && (typeof given !== 'object' || given === null))
      throw refused(field, 'must be redacted to an object');
    const after = encodeValue(given);
    if (after.codec === before.codec && payloadText(after) === before.text) return before;
    return { codec: redactedCodec, text: writePayload(after) };
  };
  const failure = ({ message, stack, details, cause, ...plain }: FailureRecord): FailureRecord => {
    const said = text(message, 'failure.message');
    return {
      ...plain,
      message: said,
      // A stack begins with the message.
      ...(stack !== undefined && said === message && { stack }),
      ...(details && { details: payload(details, 'failure.details') }),
      ...(cause && { cause: failure(cause) }),
    };
  };
  const origin = ({ reason, origin: before, ...plain }: RunOrigin): RunOrigin => ({
    ...plain,
    ...(reason !== undefined && { reason: text(reason, 'origin.reason') }),
    ...(before && { origin: origin(before) }),
  });
  for (const { name: field, kind } of eventFields[type]) {
    const value = redacted[field];
    if (value === undefined) continue;
    if (kind.startsWith('payload')) redacted[field] = payload(value as Payload, field);
    else if (kind.startsWith('failure')) redacted[field] = failure(value as FailureRecord);
    else if (texts.has(field)) redacted[field] = text(value, field);
    else if (field === 'origin') redacted[field] = origin(value as RunOrigin);
    else if (field === 'headers')
      redacted[field] = Object.fromEntries(
        Object.entries(value as object).map(([name, header]) => [name, text(header, `headers.${name}`)]),
      );
  }
  return redacted as unknown as RunEvent;
}

function refused(field: string, message: string, cause?: unknown): InvalidArgumentError {
  const issues = [{ path: `redact: ${field}`, message }];
  return new InvalidArgumentError('The history cannot be exported', issues, { cause });
}
