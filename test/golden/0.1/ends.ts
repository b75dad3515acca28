import { defineActivity, defineWorkflow, type AnyWorkflow } from '@perdure/core';
import type { TestEngine } from '@perdure/testing';
import type { Cases } from '../golden-case.js';

const double = defineActivity('double', (n: number) => n * 2);

const waits = defineWorkflow('waits', (ctx) => ctx.waitSignal('never'));
const sleeps = defineWorkflow('sleeps', (ctx) => ctx.sleep('400d'));
const nothing = defineWorkflow('nothing', async () => undefined);
const throws = defineWorkflow('throws', async () => {
  const error = new AggregateError([new Error('one'), 'two'], 'many', { cause: new TypeError('deeper') });
  throw Object.assign(error, { code: 'E_MANY', details: { at: new Date(1) } });
});
const throwsText = defineWorkflow('throwsText', async () => {
  throw 'just text';
});
const throwsNothing = defineWorkflow('throwsNothing', async () => {
  throw undefined;
});
const straight = defineWorkflow('moves', async (ctx) => {
  await ctx.runActivity(double, 1);
  await ctx.waitSignal('go');
});
const crooked = defineWorkflow('moves', async (ctx) => {
  await ctx.sleep('1m');
  await ctx.waitSignal('go');
});
const timed = defineWorkflow('timed', { runTimeout: '1h' }, (ctx) => ctx.waitSignal('never'));
const timedAll = defineWorkflow('timedAll', { executionTimeout: '1h' }, (ctx) => ctx.waitSignal('never'));

const starts =
  (workflow: AnyWorkflow, id: string, then: (engine: TestEngine) => Promise<unknown>) =>
  async (engine: TestEngine): Promise<void> => {
    await engine.start(workflow, undefined, { id });
    await engine.runUntilIdle();
    await then(engine);
  };
const fails = (engine: TestEngine, workflow: AnyWorkflow, id: string): Promise<unknown> =>
  engine.execute(workflow, undefined, { id }).catch(String);

export const ends: Cases = [
  { name: 'returns-nothing', workflows: [nothing], output: () => undefined },
  {
    name: 'throws-an-error-with-causes',
    workflows: [throws],
    record: (engine) => fails(engine, throws, 'throws-an-error-with-causes'),
  },
  {
    name: 'throws-text',
    workflows: [throwsText],
    record: (engine) => fails(engine, throwsText, 'throws-text'),
  },
  {
    name: 'throws-undefined',
    workflows: [throwsNothing],
    record: (engine) => fails(engine, throwsNothing, 'throws-undefined'),
  },
  {
    name: 'cancelled',
    workflows: [sleeps],
    record: starts(sleeps, 'cancelled', async (engine) => {
      await engine.handle('cancelled').cancel({ reason: 'enough', cancelQueuedActivities: false });
      await engine.handle('cancelled').result().catch(String);
    }),
  },
  {
    name: 'terminated',
    workflows: [waits],
    record: starts(waits, 'terminated', (engine) => engine.handle('terminated').terminate('by force')),
  },
  {
    name: 'timed-out-run',
    workflows: [timed],
    record: starts(timed, 'timed-out-run', (engine) => engine.advance('2h')),
  },
  {
    name: 'timed-out-execution',
    workflows: [timedAll],
    record: starts(timedAll, 'timed-out-execution', (engine) => engine.advance('2h')),
  },
  {
    name: 'blocked',
    workflows: [straight],
    activities: [double],
    replayedBy: [crooked],
    rejects: 'nondeterminism',
    record: starts(straight, 'blocked', (engine) => engine.runUntilIdle()),
  },
  {
    name: 'open',
    workflows: [straight],
    activities: [double],
    record: starts(straight, 'open', (engine) => engine.runUntilIdle()),
  },
  {
    name: 'starts-with-everything',
    workflows: [nothing],
    options: { namespace: 'another' },
    record: (engine) =>
      engine.execute(nothing, undefined, {
        id: 'starts-with-everything',
        memo: { note: new Date(3) },
        searchAttributes: { city: 'Paris' },
        priority: 1,
        fairnessKey: 'tenant',
        fairnessWeight: 2,
        executionTimeout: '2d',
        runTimeout: '1d',
        retry: { maximumAttempts: 2 },
        startDelay: '1m',
      }),
  },
];
