import { openStorage } from '#storage';
import type { ChildWorkflowError, Client } from '@perdure/core';
import { defineWorkflow, replay, signal, type HistoryBundle, type PayloadCodec } from '@perdure/core';
import type { TestEngine } from '@perdure/testing';
import { expect, test } from 'vitest';
import { clientOf, codeOf, open } from './kit.js';

const waits = defineWorkflow('waits', { messages: { go: signal<string>() } }, async (ctx) =>
  ctx.waitSignal('go'),
);
const shout = defineWorkflow('shout', { taskQueue: 'far' }, async (_ctx, word: string) => word.toUpperCase());

test('A15 a child may run on another queue, in another process', async () => {
  const parent = defineWorkflow('parent', async (ctx) => {
    const byDefinition = ctx.runChild(shout, 'a');
    const byName = ctx.runChild('shout', 'b', { taskQueue: 'far' });
    await ctx.external('listener').signal('go', 'heard');
    return ctx.all([byDefinition, byName]);
  });
  const storage = await openStorage();
  const near = await open({ storage, workflows: [parent] });
  const far = await open({ storage, workflows: [shout, waits], taskQueues: ['far'] });
  const listener = await far.start(waits, undefined, { id: 'listener', taskQueue: 'far' });
  expect(await near.execute(parent)).toEqual(['A', 'B']);
  expect(await listener.result()).toBe('heard');
});

test('C7 a parent that is terminated by a client alone leaves its policy to the next worker', async () => {
  const parent = defineWorkflow('parent', async (ctx) => {
    await ctx.runChild(waits, undefined, { id: 'child' });
  });
  const storage = await openStorage();
  const first = await open({ storage, workflows: [parent, waits] });
  const handle = await first.start(parent, undefined, { id: 'parent' });
  await first.runUntilIdle();
  await first.close({ grace: 0 });
  const client = await clientOf(first, storage);
  await client.handle('parent', handle.runId).terminate('by hand');
  const second = await open({ storage, workflows: [parent, waits], startAt: first.now });
  await second.runUntilIdle();
  expect(await second.handle('child').describe()).toMatchObject({
    status: 'cancelled',
    closedReason: 'The parent workflow has ended',
  });
});

test('C7 a child that a client ends alone tells its parent in the same commit', async () => {
  const parent = defineWorkflow('parent', async (ctx) => {
    const error: unknown = await ctx.runChild(waits, undefined, { id: 'child' }).catch((e: unknown) => e);
    return codeOf(error);
  });
  const storage = await openStorage();
  const first = await open({ storage, workflows: [parent, waits] });
  await first.start(parent, undefined, { id: 'parent' });
  await first.runUntilIdle();
  await first.close({ grace: 0 });
  const client = await clientOf(first, storage);
  await client.handle('child').terminate();
  const second = await open({ storage, workflows: [parent, waits], startAt: first.now });
  expect(await second.handle('parent').result()).toBe('child_workflow_terminated');
});

test('C7 a blocked parent that is terminated has its policy applied all the same', async () => {
  const was = defineWorkflow('parent', async (ctx) => {
    await ctx.runChild(waits, undefined, { id: 'child' });
  });
  const is = defineWorkflow('parent', async (ctx) => {
    await ctx.sleep('1h');
  });
  const storage = await openStorage();
  const first = await open({ storage, workflows: [was, waits] });
  await first.start(was, undefined, { id: 'parent' });
  await first.runUntilIdle();
  await first.close({ grace: 0 });
  const second = await open({ storage, workflows: [is, waits], startAt: first.now });
  const handle = second.handle('parent');
  await handle.query('any').catch(() => undefined);
  await handle.signal('any');
  await second.runUntilIdle();
  expect((await handle.describe()).status).toBe('blocked');
  await handle.terminate();
  await second.runUntilIdle();
  expect((await second.handle('child').describe()).status).toBe('cancelled');
});

/** Turns each byte around, so that nothing is readable in the store. */
const turned: PayloadCodec = {
  id: 'turned',
  encode: async (bytes) => bytes.map((byte) => byte ^ 0xff),
  decode: async (bytes) => bytes.map((byte) => byte ^ 0xff),
};

test('C7 C8 values of children, signals and later runs pass the codecs', async () => {
  const chain = defineWorkflow('chain', async (ctx, seen: string[]) => {
    seen.push((await ctx.waitSignal('word')) as string);
    return seen.length < 3 ? ctx.continueAsNew(seen) : seen;
  });
  const parent = defineWorkflow('parent', async (ctx, words: string[]) => {
    const child = ctx.runChild(chain, [], { id: 'chain', memo: { of: words } });
    for (const word of words) await child.signal('word', word);
    return child;
  });
  const fails = defineWorkflow('fails', async () => {
    throw Object.assign(new Error('secret'), { details: { word: 'secret' } });
  });
  const catches = defineWorkflow('catches', async (ctx) => {
    const error: unknown = await ctx.runChild(fails).catch((e: unknown) => e);
    return ((error as ChildWorkflowError).cause as { details?: unknown }).details;
  });
  const engine = await open({ workflows: [chain, parent, fails, catches], codecs: [turned] });
  expect(await engine.execute(parent, ['x', 'y', 'z'])).toEqual(['x', 'y', 'z']);
  expect((await engine.handle('chain').describe()).memo).toEqual({ of: ['x', 'y', 'z'] });
  expect(await engine.execute(catches)).toEqual({ word: 'secret' });
});

test('A19 the history of every run of a family replays', async () => {
  const flaky = defineWorkflow('flaky', { retry: { maximumAttempts: 2 } }, async (ctx, n: number) => {
    if (ctx.info.attempt === 1) throw new Error('first');
    return n < 1 ? ctx.continueAsNew(n + 1) : ctx.info.runNumber;
  });
  const parent = defineWorkflow('parent', async (ctx) => {
    const child = ctx.runChild(flaky, 0, { id: 'flaky' });
    const hopeless = await ctx.allSettled([ctx.external('nobody').cancel(), ctx.runChild('nobody')]);
    const left = ctx.runChild(waits, undefined, { id: 'left' });
    await left.started;
    left.cancel('not needed');
    await child;
    return hopeless.map((one) => one.status);
  });
  const workflows = [flaky, parent, waits];
  const engine = await open({ workflows });
  const handle = await engine.start(parent, undefined, { id: 'parent' });
  expect(await handle.result()).toEqual(['rejected', 'rejected']);
  await engine.runUntilIdle();
  const bundles: HistoryBundle[] = [];
  for (const id of ['parent', 'flaky', 'left'])
    for (const { runId } of await engine.handle(id).runs())
      bundles.push(await engine.handle(id, runId).exportHistory());
  expect(bundles.length).toBe(6);
  const ends = await Promise.all(bundles.map((bundle) => replay(workflows, bundle)));
  expect(ends.map(({ status }) => status)).toEqual([
    'completed',
    'failed',
    'continued_as_new',
    'failed',
    'completed',
    'cancelled',
  ]);
});

test('A15 waiting for a child no longer than so long leaves it running, or cancels it, as it is asked for', async () => {
  const parent = defineWorkflow('parent', async (ctx) => {
    const left = ctx.runChild(waits, undefined, { id: 'left', parentClosePolicy: 'abandon' });
    const late = await Promise.race([left, ctx.sleep('1m').then(() => 'late')]);
    const lost = await ctx.race({
      child: ctx.runChild(waits, undefined, { id: 'lost' }),
      time: ctx.sleep('1m'),
    });
    return [late, lost.key];
  });
  const engine = await open({ workflows: [parent, waits] });
  expect(await engine.execute(parent)).toEqual(['late', 'time']);
  await engine.runUntilIdle();
  expect((await engine.handle('left').describe()).status).toBe('waiting');
  expect((await engine.handle('lost').describe()).status).toBe('cancelled');
});

/** Lets the worker die with an errand of the run that is signalled, whose lease has to run out before another one does it. */
async function dyingWith(
  engine: TestEngine,
  client: Client,
  workflowId: string,
  name: string,
): Promise<void> {
  await engine.runUntilIdle();
  const crashed = engine.crash({ at: 'after-commit', keepLeases: true });
  await client.handle(workflowId).signal(name);
  await crashed;
}

test('C7 what the end of a parent comes to late does not hit the child of a later run that has its id', async () => {
  const parent = defineWorkflow('parent', async (ctx, fails: boolean): Promise<unknown> => {
    const child = ctx.runChild(waits, undefined, { id: 'child' });
    if (!fails) return child;
    await ctx.waitSignal('fail');
    throw new Error('on purpose');
  });
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [parent, waits] });
  await engine.start(parent, true, { id: 'p' });
  await dyingWith(engine, await clientOf(engine, storage), 'p', 'fail');
  await engine.handle('child').terminate();
  const again = await engine.start(parent, false, { id: 'p', duplicatePolicy: 'allow' });
  await engine.advance('5m');
  await engine.handle('child').signal('go', 'fine');
  expect(await again.result()).toBe('fine');
});

test('C7 a late cancel request for a child does not hit the next one that has its id', async () => {
  const parent = defineWorkflow('parent', async (ctx): Promise<unknown> => {
    const first = ctx.runChild(waits, undefined, { id: 'child' });
    await ctx.waitSignal('stop');
    first.cancel();
    await ctx.waitSignal('again');
    return ctx.runChild(waits, undefined, { id: 'child' });
  });
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [parent, waits] });
  const handle = await engine.start(parent, undefined, { id: 'p' });
  await dyingWith(engine, await clientOf(engine, storage), 'p', 'stop');
  await engine.handle('child').terminate();
  await handle.signal('again');
  await engine.advance('5m');
  await engine.handle('child').signal('go', 'fine');
  expect(await handle.result()).toBe('fine');
});
