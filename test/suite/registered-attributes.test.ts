import { openStorage } from '#storage';
import {
  defineWorkflow,
  InvalidArgumentError,
  isPerdureError,
  replay,
  type WorkflowContext,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { bent } from './bent-storage.js';
import { clientOf, codeOf, eventTypes, gate, open } from './kit.js';

/** What the namespace said to these values; undefined where it took them. */
function saidTo(ctx: WorkflowContext, values: Record<string, unknown>): string | undefined {
  try {
    ctx.upsertSearchAttributes(values);
    return undefined;
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    return error.issues[0]?.message;
  }
}

const asked = defineWorkflow('asked', async (ctx) => {
  const first = saidTo(ctx, { total: 'much', city: 'Bern' });
  const second = saidTo(ctx, { total: 3 });
  const third = await ctx.waitSignal('set');
  return [first, second, saidTo(ctx, third as Record<string, unknown>)];
});
const isNoInt = 'must be of type int, as it is registered in this namespace';

test('B18 values of another type than is registered are refused in a run, which keeps what it has and replays equal', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [asked] });
  const client = await clientOf(engine, storage);
  await client.searchAttributes.create('total', 'int');
  const handle = await engine.start(asked);
  await engine.runUntilIdle();
  expect((await handle.describe()).searchAttributes).toEqual({ total: 3 });
  await client.searchAttributes.create('city', 'keyword');
  await handle.signal('set', { total: 1.5, city: 'Bonn' });
  expect(await handle.result()).toEqual([isNoInt, undefined, isNoInt]);
  expect((await handle.describe()).searchAttributes).toEqual({ total: 3 });
  expect(await eventTypes(handle)).toEqual([
    'WorkflowStarted',
    'SearchAttributesUpserted',
    'SearchAttributesUpserted',
    'SignalWaitOpened',
    'SignalReceived',
    'SearchAttributesUpserted',
    'WorkflowCompleted',
  ]);
  const replayed = await replay([asked], await handle.exportHistory());
  expect(replayed.output).toEqual([isNoInt, undefined, isNoInt]);
  expect((await handle.at(3)).description.searchAttributes).toEqual({ total: 3 });
});

test('B18 what was taken or refused stays so for a run, whatever is registered later', async () => {
  const engine = await open({ workflows: [asked] });
  await engine.searchAttributes.create('total', 'int');
  const handle = await engine.start(asked);
  await engine.runUntilIdle();
  await engine.searchAttributes.delete('total');
  await engine.searchAttributes.create('total', 'keyword');
  await engine.crash();
  await handle.signal('set', { total: 4 });
  expect(await handle.result()).toEqual([
    isNoInt,
    undefined,
    'must be of type keyword, as it is registered in this namespace',
  ]);
});

test('B18 a run in memory hears of an attribute that was registered meanwhile, and does nothing twice', async () => {
  let begun = 0;
  const counted = defineWorkflow('counted', async (ctx) => {
    const before = saidTo(ctx, { total: 'much' });
    await ctx.waitSignal('go');
    begun += 1;
    const id = await ctx.step('once', () => begun);
    const after = [saidTo(ctx, { total: 'more' }), saidTo(ctx, { total: 5 })];
    await ctx.step('twice', () => 0);
    return [before, id, ...after];
  });
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [counted] });
  const handle = await engine.start(counted);
  await engine.runUntilIdle();
  await (await clientOf(engine, storage)).searchAttributes.create('total', 'int');
  await handle.signal('go');
  // It has a text, and keeps to it until that is removed.
  expect(await handle.result()).toEqual([
    undefined,
    1,
    isNoInt,
    'is a string and cannot become a number; remove it first',
  ]);
});

test('B18 a refusal that the code does not catch fails the run', async () => {
  const engine = await open({
    workflows: [defineWorkflow('w', async (ctx) => ctx.upsertSearchAttributes({ total: 'x' }))],
  });
  await engine.searchAttributes.create('total', 'int');
  const error: unknown = await engine.execute('w').catch((thrown: unknown) => thrown);
  expect(isPerdureError(error) && codeOf(error.cause)).toBe('invalid_argument');
  expect((error as Error).message).toContain('total');
});

test('A15 B18 a child whose attributes are of another type than is registered does not start', async () => {
  const child = defineWorkflow('child', async () => 1);
  const parent = defineWorkflow('parent', async (ctx) => {
    const searchAttributes = { total: 'x' };
    return ctx
      .runChild(child, undefined, { id: 'c', searchAttributes })
      .catch((error: unknown) => String(error));
  });
  const engine = await open({ workflows: [parent, child] });
  await engine.searchAttributes.create('total', 'int');
  expect(await engine.execute(parent)).toContain('searchAttributes.total: must be of type int');
  expect(await engine.count({ workflowType: 'child' })).toBe(0);
});

test('B18 a fork takes over what was refused', async () => {
  const engine = await open({ workflows: [asked] });
  await engine.searchAttributes.create('total', 'int');
  const handle = await engine.start(asked);
  await handle.signal('set', {});
  await handle.result();
  const fork = await handle.fork({ seq: 4 });
  expect((await fork.describe()).searchAttributes).toEqual({ total: 3 });
});

test('B18 a query of a run that has not begun sees what is registered', async () => {
  const workflow = defineWorkflow('w', async (ctx) => {
    const said = saidTo(ctx, { total: 'x' });
    ctx.onQuery('said', () => said);
    await ctx.waitSignal('stop');
  });
  const engine = await open({ workflows: [workflow] });
  await engine.searchAttributes.create('total', 'int');
  const handle = await engine.start(workflow, undefined, { startDelay: '1m' });
  expect(await handle.query('said')).toBe(isNoInt);
});

test('B18 an outcome that an activation had no use for counts where it is done again for what is registered', async () => {
  const finish = gate();
  let runs = 0;
  let armed = false;
  const storage = bent(await openStorage(), {
    readTasks: async (call, ...args) => {
      const found = await call(...args);
      if (armed) {
        armed = false;
        finish.pass(); // the outcome comes behind the signal, before the activation
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      return found;
    },
  });
  const workflow = defineWorkflow('w', async (ctx) => {
    const slow = ctx.step(
      'slow',
      async () => {
        runs += 1;
        await finish.passed;
        return runs;
      },
      { scheduleToStartTimeout: '1h' },
    );
    slow.catch(() => undefined);
    await ctx.waitSignal('go');
    if (saidTo(ctx, { total: 'x' }) !== undefined) return slow;
    slow.cancel();
    return 'cancelled';
  });
  const engine = await open({ storage, workflows: [workflow] });
  const handle = await engine.start(workflow);
  await expect.poll(() => runs).toBe(1);
  await (await clientOf(engine, storage)).searchAttributes.create('total', 'int');
  armed = true;
  await handle.signal('go');
  expect(await handle.result()).toBe(1);
});
