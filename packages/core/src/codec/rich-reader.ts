import { SuperJSON } from 'superjson';
import type { Json } from '../model/payload.js';
import { readBinary } from './binary.js';
import { readError, readMembers, type WrittenError } from './error-values.js';
import type { PayloadLimits } from './limits.js';
import { Reference, resolveReferences } from './references.js';
import { unreadable } from './refuse.js';

type JsonObject = Readonly<Record<string, Json>>;

/** An instance of our own: what an application registers with the shared one must not change what histories mean. */
const superjson = new SuperJSON();
reviver('binary', (text) => readBinary(text as string));
reviver('error', (written) => readError(written as WrittenError));
reviver('members', (written) => readMembers(written as WrittenError['members']));
reviver('ref', (index) => new Reference(index as number));

function reviver(name: string, revive: (written: unknown) => unknown): void {
  // It only reads: `RichWriter` writes.
  superjson.registerCustom<unknown, never>(
    { isApplicable: (_): _ is unknown => false, serialize: (value) => value as never, deserialize: revive },
    name,
  );
}

/** Consumes the tree. Throws `PayloadError` for anything that `RichWriter` did not write. */
export function readRich(tree: Json, limits: PayloadLimits): unknown {
  if (!isObject(tree) || !Object.hasOwn(tree, 'json'))
    throw unreadable('it has not the form that superjson gives it');
  // A level of a value is at most three levels of what is written.
  checkDepth(tree, limits.maxDepth * 3 + 8);
  const { json, meta } = tree;
  if (meta === undefined) return json;
  try {
    const notes = new Notes();
    notes.check(meta, json as Json);
    const value: unknown = superjson.deserialize(tree as never, { inPlace: true });
    return notes.references ? resolveReferences(value) : value;
  } catch (cause) {
    throw unreadable(cause instanceof Error ? cause.message : 'superjson gave up', cause);
  }
}

/** Level by level, because recursion into what somebody else wrote overflows the stack. */
function checkDepth(tree: Json, most: number): void {
  let level: (Json | undefined)[] = [tree];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > most) throw unreadable(`it is more than ${most} levels deep`);
    const next: Json[] = [];
    for (const node of level) {
      if (isObject(node) && Object.hasOwn(node, '__proto__'))
        throw unreadable("a member is named '__proto__'");
      for (const inner of Object.values(node as JsonObject))
        if (typeof inner === 'object' && inner !== null) next.push(inner);
    }
    level = next;
  }
}

const isText = (json: Json): boolean => typeof json === 'string';
const isPair = (json: Json): boolean => Array.isArray(json) && json.length === 2;
const arePairs = (json: Json): boolean => Array.isArray(json) && json.every(isPair);

/** The types that are written, and what stands for a value of each. A regular expression is not among them: a hostile one hangs. */
const written: ReadonlyMap<unknown, (json: Json) => boolean> = new Map<unknown, (json: Json) => boolean>([
  ['undefined', (json) => json === null],
  ['number', (json) => json === 'NaN' || json === 'Infinity' || json === '-Infinity' || json === '-0'],
  ['bigint', (json) => typeof json === 'string' && /^-?\d+$/.test(json)],
  ['Date', (json) => typeof json === 'string' && !Number.isNaN(Date.parse(json))],
  ['URL', isText],
  ['map', arePairs],
  ['set', Array.isArray],
  ['custom binary', isText],
  ['custom error', (json) => isObject(json) && arePairs(json['members'] as Json)],
  ['custom members', arePairs],
  ['custom ref', (json) => Number.isInteger(json)],
]);

/** Checks superjson's annotations before it acts on them: known types only, and paths that lead along own members to what they speak of. */
class Notes {
  references = false;
  readonly #revived = new Set<Json>();

  check(meta: Json, json: Json): void {
    if (
      !isObject(meta) ||
      meta['v'] !== 1 ||
      Object.keys(meta).some((key) => key !== 'v' && key !== 'values')
    )
      throw new TypeError('its annotations are malformed');
    const values = meta['values'] as Json;
    if (Array.isArray(values)) this.#note(values, json);
    else this.#inside(values, json);
  }

  #note(note: Json | undefined, json: Json): void {
    const [type, inner] = (Array.isArray(note) ? note : []) as readonly (Json | undefined)[];
    const name = Array.isArray(type) ? type.join(' ') : typeof type === 'string' ? type : '';
    if (written.get(name)?.(json) !== true)
      throw new TypeError(`an annotation '${name.slice(0, 60)}' where there is none`);
    if (name === 'custom ref') this.references = true;
    if (inner !== undefined) this.#inside(inner, json);
    if (typeof json === 'object') this.#revived.add(json);
  }

  #inside(notes: Json, json: Json): void {
    if (!isObject(notes)) throw new TypeError('its annotations are malformed');
    for (const path of Object.keys(notes)) {
      let at: Json | undefined = json;
      for (const key of stepsOf(path)) {
        // What is revived already has no members by these names any more.
        const known = Array.isArray(at) ? /^\d+$/.test(key) : isObject(at);
        if (!known || this.#revived.has(at as Json) || !Object.hasOwn(at as JsonObject, key))
          throw new TypeError('an annotation of what is not there');
        at = (at as JsonObject)[key];
      }
      this.#note(notes[path], at as Json);
    }
  }
}

function stepsOf(path: string): string[] {
  const steps: string[] = [];
  let step = '';
  for (let i = 0; i < path.length; i++) {
    if (path[i] === '.') {
      steps.push(step);
      step = '';
    } else step += path.charAt(path[i] === '\\' ? ++i : i);
  }
  return [...steps, step];
}

function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
