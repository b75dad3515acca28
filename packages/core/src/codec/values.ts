import { PayloadError, PayloadTooLargeError } from '../model/errors.js';
import type { Json, Payload, TextPayload } from '../model/payload.js';
import { defaultPayloadLimits, type PayloadLimits } from './limits.js';
import { isPlainJson } from './plain.js';
import { refusal, refuseWhatCannotComeBack } from './refuse.js';
import { readRich, writeRich } from './rich.js';

/**
 * Values to text and back. Three codecs: `json` for plain trees, `undefined`, and `superjson` for the rest.
 * Throws `PayloadError` with the path of what cannot come back as it went in, and `PayloadTooLargeError`.
 */
export function encodeValue(value: unknown, limits: PayloadLimits = defaultPayloadLimits): TextPayload {
  if (value === undefined) return nothing;
  try {
    if (isPlainJson(value, limits)) return within({ codec: 'json', text: JSON.stringify(value) }, limits);
    refuseWhatCannotComeBack(value, limits);
    return within({ codec: 'superjson', text: writeRich(value) }, limits);
  } catch (error) {
    if (error instanceof PayloadError || error instanceof PayloadTooLargeError) throw error;
    throw refusal('looking at it throws', '', error);
  }
}

/** Reads a payload; one with a tree is consumed. Throws `PayloadError`. */
export function decodeValue(payload: Payload, limits: PayloadLimits = defaultPayloadLimits): unknown {
  switch (payload.codec) {
    case 'json':
      return treeOf(payload, limits);
    case 'undefined':
      return undefined;
    case 'superjson':
      return readRich(treeOf(payload, limits));
    default:
      throw new PayloadError(`This value was written by codec '${payload.codec.slice(0, 80)}', which is not here: pass it to codecs`, '');
  }
}

/** A value as it would come back from the store. */
export function copyValue(value: unknown): unknown {
  return decodeValue(encodeValue(value));
}

const nothing: TextPayload = Object.freeze({ codec: 'undefined', text: 'null' });

function within(payload: TextPayload, { maxBytes }: PayloadLimits): TextPayload {
  if (payload.text.length > maxBytes) {
    throw new PayloadTooLargeError(`The value takes ${payload.text.length} bytes where ${maxBytes} are allowed: store it elsewhere and pass a reference, or raise maxPayloadBytes`);
  }
  return payload;
}

function treeOf(payload: Payload, { maxBytes }: PayloadLimits): Json {
  if (!('text' in payload)) return payload.tree;
  if (payload.text.length > maxBytes) throw new PayloadError(`A stored value of ${payload.text.length} bytes is longer than the ${maxBytes} that may be read`, '');
  try {
    return JSON.parse(payload.text) as Json;
  } catch (cause) {
    throw refusal('it is not JSON', '', cause);
  }
}
