import { revoked, untouchable } from './hostile-values.js';

/** What a hostile or careless user has stored: it comes back equal, or is refused. */
export interface Stored {
  readonly what: string;
  /** The value, made anew at each call. */
  readonly make: () => unknown;
  /** Left out: it is refused. Else what comes back, equal to `make()` where nothing is said. */
  readonly back?: () => unknown;
}

const boom = (): never => {
  throw new Error('hands off');
};
const kept = (what: string, make: () => unknown, back = make): Stored => ({ what, make, back });
const refused = (what: string, make: () => unknown): Stored => ({ what, make });

function deep(levels: number, leaf: unknown = 1): unknown {
  let value = leaf;
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? { deep: value } : [value];
  return value;
}
function knot(): unknown {
  const knot: Record<string, unknown> = { list: [] as unknown[] };
  knot['map'] = new Map<unknown, unknown>([[knot, knot['list']]]);
  (knot['list'] as unknown[]).push(knot, knot['map'], new Set([knot]));
  return knot;
}
const keys = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i % 3 === 0 ? -0 : i]));
const withMember = (object: object): object => Object.assign(object, { extra: 1 });
function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}
class Money {
  readonly amount = 5;
}

/** The most that may be in one value: characters of text in quotes, levels, members. */
const limits = { characters: 20_000, levels: 256, members: 100_000 };
export const maxPayloadBytes = limits.characters;

export const stored: readonly Stored[] = [
  kept('undefined', () => undefined),
  kept('null', () => null),
  kept('numbers', () => [-0, 0, NaN, Infinity, -Infinity, 5e-324, 2 ** 53 + 2, 1e21, -1e-7]),
  kept('bigints', () => [0n, -1n, 2n ** 200n, -(2n ** 64n)]),
  kept('text', () => [
    '',
    '\0',
    'a\ud800',
    '\udfff\ud800',
    '\u2028\u2029',
    '"\\',
    '\ufeff',
    '😀',
    '\x7f\x1b[2J',
  ]),
  kept('texts that mean something', () => [
    'undefined',
    'NaN',
    '-0',
    '__proto__',
    "'; drop table runs; --",
    '%_',
    '{}',
  ]),
  kept('names that objects have', () => ({
    constructor: 1,
    prototype: 2,
    toString: 3,
    valueOf: 4,
    hasOwnProperty: 5,
    then: 6,
    toJSON: 7,
    length: 8,
    __defineGetter__: 9,
    name: 10,
    message: 11,
  })),
  kept('names that are hard to write', () => ({
    '': -0,
    '.': -0,
    'a.b': -0,
    '\\': -0,
    '\0': -0,
    '\ud800': -0,
    '0': -0,
    '-1': -0,
    ' ': -0,
  })),
  kept('names that the codec uses', () => ({
    json: { a: ['undefined'] },
    meta: { values: { a: ['Date'] }, v: 1 },
  })),
  kept('names that records use', () => ({
    codec: 'superjson',
    data: { codec: 'json', data: 1 },
    tree: 1,
    text: '"',
  })),
  kept('names of integers, in their order', () => ({ 9: 'a', 10: 'b', 1: 'c' })),
  refused('__proto__ as a member', () => JSON.parse('{"__proto__":{"polluted":1}}') as unknown),
  refused('__proto__ deep inside', () => [new Map([[1, JSON.parse('{"a":{"__proto__":1}}')]])]),
  refused(
    'constructor.prototype.__proto__',
    () => JSON.parse('{"constructor":{"prototype":{"__proto__":{"polluted":1}}}}') as unknown,
  ),
  kept('prototype.prototype', () => ({ prototype: { prototype: { polluted: 1 } } })),
  kept('as deep as allowed', () => deep(limits.levels)),
  refused('a level too deep', () => deep(limits.levels + 1)),
  refused('five thousand levels', () => deep(5_000)),
  refused('five thousand levels over what is not plain', () => deep(5_000, -0)),
  kept('a thousand members', () => keys(1_000)),
  refused('ten thousand members, too many characters', () => keys(10_000)),
  kept('as large as allowed', () => 'x'.repeat(limits.characters - 2)),
  refused('a character too large', () => 'x'.repeat(limits.characters - 1)),
  refused('text of which each character takes six', () => '\0'.repeat(limits.characters / 6 + 1)),
  refused('too many members', () => new Array(limits.members + 1).fill(0)),
  refused('a list with a hole', () => [1, , 3]),
  refused('a list of a milliard holes', () => new Array(1_000_000_000)),
  refused('a list with a name', () => withMember([1])),
  kept('a frozen object', () => Object.freeze({ a: Object.freeze([Object.freeze({})]) })),
  kept('a sealed object', () => Object.seal({ a: -0 })),
  kept(
    'an object without prototype',
    () => Object.assign(Object.create(null) as object, { a: 1 }),
    () => ({ a: 1 }),
  ),
  refused('an object with a prototype of its own', () =>
    Object.assign(Object.create({ inherited: 1 }) as object, { a: 1 }),
  ),
  refused('an instance', () => new Money()),
  refused('an object with toJSON', () => ({ toJSON: boom })),
  refused('a getter', () => ({
    get a() {
      return boom();
    },
  })),
  refused('a setter', () => ({
    set a(_: number) {
      boom();
    },
  })),
  refused('a member named by a symbol', () => ({ [Symbol('s')]: 1 })),
  refused('a function', () => boom),
  refused('a class', () => Money),
  refused('a symbol', () => Symbol('s')),
  refused('a list of functions', () => [boom]),
  refused('a promise in an object', () => ({ later: Promise.resolve(1) })),
  refused('a thenable in an object', () => ({ inner: { then: boom } })),
  refused('a WeakRef', () => new WeakRef({})),
  refused('an expression', () => /(a+)+$/),
  refused('boxed text', () => Object('text') as unknown),
  refused('a boxed symbol', () => Object(Symbol('s')) as unknown),
  refused('an iterator', () => [1].values()),
  refused('Math', () => Math),
  refused('globalThis', () => globalThis),
  refused('a proxy that throws', () => untouchable()),
  refused('a proxy that throws, deep inside', () => ({ a: new Set([untouchable([])]) })),
  refused('a revoked proxy', () => ({ a: revoked() })),
  refused('a revoked list', () => [revoked([])]),
  kept(
    'a proxy of a plain object',
    () => new Proxy({ a: [1] }, {}),
    () => ({ a: [1] }),
  ),
  refused('a proxy of a Map', () => new Proxy(new Map([[1, 2]]), {})),
  refused('a proxy of a Date', () => new Proxy(new Date(5), {})),
  refused('a proxy of bytes', () => new Proxy(new Uint8Array([1, 2]), {})),
  refused('a proxy of a buffer', () => new Proxy(new Uint8Array([1, 2]).buffer, {})),
  refused('what only says that it is a buffer', () => Object.create(ArrayBuffer.prototype) as unknown),
  refused('what only says that it is a Date', () => Object.create(Date.prototype) as unknown),
  refused('what only says that it is a Map', () => Object.create(Map.prototype) as unknown),
  refused('what only says that it is a list', () => Object.create(Array.prototype) as unknown),
  kept(
    'bytes of every type',
    () => [
      new Uint8Array([0, 255]),
      new Int16Array([-1]),
      new Float64Array([NaN, -0, 1.5]),
      new BigInt64Array([-1n]),
      new DataView(new ArrayBuffer(3), 1),
      new ArrayBuffer(0),
      new Uint8Array(0),
    ],
    () => [
      new Uint8Array([0, 255]),
      new Int16Array([-1]),
      new Float64Array([NaN, -0, 1.5]),
      new BigInt64Array([-1n]),
      new DataView(new ArrayBuffer(2)),
      new ArrayBuffer(0),
      new Uint8Array(0),
    ],
  ),
  refused('a buffer that was given away', detached),
  refused('bytes of a class', () => new (class Bytes extends Uint8Array {})(2)),
  kept('moments', () => [new Date(0), new Date(-1), new Date(8.64e15), new Date(-8.64e15)]),
  refused('no moment', () => ({ at: new Date(NaN) })),
  refused('a Date with a name', () => withMember(new Date(0))),
  refused('a Map with a name', () => withMember(new Map())),
  kept(
    'Maps and Sets of themselves',
    () =>
      new Map<unknown, unknown>([
        [new Set([new Map()]), -0],
        [undefined, null],
        [NaN, undefined],
      ]),
  ),
  kept('what reaches itself in every way', knot),
  kept('a URL', () => [new URL('https://ex.org/%00?a=b#c')]),
  kept(
    'an error',
    () => [Object.assign(new Error('e'), { extra: [-0] })],
    () => [Object.assign(new Error('e'), { extra: [-0] })],
  ),
  refused('an error with a getter', () =>
    Object.defineProperty(new Error('e'), 'at', { get: boom, enumerable: true }),
  ),
  refused('an error with a symbol', () => Object.assign(new Error('e'), { [Symbol('s')]: 1 })),
  refused('an error that causes an error without end', () => {
    let error = new Error('0');
    for (let i = 0; i < 5_000; i++) error = new Error('n', { cause: error });
    return error;
  }),
  kept('members that are undefined', () => ({ a: undefined, b: [undefined] })),
];
