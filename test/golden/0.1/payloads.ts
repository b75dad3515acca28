import { defineActivity, defineWorkflow, signal, type PayloadCodec } from '@perdure/core';
import type { Cases, GoldenCase } from '../golden-case.js';

const echo = defineActivity('echo', (value: unknown) => value);
/** A value goes everywhere that a payload can stand. */
const goesRound = defineWorkflow(
  'goesRound',
  { messages: { more: signal<unknown>() } },
  async (ctx, value: unknown) => [
    value,
    ctx.sideEffect(() => value),
    await ctx.runActivity(echo, value),
    await ctx.waitSignal('more'),
  ],
);

const cyclic = (): unknown => {
  const one: Record<string, unknown> = { name: 'one' };
  one['self'] = one;
  one['list'] = [one, new Map([['back', one]])];
  return one;
};
const shared = (): unknown => {
  const date = new Date(7);
  const part = { date };
  return { a: part, b: part, date };
};
const deep = (): unknown => {
  let value: unknown = 'the bottom';
  for (let level = 0; level < 100; level++) value = level % 2 === 0 ? [value] : { value };
  return value;
};
const failure = (): unknown =>
  Object.assign(new RangeError('too much', { cause: new Error('why') }), { code: 'E_RANGE', limit: 3n });

/** What an error comes back as: an `Error` of that name. */
const failureAgain = (): unknown => {
  const error = new Error('too much', { cause: new Error('why') });
  Object.defineProperty(error, 'name', { value: 'RangeError', writable: true, configurable: true });
  return Object.assign(error, { code: 'E_RANGE', limit: 3n });
};

const kinds: Readonly<Record<string, () => unknown>> = {
  json: () => ({ text: 'a "quoted" \\ line\n', n: -1.5e-7, yes: true, none: null, list: [[], {}, ''] }),
  undefined: () => undefined,
  'undefined-members': () => ({ a: undefined, list: [undefined, null, 1] }),
  numbers: () => [NaN, Infinity, -Infinity, -0, 0, Number.MAX_SAFE_INTEGER, 5e-324],
  bigints: () => [0n, -1n, 2n ** 200n],
  dates: () => [new Date(0), new Date(-1), new Date(8.64e15)],
  maps: () =>
    new Map<unknown, unknown>([
      ['a', 1],
      [{ key: true }, new Map([[1n, new Date(1)]])],
    ]),
  sets: () => new Set<unknown>([1, 'a', new Set([null])]),
  'typed-arrays': () => [
    new Uint8Array([0, 255]),
    new Int16Array([-1, 1]),
    new Float64Array([NaN, -0, 1.5]),
    new BigInt64Array([-1n]),
  ],
  buffers: () => ({ buffer: new Uint8Array([1, 2, 3]).buffer, view: new DataView(new ArrayBuffer(2)) }),
  cycles: cyclic,
  sharing: shared,
  strings: () => ['\u0000', '\ud800', 'é\u0301', '👩‍👩‍👧', '\u2028\u2029', 'x'.repeat(5_000)],
  keys: () => JSON.parse('{"constructor":1,"toString":2,"":3,"a.b":4,"0":5,"hasOwnProperty":6}') as unknown,
  depth: deep,
};

const reversing: PayloadCodec = {
  id: 'reversing',
  encode: (bytes) => bytes.slice().reverse(),
  decode: async (bytes) => bytes.slice().reverse(),
};

const round = (
  name: string,
  value: () => unknown,
  options: GoldenCase['options'] = {},
  again = value,
): GoldenCase => ({
  name,
  workflows: [goesRound],
  activities: [echo],
  options,
  output: () => Array.from({ length: 4 }, again),
  record: async (engine) => {
    const handle = await engine.start(goesRound, value(), { id: name });
    await handle.signal('more', value(), { id: 'more' });
    await handle.result();
  },
});

export const payloads: Cases = [
  ...Object.entries(kinds).map(([kind, value]) => round(`payload-${kind}`, value)),
  round('payload-errors', failure, {}, failureAgain),
  round('payload-codec', () => ({ secret: new Date(1) }), { codecs: [reversing] }),
];
