import {
  defineActivity,
  defineWorkflow,
  PayloadError,
  query,
  PayloadTooLargeError,
  WorkflowFailedError,
  type ActivityError,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { open, rejection } from './kit.js';

const echo = defineActivity('echo', (value: unknown) => value);
const round = defineWorkflow('round', async (ctx, value: unknown) => {
  const once = await ctx.runActivity(echo, value);
  const twice = await ctx.step('same', () => once);
  ctx.setState(twice);
  return ctx.sideEffect(() => twice);
});

const shared = { n: 1 };
const cyclic: Record<string, unknown> = { name: 'loop' };
cyclic['self'] = cyclic;

test.each<[string, unknown]>([
  ['undefined', undefined],
  ['null', null],
  ['text', 'a\u0000b\ud800 "quoted" \u2028 €😀'],
  ['numbers', [0, -0, 1.5, NaN, Infinity, -Infinity, 2 ** 53, Number.MIN_VALUE]],
  ['big integers', [12n, -(2n ** 70n)]],
  ['dates', [new Date(0), new Date(8.64e15)]],
  [
    'maps and sets',
    new Map<unknown, unknown>([
      [{ k: 1 }, new Set([1, 'a'])],
      ['m', new Map()],
    ]),
  ],
  ['members that are undefined', { a: undefined, b: [undefined, null] }],
  ['bytes', [new Uint8Array([0, 255, 7]), new Float64Array([1.5, NaN]), new Uint8Array([1, 2]).buffer]],
  ['a url', new URL('https://example.org/a?b=c')],
  ['odd names', { '': 1, 'a.b': 2, constructor: 'c', toString: 1, json: { meta: 1 } }],
  ['the same object twice', [shared, shared]],
  ['a cycle', cyclic],
  ['nothing', {}],
])('F12 %s comes back as it was, everywhere', async (_, value) => {
  const engine = await open({ workflows: [round], activities: [echo] });
  const handle = await engine.start(round, value);
  expect(await handle.result()).toEqual(value);
  await engine.crash();
  expect(await handle.describe()).toMatchObject({ input: value as object, output: value as object });
  expect((await handle.describe()).state).toEqual(value);
});

test('F12 an error as a value keeps name, message and cause', async () => {
  const engine = await open({ workflows: [round], activities: [echo] });
  const back = await engine.execute(round, { failed: new RangeError('far', { cause: new Error('near') }) });
  const { failed } = back as { failed: Error };
  expect(failed).toBeInstanceOf(Error);
  expect([failed.name, failed.message, (failed.cause as Error).message]).toEqual([
    'RangeError',
    'far',
    'near',
  ]);
});

test('F12 what a workflow sees live equals what it sees on replay, and is its own copy', async () => {
  const given = { at: new Date(5), tags: new Map([['a', 1]]) };
  const activity = defineActivity('given', () => given);
  const workflow = defineWorkflow('copies', async (ctx) => {
    const seen = await ctx.runActivity(activity);
    const isDate = seen.at instanceof Date && seen.tags instanceof Map;
    seen.tags.set('b', 2);
    seen.at.setTime(99);
    await ctx.sleep('1h');
    return { isDate, tags: [...seen.tags.keys()], at: seen.at.getTime() };
  });
  const engine = await open({ workflows: [workflow], activities: [activity] });
  const handle = await engine.start(workflow);
  await engine.runUntilIdle();
  expect(given).toEqual({ at: new Date(5), tags: new Map([['a', 1]]) });
  await engine.crash();
  expect(await handle.result()).toEqual({ isDate: true, tags: ['a', 'b'], at: 99 });
  const events = [];
  for await (const event of handle.history()) events.push(event);
  expect(events.find(({ type }) => type === 'ActivityCompleted')?.attributes['result']).toEqual(given);
});

test('F12 a caller that changes its input afterwards changes nothing', async () => {
  const engine = await open({ workflows: [round], activities: [echo] });
  const input = { items: [1] };
  const handle = await engine.start(round, input);
  input.items.push(2);
  expect(await handle.result()).toEqual({ items: [1] });
});

class Money {
  constructor(readonly amount: number) {}
}
const refused: [string, unknown, string][] = [
  ['a function', { a: { b: [1, () => 1] } }, 'a.b[1]'],
  ['a symbol', { s: Symbol('s') }, 's'],
  ['an instance of a class', { price: new Money(1) }, 'price'],
  ['an invalid date', { at: new Date(NaN) }, 'at'],
  [
    'a getter',
    {
      get secret() {
        return 1;
      },
      m: new Map(),
    },
    'secret',
  ],
  ['an expression', { re: /a+/ }, 're'],
];

test.each(refused)('F18 %s is refused with its path, before anything is written', async (_, value, path) => {
  const engine = await open({ workflows: [round], activities: [echo] });
  const error = await rejection(PayloadError, engine.start(round, value, { id: 'w' }));
  expect(error.code).toBe('payload_invalid');
  expect(error.path).toBe(path);
  expect(await engine.count()).toBe(0);
});

test.each(refused)('F18 %s as the result of an activity fails it for good', async (_, value, path) => {
  let runs = 0;
  const bad = defineActivity('bad', () => {
    runs += 1;
    return value;
  });
  const workflow = defineWorkflow('tries', (ctx) =>
    ctx.runActivity(bad).then(
      () => 'accepted',
      (error: unknown) => ((error as ActivityError).cause as Error & { code: string }).code,
    ),
  );
  const engine = await open({ workflows: [workflow], activities: [bad] });
  expect(await engine.execute(workflow)).toBe('payload_invalid');
  expect(runs).toBe(1);
  expect(path).toBeTruthy();
});

test('F18 a value that cannot be stored fails the call inside a workflow, or the workflow that returns it', async () => {
  const calling = defineWorkflow('calling', async (ctx) => {
    try {
      await ctx.runActivity(echo, { f: () => 1 });
      return 'accepted';
    } catch (error) {
      return [(error as PayloadError).code, (error as PayloadError).path];
    }
  });
  const returning = defineWorkflow('returning', async () => ({ deep: [{ f: () => 1 }] }));
  const engine = await open({ workflows: [calling, returning], activities: [echo] });
  expect(await engine.execute(calling)).toEqual(['payload_invalid', 'f']);
  const { failure } = await rejection(WorkflowFailedError, engine.execute(returning));
  expect(failure).toMatchObject({ name: 'PayloadError', code: 'payload_invalid' });
  expect(failure.message).toContain('deep[0].f');
});

test('B31 a payload may be as large as allowed, and no larger', async () => {
  const engine = await open({ workflows: [round], activities: [echo], maxPayloadBytes: 1_000 });
  const fits = 'x'.repeat(998);
  expect(await engine.execute(round, fits)).toBe(fits);
  const error = await rejection(PayloadTooLargeError, engine.start(round, `${fits}y`, { id: 'w' }));
  expect(error.code).toBe('payload_too_large');
  expect(await engine.count({ workflowId: 'w' })).toBe(0);
});

test('B31 a result that is too large fails the activity for good, a signal is refused at the door', async () => {
  let runs = 0;
  const big = defineActivity('big', () => {
    runs += 1;
    return 'x'.repeat(2_000);
  });
  const workflow = defineWorkflow('bigs', async (ctx) => {
    const code = await ctx.runActivity(big).then(
      () => 'accepted',
      (error: unknown) => ((error as ActivityError).cause as Error & { code: string }).code,
    );
    return [code, await ctx.waitSignal('x')] as unknown[];
  });
  const engine = await open({ workflows: [workflow], activities: [big], maxPayloadBytes: 1_000 });
  const handle = await engine.start(workflow);
  await rejection(PayloadTooLargeError, handle.signal('x', 'y'.repeat(1_000)));
  await handle.signal('x', 'small');
  expect(await handle.result()).toEqual(['payload_too_large', 'small']);
  expect(runs).toBe(1);
});

test('B31 the default limit is 2 MiB', async () => {
  const engine = await open({ workflows: [round], activities: [echo] });
  await rejection(PayloadTooLargeError, engine.start(round, 'x'.repeat(2 * 1024 * 1024)));
});

test('F18 a value that is too deep is refused, not a crash', async () => {
  let deep: unknown = 1;
  for (let i = 0; i < 10_000; i++) deep = { deep };
  const engine = await open({ workflows: [round], activities: [echo] });
  await rejection(PayloadError, engine.start(round, deep));
});

test('F18 what an engine with larger limits stores, its activities, queries, children and heartbeats can read', async () => {
  const long = 'x'.repeat(3_000_000);
  const length = defineActivity('length', async (value: string) => value.length);
  const inner = defineWorkflow('inner', async (_ctx, value: string) => value.length);
  const outer = defineWorkflow(
    'outer',
    { messages: { echo: query<number, string>() } },
    async (ctx, value: string) => {
      ctx.onQuery('echo', (said) => said.length);
      return [await ctx.runActivity(length, value), await ctx.runChild(inner, value)];
    },
  );
  const engine = await open({
    workflows: [outer, inner],
    activities: [length],
    maxPayloadBytes: 8_000_000,
  });
  const handle = await engine.start(outer, long);
  expect(await handle.result()).toEqual([long.length, long.length]);
  expect(await handle.query('echo', long)).toBe(long.length);
});
