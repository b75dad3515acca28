import { openStorage } from '#storage';
import {
  type ActivityError,
  defineActivity,
  defineWorkflow,
  isCancelled,
  WorkflowCancelledError,
  WorkflowTerminatedError,
  WorkflowTimedOutError,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { codeOf, eventTypes, gate, open, rejection, untilAborted, type Gate } from './kit.js';

/** An activity that hangs, and passes on that it has begun and why it was told to stop. */
function hanging(): { begun: Gate<void>; reason: Gate<unknown>; activity: ReturnType<typeof define> } {
  const begun = gate();
  const reason = gate<unknown>();
  const define = () =>
    defineActivity('hanging', (_: void, { signal }) => {
      begun.pass();
      return untilAborted(signal).catch((error: unknown) => {
        reason.pass(error);
        throw error;
      });
    });
  return { begun, reason, activity: define() };
}

test('F11 a cancellation reaches running code at once, with its reason', async () => {
  const { begun, reason, activity } = hanging();
  const workflow = defineWorkflow('waits', (ctx) => ctx.runActivity(activity));
  const engine = await open({ workflows: [workflow], activities: [activity] });
  const handle = await engine.start(workflow);
  await begun.passed;
  await handle.cancel({ reason: 'not needed' });
  expect(await reason.passed).toMatchObject({
    code: 'activity_cancelled',
    message: expect.stringContaining('not needed') as string,
  });
  expect((await rejection(WorkflowCancelledError, handle.result())).message).toContain('not needed');
});

test('C14 isCancelled tells a cancelled activity from one that has to stop otherwise, and heartbeat() throws the same', async () => {
  const begun = gate();
  const reasons: unknown[] = [];
  const beats = defineActivity('beats', async (_: void, { signal, heartbeat }) => {
    begun.pass();
    await untilAborted(signal).catch((error: unknown) => reasons.push(error));
    try {
      heartbeat();
    } catch (error) {
      reasons.push(error);
    }
  });
  const workflow = defineWorkflow('waits', (ctx, options: { startToCloseTimeout?: number }) =>
    ctx.runActivity(beats, undefined, { ...options, retry: { maximumAttempts: 1 } }),
  );
  const engine = await open({ workflows: [workflow], activities: [beats] });
  const handle = await engine.start(workflow, {});
  await begun.passed;
  await handle.cancel({ reason: 'not needed' });
  await rejection(WorkflowCancelledError, handle.result());
  await engine.runUntilIdle();
  expect(reasons.map(isCancelled)).toEqual([true, true]);
  expect(reasons[1]).toBe(reasons[0]);
  reasons.length = 0;
  const timed = await engine.start(workflow, { startToCloseTimeout: 10_000 });
  await engine.advance('10s');
  await expect(timed.result()).rejects.toThrow();
  expect(reasons.map(isCancelled)).toEqual([false, false]);
  expect(reasons.map(codeOf)).toEqual(['activity_timeout', 'activity_timeout']);
});

test('F11 a termination reaches running code at once', async () => {
  const { begun, reason, activity } = hanging();
  const workflow = defineWorkflow('waits', (ctx) => ctx.runActivity(activity));
  const engine = await open({ workflows: [workflow], activities: [activity] });
  const handle = await engine.start(workflow);
  await begun.passed;
  await handle.terminate('enough');
  expect(codeOf(await reason.passed)).toBe('activity_cancelled');
  expect((await rejection(WorkflowTerminatedError, handle.result())).message).toContain('enough');
});

test('A23 a workflow that times out stops its running activities', async () => {
  const { begun, reason, activity } = hanging();
  const workflow = defineWorkflow('waits', { runTimeout: '10s' }, (ctx) => ctx.runActivity(activity));
  const engine = await open({ workflows: [workflow], activities: [activity] });
  const handle = await engine.start(workflow);
  await begun.passed;
  await engine.advance('10s');
  expect(codeOf(await reason.passed)).toBe('activity_cancelled');
  await rejection(WorkflowTimedOutError, handle.result());
});

test('F11 a workflow that ends without its activity stops it', async () => {
  const { begun, reason, activity } = hanging();
  const workflow = defineWorkflow('leaves', async (ctx) => {
    void ctx.runActivity(activity);
    await ctx.waitSignal('go');
    return 'gone';
  });
  const engine = await open({ workflows: [workflow], activities: [activity] });
  const handle = await engine.start(workflow);
  await begun.passed;
  await handle.signal('go');
  expect(codeOf(await reason.passed)).toBe('activity_cancelled');
  expect(await handle.result()).toBe('gone');
});

test('F11 an attempt that times out is told so', async () => {
  const { begun, reason, activity } = hanging();
  const workflow = defineWorkflow('waits', (ctx) =>
    ctx.runActivity(activity, undefined, { startToCloseTimeout: '10s' }),
  );
  const engine = await open({ workflows: [workflow], activities: [activity] });
  await engine.start(workflow);
  await begun.passed;
  await engine.advance('10s');
  expect(codeOf(await reason.passed)).toBe('activity_timeout');
});

test('F11 an engine that closes tells running code, and the activity is attempted again elsewhere', async () => {
  const storage = await openStorage();
  const { begun, reason, activity } = hanging();
  const workflow = defineWorkflow('waits', (ctx) => ctx.runActivity(activity));
  const first = await open({ storage, workflows: [workflow], activities: [activity] });
  const { workflowId } = await first.start(workflow);
  await begun.passed;
  await first.close({ grace: 0 });
  expect(codeOf(await reason.passed)).toBe('worker_shutdown');

  const quick = activity.implement((_, { info }) => info.attempt as never);
  const second = await open({ storage, startAt: first.now, workflows: [workflow], activities: [quick] });
  expect(await second.handle(workflowId).result()).toBe(2);
});

test('A12 a cancelled activity task rejects, its code is told, and the workflow goes on', async () => {
  const { begun, reason, activity } = hanging();
  const workflow = defineWorkflow('changes', async (ctx) => {
    const task = ctx.runActivity(activity);
    await ctx.waitSignal('stop');
    task.cancel('changed my mind');
    try {
      await task;
      return 'completed';
    } catch (error) {
      const { kind, message } = error as ActivityError;
      return { kind, message };
    }
  });
  const engine = await open({ workflows: [workflow], activities: [activity] });
  const handle = await engine.start(workflow);
  await begun.passed;
  await handle.signal('stop');
  expect(await handle.result()).toEqual({
    kind: 'cancelled',
    message: expect.stringContaining('changed my mind') as string,
  });
  expect(codeOf(await reason.passed)).toBe('activity_cancelled');
  expect(await eventTypes(handle)).toContain('ActivityCancelRequested');
});

test('A12 an activity that waits in its queue is cancelled and never begins', async () => {
  let begun = 0;
  const counted = defineActivity('counted', () => {
    begun += 1;
  });
  const workflow = defineWorkflow('queued', async (ctx) => {
    const task = ctx.runActivity(counted, undefined, { taskQueue: 'nobody' });
    await ctx.sleep(1);
    task.cancel();
    return task.then(
      () => 'completed',
      (error: unknown) => (error as ActivityError).kind,
    );
  });
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [workflow], activities: [counted] });
  expect(await engine.execute(workflow)).toBe('cancelled');
  const other = await open({ storage, startAt: engine.now, taskQueues: ['nobody'], activities: [counted] });
  await other.advance('1m');
  expect(begun).toBe(0);
});

test('A12 cancelling an activity that has ended does nothing', async () => {
  const quick = defineActivity('quick', () => 'value');
  const workflow = defineWorkflow('late', async (ctx) => {
    const task = ctx.runActivity(quick);
    await task;
    task.cancel('too late');
    return task;
  });
  const engine = await open({ workflows: [workflow], activities: [quick] });
  const handle = await engine.start(workflow);
  expect(await handle.result()).toBe('value');
  expect(await eventTypes(handle)).toEqual([
    'WorkflowStarted',
    'ActivityScheduled',
    'ActivityCompleted',
    'WorkflowCompleted',
  ]);
});
