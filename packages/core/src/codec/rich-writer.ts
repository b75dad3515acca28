import { PayloadTooLargeError } from '../model/errors.js';
import type { Json } from '../model/payload.js';
import { isBinary, writeBinary } from './binary.js';
import { isErrorObject, membersOf } from './error-values.js';
import type { PayloadLimits } from './limits.js';
import { isPlainPrototype } from './plain.js';
import { refusal } from './refuse.js';

/** superjson's annotation of one value: its type, and those of what is inside it by path. */
type Note = [type: string | [string, string], inner?: Record<string, Note>];
type Notes = Record<string, Note>;
/** A step from a value to one in it: a name, an index, or how it is reached in what is written. */
type Step = string | number | { readonly written: string; readonly shown: string };

interface PlatformUrl {
  readonly href: string;
}
const platform = globalThis as { readonly URL?: new (text: string) => PlatformUrl };

/**
 * Writes what is more than plain JSON, in superjson's format, in one walk: it refuses what would not come back as it went
 * in and says where that is, bounds depth, nodes and characters, and notes what must be revived. A walk of our own
 * because superjson's is seven times slower than this one, writes an object that is shared n times on n levels 2^n times,
 * and loses the order of Maps and Sets that hold one. `RichWriter` numbers objects for `references.ts`.
 */
export class RichWriter {
  readonly #limits: PayloadLimits;
  readonly #met = new Map<object, number>();
  readonly #steps: Step[] = [];
  #notes: Notes = {};
  /** How many steps lead to the value that `#notes` belong to. */
  #base = 0;
  #root: Note | undefined;
  #nodesLeft: number;
  #charsLeft: number;

  constructor(limits: PayloadLimits) {
    this.#limits = limits;
    this.#nodesLeft = limits.maxNodes;
    this.#charsLeft = limits.maxBytes;
  }

  /** Throws `PayloadError`, `PayloadTooLargeError`, and whatever proxies throw: `path` says where the walk was. */
  text(value: unknown): string {
    const json = this.#write(value);
    const values = this.#root ?? this.#notes;
    return JSON.stringify(Object.keys(values).length > 0 ? { json, meta: { values, v: 1 } } : { json });
  }

  get path(): string {
    let path = '';
    for (const step of this.#steps) {
      path += typeof step === 'string' ? `.${step}` : typeof step === 'number' ? `[${step}]` : step.shown;
    }
    return path.startsWith('.') ? path.slice(1) : path;
  }

  #write(value: unknown): Json {
    switch (typeof value) {
      case 'string':
        this.#spend(0, value.length);
        return value;
      case 'boolean':
        return value;
      case 'number':
        if (Object.is(value, -0)) return this.#note('number', '-0');
        return Number.isFinite(value) ? value : this.#note('number', String(value));
      case 'undefined':
        return this.#note('undefined', null);
      case 'bigint':
        return this.#note('bigint', String(value));
      case 'function':
        return this.#refuse(`a function${value.name ? ` ('${value.name}')` : ''} cannot be stored`);
      case 'symbol':
        return this.#refuse('a symbol cannot be stored');
      case 'object':
        return value === null ? null : this.#object(value);
    }
  }

  #object(object: object): Json {
    const before = this.#met.get(object);
    if (before !== undefined) return this.#note(['custom', 'ref'], before);
    this.#met.set(object, this.#met.size);
    if (this.#steps.length >= this.#limits.maxDepth)
      this.#refuse(`more than ${this.#limits.maxDepth} levels deep`);
    this.#spend(1, 0);

    if (Array.isArray(object)) return this.#array(object);
    const prototype: unknown = Object.getPrototypeOf(object);
    if (isPlainPrototype(prototype)) return this.#plain(object);
    if (isBinary(object)) {
      const written =
        writeBinary(object) ??
        this.#refuse('binary data of this type would not come back: copy it into a Uint8Array');
      this.#spend(0, written.length);
      return this.#note(['custom', 'binary'], written);
    }
    if (isErrorObject(object)) return this.#error(object);
    if (object instanceof RegExp) {
      this.#refuse(
        'a regular expression cannot be stored: one that was changed on the way could hang; store its source as a string',
      );
    }
    if (prototype === Date.prototype) return this.#date(object as Date);
    if (prototype === Map.prototype) return this.#map(object as Map<unknown, unknown>);
    if (prototype === Set.prototype) return this.#set(object as Set<unknown>);
    if (prototype === platform.URL?.prototype) return this.#note('URL', (object as PlatformUrl).href);
    const name = className(prototype);
    this.#refuse(
      `an instance of ${name} cannot be stored: it would come back without its class; store its data as a plain object`,
    );
  }

  #date(date: Date): Json {
    this.#withoutMembers(date);
    if (Number.isNaN(date.getTime())) this.#refuse('an invalid date cannot be stored');
    return this.#note('Date', date.toISOString());
  }

  #map(map: ReadonlyMap<unknown, unknown>): Json {
    this.#withoutMembers(map);
    return this.#composite('map', () => {
      const entries: Json[] = [];
      for (const [key, value] of map) {
        const i = entries.length;
        const written = this.#inside({ written: `${i}.0`, shown: `<key ${i}>` }, key);
        entries.push([written, this.#inside({ written: `${i}.1`, shown: `<value ${i}>` }, value)]);
      }
      return entries;
    });
  }

  #set(set: ReadonlySet<unknown>): Json {
    this.#withoutMembers(set);
    return this.#composite('set', () => {
      const items: Json[] = [];
      for (const item of set)
        items.push(this.#inside({ written: `${items.length}`, shown: `<item ${items.length}>` }, item));
      return items;
    });
  }

  #error(error: Error): Json {
    return this.#composite(['custom', 'error'], () => {
      const { name, message, stack } = error as Readonly<Record<'name' | 'message' | 'stack', unknown>>;
      if (typeof name !== 'string' || typeof message !== 'string')
        this.#refuse('an error whose name or message is no string cannot be stored');
      const kept = typeof stack === 'string' ? { stack } : {};
      this.#spend(0, name.length + message.length + (kept.stack?.length ?? 0));
      return { name, message, ...kept, members: this.#members(error, membersOf(error), 'members.') };
    });
  }

  #array(array: readonly unknown[]): Json {
    if (!Array.isArray(Object.getPrototypeOf(array)))
      this.#refuse('an instance of a class that extends Array cannot be stored; store a plain array');
    const { length } = array;
    if (length > this.#nodesLeft) this.#spend(length, 0);
    if (Object.keys(array).length !== length)
      this.#refuse('an array with holes or with names besides its indices cannot be stored');
    const written: Json[] = [];
    for (let i = 0; i < length; i++) written.push(this.#inside(i, array[i]));
    return written;
  }

  #plain(object: object): Json {
    const keys = Object.keys(object);
    // superjson refuses these names on the way back, for fear of prototypes.
    if (keys.includes('constructor') || keys.includes('prototype')) {
      return this.#composite(['custom', 'members'], () => this.#members(object, keys, ''));
    }
    this.#withoutSymbols(object);
    const written: Record<string, Json> = {};
    for (const key of keys) written[key] = this.#member(object, key, key);
    return written;
  }

  #members(object: object, keys: readonly string[], prefix: string): Json {
    this.#withoutSymbols(object);
    return keys.map((key, i) => [
      key,
      this.#member(object, key, { written: `${prefix}${i}.1`, shown: `.${key}` }),
    ]);
  }

  #member(object: object, key: string, step: Step): Json {
    this.#steps.push(step);
    if (key === '__proto__') this.#refuse("a member named '__proto__' cannot be stored");
    const descriptor = Object.getOwnPropertyDescriptor(object, key);
    if (descriptor && !('value' in descriptor))
      this.#refuse('a getter or setter cannot be stored; store its value');
    this.#spend(1, key.length);
    const written = this.#write(descriptor?.value);
    this.#steps.pop();
    return written;
  }

  #inside(step: Step, value: unknown): Json {
    this.#steps.push(step);
    this.#spend(1, 0);
    const written = this.#write(value);
    this.#steps.pop();
    return written;
  }

  /** A value that is revived as a whole: the notes about what is inside it stand in its own. */
  #composite(type: Note[0], write: () => Json): Json {
    const [base, outer, inner] = [this.#base, this.#notes, {} as Notes];
    this.#base = this.#steps.length;
    this.#notes = inner;
    const written = write();
    this.#base = base;
    this.#notes = outer;
    return this.#note(type, written, inner);
  }

  #note(type: Note[0], written: Json, inner: Notes = {}): Json {
    const note: Note = Object.keys(inner).length > 0 ? [type, inner] : [type];
    if (this.#steps.length === 0) this.#root = note;
    else {
      const path = this.#steps.slice(this.#base).map(writtenStep).join('.');
      this.#spend(0, path.length);
      this.#notes[path] = note;
    }
    return written;
  }

  #withoutSymbols(object: object): void {
    if (Object.getOwnPropertySymbols(object).length > 0)
      this.#refuse('members named by symbols cannot be stored');
  }
  #withoutMembers(object: object): void {
    if (Reflect.ownKeys(object).length > 0) this.#refuse('members that were added to it cannot be stored');
  }

  #refuse(message: string): never {
    throw refusal(message, this.path);
  }

  #spend(nodes: number, chars: number): void {
    if ((this.#nodesLeft -= nodes) < 0) this.#tooLarge(`has more than ${this.#limits.maxNodes} members`);
    if ((this.#charsLeft -= chars) < 0)
      this.#tooLarge(`takes more than the ${this.#limits.maxBytes} bytes that are allowed`);
  }
  #tooLarge(how: string): never {
    throw new PayloadTooLargeError(
      `The value ${how} (at ${this.path || 'the top'}): store it elsewhere and pass a reference`,
    );
  }
}

/** superjson joins the steps of a path with dots, and escapes dots and backslashes in them. */
function writtenStep(step: Step): string {
  if (typeof step === 'object') return step.written;
  return typeof step === 'number' ? String(step) : step.replace(/[\\.]/g, '\\$&');
}

function className(prototype: unknown): string {
  const name = (prototype as { constructor?: { name?: unknown } } | null)?.constructor?.name;
  return typeof name === 'string' && name !== '' ? name : 'a class';
}
