import { SuperJSON } from 'superjson';
import type { Json } from '../model/payload.js';
import { isBinary, readBinary, writeBinary } from './binary.js';
import { isErrorObject, readError, writeError, type WrittenError } from './error-values.js';
import { refusal } from './refuse.js';

/** An instance of our own: what an application registers with the shared one must not change what histories mean. */
const superjson = new SuperJSON({ dedupe: false });
superjson.registerCustom<ArrayBuffer, string>(
  { isApplicable: (value): value is ArrayBuffer => isBinary(value), serialize: writeBinary, deserialize: (text) => readBinary(text) as ArrayBuffer },
  'binary',
);
superjson.registerCustom<Error, never>(
  {
    isApplicable: isErrorObject,
    serialize: (error) => writeError(error) as never,
    deserialize: (written) => readError(written as WrittenError),
  },
  'error',
);

export function writeRich(value: unknown): string {
  return JSON.stringify(superjson.serialize(value));
}

/** Consumes the tree. Throws `PayloadError` for anything that this codec did not write. */
export function readRich(tree: Json): unknown {
  if (!isRecord(tree) || !('json' in tree)) throw refusal('not a superjson value', '');
  if (tree['meta'] !== undefined) checkMeta(tree['meta'] as Json);
  try {
    return superjson.deserialize(tree as never);
  } catch (cause) {
    throw refusal('it cannot be read back', '', cause);
  }
}

/** Annotations that we write. A regular expression among them is not ours: a hostile one hangs when it is used. */
const simple: ReadonlySet<unknown> = new Set(['undefined', 'bigint', 'Date', 'number', 'URL', 'set', 'map']);
const custom: ReadonlySet<unknown> = new Set(['binary', 'error']);

function checkMeta(meta: Json): void {
  if (!isRecord(meta)) throw refusal('its annotations are malformed', '');
  if (meta['values'] !== undefined) checkAnnotations(meta['values'] as Json, 0);
}

function checkAnnotations(tree: Json, depth: number): void {
  if (depth > 1_000) throw refusal('its annotations are too deep', '');
  if (Array.isArray(tree)) {
    const [type, inner] = tree as readonly Json[];
    const known = Array.isArray(type) ? type[0] === 'custom' && custom.has(type[1]) : simple.has(type);
    if (!known) throw refusal(`unknown annotation ${JSON.stringify(type)?.slice(0, 60)}`, '');
    if (inner !== undefined) checkAnnotations(inner, depth + 1);
  } else if (isRecord(tree)) {
    for (const inner of Object.values(tree)) checkAnnotations(inner, depth + 1);
  } else throw refusal('its annotations are malformed', '');
}

function isRecord(tree: Json): tree is { readonly [key: string]: Json } {
  return typeof tree === 'object' && tree !== null && !Array.isArray(tree);
}
