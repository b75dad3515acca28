import { defineWorkflow, signal, type ChildWorkflowError } from '@perdure/core';
import type { Cases } from '../golden-case.js';

const double = defineWorkflow('double', async (_ctx, n: number) => n * 2);
const fails = defineWorkflow('fails', async (_ctx, message: string): Promise<never> => {
  throw new RangeError(message, { cause: new Error('why') });
});
const waits = defineWorkflow('waits', { messages: { go: signal<unknown>() } }, async (ctx) =>
  ctx.waitSignal('go'),
);

const parent = defineWorkflow('parent', async (ctx) => {
  const child = ctx.runChild(waits, undefined, {
    id: 'waiting-child',
    parentClosePolicy: 'request_cancel',
    memo: { of: 'parent' },
    executionTimeout: '2d',
  });
  await child.started;
  await child.signal('go', new Map([[1, 'one']]));
  return [await ctx.runChild(double, 4), await child];
});
const disappointed = defineWorkflow('disappointed', async (ctx) => {
  const retry = { maximumAttempts: 1 };
  const kinds = await ctx.allSettled([
    ctx.runChild(fails, 'no', { retry }),
    ctx.runChild(waits, undefined, { id: 'taken' }),
    ctx.runChild(waits, undefined, { id: 'late', runTimeout: '1m', retry }),
    ctx.runChild(waits, undefined, { id: 'ended' }),
    ctx.runChild(waits, undefined, { id: 'stopped' }),
  ]);
  return kinds.map((end) => end.status === 'rejected' && (end.reason as ChildWorkflowError).kind);
});
const changesItsMind = defineWorkflow('changesItsMind', async (ctx) => {
  const child = ctx.runChild(waits, undefined, { id: 'unwanted' });
  await child.started;
  child.cancel('not needed');
  const caught = await child.catch((error: unknown) => (error as Error).name);
  await ctx.sleep('1m');
  return caught;
});
const reaches = defineWorkflow('reaches', async (ctx) => {
  await ctx.external('reached').signal('go', { from: 'outside' });
  await ctx.external('reached-too').cancel('from outside');
  return ctx
    .external('nobody')
    .signal('go')
    .catch((error: unknown) => (error as Error).name);
});
const counts = defineWorkflow('counts', async (ctx, n: number) => {
  await ctx.sleep('1m');
  return n < 2 ? ctx.continueAsNew(n + 1) : n;
});
const tries = defineWorkflow(
  'tries',
  { retry: { initialInterval: '1s', maximumAttempts: 3 } },
  async (ctx) => {
    await ctx.sleep(1);
    if (ctx.info.attempt < 3) throw new Error(`attempt ${ctx.info.attempt}`);
    return ctx.info.attempt;
  },
);

export const others: Cases = [
  {
    name: 'children',
    workflows: [parent, double, waits],
    output: () => [8, new Map([[1, 'one']])],
    record: (engine) => engine.execute(parent, undefined, { id: 'children' }),
  },
  {
    name: 'children-that-fail',
    workflows: [disappointed, fails, waits],
    record: async (engine) => {
      await engine.start(waits, undefined, { id: 'taken' });
      const handle = await engine.start(disappointed, undefined, { id: 'children-that-fail' });
      await engine.runUntilIdle();
      await engine.handle('ended').terminate('by hand');
      await engine.handle('stopped').cancel({ reason: 'by hand' });
      await handle.result();
      await engine.handle('taken').signal('go');
      await engine.handle('taken').result();
    },
  },
  {
    name: 'child-cancelled',
    workflows: [changesItsMind, waits],
    output: () => 'ChildWorkflowError',
    record: (engine) => engine.execute(changesItsMind, undefined, { id: 'child-cancelled' }),
  },
  {
    name: 'other-workflows',
    workflows: [reaches, waits],
    output: () => 'WorkflowNotFoundError',
    record: async (engine) => {
      for (const id of ['reached', 'reached-too']) await engine.start(waits, undefined, { id });
      await engine.execute(reaches, undefined, { id: 'other-workflows' });
      await engine.handle('reached').result();
      await engine.handle('reached-too').result().catch(String);
    },
  },
  {
    name: 'continue-as-new',
    workflows: [counts],
    record: (engine) => engine.execute(counts, 0, { id: 'continue-as-new' }),
  },
  { name: 'workflow-retry', workflows: [tries] },
  {
    name: 'fork',
    workflows: [counts],
    record: async (engine) => {
      const handle = await engine.start(counts, 2, { id: 'forked' });
      await handle.result();
      const fork = await handle.fork({ seq: 2, id: 'fork', reason: 'to look' });
      await fork.result();
    },
  },
];
