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
// superjson's own rule loses members of a Map or Set where two keys look alike before they are revived, as NaN and undefined do.
superjson.registerCustom<Map<unknown, unknown>, never>(
  { isApplicable: (value): value is Map<unknown, unknown> => value instanceof Map, serialize: (map) => [...map] as never, deserialize: (entries) => new Map(entries as [unknown, unknown][]) },
  'map',
);
superjson.registerCustom<Set<unknown>, never>(
  { isApplicable: (value): value is Set<unknown> => value instanceof Set, serialize: (set) => [...set] as never, deserialize: (items) => new Set(items as unknown[]) },
  'set',
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
  const written = superjson.serialize(value);
  const same = written.meta?.referentialEqualities as SameObjects | undefined;
  if (same) dropNaN(Array.isArray(same) ? (same[1] ?? {}) : same, written.json as Json);
  return JSON.stringify(written);
}

type Paths = Record<string, string[]>;
type SameObjects = Paths | [string[], Paths?];

/** superjson takes every NaN of a value for one shared object, and breaks the keys of a Map where it puts it back. */
function dropNaN(same: Paths, json: Json): void {
  for (const path of Object.keys(same)) {
    let at: unknown = json;
    for (const key of segmentsOf(path)) at = (at as Record<string, unknown> | null)?.[key];
    if (at === 'NaN') Reflect.deleteProperty(same, path);
  }
}

/** superjson joins the segments of a path with dots, and escapes dots and backslashes in them. */
function segmentsOf(path: string): string[] {
  const segments = [''];
  for (let i = 0; i < path.length; i++) {
    if (path[i] === '.') segments.push('');
    else segments[segments.length - 1] += path[i] === '\\' ? (path[++i] ?? '') : (path[i] as string);
  }
  return segments;
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
const simple: ReadonlySet<unknown> = new Set(['undefined', 'bigint', 'Date', 'number', 'URL']);
const custom: ReadonlySet<unknown> = new Set(['binary', 'error', 'map', 'set']);

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
