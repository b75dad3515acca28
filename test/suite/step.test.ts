import {
  ActivityError,
  defineActivity,
  defineWorkflow,
  WorkflowFailedError,
  type ActivityContext,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { eventTypes, open, rejection } from './kit.js';

test('A8 a step runs a closure once and records its result', async () => {
  let runs = 0;
  const workflow = defineWorkflow('steps', async (ctx, n: number) => {
    const first = await ctx.step('first', () => {
      runs += 1;
      return { n: n + 1, at: new Date(5) };
    });
    await ctx.waitSignal('go');
    return first;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow, 1);
  await engine.runUntilIdle();
  await engine.crash();
  await handle.signal('go');
  expect(await handle.result()).toEqual({ n: 2, at: new Date(5) });
  expect(runs).toBe(1);
  expect((await eventTypes(handle)).slice(0, 3)).toEqual([
    'WorkflowStarted',
    'ActivityScheduled',
    'ActivityCompleted',
  ]);
});

test('A8 a step is retried by its policy, with everything an activity has', async () => {
  const attempts: [number, unknown, string][] = [];
  const workflow = defineWorkflow('retries', (ctx) =>
    ctx.step(
      'flaky',
      ({ info, heartbeat, lastHeartbeat, idempotencyKey, signal, log }: ActivityContext) => {
        attempts.push([info.attempt, lastHeartbeat(), idempotencyKey]);
        heartbeat(info.attempt);
        log.debug('attempt');
        expect(signal.aborted).toBe(false);
        if (info.attempt < 3) throw new Error('again');
        return info.activityType;
      },
      { retry: { initialInterval: '5s' } },
    ),
  );
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toBe('flaky');
  expect(attempts.map(([attempt, last]) => [attempt, last])).toEqual([
    [1, undefined],
    [2, 1],
    [3, 2],
  ]);
  expect(new Set(attempts.map(([, , key]) => key)).size).toBe(1);
});

test('A8 a step that waits for its next attempt survives a crash', async () => {
  let runs = 0;
  const workflow = defineWorkflow('survives', (ctx) =>
    ctx.step('flaky', () => {
      runs += 1;
      if (runs === 1) throw new Error('again');
      return runs;
    }),
  );
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await engine.advance(500);
  await engine.crash();
  expect(await handle.result()).toBe(2);
});

test('A8 the error of a step is like that of an activity', async () => {
  const workflow = defineWorkflow('fails', (ctx) =>
    ctx
      .step(
        'bad',
        () => {
          throw new RangeError('no');
        },
        { retry: { maximumAttempts: 1 } },
      )
      .catch((error: unknown) => {
        const { activityType, kind, cause } = error as ActivityError;
        return [activityType, kind, (cause as Error).name];
      }),
  );
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual(['bad', 'failed', 'RangeError']);
});

test('A8 steps run side by side, and see the workflow they are in', async () => {
  const workflow = defineWorkflow('parallel', async (ctx) => {
    const seen: string[] = [];
    const results = await ctx.map(['a', 'b', 'c'], (name) => ctx.step(name, () => `${name}!`));
    seen.push(...results);
    return seen;
  });
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual(['a!', 'b!', 'c!']);
});

test('A8 a step needs a name and a function', async () => {
  const nameless = defineWorkflow('nameless', (ctx) => ctx.step('', () => 1));
  const empty = defineWorkflow('empty', (ctx) => ctx.step('x', undefined as unknown as () => 1));
  const engine = await open({ workflows: [nameless, empty] });
  for (const workflow of [nameless, empty]) {
    expect((await rejection(WorkflowFailedError, engine.execute(workflow))).failure.code).toBe(
      'invalid_argument',
    );
  }
});

test('A11 stubs run activities with common options, which a call overrides', async () => {
  const limits: unknown[] = [];
  const noting = (name: string) =>
    defineActivity(name, (value: string, { info }) => {
      limits.push(info.deadline && info.deadline.getTime() - info.startedAt.getTime());
      return `${name} ${value}`;
    });
  const [reserve, ship] = [noting('reserve'), noting('ship')];
  const workflow = defineWorkflow('stubs', async (ctx) => {
    const act = ctx.activities({ reserve, ship }, { startToCloseTimeout: '1m' });
    return [await act.reserve('tea'), await act.ship('tea', { startToCloseTimeout: '2m' })];
  });
  const engine = await open({ workflows: [workflow], activities: [reserve, ship] });
  expect(await engine.execute(workflow)).toEqual(['reserve tea', 'ship tea']);
  expect(limits).toEqual([60_000, 120_000]);
});

test('A8 schemas of an activity check what goes in and what comes out', async () => {
  const positive = {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: (value: unknown) =>
        (value as number) > 0 ? { value: value as number } : { issues: [{ message: 'must be positive' }] },
    },
  };
  const subtract = defineActivity('subtract', { input: positive, output: positive }).implement((n) => n - 10);
  const workflow = defineWorkflow('checks', async (ctx, n: number) => {
    try {
      return await ctx.runActivity(subtract, n);
    } catch (error) {
      return error instanceof ActivityError
        ? [error.attempt, (error.cause as Error).name]
        : (error as Error).name;
    }
  });
  const engine = await open({ workflows: [workflow], activities: [subtract] });
  expect(await engine.execute(workflow, 12)).toBe(2);
  expect(await engine.execute(workflow, -1)).toBe('InvalidArgumentError');
  expect(await engine.execute(workflow, 5)).toEqual([1, 'InvalidArgumentError']);
});
