import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { SuperJSON } from 'superjson';
import { describe, expect, test } from 'vitest';
import { PayloadError } from '../model/errors.js';
import { copyValue, decodeValue, encodeValue } from './values.js';

/** Any code points, lone surrogates among them. */
const anyText = fc
  .array(fc.oneof(fc.nat(0x7f), fc.nat(0xffff), fc.nat(0x10ffff)), { maxLength: 12 })
  .map((codes) => String.fromCodePoint(...codes));

/** Names that are hard on paths and prototypes; `__proto__` is refused. */
const names = fc
  .oneof(
    fc.string(),
    fc.constantFrom(
      '',
      '.',
      '\\',
      'a.b',
      '\\.',
      '0',
      '10',
      'constructor',
      'prototype',
      'toString',
      'length',
      'json',
    ),
  )
  .filter((name) => name !== '__proto__');
const leaf = fc.oneof(
  fc.constantFrom(undefined, null, NaN, -0, true, ''),
  fc.integer(),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
);

const rich = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(undefined, null, NaN, Infinity, -Infinity, -0, true, ''),
    fc.double(),
    fc.integer(),
    anyText,
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    fc.float64Array(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(names, tie('value'), { maxKeys: 4 }),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => new Set(items)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
  ),
})).value;

/** Objects that reach each other in any way: each takes some of all as its members. */
const graphs = fc
  .array(
    fc.record({
      kind: fc.constantFrom('object', 'list', 'map', 'keys', 'set', 'error', 'hard'),
      to: fc.array(fc.oneof(fc.nat(9), leaf), { maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((plans) => {
    const nodes = plans.map(({ kind }): unknown =>
      kind === 'list'
        ? []
        : kind === 'map' || kind === 'keys'
          ? new Map()
          : kind === 'set'
            ? new Set()
            : kind === 'error'
              ? new Error(kind)
              : kind === 'hard'
                ? { constructor: 1 }
                : {},
    );
    plans.forEach(({ kind, to }, n) => {
      const members = to.map((it) => (typeof it === 'number' && it >= 0 ? nodes[it % nodes.length] : it));
      const node = nodes[n] as never;
      members.forEach((member, i) => {
        if (kind === 'list') (node as unknown[]).push(member);
        else if (kind === 'map') (node as Map<unknown, unknown>).set(i, member);
        else if (kind === 'keys') (node as Map<unknown, unknown>).set(member, i);
        else if (kind === 'set') (node as Set<unknown>).add(member);
        else Object.assign(node, { [i === 0 ? 'cause' : `m${i}`]: member });
      });
    });
    return nodes[0];
  });

/** A graph as a list of its objects in the order in which they are met, with numbers in place of objects. */
function shape(root: unknown): unknown[] {
  const met = new Map<unknown, number>();
  const shapes: unknown[] = [];
  const look = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || value instanceof Date) return value;
    const before = met.get(value);
    if (before !== undefined) return { object: before };
    const index = met.size;
    met.set(value, index);
    const members =
      value instanceof Map || value instanceof Set
        ? [...(value as Iterable<unknown>)].map((entry) =>
            value instanceof Map ? (entry as unknown[]).map(look) : look(entry),
          )
        : (value instanceof Error
            ? ['cause', ...Object.keys(value).filter((key) => key !== 'cause')]
            : Object.keys(value)
          ).map((key) => [key, look((value as never)[key])]);
    shapes[index] = [Object.prototype.toString.call(value), members];
    return { object: index };
  };
  look(root);
  return shapes;
}

describe('values come back as they went in', () => {
  test('any storable value, and writing it again gives the same text', () => {
    fc.assert(
      fc.property(rich, (value) => {
        const back = copyValue(value);
        expect(back).toEqual(value);
        expect(encodeValue(back)).toEqual(encodeValue(value));
      }),
      { numRuns: 500 },
    );
  });

  test('any graph of objects: cycles, shared members, and their order', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const back = copyValue(graph);
        expect(shape(back)).toEqual(shape(graph));
        expect(encodeValue(back)).toEqual(encodeValue(graph));
      }),
      { numRuns: 500 },
    );
  });

  test('trees are written as superjson writes them', () => {
    const superjson = new SuperJSON();
    const trees = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.webUrl().map((url) => new URL(url)),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(
          names.filter((name) => name !== 'constructor' && name !== 'prototype'),
          tie('value'),
          { maxKeys: 4 },
        ),
        fc.array(tie('value'), { maxLength: 3 }).map((items) => new Set(items)),
        fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
      ),
    })).value;
    fc.assert(
      fc.property(trees, (value) => {
        const payload = encodeValue(value);
        fc.pre(payload.codec === 'superjson');
        const { json, meta } = superjson.serialize(value);
        // It takes every NaN and every equal bigint for one shared object.
        expect(JSON.parse(payload.text)).toEqual({
          json,
          ...(meta && { meta: { values: meta.values, v: 1 } }),
        });
      }),
      { numRuns: 500 },
    );
  });

  test('plain JSON takes the fast path', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        fc.pre(!JSON.stringify(value).includes('__proto__') && !hasNegativeZero(value));
        expect(encodeValue(value)).toEqual({ codec: 'json', text: JSON.stringify(value) });
      }),
    );
  });

  test('an object that comes twice is one object, in plain JSON as well', () => {
    const address = { city: 'Bern' };
    const back = copyValue({ from: address, to: address }) as Record<string, unknown>;
    expect(back['from']).toBe(back['to']);
  });

  test('sharing on many levels does not multiply', () => {
    let wide: unknown[] = [1];
    for (let i = 0; i < 200; i++) wide = [wide, wide];
    expect(encodeValue(wide).text.length).toBeLessThan(100_000);
    const back = copyValue(wide) as unknown[];
    expect(back[0]).toBe(back[1]);
  });

  test('Maps and Sets keep their order around shared members', () => {
    const shared = { i: 1 };
    const back = copyValue({
      shared,
      set: new Set([{ i: 0 }, shared, { i: 2 }]),
      map: new Map<unknown, unknown>([
        [shared, 'first'],
        ['z', shared],
      ]),
    }) as {
      shared: object;
      set: Set<unknown>;
      map: Map<unknown, unknown>;
    };
    expect([...back.set]).toEqual([{ i: 0 }, { i: 1 }, { i: 2 }]);
    expect([...back.set][1]).toBe(back.shared);
    expect([...back.map.keys()]).toEqual([{ i: 1 }, 'z']);
    expect([...back.map.keys()][0]).toBe(back.shared);
    expect(back.map.get('z')).toBe(back.shared);
  });

  test('objects of another realm are plain, its errors are errors', () => {
    const [object, list, error] = runInNewContext('[{ a: { b: 1 } }, [1, 2n], new TypeError("far")]') as [
      object,
      unknown[],
      Error,
    ];
    expect(encodeValue(object)).toEqual({ codec: 'json', text: '{"a":{"b":1}}' });
    expect(copyValue(list)).toEqual([1, 2n]);
    expect(copyValue(error)).toMatchObject({ name: 'TypeError', message: 'far' });
  });

  test('URLs, and objects without a prototype as plain ones', () => {
    expect(copyValue({ at: new URL('https://example.org/ä?q=1#x') })).toEqual({
      at: new URL('https://example.org/ä?q=1#x'),
    });
    expect(copyValue(Object.assign(Object.create(null) as object, { a: 1 }))).toEqual({ a: 1 });
  });

  test('lone surrogates and NUL', () => {
    for (const text of ['\ud800', 'a\udfff', '\0', '\u2028'])
      expect(copyValue({ [text]: [text, 1n] })).toEqual({ [text]: [text, 1n] });
  });

  test('cycles and shared references outside the fast path', () => {
    const node: Record<string, unknown> = { big: 1n };
    node['self'] = node;
    node['list'] = [node, node];
    const back = copyValue(node) as typeof node;
    expect(back['self']).toBe(back);
    expect((back['list'] as unknown[])[1]).toBe(back);
  });

  test('keys and items that look alike in JSON stay apart', () => {
    const map = new Map<unknown, unknown>([
      [undefined, 1],
      [null, 2],
      [NaN, 3],
      ['NaN', 4],
      [1n, 5],
      ['1', 6],
      [
        [
          new Map([
            [undefined, NaN],
            [NaN, undefined],
          ]),
        ],
        7,
      ],
    ]);
    expect(copyValue(map)).toEqual(map);
    expect(copyValue(new Set([undefined, null, 'undefined', [NaN], ['NaN']]))).toEqual(
      new Set([undefined, null, 'undefined', [NaN], ['NaN']]),
    );
    const cyclic = new Map<unknown, unknown>();
    cyclic.set('self', cyclic).set('set', new Set([cyclic]));
    const back = copyValue(cyclic) as typeof cyclic;
    expect(back.get('self')).toBe(back);
    expect([...(back.get('set') as Set<unknown>)][0]).toBe(back);
  });

  test('binary values of every type, and Buffers as what they extend', () => {
    for (const value of [
      new Int8Array([-1]),
      new Uint8ClampedArray([255]),
      new BigUint64Array([5n]),
      new Float32Array([1.5]),
    ]) {
      expect(copyValue(value)).toEqual(value);
    }
    expect(copyValue(new ArrayBuffer(3))).toEqual(new ArrayBuffer(3));
    expect(copyValue(new DataView(new Uint8Array([1, 2]).buffer))).toEqual(
      new DataView(new Uint8Array([1, 2]).buffer),
    );
    expect(copyValue(Buffer.from('abc'))).toEqual(new Uint8Array([97, 98, 99]));
    expect(copyValue(new Uint8Array([1, 2, 3, 4]).subarray(1, 3))).toEqual(new Uint8Array([2, 3]));
  });

  test('errors keep name, message, stack, cause and own members', () => {
    const error = Object.assign(new TypeError('bad', { cause: new Error('inner') }), {
      status: 404,
      at: new Date(4),
    });
    const back = copyValue({ error }) as { error: typeof error };
    expect(back.error).toBeInstanceOf(Error);
    expect(back.error).toMatchObject({
      name: 'TypeError',
      message: 'bad',
      status: 404,
      at: new Date(4),
      stack: error.stack,
    });
    expect((back.error.cause as Error).message).toBe('inner');
    const looped: Error & { self?: unknown } = new Error('loop');
    looped.cause = looped.self = looped;
    const loop = copyValue(looped) as typeof looped;
    expect([loop.cause, loop.self]).toEqual([loop, loop]);
    const shared = { n: 1 };
    const both = copyValue({ shared, error: Object.assign(new Error('e'), { shared, constructor: 1 }) }) as {
      shared: object;
      error: { shared: object };
    };
    expect(both.error.shared).toBe(both.shared);
    const many = copyValue(new AggregateError([new Error('one')], 'many')) as AggregateError;
    expect((many.errors[0] as Error).message).toBe('one');
  });

  test('errors of this library and of Node are errors, whatever marks them', () => {
    const ours = new PayloadError('no', 'a.b');
    expect(copyValue([ours])).toMatchObject([
      { name: 'PayloadError', message: 'no', code: 'payload_invalid' },
    ]);
    const nodes = (() => {
      try {
        return Buffer.alloc(-1);
      } catch (error) {
        return error;
      }
    })();
    expect(copyValue([nodes])).toMatchObject([{ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }]);
  });

  test('a hostile shared superjson does not change what is written', () => {
    SuperJSON.registerCustom<Date, string>(
      {
        isApplicable: (v): v is Date => v instanceof Date,
        serialize: () => 'x',
        deserialize: () => new Date(0),
      },
      'mine',
    );
    expect(copyValue(new Date(5))).toEqual(new Date(5));
  });
});

describe('what cannot come back is refused, with its path', () => {
  class Money {
    readonly amount = 1;
  }
  class Sly {
    readonly name = 'Sly';
    readonly message = 'sly';
  }
  Object.defineProperty(Sly.prototype, Symbol.toStringTag, { value: 'Error' });
  class Days extends Date {}
  class Bag extends Map {}
  class List extends Array<number> {}
  const cases: [string, unknown, string][] = [
    ['a function', () => 1, ''],
    ['a symbol deep inside', { items: [1, { key: Symbol('s') }] }, 'items[1].key'],
    ['a class instance', { price: new Money() }, 'price'],
    ['a regular expression', { pattern: /(a+)+$/ }, 'pattern'],
    ['an array with holes', { list: [1, , 3] }, 'list'],
    ['an array with names', Object.assign([1], { extra: 1n }), ''],
    [
      'a getter',
      {
        get now() {
          return 1;
        },
      },
      'now',
    ],
    ['__proto__', JSON.parse('{"a":{"__proto__":1}}'), 'a.__proto__'],
    ['a promise', { later: Promise.resolve() }, 'later'],
    ['a WeakMap', new WeakMap(), ''],
    ['an invalid date', { due: new Date(NaN) }, 'due'],
    ['a function in a map', new Map([['k', () => 1]]), '<value 0>'],
    ['what only says that it is an error', { e: new Sly() }, 'e'],
    ['a subclass of Date', { d: new Days() }, 'd'],
    ['a subclass of Map', { m: new Bag() }, 'm'],
    ['a subclass of Array', { l: List.from([1]) }, 'l'],
    ['members on a Date', Object.assign(new Date(0), { extra: 1 }), ''],
    ['a boxed string', { s: Object('x') as unknown }, 's'],
    ['shared memory', { m: new Uint8Array(new SharedArrayBuffer(2)) }, 'm'],
    [
      'a view that is not everywhere',
      { f: Object.defineProperty(new Uint8Array(2), Symbol.toStringTag, { value: 'Float16Array' }) },
      'f',
    ],
    ['toJSON', { price: { toJSON: () => 1 } }, 'price.toJSON'],
    ['a function as the cause of an error', { e: new Error('e', { cause: () => 1 }) }, 'e.cause'],
    [
      'a getter on an error',
      { e: Object.defineProperty(new Error('e'), 'at', { enumerable: true, get: () => 1 }) },
      'e.at',
    ],
    ['a function in a set in a list', { list: [new Set([1, () => 1])] }, 'list[0]<item 1>'],
    ['members named by symbols', { [Symbol('s')]: 1 }, ''],
  ];
  test.each(cases)('%s', (_name, value, path) => {
    expect(() => encodeValue(value)).toThrow(expect.objectContaining({ code: 'payload_invalid', path }));
  });

  test('proxies whose traps throw', () => {
    const traps: ProxyHandler<object>[] = [
      {
        ownKeys: () => {
          throw new Error('trap');
        },
      },
      {
        getPrototypeOf: () => {
          throw new Error('trap');
        },
      },
      {
        getOwnPropertyDescriptor: () => {
          throw new Error('trap');
        },
        ownKeys: () => ['a'],
      },
    ];
    for (const trap of traps) {
      expect(() => encodeValue({ evil: new Proxy({}, trap) })).toThrow(
        expect.objectContaining({ code: 'payload_invalid', path: 'evil' }),
      );
    }
    // It shows something else each time it is looked at.
    let looks = 0;
    const shifty = new Proxy(
      { a: 1 },
      {
        get: () =>
          looks++ === 0
            ? 1
            : () => {
                throw new Error('trap');
              },
        getOwnPropertyDescriptor: () => ({ value: 1, configurable: true, enumerable: true }),
      },
    );
    expect(() =>
      encodeValue({
        shifty,
        j: new Proxy(
          {},
          {
            get: () => {
              throw new Error('trap');
            },
          },
        ),
      }),
    ).toThrow(expect.objectContaining({ code: 'payload_invalid' }));
  });

  test('an invalid date says so', () => {
    expect(() => encodeValue({ due: new Date(NaN) })).toThrow(/'due'.*invalid date/);
  });

  test('what would be too long is refused before it is written', () => {
    const tooLarge = expect.objectContaining({ code: 'payload_too_large' });
    const long = 'x'.repeat(1_000_000);
    expect(() => encodeValue(Array.from({ length: 90_000 }, () => long))).toThrow(tooLarge);
    expect(() => encodeValue({ [long]: 1, [`${long}y`]: long, z: 1n })).toThrow(tooLarge);
    // Short values at the end of long paths.
    let deep: unknown = Array.from({ length: 40_000 }, () => undefined);
    for (let i = 0; i < 200; i++) deep = { longName: deep };
    expect(() => encodeValue(deep)).toThrow(
      expect.objectContaining({ message: expect.stringContaining('longName.longName') }),
    );
  });

  test('depth, nodes and bytes', () => {
    const nested = (levels: number, leaf: unknown): unknown =>
      levels === 0 ? leaf : { in: nested(levels - 1, leaf) };
    expect(copyValue(nested(256, 1))).toEqual(nested(256, 1));
    expect(() => encodeValue(nested(257, 1))).toThrow(expect.objectContaining({ code: 'payload_invalid' }));
    expect(() => encodeValue(nested(3_000, 1n))).toThrow(
      expect.objectContaining({ code: 'payload_invalid' }),
    );
    expect(() => encodeValue(Array.from({ length: 100_001 }, () => 0))).toThrow(
      expect.objectContaining({ code: 'payload_too_large' }),
    );
    const limits = { maxBytes: 12, maxDepth: 5, maxNodes: 5 };
    expect(encodeValue('0123456789', limits).text).toHaveLength(12);
    expect(() => encodeValue('01234567890', limits)).toThrow(
      expect.objectContaining({ code: 'payload_too_large' }),
    );
  });
});

describe('reading what somebody else wrote', () => {
  const hostile: [string, unknown][] = [
    ['a regular expression', { json: { a: '/(a+)+$/' }, meta: { v: 1, values: { a: ['regexp'] } } }],
    ['a class', { json: {}, meta: { v: 1, values: [['class', 'Object']] } }],
    ['an unknown custom type', { json: 'x', meta: { v: 1, values: [['custom', 'mine']] } }],
    ['a path through __proto__', { json: {}, meta: { v: 1, values: { '__proto__.polluted': ['bigint'] } } }],
    [
      'a path through constructor',
      { json: { constructor: {} }, meta: { v: 1, values: { 'constructor.prototype': ['Date'] } } },
    ],
    [
      'a prototype function by reference',
      { json: { a: {}, b: 1 }, meta: { v: 1, values: {}, referentialEqualities: { 'a.toString': ['b'] } } },
    ],
    ['a path that leads nowhere', { json: {}, meta: { v: 1, values: { 'a.b': ['Date'] } } }],
    [
      'a path to the length of a list',
      { json: { a: [] }, meta: { v: 1, values: { 'a.length': [['custom', 'ref']] } } },
    ],
    [
      'a path through what is revived',
      { json: { m: [[1, null]] }, meta: { v: 1, values: { m: ['map'], 'm.0.1': ['undefined'] } } },
    ],
    [
      'a reference to what comes later',
      { json: [0, {}], meta: { v: 1, values: { 0: [['custom', 'ref']], 1: [['custom', 'members']] } } },
    ],
    ['a reference to nothing', { json: 0, meta: { v: 1, values: [['custom', 'ref']] } }],
    ['a bigint that is no number', { json: [], meta: { v: 1, values: ['bigint'] } }],
    ['a bigint in another notation', { json: '0x10', meta: { v: 1, values: ['bigint'] } }],
    ['an invalid date', { json: 'soon', meta: { v: 1, values: ['Date'] } }],
    [
      'members named __proto__',
      { json: [['__proto__', 1]], meta: { v: 1, values: [['custom', 'members']] } },
    ],
    [
      'an error without a message',
      { json: { name: 'E', members: [] }, meta: { v: 1, values: [['custom', 'error']] } },
    ],
    ['an older version of the form', { json: { a: '1' }, meta: { values: { a: ['bigint'] } } }],
    ['annotations that are not ours', { json: {}, meta: { v: 1, values: 7 } }],
    ['no json at all', { meta: {} }],
    ['binary of an unknown type', { json: 'Evil:AAAA', meta: { v: 1, values: [['custom', 'binary']] } }],
    ['binary that is not base 64', { json: 'Uint8Array:A', meta: { v: 1, values: [['custom', 'binary']] } }],
  ];
  test.each(hostile)('%s', (_name, tree) => {
    expect(() => decodeValue({ codec: 'superjson', text: JSON.stringify(tree) })).toThrow(
      expect.objectContaining({ code: 'payload_invalid' }),
    );
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('depth is bounded before anything recurses', () => {
    const deep = (open: string, close: string) => open.repeat(100_000) + close.repeat(100_000);
    for (const text of [
      `{"json":${deep('[', ']')}}`,
      `{"json":1,"meta":{"v":1,"values":${deep('["set",', ']')}}}`,
      `{"json":${deep('{"a":', '}').replace('}', '1}')}}`,
    ]) {
      expect(() => decodeValue({ codec: 'superjson', text })).toThrow(
        expect.objectContaining({ code: 'payload_invalid' }),
      );
    }
    expect(() => decodeValue({ codec: 'json', text: `"${'x'.repeat(3_000_000)}"` })).toThrow(
      expect.objectContaining({ code: 'payload_invalid' }),
    );
  });

  test('__proto__ in what is stored is refused', () => {
    expect(() =>
      decodeValue({ codec: 'superjson', text: '{"json":{"a":{"__proto__":{"polluted":1}}}}' }),
    ).toThrow(expect.objectContaining({ code: 'payload_invalid' }));
  });

  test('annotations changed at random give a typed error or a value', () => {
    const json = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom(null, 0, 1, 2, '1', 'NaN', 'Uint8Array:AAAA', '__proto__'),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'members', 'name'), tie('node')),
      ),
    })).node;
    const type = fc.constantFrom<unknown>(
      'undefined',
      'number',
      'bigint',
      'Date',
      'URL',
      'map',
      'set',
      'regexp',
      'Error',
      ['custom', 'binary'],
      ['custom', 'error'],
      ['custom', 'members'],
      ['custom', 'ref'],
      ['class', 'x'],
      ['typed-array', 'Int8Array'],
    );
    const path = fc.constantFrom(
      'a',
      'b',
      '0',
      '1',
      '0.0',
      '0.1',
      'a.0',
      'a.b',
      'members.0.1',
      'a.members',
      '\\x',
      '',
      '__proto__',
      'constructor',
    );
    const note = fc.letrec<{ note: unknown }>((tie) => ({
      note: fc.oneof(
        { maxDepth: 2 },
        fc.tuple(type),
        fc.tuple(type, fc.dictionary(path, tie('note'), { maxKeys: 3 })),
      ),
    })).note;
    const values = fc.oneof(note, fc.dictionary(path, note, { maxKeys: 3 }));
    fc.assert(
      fc.property(json, values, (json, values) => {
        try {
          decodeValue({ codec: 'superjson', text: JSON.stringify({ json, meta: { v: 1, values } }) });
        } catch (error) {
          expect(error).toMatchObject({ code: 'payload_invalid' });
        }
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });

  test('an unknown codec says which one is missing', () => {
    expect(() => decodeValue({ codec: 'aes-7', text: '""' })).toThrow(/'aes-7'.*pass it to codecs/);
  });

  test('anything at all gives a typed error or a value', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('json', 'superjson', 'undefined', 'x'),
        fc.oneof(fc.string(), fc.json()),
        (codec, text) => {
          try {
            decodeValue({ codec, text });
          } catch (error) {
            expect(error).toMatchObject({ code: 'payload_invalid' });
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

function hasNegativeZero(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(hasNegativeZero);
  return Object.is(value, -0);
}
