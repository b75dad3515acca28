import { isThrown, PayloadError, PayloadTooLargeError } from '../model/errors.js';
import { redactedCodec, type Json, type Payload, type TextPayload } from '../model/payload.js';
import { defaultPayloadLimits, type PayloadLimits } from './limits.js';
import { isPlainJson } from './plain.js';
import { refusal, unreadable } from './refuse.js';
import { readRich } from './rich-reader.js';
import { RichWriter } from './rich-writer.js';
import { readPayload } from './stored-payload.js';

/**
 * Values to text and back. Three codecs: `json` for plain trees, `undefined`, and `superjson` for the rest.
 * Throws `PayloadError` with the path of what cannot come back as it went in, and `PayloadTooLargeError`.
 */
export function encodeValue(value: unknown, limits: PayloadLimits = defaultPayloadLimits): TextPayload {
  if (value === undefined) return nothing;
  let writer: RichWriter | undefined;
  try {
    if (isPlain(value, limits)) return within({ codec: 'json', text: JSON.stringify(value) }, limits);
    writer = new RichWriter(limits);
    return within({ codec: 'superjson', text: writer.text(value) }, limits);
  } catch (error) {
    if (isThrown(error, PayloadError) || isThrown(error, PayloadTooLargeError)) throw error;
    throw refusal('looking at it throws', writer?.path ?? '', error);
  }
}

function isPlain(value: unknown, limits: PayloadLimits): boolean {
  try {
    return isPlainJson(value, limits);
  } catch {
    return false; // a proxy threw: the walk of the slow path meets it again, and knows where
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
      return readRich(treeOf(payload, limits), limits);
    case redactedCodec:
      return decodeValue(innerPayload(treeOf(payload, limits)), limits);
    default:
      throw new PayloadError(
        `This value was written by codec '${payload.codec.split('+', 1)[0]?.slice(0, 80) ?? ''}', which is not here: pass it to codecs`,
        '',
      );
  }
}

function innerPayload(tree: Json): Payload {
  try {
    return readPayload(tree);
  } catch (cause) {
    throw unreadable('it is no payload', cause);
  }
}

/** A value as it would come back from the store. */
export function copyValue(value: unknown): unknown {
  return decodeValue(encodeValue(value));
}

const nothing: TextPayload = Object.freeze({ codec: 'undefined', text: 'null' });

function within(payload: TextPayload, { maxBytes }: PayloadLimits): TextPayload {
  if (payload.text.length > maxBytes) {
    throw new PayloadTooLargeError(
      `The value takes ${payload.text.length} bytes where ${maxBytes} are allowed: store it elsewhere and pass a reference, or raise maxPayloadBytes`,
    );
  }
  return payload;
}

function treeOf(payload: Payload, { maxBytes }: PayloadLimits): Json {
  if (!('text' in payload)) return payload.tree;
  const { length } = payload.text;
  if (length > maxBytes) throw unreadable(`it takes ${length} bytes, where ${maxBytes} may be read`);
  try {
    return JSON.parse(payload.text) as Json;
  } catch (cause) {
    throw unreadable('it is not JSON', cause);
  }
}
