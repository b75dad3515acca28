import { defineActivity, defineWorkflow, isCancelled, query, signal, update } from '@perdure/core';
import type { Cases } from '../golden-case.js';

const double = defineActivity('double', (n: number) => n * 2);
const fails = defineActivity('fails', { retry: { maximumAttempts: 1 } }, (message: string): never => {
  throw new Error(message);
});

const timers = defineWorkflow('timers', async (ctx) => {
  const start = ctx.now();
  await ctx.sleep('1h');
  await ctx.sleep(-1);
  await ctx.sleep(0);
  await ctx.sleepUntil(new Date(start.getTime() + 7_200_000));
  return ctx.now().getTime() - start.getTime();
});
const conditions = defineWorkflow('conditions', async (ctx) => {
  let count = 0;
  ctx.onSignal('count', () => void (count += 1));
  await ctx.waitCondition(() => count === 2);
  const late = await ctx.waitCondition(() => count === 9, { timeout: '1m' });
  const atOnce = await ctx.waitCondition(() => true);
  return [late, atOnce];
});
const signals = defineWorkflow('signals', async (ctx) => {
  const first = await ctx.waitSignal('word');
  await ctx.sleep('1m');
  const second = await ctx.waitSignal('word', { timeout: '1m' });
  const none = await ctx.waitSignal('word', { timeout: '1m' });
  return [first, second, none];
});
const updates = defineWorkflow(
  'updates',
  { messages: { add: update<number, number>(), end: signal(), sum: query<void, number>() } },
  async (ctx) => {
    let sum = 0;
    ctx.onQuery('sum', () => sum);
    ctx.onUpdate(
      'add',
      async (n) => {
        await ctx.sleep('1s');
        if (n === 13) throw new RangeError('unlucky');
        return (sum += n);
      },
      {
        validate: (n) => {
          if (n < 0) throw new RangeError('negative');
        },
      },
    );
    await ctx.waitSignal('end');
    return sum;
  },
);
const combines = defineWorkflow('combines', async (ctx) => {
  const all = await ctx.all([ctx.runActivity(double, 1), ctx.sleep('1s').then(() => 'slept')]);
  const settled = await ctx.allSettled([ctx.runActivity(double, 2), ctx.runActivity(fails, 'no')]);
  const raced = await ctx.race({ work: ctx.runActivity(double, 3), late: ctx.sleep('1d') });
  const any = await ctx.any([ctx.runActivity(fails, 'no'), ctx.runActivity(double, 4)]);
  const mapped = await ctx.map([5, 6, 7], (n) => ctx.runActivity(double, n), { concurrency: 2 });
  const native = await Promise.all([ctx.runActivity(double, 8), ctx.runActivity(double, 9)]);
  return [all, settled.map(({ status }) => status), raced, any, mapped, native];
});
const scopes = defineWorkflow('scopes', async (ctx) => {
  const inner = await ctx
    .scope(async (scope) => {
      ctx.onSignal('off', () => scope.cancel('switched off'));
      await ctx.sleep('30d');
    })
    .catch((error: unknown) => (error as Error).message);
  const timeout = await ctx
    .withTimeout('1m', () => ctx.sleep('1d'))
    .catch((error: unknown) => (error as Error).name);
  return [inner, timeout];
});
const cleans = defineWorkflow('cleans', async (ctx) => {
  try {
    await ctx.waitSignal('never');
  } catch (error) {
    if (!isCancelled(error)) throw error;
    const cleaned = await ctx.nonCancellable(() => ctx.runActivity(double, 1));
    return [cleaned, ctx.signal.aborted];
  }
  return 'not cancelled';
});
const saga = defineWorkflow('saga', async (ctx) =>
  ctx
    .saga(async (undo) => {
      for (const n of [1, 2]) {
        await ctx.runActivity(double, n);
        undo(() => ctx.runActivity(double, -n));
      }
      await ctx.runActivity(fails, 'the third');
    })
    .catch((error: unknown) => (error as Error).name),
);

export const waits: Cases = [
  { name: 'timers', workflows: [timers], output: () => 7_200_000 },
  {
    name: 'conditions',
    workflows: [conditions],
    output: () => [false, true],
    record: async (engine) => {
      const handle = await engine.start(conditions, undefined, { id: 'conditions' });
      for (const id of ['one', 'two'])
        await engine.handle(handle.workflowId).signal('count', undefined, { id });
      await handle.result();
    },
  },
  {
    name: 'signals',
    workflows: [signals],
    output: () => [{ said: new Date(0) }, undefined, undefined],
    record: async (engine) => {
      const handle = engine.handle((await engine.start(signals, undefined, { id: 'signals' })).workflowId);
      await handle.signal('word', { said: new Date(0) }, { id: 'first' });
      await handle.signal('word', undefined, { id: 'second' });
      await handle.result();
    },
  },
  {
    name: 'updates',
    workflows: [updates],
    output: () => 5,
    record: async (engine) => {
      const handle = await engine.start(updates, undefined, { id: 'updates' });
      await Promise.all([handle.update('add', 2, { id: 'a' }), engine.advance('1m')]);
      for (const n of [13, -1]) {
        await Promise.allSettled([handle.update('add', n, { id: `u${n}` }), engine.advance('1m')]);
      }
      await Promise.all([handle.update('add', 3, { id: 'b' }), engine.advance('1m')]);
      await engine.handle('updates').query('sum');
      await engine.handle('updates').signal('end');
      await handle.result();
    },
  },
  {
    name: 'combinators',
    workflows: [combines],
    activities: [double, fails],
    output: () => [
      [2, 'slept'],
      ['fulfilled', 'rejected'],
      { key: 'work', value: 6 },
      8,
      [10, 12, 14],
      [16, 18],
    ],
  },
  {
    name: 'scopes',
    workflows: [scopes],
    output: () => ['switched off', 'ScopeTimeoutError'],
    record: async (engine) => {
      await engine.start(scopes, undefined, { id: 'scopes' });
      const handle = engine.handle('scopes');
      await handle.signal('off', undefined);
      await handle.result();
    },
  },
  {
    name: 'cancel-with-cleanup',
    workflows: [cleans],
    activities: [double],
    output: () => [2, true],
    record: async (engine) => {
      const handle = await engine.start(cleans, undefined, { id: 'cancel-with-cleanup' });
      await engine.runUntilIdle();
      await handle.cancel({ reason: 'enough' });
      await handle.result();
    },
  },
  { name: 'saga', workflows: [saga], activities: [double, fails], output: () => 'ActivityError' },
];
