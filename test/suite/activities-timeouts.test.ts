import {
  ActivityError,
  defineActivity,
  defineWorkflow,
  InvalidArgumentError,
  WorkflowFailedError,
  type ActivityOptions,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { gate, open, rejection, untilAborted } from './kit.js';

/** A workflow around one call, with what became of it. */
function calling(options: ActivityOptions, name = 'hanging') {
  return defineWorkflow('calling', async (ctx) => {
    try {
      return { value: (await ctx.runActivity(name, undefined, options)) as unknown };
    } catch (error) {
      if (!(error instanceof ActivityError)) throw error;
      const { kind, timeout, attempt } = error;
      return { kind, timeout, attempt };
    }
  });
}
const once: ActivityOptions = { retry: { maximumAttempts: 1 } };
const hanging = defineActivity('hanging', (_: void, { signal }) => untilAborted(signal));

test('C2 start-to-close ends an attempt exactly when it is over', async () => {
  const workflow = calling({ ...once, startToCloseTimeout: '10s' });
  const engine = await open({ workflows: [workflow], activities: [hanging] });
  const handle = await engine.start(workflow);
  await engine.advance(9_999);
  expect((await handle.describe()).status).toBe('running');
  await engine.advance(1);
  expect(await handle.result({ timeout: 0 })).toEqual({
    kind: 'timed_out',
    timeout: 'start_to_close',
    attempt: 1,
  });
});

test('C2 start-to-close limits each attempt by itself, and is retried', async () => {
  const begun: number[] = [];
  const slow = defineActivity('hanging', (_: void, { info, signal }) => {
    begun.push(info.startedAt.getTime());
    return info.attempt < 3 ? untilAborted(signal) : Promise.resolve('third');
  });
  const workflow = calling({ startToCloseTimeout: '10s', retry: { initialInterval: '1s' } });
  const engine = await open({ startAt: new Date(0), workflows: [workflow], activities: [slow] });
  const handle = await engine.start(workflow);
  await engine.advance('1m');
  expect(await handle.result({ timeout: 0 })).toEqual({ value: 'third' });
  expect(begun).toEqual([0, 11_000, 23_000]);
});

test('C2 schedule-to-start ends a wait in the queue exactly when it is over', async () => {
  const workflow = calling({ ...once, scheduleToStartTimeout: '10s', taskQueue: 'nobody' });
  const engine = await open({ workflows: [workflow], activities: [hanging] });
  const handle = await engine.start(workflow);
  await engine.advance(9_999);
  expect((await handle.describe()).pendingActivities).toMatchObject([{ state: 'scheduled', attempt: 0 }]);
  await engine.advance(1);
  expect(await handle.result({ timeout: 0 })).toMatchObject({
    kind: 'timed_out',
    timeout: 'schedule_to_start',
  });
});

test('C2 the error of a schedule-to-start timeout counts no attempt', async () => {
  const options: ActivityOptions = { ...once, scheduleToStartTimeout: '10s', taskQueue: 'nobody' };
  const workflow = defineWorkflow('w', (ctx) => ctx.runActivity(hanging, undefined, options));
  const engine = await open({ workflows: [workflow], activities: [hanging] });
  const { failure } = await rejection(WorkflowFailedError, engine.execute(workflow));
  expect(failure.message).toContain('no worker took it in time');
  expect(failure.message).not.toContain('attempt');
});

test('C2 schedule-to-start is retried while attempts remain', async () => {
  const workflow = calling({
    retry: { maximumAttempts: 2 },
    scheduleToStartTimeout: '10s',
    taskQueue: 'nobody',
  });
  const engine = await open({ workflows: [workflow], activities: [hanging] });
  const handle = await engine.start(workflow);
  await engine.advance(20_999);
  expect((await handle.describe()).statusBucket).toBe('running');
  await engine.advance(1);
  expect(await handle.result({ timeout: 0 })).toMatchObject({
    kind: 'timed_out',
    timeout: 'schedule_to_start',
  });
});

test('C2 schedule-to-start does not limit an attempt that has begun', async () => {
  const done = gate<string>();
  const slow = defineActivity('hanging', () => done.passed);
  const workflow = calling({ ...once, scheduleToStartTimeout: '10s' });
  const engine = await open({ workflows: [workflow], activities: [slow] });
  const handle = await engine.start(workflow);
  await engine.advance('1m');
  done.pass('in time');
  expect(await handle.result()).toEqual({ value: 'in time' });
});

test('C2 schedule-to-close ends an attempt under way exactly when it is over, and is never retried', async () => {
  const workflow = calling({ retry: { maximumAttempts: 0 }, scheduleToCloseTimeout: '10s' });
  const engine = await open({ workflows: [workflow], activities: [hanging] });
  const handle = await engine.start(workflow);
  await engine.advance(9_999);
  expect((await handle.describe()).status).toBe('running');
  await engine.advance(1);
  expect(await handle.result({ timeout: 0 })).toEqual({
    kind: 'timed_out',
    timeout: 'schedule_to_close',
    attempt: 1,
  });
});

test('C2 schedule-to-close ends a wait in the queue', async () => {
  const workflow = calling({
    retry: { maximumAttempts: 0 },
    scheduleToCloseTimeout: '10s',
    taskQueue: 'nobody',
  });
  const engine = await open({ workflows: [workflow], activities: [hanging] });
  const handle = await engine.start(workflow);
  await engine.advance(9_999);
  expect((await handle.describe()).statusBucket).toBe('running');
  await engine.advance(1);
  expect(await handle.result({ timeout: 0 })).toMatchObject({
    kind: 'timed_out',
    timeout: 'schedule_to_close',
  });
});

test('C2 schedule-to-close is not put off by a retry that waits', async () => {
  let begun = 0;
  const failing = defineActivity('hanging', () => {
    begun += 1;
    throw new Error('no');
  });
  const workflow = calling({
    retry: { maximumAttempts: 0, initialInterval: '4s', backoffCoefficient: 1 },
    scheduleToCloseTimeout: '10s',
  });
  const engine = await open({ workflows: [workflow], activities: [failing] });
  const handle = await engine.start(workflow);
  await engine.advance('10s');
  expect(await handle.result({ timeout: 0 })).toMatchObject({
    kind: 'timed_out',
    timeout: 'schedule_to_close',
  });
  expect(begun).toBe(3);
});

test('C2 an activity that times out keeps the failure of an earlier attempt as its cause', async () => {
  const failing = defineActivity(
    'failing',
    { scheduleToCloseTimeout: '10s', retry: { maximumAttempts: 0 } },
    () => {
      throw new Error('the reason');
    },
  );
  const workflow = defineWorkflow('caused', (ctx) => ctx.runActivity(failing));
  const engine = await open({ workflows: [workflow], activities: [failing] });
  const { failure } = await rejection(WorkflowFailedError, engine.execute(workflow));
  expect(failure).toMatchObject({
    name: 'ActivityError',
    code: 'activity_timeout',
    cause: { message: 'the reason' },
  });
});

test('C2 what an activity gives after its timeout does not count', async () => {
  const late = gate<string>();
  const deaf = defineActivity('hanging', (_: void, { info }) =>
    info.attempt === 1 ? late.passed : 'second',
  );
  const workflow = calling({ startToCloseTimeout: '10s' });
  const engine = await open({ workflows: [workflow], activities: [deaf] });
  const handle = await engine.start(workflow);
  await engine.advance('10s');
  late.pass('first');
  expect(await handle.result()).toEqual({ value: 'second' });
});

test('C2 timeouts hold across a crash', async () => {
  const workflow = calling({ ...once, scheduleToCloseTimeout: '10s', taskQueue: 'nobody' });
  const engine = await open({ workflows: [workflow], activities: [hanging] });
  const handle = await engine.start(workflow);
  await engine.advance('6s');
  await engine.crash();
  await engine.advance(3_999);
  expect((await handle.describe()).statusBucket).toBe('running');
  await engine.advance(1);
  expect(await handle.result({ timeout: 0 })).toMatchObject({ timeout: 'schedule_to_close' });
});

test('C14 an attempt knows when it will time out', async () => {
  const deadlines: (number | undefined)[] = [];
  const noting = defineActivity('noting', (_: void, { info }) => {
    deadlines.push(info.deadline && info.deadline.getTime() - info.startedAt.getTime());
  });
  const workflow = defineWorkflow('deadlines', async (ctx) => {
    await ctx.runActivity(noting);
    await ctx.runActivity(noting, undefined, { startToCloseTimeout: '10s' });
    await ctx.runActivity(noting, undefined, { startToCloseTimeout: '10s', scheduleToCloseTimeout: '15s' });
    await ctx.runActivity(noting, undefined, { scheduleToCloseTimeout: '5s' });
  });
  const engine = await open({ workflows: [workflow], activities: [noting] });
  await engine.execute(workflow);
  expect(deadlines).toEqual([undefined, 10_000, 10_000, 5_000]);
});

test.each<[string, ActivityOptions]>([
  ['startToCloseTimeout', { startToCloseTimeout: '2m', scheduleToCloseTimeout: '1m' }],
  ['scheduleToStartTimeout', { scheduleToStartTimeout: '2m', scheduleToCloseTimeout: '1m' }],
  ['heartbeatTimeout', { heartbeatTimeout: '2m', startToCloseTimeout: '1m' }],
  ['startToCloseTimeout', { startToCloseTimeout: 0 }],
  ['heartbeatTimeout', { heartbeatTimeout: -1 }],
])('C2 timeouts that do not fit are refused: %s', async (path, options) => {
  const define = (): unknown => defineActivity('bad', options, () => undefined);
  expect(define).toThrow(InvalidArgumentError);
  expect(define).toThrow(path);
  const workflow = calling(options);
  const engine = await open({ workflows: [workflow], activities: [hanging] });
  const { failure } = await rejection(WorkflowFailedError, engine.execute(workflow));
  expect(failure).toMatchObject({ name: 'InvalidArgumentError', code: 'invalid_argument' });
  expect(failure.message).toContain(path);
});

test('C2 a timer and a timeout at the same moment leave one outcome', async () => {
  const workflow = defineWorkflow('tied', (ctx) =>
    ctx.race({
      work: ctx.runActivity(hanging, undefined, { ...once, startToCloseTimeout: '10s' }),
      late: ctx.sleep('10s'),
    }),
  );
  const engine = await open({ workflows: [workflow], activities: [hanging] });
  const handle = await engine.start(workflow);
  await engine.advance('10s');
  const { status } = await handle.describe();
  expect(['completed', 'failed']).toContain(status);
});

test('C2 C14 an attempt that timed out is what a description shows last, with what had failed before', async () => {
  let attempts = 0;
  const slow = defineActivity('slow', async (_input: undefined, { signal }) => {
    attempts += 1;
    if (attempts === 1) throw new Error('first');
    return untilAborted(signal);
  });
  const workflow = defineWorkflow('w', async (ctx) =>
    ctx.runActivity(slow, undefined, {
      startToCloseTimeout: '10s',
      retry: { initialInterval: '1m', maximumAttempts: 9 },
    }),
  );
  const engine = await open({ workflows: [workflow], activities: [slow], autoSkip: false });
  const handle = await engine.start(workflow);
  await engine.runUntilIdle();
  await engine.advance('3m');
  const [pending] = (await handle.describe()).pendingActivities;
  expect(pending?.lastFailure).toMatchObject({
    name: 'TimeoutError',
    code: 'activity_timeout',
    message: 'The attempt timed out (start_to_close)',
    cause: { message: 'first' },
  });
});

test('D1 an activity whose only attempt died with its worker has failed after one attempt', async () => {
  const only = defineActivity(
    'only',
    { retry: { maximumAttempts: 1 } },
    async (_input: undefined, { signal }) => untilAborted(signal),
  );
  const workflow = defineWorkflow('w', async (ctx) => {
    const error: unknown = await ctx.runActivity(only).catch((thrown: unknown) => thrown);
    return [(error as ActivityError).attempt, String(error)];
  });
  const engine = await open({ workflows: [workflow], activities: [only], autoSkip: false });
  const handle = await engine.start(workflow);
  await engine.runUntilIdle();
  await engine.crash();
  expect(await handle.result()).toEqual([1, expect.stringContaining('failed after 1 attempt:')]);
});
