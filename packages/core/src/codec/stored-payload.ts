import type { FailureRecord } from '../model/failure.js';
import { payloadText, type Json, type Payload } from '../model/payload.js';

/** How payloads stand inside records: `{ "codec": …, "data": … }`. The text of a payload is JSON already and is put in as it is. */
export function writePayload(payload: Payload): string {
  const { codec } = payload;
  return codec === 'json'
    ? `{"codec":"json","data":${payloadText(payload)}}`
    : `{"codec":${JSON.stringify(codec)},"data":${payloadText(payload)}}`;
}

export function readPayload(stored: unknown): Payload {
  const { codec, data } = stored as { readonly codec: unknown; readonly data: Json };
  if (typeof codec !== 'string') throw new TypeError('a payload without its codec');
  return { codec, tree: data };
}

export function writeFailure({ details, cause, ...plain }: FailureRecord): string {
  const more =
    (details ? `,"details":${writePayload(details)}` : '') + (cause ? `,"cause":${writeFailure(cause)}` : '');
  return JSON.stringify(plain).slice(0, -1) + more + '}';
}

export function readFailure(stored: unknown): FailureRecord {
  const failure = stored as Record<string, unknown>;
  if (typeof failure['name'] !== 'string' || typeof failure['message'] !== 'string')
    throw new TypeError('a failure without name or message');
  const { details, cause, ...plain } = failure;
  return {
    ...(plain as unknown as FailureRecord),
    ...(details !== undefined && { details: readPayload(details) }),
    ...(cause !== undefined && { cause: readFailure(cause) }),
  };
}
