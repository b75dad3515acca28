import type { FailureRecord } from '../model/failure.js';
import { payloadText, type Json, type Payload } from '../model/payload.js';

/** How payloads stand inside records: `{ "codec": …, "data": … }`. The text of a payload is JSON already and is put in as it is. */
export function writePayload(payload: Payload): string {
  const { codec } = payload;
  return codec === 'json'
    ? `{"codec":"json","data":${payloadText(payload)}}`
    : `{"codec":${JSON.stringify(codec)},"data":${payloadText(payload)}}`;
}

/** Throws for what `writePayload` did not write. */
export function readPayload(stored: unknown): Payload {
  const { codec, data } = members(stored, 'a payload');
  if (typeof codec !== 'string' || data === undefined) throw new TypeError('a payload without codec or data');
  return { codec, tree: data as Json };
}

export function writeFailure({ details, cause, ...plain }: FailureRecord): string {
  const more =
    (details ? `,"details":${writePayload(details)}` : '') + (cause ? `,"cause":${writeFailure(cause)}` : '');
  return JSON.stringify(plain).slice(0, -1) + more + '}';
}

/** Far more than is written: what is deeper was made to overflow the stack of whoever follows it. */
const mostCauses = 100;

/** Throws for what `writeFailure` did not write. */
export function readFailure(stored: unknown, causesLeft = mostCauses): FailureRecord {
  const { details, cause, ...plain } = members(stored, 'a failure');
  const { name, message, stack, code, nonRetryable } = plain;
  if (typeof name !== 'string' || typeof message !== 'string')
    throw new TypeError('a failure without name or message');
  if (!isOptional(stack, 'string') || !isOptional(code, 'string') || !isOptional(nonRetryable, 'boolean')) {
    throw new TypeError('a failure with a stack, code or nonRetryable of another kind');
  }
  if (causesLeft < 0) throw new TypeError(`a failure with more than ${mostCauses} causes`);
  return {
    ...(plain as unknown as FailureRecord),
    ...(details !== undefined && { details: readPayload(details) }),
    ...(cause !== undefined && { cause: readFailure(cause, causesLeft - 1) }),
  };
}

function members(stored: unknown, what: string): Record<string, unknown> {
  if (typeof stored !== 'object' || stored === null) throw new TypeError(`${what} that is none`);
  return stored as Record<string, unknown>;
}

function isOptional(value: unknown, kind: 'string' | 'boolean'): boolean {
  return value === undefined || typeof value === kind;
}
