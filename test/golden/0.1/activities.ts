import { ActivityError, defineActivity, defineWorkflow, NonRetryableError } from '@perdure/core';
import type { Cases } from '../golden-case.js';

const double = defineActivity('double', (n: number) => n * 2);
const fails = defineActivity('fails', (message: string) => {
  throw new NonRetryableError(message, { cause: new RangeError('the cause', { cause: 'its cause' }) });
});
const hangs = defineActivity('hangs', (_: void, { signal }) => {
  return new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
});
const flaky = defineActivity('flaky', (_: void, { info }) => {
  if (info.attempt < 3) throw new Error(`attempt ${info.attempt}`);
  return info.attempt;
});
const beats = defineActivity('beats', (_: void, activity) => {
  const last = activity.lastHeartbeat<Map<string, number>>();
  activity.heartbeat(new Map([['attempt', activity.info.attempt]]));
  if (!last) throw new Error('once more');
  return [...last];
});
let token = '';
const later = defineActivity<void, unknown>('later', (_, { info, completeLater }) => {
  token = info.taskToken;
  return completeLater();
});

const completes = defineWorkflow('completes', (ctx) => ctx.runActivity(double, 21));
const failsOne = defineWorkflow('failsOne', async (ctx) => {
  try {
    return await ctx.runActivity(fails, 'for good');
  } catch (error) {
    if (!(error instanceof ActivityError) || !(error.cause instanceof Error)) throw error;
    return [error.kind, error.cause.message, String(error.cause.cause)];
  }
});
const retries = defineWorkflow('retries', (ctx) =>
  ctx.runActivity(flaky, undefined, {
    retry: { initialInterval: '1s', backoffCoefficient: 3, maximumInterval: '1m', maximumAttempts: 5 },
  }),
);
const timesOut = defineWorkflow('timesOut', async (ctx) => {
  const retry = { maximumAttempts: 1 };
  const ends = await ctx.allSettled([
    ctx.runActivity(hangs, undefined, { retry, startToCloseTimeout: '1m' }),
    ctx.runActivity(hangs, undefined, { retry, scheduleToStartTimeout: '2m', taskQueue: 'nobody' }),
    ctx.runActivity(hangs, undefined, { retry, scheduleToCloseTimeout: '3m' }),
    ctx.runActivity(hangs, undefined, { retry, heartbeatTimeout: '4m' }),
  ]);
  return ends.map((end) => end.status === 'rejected' && (end.reason as ActivityError).timeout);
});
const cancelsOne = defineWorkflow('cancelsOne', async (ctx) => {
  const task = ctx.runActivity(hangs);
  await ctx.sleep('1s');
  task.cancel('no more');
  await ctx.sleep('1s');
  return task.catch((error: unknown) => (error as Error).name);
});
const optioned = defineWorkflow('optioned', (ctx) =>
  ctx.runActivity(double, 1, {
    priority: 2,
    fairnessKey: 'tenant',
    fairnessWeight: 3,
    summary: 'doubles one',
    requires: 'online',
    retry: { strategy: 'linear', intervals: ['1s', '5s'], nonRetryableErrors: ['TypeError'] },
  }),
);
const beating = defineWorkflow('beating', (ctx) => ctx.runActivity(beats));
const stepping = defineWorkflow('stepping', async (ctx) => {
  const one = await ctx.step('one', () => new Date(1));
  const two = await ctx
    .step('two', () => {
      throw new NonRetryableError('a step');
    })
    .catch((error: unknown) => ((error as ActivityError).cause as Error).message);
  return [one, two];
});
const stubs = defineWorkflow('stubs', async (ctx) => {
  const act = ctx.activities({ double }, { startToCloseTimeout: '1m' });
  const byName: unknown = await ctx.runActivity('double', 4);
  return [await act.double(3), byName];
});
const waitsLater = defineWorkflow('waitsLater', (ctx) => ctx.runActivity(later));

export const activities: Cases = [
  { name: 'activity-completes', workflows: [completes], activities: [double], output: () => 42 },
  {
    name: 'activity-fails',
    workflows: [failsOne],
    activities: [fails],
    output: () => ['failed', 'for good', 'RangeError: the cause'],
  },
  { name: 'activity-retries', workflows: [retries], activities: [flaky], output: () => 3 },
  {
    name: 'activity-times-out',
    workflows: [timesOut],
    activities: [hangs],
    output: () => ['start_to_close', 'schedule_to_start', 'schedule_to_close', 'heartbeat'],
    record: async (engine) => {
      const handle = await engine.start(timesOut, undefined, { id: 'activity-times-out' });
      await engine.advance('10m');
      await handle.result();
    },
  },
  {
    name: 'activity-cancelled',
    workflows: [cancelsOne],
    activities: [hangs],
    output: () => 'ActivityError',
    record: async (engine) => {
      const handle = await engine.start(cancelsOne, undefined, { id: 'activity-cancelled' });
      await engine.advance('1m');
      await handle.result();
    },
  },
  { name: 'activity-options', workflows: [optioned], activities: [double], output: () => 2 },
  {
    name: 'activity-heartbeats',
    workflows: [beating],
    activities: [beats],
    output: () => [['attempt', 1]],
  },
  { name: 'local-steps', workflows: [stepping], output: () => [new Date(1), 'a step'] },
  { name: 'activity-stubs', workflows: [stubs], activities: [double], output: () => [6, 8] },
  {
    name: 'activity-completed-by-token',
    workflows: [waitsLater],
    activities: [later],
    output: () => ({ by: 'somebody' }),
    record: async (engine) => {
      const handle = await engine.start(waitsLater, undefined, { id: 'activity-completed-by-token' });
      await engine.runUntilIdle();
      await engine.activities.complete(token, { by: 'somebody' });
      await handle.result();
    },
  },
];
