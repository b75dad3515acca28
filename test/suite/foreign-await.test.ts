import { openStorage, suiteMode } from '#storage';
import {
  defineWorkflow,
  ForeignAwaitError,
  replay,
  WaitTimeoutError,
  WorkflowFailedError,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { gate, open, rejection } from './kit.js';

test('F7 a workflow that waits for something of its own is blocked with the diagnosis', async () => {
  const workflow = defineWorkflow('foreign', () => new Promise<void>(() => undefined));
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await engine.runUntilIdle();
  const { status, blocked } = await handle.describe();
  expect(status).toBe('blocked');
  expect(blocked?.code).toBe('foreign_await');
  expect(blocked?.message).toContain('setTimeout');
  await rejection(ForeignAwaitError, replay([workflow], await handle.exportHistory()));
});

test('F7 a workflow that goes on outside of its turn is blocked, and nothing of it is recorded', async () => {
  const outside = gate();
  const later = gate<unknown>();
  const workflow = defineWorkflow('sneaks', async (ctx) => {
    void outside.passed.then(() => {
      try {
        void ctx.sleep(1);
        later.pass('accepted');
      } catch (error) {
        later.pass(error);
      }
    });
    await ctx.waitSignal('go');
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await engine.runUntilIdle();
  outside.pass();
  expect(await later.passed).toBeInstanceOf(ForeignAwaitError);
  await engine.runUntilIdle();
  const { status, historyLength } = await handle.describe();
  expect(historyLength).toBe(2);
  expect(['waiting', 'blocked']).toContain(status);
});

test('F7 a race that something foreign wins blocks the run, and nothing of it is recorded', async () => {
  const outside = gate();
  const workflow = defineWorkflow('foreign-race', async (ctx) => {
    const foreign = ctx.sleep(1).then(() => outside.passed);
    const { key } = await ctx.race({ foreign, slow: ctx.sleep('1d') });
    return key;
  });
  const engine = await open({ workflows: [workflow], autoSkip: false });
  const handle = await engine.start(workflow);
  await engine.advance(1);
  const { historyLength } = await handle.describe();
  outside.pass();
  await new Promise((resolve) => setTimeout(resolve, 0));
  await engine.runUntilIdle();
  const { status, blocked, historyLength: after } = await handle.describe();
  expect(after).toBe(historyLength);
  expect(['waiting', 'blocked']).toContain(status);
  // On a replay from the start the foreign promise is settled already, and wins where history has nothing of it.
  if (blocked) expect(['foreign_await', 'nondeterminism']).toContain(blocked.code);
});

test('F7 what returns nothing blocks the run from outside of its turn, and throws nothing into the stack of a timer', async () => {
  const outside = gate();
  const later = gate<unknown>();
  const workflow = defineWorkflow('timer', async (ctx) => {
    const slow = ctx.sleep('1d');
    void outside.passed.then(() => {
      const calls: (() => void)[] = [
        () => ctx.setState('sneaked'),
        () => ctx.setState('again'),
        () => ctx.onQuery('q', () => 1),
        () => slow.cancel(),
        () => ctx.upsertMemo({ a: 1 }),
      ];
      try {
        for (const call of calls) call();
        later.pass('nothing thrown');
      } catch (error) {
        later.pass(error);
      }
    });
    await ctx.waitSignal('go');
  });
  const engine = await open({ workflows: [workflow], autoSkip: false });
  const handle = await engine.start(workflow);
  await engine.runUntilIdle();
  const { historyLength } = await handle.describe();
  outside.pass();
  expect(await later.passed).toBe('nothing thrown');
  await engine.runUntilIdle();
  const { status, state, historyLength: after } = await handle.describe();
  expect(state).toBeUndefined();
  expect(after).toBe(historyLength);
  expect(['waiting', 'blocked']).toContain(status);
});

test('F7 the way out is to move the work into an activity: then the run goes on by itself', async () => {
  const storage = await openStorage();
  const foreign = defineWorkflow('fetches', () => new Promise<string>(() => undefined));
  const first = await open({ storage, workflows: [foreign] });
  await first.start(foreign, undefined, { id: 'w' });
  await first.runUntilIdle();
  expect((await first.handle('w').describe()).status).toBe('blocked');
  await first.close();
  const repaired = defineWorkflow('fetches', (ctx) => ctx.step('fetch', () => 'fetched'));
  const second = await open({ storage, startAt: first.now, workflows: [repaired] });
  expect(await second.handle('w').result()).toBe('fetched');
});

test('F6 any number of awaits of the own code is fine', async () => {
  const workflow = defineWorkflow('deep', async (ctx) => {
    let depth = 0;
    for (; depth < 5_000; depth++) await Promise.resolve();
    await ctx.sleep(1);
    for (; depth < 10_000; depth++) await null;
    return depth;
  });
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toBe(10_000);
});

test('F7 a context that is used after the end throws, and changes nothing', async () => {
  let kept: { sleep(ms: number): unknown } | undefined;
  const workflow = defineWorkflow('ended', async (ctx) => {
    kept = ctx;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.result();
  expect(() => kept?.sleep(1)).toThrow(ForeignAwaitError);
  expect(await handle.describe()).toMatchObject({ status: 'completed', historyLength: 2 });
});

test('F7 a workflow that is no async function still works, and what it throws fails it', async () => {
  const direct = defineWorkflow('direct', (ctx) => ctx.sleep(1).then(() => 'slept'));
  const throwing = defineWorkflow('throwing', () => {
    throw new RangeError('directly');
  });
  const engine = await open({ workflows: [direct, throwing] });
  expect(await engine.execute(direct)).toBe('slept');
  expect((await rejection(WorkflowFailedError, engine.execute(throwing))).failure.name).toBe('RangeError');
});

test('A2 the wait for the result of a blocked run says that it is blocked, why, and what to do', async () => {
  const workflow = defineWorkflow('foreign', () => new Promise<void>(() => undefined));
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  for (const timeout of ['1m', 0] as const) {
    const { message } = await rejection(WaitTimeoutError, handle.result({ timeout }));
    expect(message).toContain('it is blocked');
    expect(message).toContain((await handle.describe()).blocked?.message);
    expect(message).toContain('handle.repair()');
  }
});

// With every run evicted, the ctx of a step belongs to nobody any more: its call fails the step, like that of any old ctx.
test.skipIf(suiteMode.alwaysEvict === true)(
  'F7 a ctx that is used inside a step blocks the run, and the diagnosis says so',
  async () => {
    const workflow = defineWorkflow('nested', (ctx) =>
      ctx.step('s', async () => {
        await ctx.sleep(1);
      }),
    );
    const engine = await open({ workflows: [workflow] });
    const handle = await engine.start(workflow);
    await engine.runUntilIdle();
    const { status, blocked } = await handle.describe();
    expect(status).toBe('blocked');
    expect(blocked?.message).toContain('In a step or an activity ctx cannot be used');
  },
);
