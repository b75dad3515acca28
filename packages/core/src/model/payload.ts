/** What `JSON.parse` gives. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * A value on its way between user code and a store. `codec` names what wrote it.
 * A payload made in this process holds JSON `text`; one that was read from a store holds the parsed `tree`,
 * which its one reader may take apart: decode a payload with a tree once.
 */
export type Payload = TextPayload | TreePayload;
export interface TextPayload {
  readonly codec: string;
  readonly text: string;
}
interface TreePayload {
  readonly codec: string;
  readonly tree: Json;
}

export function payloadText(payload: Payload): string {
  return 'text' in payload ? payload.text : JSON.stringify(payload.tree);
}

export function payloadTree(payload: Payload): Json {
  return 'text' in payload ? (JSON.parse(payload.text) as Json) : payload.tree;
}

/** A payload that may be decoded again and again. */
export function asText(payload: Payload): TextPayload {
  return 'text' in payload ? payload : { codec: payload.codec, text: JSON.stringify(payload.tree) };
}

/** Codec of a payload that holds another one, which stands in place of what was recorded. */
export const redactedCodec = 'redacted';

/** What was recorded is not known where it was redacted: then any value is the same. */
export function samePayload(a: Payload, b: Payload): boolean {
  if (a.codec === redactedCodec || b.codec === redactedCodec) return true;
  return a.codec === b.codec && payloadText(a) === payloadText(b);
}
