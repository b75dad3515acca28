import { openStorage } from '#storage';
import {
  defineActivity,
  defineWorkflow,
  EngineClosedError,
  InvalidArgumentError,
  WaitTimeoutError,
  WorkflowAlreadyStartedError,
  WorkflowCancelledError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowTimedOutError,
  type ActivityContext,
  type ActivityDescription,
  type Schema,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { clientOf, codeOf, gate, open, rejection, untilAborted } from './kit.js';

const double = defineActivity('double', (n: number) => n * 2);

test('B13 an activity of its own is run, and its handle gives the result', async () => {
  const engine = await open({ activities: [double], startAt: new Date(0) });
  const handle = await engine.activities.start(double, 4, { id: 'd', label: 'Twice', businessKey: 'k' });
  expect(handle.activityId).toBe('d');
  expect(await handle.result()).toBe(8);
  expect(await handle.describe()).toMatchObject({
    activityId: 'd',
    activityType: 'double',
    taskQueue: 'default',
    namespace: 'default',
    label: 'Twice',
    businessKey: 'k',
    status: 'completed',
    activityStatus: 'completed',
    attempt: 1,
    input: 4,
    result: 8,
    startedAt: new Date(0),
  });
  expect(await engine.activities.handle('d').result()).toBe(8);
});

test('B13 the same definition serves in workflows and alone, and is told which', async () => {
  const infos: ActivityContext['info'][] = [];
  const noting = defineActivity('noting', (_: void, { info }) => void infos.push(info));
  const workflow = defineWorkflow('notes', (ctx) => ctx.runActivity(noting));
  const engine = await open({ workflows: [workflow], activities: [noting] });
  await engine.execute(workflow, undefined, { id: 'w' });
  await (await engine.activities.start(noting, undefined, { id: 'alone' })).result();
  expect(infos[0]).toMatchObject({ workflowId: 'w', workflowType: 'notes' });
  expect(infos[1]).toMatchObject({ activityId: 'alone', activityType: 'noting', attempt: 1 });
  expect(infos[1]).not.toHaveProperty('workflowId');
  expect(infos[1]).not.toHaveProperty('runId');
});

test('B13 no list, count or handle of workflows meets it', async () => {
  const engine = await open({ activities: [double] });
  await (await engine.activities.start(double, 1, { id: 'd' })).result();
  expect(await engine.count({ allRuns: true })).toBe(0);
  expect((await engine.list({ allRuns: true })).items).toEqual([]);
  await rejection(WorkflowNotFoundError, engine.handle('d').describe());
  const workflow = defineWorkflow('w', async () => 1);
  const other = await open({ workflows: [workflow] });
  await other.execute(workflow, undefined, { id: 'w' });
  await rejection(WorkflowNotFoundError, other.activities.handle('w').describe());
  expect((await other.activities.list()).items).toEqual([]);
});

test('B13 it is attempted again by its policy, and fails with its own error', async () => {
  let attempts = 0;
  const failing = defineActivity('failing', { retry: { maximumAttempts: 3 } }, () => {
    attempts += 1;
    throw new RangeError(`no ${attempts}`);
  });
  const engine = await open({ activities: [failing] });
  const handle = await engine.activities.start(failing);
  const failed = await rejection(WorkflowFailedError, handle.result());
  expect(failed.failure).toMatchObject({ name: 'RangeError', message: 'no 3' });
  expect(failed.cause).toMatchObject({ name: 'RangeError', message: 'no 3' });
  expect(await handle.describe()).toMatchObject({
    status: 'failed',
    activityStatus: 'failed',
    attempt: 3,
    failure: { name: 'RangeError', message: 'no 3' },
  });
});

test('B13 the options of the call hold: queue, policy and timeouts', async () => {
  const hanging = defineActivity('hanging', (_: void, { signal }) => untilAborted(signal));
  const engine = await open({ activities: [hanging], taskQueues: ['default', 'slow'] });
  const handle = await engine.activities.start(hanging, undefined, {
    taskQueue: 'slow',
    startToCloseTimeout: '1m',
    retry: { maximumAttempts: 1 },
  });
  await engine.runUntilIdle();
  expect(await handle.describe()).toMatchObject({ taskQueue: 'slow', activityStatus: 'started' });
  await engine.advance('2m');
  const timedOut = await rejection(WorkflowTimedOutError, handle.result());
  expect(timedOut.message).toContain('start_to_close');
  expect(await handle.describe()).toMatchObject({
    status: 'failed',
    activityStatus: 'timed_out',
    closedReason: 'start_to_close timeout',
  });
});

test('B13 one that nobody takes ends by its schedule-to-start timeout', async () => {
  const engine = await open({ activities: [double], startAt: new Date(0) });
  const handle = await engine.activities.start(double, 1, {
    taskQueue: 'nobody-serves-this',
    scheduleToStartTimeout: '1h',
    retry: { maximumAttempts: 1 },
  });
  await engine.runUntilIdle();
  expect(await handle.describe()).toMatchObject({
    activityStatus: 'scheduled',
    taskQueue: 'nobody-serves-this',
    scheduleToStartDeadline: new Date(3_600_000),
  });
  await rejection(WaitTimeoutError, handle.result({ timeout: '1m' }));
  expect((await rejection(WorkflowTimedOutError, handle.result())).message).toContain('schedule_to_start');
});

test('B13 cancel is told to the running code, and the result says so', async () => {
  const reasons: unknown[] = [];
  const begun = gate();
  const working = defineActivity('working', async (_: void, { signal }) => {
    begun.pass();
    try {
      return await untilAborted(signal);
    } catch (error) {
      reasons.push(codeOf(error));
      throw error;
    }
  });
  const engine = await open({ activities: [working] });
  const handle = await engine.activities.start(working);
  await begun.passed;
  await handle.cancel('not needed any more');
  const cancelled = await rejection(WorkflowCancelledError, handle.result());
  expect(cancelled.message).toContain('not needed any more');
  await engine.runUntilIdle();
  expect(reasons).toEqual(['activity_cancelled']);
  expect(await handle.describe()).toMatchObject({
    activityStatus: 'cancelled',
    closedReason: 'not needed any more',
  });
  await handle.cancel();
});

test('B13 it survives crashes, and its code is begun again', async () => {
  let runs = 0;
  const begun = gate();
  const working = defineActivity('working', () => {
    runs += 1;
    if (runs > 1) return Promise.resolve('second');
    begun.pass();
    return new Promise<string>(() => undefined);
  });
  const engine = await open({ activities: [working] });
  const { activityId } = await engine.activities.start(working);
  await begun.passed;
  await engine.crash();
  expect(await engine.activities.handle(activityId).result()).toBe('second');
});

test('B13 a client without a worker starts, watches and cancels it', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, activities: [double] });
  const client = await clientOf(engine, storage);
  const handle = await client.activities.start(double, 21, { id: 'from-outside' });
  expect(await handle.result()).toBe(42);
  const waiting = await client.activities.start(double, 1, { taskQueue: 'nobody' });
  await waiting.cancel();
  await rejection(WorkflowCancelledError, waiting.result());
});

test('B13 state$ tells each stage and completes after the end', async () => {
  const go = gate();
  const steps = defineActivity('steps', async (_: void, activity) => {
    activity.heartbeat({ done: 1 });
    await go.passed;
    return 'done';
  });
  const engine = await open({ activities: [steps] });
  const handle = await engine.activities.start(steps);
  const seen: ActivityDescription[] = [];
  const watching = (async () => {
    for await (const state of handle.state$) {
      seen.push(state);
      if (state.lastHeartbeat) go.pass();
    }
  })();
  await watching;
  expect(seen.at(-1)).toMatchObject({ activityStatus: 'completed', result: 'done' });
  expect(seen.some(({ lastHeartbeat }) => (lastHeartbeat as { done?: number } | undefined)?.done === 1)).toBe(
    true,
  );
});

test('B13 listed by status, newest first, in pages', async () => {
  const engine = await open({ activities: [double], startAt: new Date(0) });
  for (let i = 1; i <= 5; i++) {
    await (await engine.activities.start(double, i, { id: `a${i}` })).result();
    await engine.advance('1s');
  }
  await engine.activities.start(double, 6, { id: 'open', taskQueue: 'nobody' });
  const idsOf = ({ items }: { readonly items: readonly ActivityDescription[] }): string[] =>
    items.map(({ activityId }) => activityId);
  expect(idsOf(await engine.activities.list())).toEqual(['open', 'a5', 'a4', 'a3', 'a2', 'a1']);
  expect(idsOf(await engine.activities.list({ status: 'running' }))).toEqual(['open']);
  const first = await engine.activities.list({ status: 'completed', pageSize: 2 });
  expect(idsOf(first)).toEqual(['a5', 'a4']);
  const second = await engine.activities.list({
    status: 'completed',
    pageSize: 2,
    pageToken: first.nextPageToken,
  });
  expect(idsOf(second)).toEqual(['a3', 'a2']);
  await rejection(InvalidArgumentError, engine.activities.list({ pageToken: 'no token' }));
  await rejection(InvalidArgumentError, engine.activities.list({ state: 'running' } as object));
});

test('B13 bad input is refused and starts nothing', async () => {
  const positive: Schema<number> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) =>
        typeof value === 'number' ? { value } : { issues: [{ message: 'must be a number' }] },
    },
  };
  const strict = defineActivity('strict', { input: positive, output: positive }).implement((n) => n);
  const engine = await open({ activities: [strict] });
  const bad = async (options: object): Promise<string | undefined> =>
    (await rejection(InvalidArgumentError, engine.activities.start(strict, 1, options))).issues[0]?.path;
  expect(await bad({ id: 'no spaces' })).toBe('id');
  expect(await bad({ priority: 11 })).toBe('priority');
  expect(await bad({ startToCloseTimeout: -1 })).toBe('startToCloseTimeout');
  expect(await bad({ label: 7 })).toBe('label');
  expect(await bad({ retries: 3 })).toBe('retries');
  await rejection(InvalidArgumentError, engine.activities.start(strict, 'one' as never));
  await rejection(InvalidArgumentError, engine.activities.start({} as never));
  expect((await engine.activities.list()).items).toEqual([]);
  await engine.activities.start(strict, 1, { id: 'taken' });
  await rejection(WorkflowAlreadyStartedError, engine.activities.start(strict, 2, { id: 'taken' }));
  await rejection(WorkflowNotFoundError, engine.activities.handle('unknown').result());
});

test('E16 a standalone activity is completed by its token', async () => {
  const tokens: string[] = [];
  const later = defineActivity<void, string>('later', (_, { info, completeLater }) => {
    tokens.push(info.taskToken);
    return completeLater();
  });
  const engine = await open({ activities: [later] });
  const handle = await engine.activities.start(later);
  await engine.runUntilIdle();
  await engine.activities.complete(tokens[0] as string, 'yes');
  expect(await handle.result()).toBe('yes');
});

test('B13 a handle from before a crash goes on with the next engine, and a call under way rejects', async () => {
  const begun = gate();
  let attempts = 0;
  const working = defineActivity('working', () => {
    attempts += 1;
    if (attempts > 1) return 'second';
    begun.pass();
    return new Promise<string>(() => undefined);
  });
  const engine = await open({ activities: [working] });
  const handle = await engine.activities.start(working, undefined, { id: 'w' });
  const result = handle.result();
  await begun.passed;
  const starting = rejection(EngineClosedError, engine.activities.start(working, undefined, { id: 'other' }));
  await engine.crash();
  await starting;
  expect(await result).toBe('second');
  expect(await handle.describe()).toMatchObject({ activityId: 'w', status: 'completed' });
});
