import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { copyValue, decodeValue, encodeValue } from './values.js';

const rich = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(undefined, null, NaN, Infinity, -Infinity, -0, true, ''),
    fc.double(),
    fc.integer(),
    fc.string({ unit: 'binary' }),
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    fc.float64Array(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => new Set(items)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
  ),
})).value;

const storable = rich.filter((value) => {
  try {
    encodeValue(value);
    return true;
  } catch {
    return false; // objects named 'constructor' and the like, refused on purpose
  }
});

describe('values come back as they went in', () => {
  test('any storable value, and writing it again gives the same text', () => {
    fc.assert(
      fc.property(storable, (value) => {
        const back = copyValue(value);
        expect(back).toEqual(value);
        expect(encodeValue(back)).toEqual(encodeValue(value));
      }),
      { numRuns: 500 },
    );
  });

  test('plain JSON takes the fast path', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false } as object), (value) => {
        fc.pre(!JSON.stringify(value).includes('__proto__') && !hasNegativeZero(value));
        expect(encodeValue(value)).toEqual({ codec: 'json', text: JSON.stringify(value) });
      }),
    );
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
    const map = new Map<unknown, unknown>([[undefined, 1], [null, 2], [NaN, 3], ['NaN', 4], [1n, 5], ['1', 6], [[new Map([[undefined, NaN], [NaN, undefined]])], 7]]);
    expect(copyValue(map)).toEqual(map);
    expect(copyValue(new Set([undefined, null, 'undefined', [NaN], ['NaN']]))).toEqual(new Set([undefined, null, 'undefined', [NaN], ['NaN']]));
    const cyclic = new Map<unknown, unknown>();
    cyclic.set('self', cyclic).set('set', new Set([cyclic]));
    const back = copyValue(cyclic) as typeof cyclic;
    expect(back.get('self')).toBe(back);
    expect([...(back.get('set') as Set<unknown>)][0]).toBe(back);
  });

  test('binary values of every type, and Buffers as what they extend', () => {
    for (const value of [new Int8Array([-1]), new Uint8ClampedArray([255]), new BigUint64Array([5n]), new Float32Array([1.5])]) {
      expect(copyValue(value)).toEqual(value);
    }
    expect(copyValue(new ArrayBuffer(3))).toEqual(new ArrayBuffer(3));
    expect(copyValue(new DataView(new Uint8Array([1, 2]).buffer))).toEqual(new DataView(new Uint8Array([1, 2]).buffer));
    expect(copyValue(Buffer.from('abc'))).toEqual(new Uint8Array([97, 98, 99]));
    expect(copyValue(new Uint8Array([1, 2, 3, 4]).subarray(1, 3))).toEqual(new Uint8Array([2, 3]));
  });

  test('errors keep name, message, stack, cause and own members', () => {
    const error = Object.assign(new TypeError('bad', { cause: new Error('inner') }), { status: 404, at: new Date(4) });
    const back = copyValue({ error }) as { error: typeof error };
    expect(back.error).toBeInstanceOf(Error);
    expect(back.error).toMatchObject({ name: 'TypeError', message: 'bad', status: 404, at: new Date(4), stack: error.stack });
    expect((back.error.cause as Error).message).toBe('inner');
    const many = copyValue(new AggregateError([new Error('one')], 'many')) as AggregateError;
    expect((many.errors[0] as Error).message).toBe('one');
  });

  test('a hostile shared superjson does not change what is written', async () => {
    const { SuperJSON } = await import('superjson');
    SuperJSON.registerCustom<Date, string>({ isApplicable: (v): v is Date => v instanceof Date, serialize: () => 'x', deserialize: () => new Date(0) }, 'mine');
    expect(copyValue(new Date(5))).toEqual(new Date(5));
  });
});

describe('what cannot come back is refused, with its path', () => {
  class Money {}
  const cases: [string, unknown, string][] = [
    ['a function', () => 1, ''],
    ['a symbol deep inside', { items: [1, { key: Symbol('s') }] }, 'items[1].key'],
    ['a class instance', { price: new Money() }, 'price'],
    ['a regular expression', { pattern: /(a+)+$/ }, 'pattern'],
    ['an array with holes', { list: [1, , 3] }, 'list'], // eslint-disable-line no-sparse-arrays -- the point of the case
    ['an array with names', Object.assign([1], { extra: 1n }), ''],
    ['a getter', { get now() { return 1; } }, 'now'],
    ['__proto__', JSON.parse('{"a":{"__proto__":1}}'), 'a.__proto__'],
    ['a promise', { later: Promise.resolve() }, 'later'],
    ['a WeakMap', new WeakMap(), ''],
    ['an invalid date', { due: new Date(NaN) }, 'due'],
    ['a function in a map', new Map([['k', () => 1]]), '<value 0>'],
    ['members named by symbols', { [Symbol('s')]: 1 }, ''],
  ];
  test.each(cases)('%s', (_name, value, path) => {
    expect(() => encodeValue(value)).toThrow(expect.objectContaining({ code: 'payload_invalid', path }));
  });

  test('proxies whose traps throw', () => {
    const traps: ProxyHandler<object>[] = [
      { ownKeys: () => { throw new Error('trap'); } },
      { getPrototypeOf: () => { throw new Error('trap'); } },
      { getOwnPropertyDescriptor: () => { throw new Error('trap'); }, ownKeys: () => ['a'] },
    ];
    for (const trap of traps) {
      expect(() => encodeValue({ evil: new Proxy({}, trap) })).toThrow(expect.objectContaining({ code: 'payload_invalid' }));
    }
  });

  test('depth, nodes and bytes', () => {
    const nested = (levels: number, leaf: unknown): unknown => (levels === 0 ? leaf : { in: nested(levels - 1, leaf) });
    expect(copyValue(nested(256, 1))).toEqual(nested(256, 1));
    expect(() => encodeValue(nested(257, 1))).toThrow(expect.objectContaining({ code: 'payload_invalid' }));
    expect(() => encodeValue(nested(3_000, 1n))).toThrow(expect.objectContaining({ code: 'payload_invalid' }));
    expect(() => encodeValue(Array.from({ length: 100_001 }, () => 0))).toThrow(expect.objectContaining({ code: 'payload_too_large' }));
    const limits = { maxBytes: 12, maxDepth: 5, maxNodes: 5 };
    expect(encodeValue('0123456789', limits).text).toHaveLength(12);
    expect(() => encodeValue('01234567890', limits)).toThrow(expect.objectContaining({ code: 'payload_too_large' }));
  });
});

describe('reading what somebody else wrote', () => {
  const hostile: [string, unknown][] = [
    ['a regular expression', { json: { a: '/(a+)+$/' }, meta: { v: 1, values: { a: ['regexp'] } } }],
    ['a class', { json: {}, meta: { v: 1, values: [['class', 'Object']] } }],
    ['an unknown custom type', { json: 'x', meta: { v: 1, values: [['custom', 'mine']] } }],
    ['a path through __proto__', { json: {}, meta: { v: 1, values: { '__proto__.polluted': ['bigint'] } } }],
    ['a path through constructor', { json: { constructor: {} }, meta: { v: 1, values: { 'constructor.prototype': ['Date'] } } }],
    ['annotations that are not ours', { json: {}, meta: { v: 1, values: 7 } }],
    ['no json at all', { meta: {} }],
    ['binary of an unknown type', { json: 'Evil:AAAA', meta: { v: 1, values: [['custom', 'binary']] } }],
    ['binary that is not base 64', { json: 'Uint8Array:A', meta: { v: 1, values: [['custom', 'binary']] } }],
  ];
  test.each(hostile)('%s', (_name, tree) => {
    expect(() => decodeValue({ codec: 'superjson', text: JSON.stringify(tree) })).toThrow(expect.objectContaining({ code: 'payload_invalid' }));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('an unknown codec says which one is missing', () => {
    expect(() => decodeValue({ codec: 'aes-7', text: '""' })).toThrow(/'aes-7'.*pass it to codecs/);
  });

  test('anything at all gives a typed error or a value', () => {
    fc.assert(
      fc.property(fc.constantFrom('json', 'superjson', 'undefined', 'x'), fc.oneof(fc.string(), fc.json()), (codec, text) => {
        try {
          decodeValue({ codec, text });
        } catch (error) {
          expect(error).toMatchObject({ code: 'payload_invalid' });
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

function hasNegativeZero(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(hasNegativeZero);
  return Object.is(value, -0);
}
