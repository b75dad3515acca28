import { openStorage } from '#storage';
import { defineWorkflow, type PayloadCodec, type WorkflowContext } from '@perdure/core';
import { expect, test } from 'vitest';
import { codeOf, eventTypes, open } from './kit.js';

const changing = defineWorkflow('changing', async (ctx) => {
  ctx.upsertSearchAttributes({ stage: 'packed', due: new Date(5), total: 1.5 });
  ctx.upsertMemo({ note: 'first', parts: new Set(['a']) });
  await ctx.waitSignal('go');
  ctx.upsertSearchAttributes({ stage: 'sent', due: null, tags: ['x', 'y'] });
  ctx.upsertMemo({ note: null, more: new Date(7) });
});

test('B18 upserts merge into what the run was started with, null removes, and the closed run shows them still', async () => {
  const engine = await open({ workflows: [changing] });
  const handle = await engine.start(changing, undefined, {
    memo: { kept: true },
    searchAttributes: { customer: 'c1' },
  });
  await engine.runUntilIdle();
  expect(await handle.describe()).toMatchObject({
    memo: { kept: true, note: 'first', parts: new Set(['a']) },
    searchAttributes: { customer: 'c1', stage: 'packed', due: new Date(5), total: 1.5 },
  });
  await engine.crash();
  await handle.signal('go');
  await handle.result();
  const { items } = await engine.list({ workflowType: 'changing' });
  for (const description of [await handle.describe(), ...items]) {
    expect(description.memo).toEqual({ kept: true, more: new Date(7), parts: new Set(['a']) });
    expect(description.searchAttributes).toEqual({
      customer: 'c1',
      stage: 'sent',
      total: 1.5,
      tags: ['x', 'y'],
    });
  }
  expect(await eventTypes(handle)).toEqual([
    'WorkflowStarted',
    'SearchAttributesUpserted',
    'MemoUpserted',
    'SignalWaitOpened',
    'SignalReceived',
    'SearchAttributesUpserted',
    'MemoUpserted',
    'WorkflowCompleted',
  ]);
});

test('B18 a terminated run and a blocked one show what was upserted', async () => {
  const engine = await open({ workflows: [changing] });
  const handle = await engine.start(changing);
  await engine.runUntilIdle();
  await handle.terminate();
  expect(await handle.describe()).toMatchObject({
    memo: { note: 'first' },
    searchAttributes: { stage: 'packed' },
  });

  const storage = await openStorage();
  const before = await open({ storage, workflows: [changing] });
  await before.start(changing, undefined, { id: 'w' });
  await before.runUntilIdle();
  await before.close();
  const other = defineWorkflow('changing', (ctx) => ctx.waitSignal('go'));
  const after = await open({ storage, startAt: before.now, workflows: [other] });
  await after.handle('w').signal('go');
  await after.runUntilIdle();
  expect(await after.handle('w').describe()).toMatchObject({
    status: 'blocked',
    memo: { note: 'first' },
    searchAttributes: { stage: 'packed' },
  });
});

/** What each call throws, by code. */
const refusing = (calls: (ctx: WorkflowContext) => (() => void)[]) =>
  defineWorkflow('refusing', async (ctx) => {
    const codes: unknown[] = [];
    for (const call of calls(ctx)) {
      try {
        call();
        codes.push('taken');
      } catch (error) {
        codes.push(codeOf(error));
      }
    }
    await ctx.sleep(1);
    return codes;
  });
const many = (count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, i]));

test('B18 limits of search attributes: number, names, keywords, texts, size in all', async () => {
  const workflow = refusing((ctx) => [
    () => ctx.upsertSearchAttributes(many(100)),
    () => ctx.upsertSearchAttributes({ another: 1 }),
    () => ctx.upsertSearchAttributes({ n0: null, ['k'.repeat(129)]: 1 }),
    () => ctx.upsertSearchAttributes({ n0: null, ['k'.repeat(128)]: 1 }),
    () => ctx.upsertSearchAttributes({ n1: null, text: 't'.repeat(2_049) }),
    () => ctx.upsertSearchAttributes({ n1: null, text: 't'.repeat(2_048) }),
    () => ctx.upsertSearchAttributes({ n2: null, list: ['k'.repeat(256)] }),
    () =>
      ctx.upsertSearchAttributes({
        n3: null,
        list: Array.from({ length: 300 }, (_, i) => `${i}${'k'.repeat(250)}`),
      }),
    () => ctx.upsertSearchAttributes({ n4: { an: 'object' } as never }),
    () => ctx.upsertSearchAttributes(null as never),
  ]);
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual([
    'taken',
    'invalid_argument',
    'invalid_argument',
    'taken',
    'invalid_argument',
    'taken',
    'invalid_argument',
    'payload_too_large',
    'invalid_argument',
    'invalid_argument',
  ]);
});

test('B18 limits of the memo: number, names, size of a value, size in all', async () => {
  const workflow = refusing((ctx) => [
    () => ctx.upsertMemo(many(100)),
    () => ctx.upsertMemo({ another: 1 }),
    () => ctx.upsertMemo({ n0: 'x'.repeat(10 * 1024) }),
    () => ctx.upsertMemo({ n0: 'x'.repeat(10 * 1024 - 2) }),
    () => ctx.upsertMemo({ n1: null, ['k'.repeat(129)]: 1 }),
    () => ctx.upsertMemo(Object.fromEntries(Object.keys(many(30)).map((name) => [name, 'x'.repeat(10_000)]))),
    () => ctx.upsertMemo({ n1: () => 1 }),
    () => ctx.upsertMemo([] as never),
  ]);
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual([
    'taken',
    'invalid_argument',
    'invalid_argument',
    'taken',
    'invalid_argument',
    'payload_too_large',
    'payload_invalid',
    'invalid_argument',
  ]);
});

test('B18 B31 a start has the same limits of the memo, so that whatever a run began with can be changed', async () => {
  const full = Object.fromEntries(Object.keys(many(26)).map((name) => [name, 'x'.repeat(10_000)]));
  const changing = defineWorkflow('changing', async (ctx): Promise<void> => {
    ctx.upsertMemo({ n0: 'changed' });
  });
  const engine = await open({ workflows: [changing] });
  const codes: unknown[] = [];
  const memos: Record<string, unknown>[] = [
    many(101),
    { ['k'.repeat(129)]: 1 },
    { large: 'x'.repeat(10 * 1024) },
    { ...full, more: 'x'.repeat(10_000) },
  ];
  for (const memo of memos) {
    const error: unknown = await engine
      .start(changing, undefined, { memo })
      .catch((reason: unknown) => reason);
    codes.push((error as { code?: string }).code);
  }
  expect(codes).toEqual(['invalid_argument', 'invalid_argument', 'invalid_argument', 'payload_too_large']);
  expect(await engine.count()).toBe(0);
  const handle = await engine.start(changing, undefined, { memo: full });
  await handle.result();
  expect((await handle.describe()).memo).toEqual({ ...full, n0: 'changed' });
});

test('B18 declared attributes keep to their types; of undeclared ones the first value decides', async () => {
  const calls = (ctx: WorkflowContext): (() => void)[] => [
    () => ctx.upsertSearchAttributes({ total: 1 }),
    () => ctx.upsertSearchAttributes({ total: 'much' }),
    () => ctx.upsertSearchAttributes({ unknown: 'x' }),
    () => ctx.upsertSearchAttributes({ total: null, unknown: null }),
  ];
  const free = refusing(calls);
  const declared = defineWorkflow('declared', { searchAttributes: { total: 'int' } }, free.fn as never);
  const engine = await open({ workflows: [free, declared] });
  expect(await engine.execute(free)).toEqual(['taken', 'invalid_argument', 'taken', 'taken']);
  expect(await engine.execute(declared)).toEqual(['taken', 'invalid_argument', 'invalid_argument', 'taken']);
});

test('B18 names that every object has are names like others', async () => {
  const named = refusing((ctx) =>
    ['constructor', 'toString', 'hasOwnProperty'].map((name) => () => {
      ctx.upsertSearchAttributes({ [name]: 'text' });
      ctx.upsertMemo({ [name]: 'text' });
    }),
  );
  const engine = await open({ workflows: [named] });
  const handle = await engine.start(named);
  expect(await handle.result()).toEqual(['taken', 'taken', 'taken']);
  const { searchAttributes, memo } = await handle.describe();
  expect(Object.entries(searchAttributes)).toEqual(Object.entries(memo));
  expect(await engine.count({ query: "constructor = 'text' AND toString = 'text'" })).toBe(1);
});

test('B18 a refused upsert that nobody catches fails the workflow', async () => {
  const careless = defineWorkflow('careless', async (ctx) => ctx.upsertSearchAttributes(many(101)));
  const engine = await open({ workflows: [careless] });
  const handle = await engine.start(careless);
  await expect(handle.result()).rejects.toMatchObject({ failure: { code: 'invalid_argument' } });
  expect((await handle.describe()).searchAttributes).toEqual({});
});

test('B18 what was recorded stands, whatever code says now: other values and another declaration are no divergence', async () => {
  const storage = await openStorage();
  const version = (value: string | number) =>
    defineWorkflow(
      'v',
      { searchAttributes: { a: typeof value === 'string' ? 'keyword' : 'int' } },
      async (ctx) => {
        ctx.upsertSearchAttributes({ a: value });
        await ctx.waitSignal('go');
      },
    );
  const before = await open({ storage, workflows: [version('old')] });
  await before.start('v', undefined, { id: 'w' });
  await before.runUntilIdle();
  await before.close();
  const after = await open({ storage, startAt: before.now, workflows: [version(7)] });
  await after.handle('w').signal('go');
  await after.handle('w').result();
  expect((await after.handle('w').describe()).searchAttributes).toEqual({ a: 'old' });
});

test('B18 a memo is sealed by payload codecs, and so is the state of a blocked run', async () => {
  const reversed = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes).reverse();
  const codecs: PayloadCodec[] = [{ id: 'reverse', encode: reversed, decode: reversed }];
  const secret = defineWorkflow('secret', async (ctx) => {
    ctx.upsertMemo({ key: 'TOPSECRET' });
    ctx.setState('TOPSECRET');
    await ctx.waitSignal('go');
    await new Promise(() => undefined);
  });
  const storage = await openStorage();
  const engine = await open({ storage, codecs, workflows: [secret] });
  const handle = await engine.start(secret);
  await engine.runUntilIdle();
  await handle.signal('go');
  await engine.runUntilIdle();
  expect(await handle.describe()).toMatchObject({
    status: 'blocked',
    memo: { key: 'TOPSECRET' },
    state: 'TOPSECRET',
  });
  const stored = await storage.open();
  const run = await stored.readRun(handle.runId as never);
  await stored.close();
  expect(run?.body).not.toContain('TOPSECRET');
});

test('B18 C8 what was upserted goes on in the next run of the chain', async () => {
  const chain = defineWorkflow('chain', async (ctx, round: number): Promise<void> => {
    if (round > 0) return;
    ctx.upsertSearchAttributes({ stage: 'second', dropped: null });
    ctx.upsertMemo({ note: 'upserted' });
    ctx.continueAsNew(1);
  });
  const engine = await open({ workflows: [chain] });
  const handle = await engine.start(chain, 0, {
    memo: { kept: 1 },
    searchAttributes: { stage: 'first', dropped: true },
  });
  await handle.result();
  expect(await handle.describe()).toMatchObject({ runNumber: 2, memo: { kept: 1, note: 'upserted' } });
  expect((await handle.describe()).searchAttributes).toEqual({ stage: 'second' });
});
