import { openStorage } from '#storage';
import {
  createClient,
  defineActivity,
  defineWorkflow,
  isCancelled,
  WorkflowCancelledError,
  WorkflowNotActiveError,
  WorkflowNotFoundError,
  WorkflowTerminatedError,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { bent } from './bent-storage.js';
import { codeOf, eventTypes, gate, open, rejection, untilAborted } from './kit.js';

const waiting = defineWorkflow('waiting', (ctx) => ctx.sleep('1h'));

test('D3 a cancelled workflow that lets the error out ends cancelled, with the reason', async () => {
  const engine = await open({ workflows: [waiting] });
  const handle = await engine.start(waiting);
  await handle.cancel({ reason: 'changed plans' });
  const error = await rejection(WorkflowCancelledError, handle.result());
  expect(error.message).toContain('changed plans');
  expect(await handle.describe()).toMatchObject({
    status: 'cancelled',
    statusBucket: 'failed',
    closedReason: 'changed plans',
    actions: ['fork', 'archive'],
  });
  expect(await eventTypes(handle)).toEqual([
    'WorkflowStarted',
    'TimerStarted',
    'CancelRequested',
    'TimerCancelled',
    'WorkflowCancelled',
  ]);
});

test('D3 a workflow may catch the cancellation and complete', async () => {
  const workflow = defineWorkflow('catches', async (ctx) => {
    try {
      await ctx.sleep('1h');
      return 'slept';
    } catch (error) {
      return [isCancelled(error), (error as Error).message];
    }
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.cancel({ reason: 'enough' });
  expect(await handle.result()).toEqual([true, 'enough']);
  expect((await handle.describe()).status).toBe('completed');
});

test('D3 once cancellation was requested nothing new begins: a broad catch cannot lose it', async () => {
  const workflow = defineWorkflow('stubborn', async (ctx) => {
    let caught = 0;
    const attempts = [
      () => ctx.sleep('1h'),
      () => ctx.waitSignal('x'),
      () => ctx.waitCondition(() => false),
      () => ctx.runActivity('any'),
    ];
    for (const attempt of attempts) {
      try {
        await attempt();
      } catch (error) {
        if (isCancelled(error)) caught += 1;
      }
    }
    return caught;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.cancel();
  expect(await handle.result()).toBe(4);
});

test('D3 everything that is pending is rejected in the order in which it began', async () => {
  const activity = defineActivity('activity', () => 1);
  const workflow = defineWorkflow('everything', async (ctx) => {
    const order: string[] = [];
    const note = (name: string) => (error: unknown) => {
      order.push(isCancelled(error) ? name : `${name}?`);
    };
    await Promise.all([
      ctx.waitSignal('x').catch(note('signal')),
      ctx.sleep('1h').catch(note('timer')),
      ctx.runActivity(activity, undefined, { taskQueue: 'nobody' }).catch(note('activity')),
      ctx.waitCondition(() => false, { timeout: '1h' }).catch(note('condition')),
    ]);
    return order;
  });
  const engine = await open({ workflows: [workflow], activities: [activity] });
  const handle = await engine.start(workflow);
  await handle.cancel();
  expect(await handle.result()).toEqual(['signal', 'timer', 'activity', 'condition']);
});

test('D3 a workflow that has not begun closes at once', async () => {
  const storage = await openStorage();
  const client = await createClient({ storage });
  const handle = await client.start('waiting', undefined, { id: 'w' });
  await handle.cancel({ reason: 'never mind' });
  await rejection(WorkflowCancelledError, handle.result({ timeout: 0 }));
  await client.close();
  const engine = await open({ storage, workflows: [waiting] });
  await engine.runUntilIdle();
  expect(await eventTypes(engine.handle('w'))).toEqual(['WorkflowStarted', 'WorkflowCancelled']);
});

test('A5 cancelling twice, or after the end, does nothing', async () => {
  const engine = await open({ workflows: [waiting] });
  const handle = await engine.start(waiting);
  await Promise.all([handle.cancel(), handle.cancel(), handle.cancel()]);
  await rejection(WorkflowCancelledError, handle.result());
  await handle.cancel();
  expect((await eventTypes(handle)).filter((type) => type === 'CancelRequested')).toHaveLength(1);
});

test('A5 queued activities of a cancelled workflow never run', async () => {
  let runs = 0;
  const activity = defineActivity('activity', () => {
    runs += 1;
  });
  const workflow = defineWorkflow('queues', (ctx) =>
    ctx.runActivity(activity, undefined, { taskQueue: 'later' }),
  );
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [workflow], activities: [activity] });
  const handle = await engine.start(workflow);
  await handle.cancel();
  await rejection(WorkflowCancelledError, handle.result());
  const later = await open({ storage, startAt: engine.now, taskQueues: ['later'], activities: [activity] });
  await later.advance('1m');
  expect(runs).toBe(0);
});

test('A5 cancelQueuedActivities: false leaves what no worker has claimed in its queue', async () => {
  const runs: string[] = [];
  const flaky = defineActivity('flaky', { retry: { initialInterval: '1s' } }, (what: string, { info }) => {
    runs.push(`${what} ${info.attempt}`);
    if (info.attempt === 1) throw new Error('once');
  });
  const running = defineActivity('running', (_: void, { signal }) => {
    runs.push('running');
    return untilAborted(signal);
  });
  const workflow = defineWorkflow('leaves', async (ctx) => {
    const caught: unknown[] = [];
    ctx.onQuery('caught', () => caught);
    const all = await Promise.allSettled([
      ctx.runActivity(flaky, 'queued', { taskQueue: 'later' }),
      ctx.runActivity(running),
    ]);
    for (const one of all) caught.push(one.status === 'rejected' && isCancelled(one.reason));
    await ctx.nonCancellable(async () => {
      const dropped = ctx.runActivity(flaky, 'dropped', { taskQueue: 'later' });
      await ctx.sleep('1s');
      dropped.cancel();
      await ctx.sleep('1s');
    });
    await ctx.sleep('1h');
  });
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [workflow], activities: [flaky, running] });
  const handle = await engine.start(workflow);
  await engine.advance('1s');
  await handle.cancel({ reason: 'leave it', cancelQueuedActivities: false });
  await rejection(WorkflowCancelledError, handle.result());
  expect(await handle.query('caught')).toEqual([true, true]);
  const before = await eventTypes(handle);
  expect((await handle.describe()).pendingActivities).toEqual([]);
  const later = await open({ storage, startAt: engine.now, taskQueues: ['later'], activities: [flaky] });
  await later.advance('5m');
  expect(runs).toEqual(['running', 'queued 1', 'queued 2']);
  expect(await eventTypes(handle)).toEqual(before);
  await later.crash();
  await later.advance('5m');
  expect(runs).toHaveLength(3);
});

test.each(['before-commit', 'after-commit'] as const)(
  'A5 what is left in its queue is run once, also when the process crashes %s',
  async (at) => {
    let runs = 0;
    const activity = defineActivity('activity', () => {
      runs += 1;
    });
    const workflow = defineWorkflow('leaves', (ctx) =>
      ctx.runActivity(activity, undefined, { taskQueue: 'later' }),
    );
    const storage = await openStorage();
    const engine = await open({ storage, workflows: [workflow], activities: [activity] });
    const handle = await engine.start(workflow);
    const crashed = engine.crash({ at });
    // The crash leaves the caller without an answer; it asks again.
    void handle.cancel({ cancelQueuedActivities: false }).catch(() => undefined);
    await crashed;
    await handle.cancel({ cancelQueuedActivities: false });
    await rejection(WorkflowCancelledError, handle.result());
    const later = await open({ storage, startAt: engine.now, taskQueues: ['later'], activities: [activity] });
    await later.advance('1m');
    expect(runs).toBe(1);
    expect((await eventTypes(handle)).slice(2)).toEqual([
      'CancelRequested',
      'ActivityCancelRequested',
      'WorkflowCancelled',
    ]);
  },
);

test('A5 one that a worker claims at that very moment is not left alone: it is told to stop', async () => {
  const begun = gate();
  const stopped = gate<unknown>();
  const activity = defineActivity('activity', (_: void, { signal }) => {
    begun.pass();
    signal.addEventListener('abort', () => stopped.pass(signal.reason));
    return untilAborted(signal);
  });
  const workflow = defineWorkflow('leaves', (ctx) =>
    ctx.runActivity(activity, undefined, { taskQueue: 'later' }),
  );
  const storage = await openStorage();
  let overtake: (() => Promise<void>) | undefined;
  const overtaken = bent(storage, {
    readTasks: async (call, runId) => {
      const tasks = await call(runId);
      const now = overtake;
      overtake = undefined;
      await now?.();
      return tasks;
    },
  });
  const engine = await open({ storage: overtaken, workflows: [workflow], activities: [activity] });
  const handle = await engine.start(workflow);
  await engine.runUntilIdle();
  overtake = async () => {
    await open({ storage, startAt: engine.now, taskQueues: ['later'], activities: [activity] });
    await begun.passed;
  };
  await handle.cancel({ cancelQueuedActivities: false });
  await rejection(WorkflowCancelledError, handle.result());
  expect(codeOf(await stopped.passed)).toBe('activity_cancelled');
  expect((await eventTypes(handle)).at(-1)).toBe('WorkflowCancelled');
});

test('A5 what was left in its queue runs while the cancelled workflow cleans up', async () => {
  const runs: string[] = [];
  const activity = defineActivity('activity', (_: void) => void runs.push('ran'));
  const workflow = defineWorkflow('cleans-long', async (ctx) => {
    try {
      await ctx.runActivity(activity, undefined, { taskQueue: 'later' });
    } finally {
      await ctx.nonCancellable(() => ctx.sleep('1h'));
    }
  });
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [workflow], activities: [activity] });
  const handle = await engine.start(workflow);
  await handle.cancel({ cancelQueuedActivities: false });
  await engine.runUntilIdle();
  const later = await open({ storage, startAt: engine.now, taskQueues: ['later'], activities: [activity] });
  await later.advance('1m');
  expect(runs).toEqual(['ran']);
  expect((await handle.describe()).status).toBe('waiting');
  await rejection(WorkflowCancelledError, handle.result());
  expect(await eventTypes(handle)).not.toContain('ActivityCompleted');
});

test('B7 a terminated workflow ends at once: none of its code runs any more', async () => {
  const after: string[] = [];
  const workflow = defineWorkflow('ends', async (ctx) => {
    try {
      await ctx.sleep('1h');
    } finally {
      after.push('cleanup');
    }
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.terminate('by force');
  expect((await rejection(WorkflowTerminatedError, handle.result())).message).toContain('by force');
  await engine.advance('2h');
  expect(after).toEqual([]);
  expect(await handle.describe()).toMatchObject({
    status: 'terminated',
    statusBucket: 'failed',
    closedReason: 'by force',
  });
});

test('B7 terminating twice is the same as once, and after another end it is refused', async () => {
  const quick = defineWorkflow('quick', async () => 1);
  const engine = await open({ workflows: [waiting, quick] });
  const handle = await engine.start(waiting);
  await handle.terminate();
  await handle.terminate();
  const done = await engine.start(quick);
  await done.result();
  await rejection(WorkflowNotActiveError, done.terminate());
});

test('B7 steering what does not exist is refused', async () => {
  const engine = await open({ workflows: [waiting] });
  await rejection(WorkflowNotFoundError, engine.handle('nowhere').cancel());
  await rejection(WorkflowNotFoundError, engine.handle('nowhere').terminate());
  await rejection(WorkflowNotFoundError, engine.handle('nowhere').describe());
  await rejection(WorkflowNotFoundError, engine.handle('nowhere').result());
});

test('B7 a blocked or queued run can be terminated without a worker', async () => {
  const storage = await openStorage();
  const client = await createClient({ storage });
  const handle = await client.start('nobody-has-this', 1, { id: 'w' });
  await handle.terminate();
  expect((await handle.describe()).status).toBe('terminated');
  await client.close();
});

test('A23 D5 a run timeout ends the run exactly when it is due', async () => {
  const engine = await open({ workflows: [waiting] });
  const handle = await engine.start(waiting, undefined, { runTimeout: '10m' });
  await engine.advance(599_999);
  expect((await handle.describe()).status).toBe('waiting');
  await engine.advance(1);
  expect(await handle.describe()).toMatchObject({ status: 'timed_out', statusBucket: 'failed' });
});

test('A23 a run that nobody runs times out as soon as somebody looks', async () => {
  const engine = await open({ workflows: [waiting] });
  const handle = await engine.start(waiting, undefined, { executionTimeout: '10m' });
  await engine.crash({ keepLeases: true });
  await engine.advance('11m');
  expect((await handle.describe()).status).toBe('timed_out');
});

test('C3 a run that a slower clock has moved on ends no earlier than its newest event', async () => {
  const storage = await openStorage();
  const ahead = await open({ storage, workflows: [waiting], startAt: new Date('2030-01-01T00:01:00Z') });
  const { workflowId } = await ahead.start(waiting);
  await ahead.close({ grace: 0 });
  const behind = await open({ storage, workflows: [waiting], startAt: new Date('2030-01-01T00:00:00Z') });
  const handle = behind.handle(workflowId);
  await handle.signal('nothing', 1);
  while ((await handle.describe()).historyLength < 3) await behind.runUntilIdle();
  await handle.terminate();
  const times: number[] = [];
  for await (const event of handle.history()) times.push(event.at.getTime());
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times).toHaveLength(4);
});
