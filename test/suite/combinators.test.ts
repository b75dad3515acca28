import type { ActivityError } from '@perdure/core';
import { defineActivity, defineWorkflow, WorkflowFailedError } from '@perdure/core';
import { expect, test } from 'vitest';
import { eventTypes, open, rejection } from './kit.js';

const double = defineActivity('double', (n: number) => n * 2);
const failing = defineActivity('failing', { retry: { maximumAttempts: 1 } }, (what: string) => {
  throw new Error(what);
});
const activities = [double, failing];

test('C3 all gives the results in the order of the tasks, whatever came first', async () => {
  const workflow = defineWorkflow('alls', (ctx) =>
    ctx.all([
      ctx.sleep('3s').then(() => 'slow'),
      ctx.runActivity(double, 21),
      ctx.waitSignal('x', { timeout: '1s' }),
      ctx.sleep('2s').then(() => 'middle'),
      Promise.resolve('native'),
    ]),
  );
  const engine = await open({ workflows: [workflow], activities });
  expect(await engine.execute(workflow)).toEqual(['slow', 42, undefined, 'middle', 'native']);
});

test('C3 nested groups keep their shape', async () => {
  const workflow = defineWorkflow('nested', (ctx) =>
    ctx.all([
      ctx.all([ctx.sleep('2s').then(() => 1), ctx.runActivity(double, 1)]),
      ctx.all([ctx.all([ctx.runActivity(double, 2), ctx.sleep('1s').then(() => 5)])]),
    ]),
  );
  const engine = await open({ workflows: [workflow], activities });
  expect(await engine.execute(workflow)).toEqual([[1, 2], [[4, 5]]]);
});

test('D10 all rejects with the failure that is first in history', async () => {
  const workflow = defineWorkflow('first', (ctx) =>
    ctx.all([
      ctx.sleep('2s').then(() => {
        throw new Error('lowest position');
      }),
      ctx.sleep('1s').then(() => {
        throw new Error('first in time');
      }),
      ctx.sleep('3s'),
    ]),
  );
  const engine = await open({ workflows: [workflow] });
  expect((await rejection(WorkflowFailedError, engine.execute(workflow))).failure.message).toBe(
    'first in time',
  );
});

test('D10 of two failures of one moment the one that was started first counts', async () => {
  const workflow = defineWorkflow('tied', (ctx) =>
    ctx.all([
      ctx.sleep('5s'),
      ctx.sleep('1s').then(() => {
        throw new Error('started first');
      }),
      ctx.sleep('1s').then(() => {
        throw new Error('started second');
      }),
    ]),
  );
  const engine = await open({ workflows: [workflow] });
  expect((await rejection(WorkflowFailedError, engine.execute(workflow))).failure.message).toBe(
    'started first',
  );
});

test('C3 allSettled waits for every task and tells of each', async () => {
  const workflow = defineWorkflow('settles', async (ctx) => {
    const [first, second, third] = await ctx.allSettled([
      ctx.runActivity(failing, 'bad'),
      ctx.runActivity(double, 4),
      ctx.sleep('1h'),
    ]);
    const reason = first.status === 'rejected' ? (first.reason as ActivityError) : undefined;
    return [reason?.kind, second, third.status];
  });
  const engine = await open({ workflows: [workflow], activities });
  expect(await engine.execute(workflow)).toEqual(['failed', { status: 'fulfilled', value: 8 }, 'fulfilled']);
});

test('E10 race gives the key and the value of the first, and cancels the others', async () => {
  const workflow = defineWorkflow('races', async (ctx) => {
    const first = await ctx.race({
      fast: ctx.sleep('1s').then(() => 'never'),
      work: ctx.runActivity(double, 3),
      slow: ctx.sleep('1h'),
    });
    await ctx.sleep('1s');
    return first;
  });
  const engine = await open({ workflows: [workflow], activities });
  const handle = await engine.start(workflow);
  expect(await handle.result()).toEqual({ key: 'work', value: 6 });
  expect(await eventTypes(handle)).toContain('TimerCancelled');
  expect(engine.now.getTime() - (await handle.describe()).startedAt.getTime()).toBeLessThan(60_000);
});

test('E10 race rejects where the first one failed, and cancels the others', async () => {
  const workflow = defineWorkflow('race-fails', (ctx) =>
    ctx.race({ bad: ctx.runActivity(failing, 'bad'), slow: ctx.sleep('1h') }),
  );
  const engine = await open({ workflows: [workflow], activities });
  const handle = await engine.start(workflow);
  expect((await rejection(WorkflowFailedError, handle.result())).failure).toMatchObject({
    name: 'ActivityError',
    cause: { message: 'bad' },
  });
  expect(await eventTypes(handle)).toContain('TimerCancelled');
});

test('E10 race cancels an activity that lost', async () => {
  const workflow = defineWorkflow('race-activity', async (ctx) => {
    const { key } = await ctx.race({
      work: ctx.runActivity(double, 1, { taskQueue: 'nobody' }),
      late: ctx.sleep('1m'),
    });
    await ctx.sleep(1);
    return key;
  });
  const engine = await open({ workflows: [workflow], activities });
  const handle = await engine.start(workflow);
  expect(await handle.result()).toBe('late');
  expect(await eventTypes(handle)).toContain('ActivityCancelRequested');
});

test('E10 an empty race is refused', async () => {
  const workflow = defineWorkflow('empty', (ctx) => ctx.race({}));
  const engine = await open({ workflows: [workflow] });
  expect((await rejection(WorkflowFailedError, engine.execute(workflow))).failure.code).toBe(
    'invalid_argument',
  );
});

test('E10 any gives the first that succeeds, and cancels the rest', async () => {
  const workflow = defineWorkflow('anys', async (ctx) => {
    const value: number = await ctx.any([
      ctx.runActivity(failing, 'one'),
      ctx.sleep('1h').then(() => 0),
      ctx.runActivity(double, 5),
    ]);
    return value;
  });
  const engine = await open({ workflows: [workflow], activities });
  expect(await engine.execute(workflow)).toBe(10);
});

test('E10 any rejects with all failures when none succeeds', async () => {
  const workflow = defineWorkflow('none', async (ctx) => {
    try {
      await ctx.any([ctx.runActivity(failing, 'one'), ctx.runActivity(failing, 'two')]);
      return [];
    } catch (error) {
      return (error as AggregateError).errors.map((one) => ((one as ActivityError).cause as Error).message);
    }
  });
  const engine = await open({ workflows: [workflow], activities });
  expect(await engine.execute(workflow)).toEqual(['one', 'two']);
});

test('E10 map keeps the order of the items and no more than so many under way', async () => {
  const workflow = defineWorkflow('maps', async (ctx) => {
    let under = 0;
    let most = 0;
    const results = await ctx.map(
      [5, 1, 4, 2, 3],
      async (seconds, i) => {
        most = Math.max(most, ++under);
        await ctx.sleep(seconds * 1_000);
        under -= 1;
        return `${i}:${seconds}`;
      },
      { concurrency: 2 },
    );
    return { results, most };
  });
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual({ results: ['0:5', '1:1', '2:4', '3:2', '4:3'], most: 2 });
});

test('E10 map without a limit runs everything at once; nothing gives nothing', async () => {
  const workflow = defineWorkflow('maps-all', async (ctx) => {
    const doubled = await ctx.map([1, 2, 3], (n) => ctx.runActivity(double, n));
    const none = await ctx.map([] as number[], (n) => ctx.runActivity(double, n));
    return [doubled, none];
  });
  const engine = await open({ workflows: [workflow], activities });
  const handle = await engine.start(workflow);
  expect(await handle.result()).toEqual([[2, 4, 6], []]);
  expect((await eventTypes(handle)).slice(0, 4)).toEqual([
    'WorkflowStarted',
    'ActivityScheduled',
    'ActivityScheduled',
    'ActivityScheduled',
  ]);
});

test('E10 map begins nothing more after a failure', async () => {
  const workflow = defineWorkflow('maps-fail', async (ctx) => {
    const begun: number[] = [];
    const failed = await ctx
      .map(
        [1, 2, 3, 4],
        async (n) => {
          begun.push(n);
          await ctx.sleep('1s');
          if (n === 2) throw new Error('two');
        },
        { concurrency: 1 },
      )
      .then(
        () => 'completed',
        (error: unknown) => (error as Error).message,
      );
    await ctx.sleep('1m');
    return { failed, begun };
  });
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual({ failed: 'two', begun: [1, 2] });
});

test('C3 native combinators work over tasks, and cancel nothing', async () => {
  const workflow = defineWorkflow('natives', async (ctx) => {
    const all = await Promise.all([ctx.runActivity(double, 1), ctx.sleep('1s')]);
    const race = await Promise.race([ctx.sleep('2s').then(() => 'slow'), ctx.sleep('1s').then(() => 'fast')]);
    const any = await Promise.any([ctx.runActivity(failing, 'x'), ctx.runActivity(double, 2)]);
    const settled = await Promise.allSettled([ctx.runActivity(failing, 'x'), ctx.runActivity(double, 3)]);
    return [all, race, any, settled.map(({ status }) => status)];
  });
  const engine = await open({ workflows: [workflow], activities });
  const handle = await engine.start(workflow);
  expect(await handle.result()).toEqual([[2, undefined], 'fast', 4, ['rejected', 'fulfilled']]);
  expect(await eventTypes(handle)).not.toContain('TimerCancelled');
});

test('F9 a race of a timer and an activity ends the same on every replay', async () => {
  const workflow = defineWorkflow('photo-finish', async (ctx) => {
    const keys: string[] = [];
    for (let i = 0; i < 10; i++) {
      const { key } = await ctx.race({
        timer: ctx.sleep(0),
        work: ctx.runActivity(double, i),
        signal: ctx.waitSignal('x'),
      });
      keys.push(key);
    }
    await ctx.sleep('1h');
    return keys;
  });
  const engine = await open({ workflows: [workflow], activities });
  const handle = await engine.start(workflow);
  await handle.signal('x');
  await engine.crash();
  const keys = await handle.result();
  expect(keys).toHaveLength(10);
  await engine.crash();
  expect((await handle.describe()).output).toEqual(keys);
});

test('C3 fan-out of a hundred activities', async () => {
  const workflow = defineWorkflow('fans-out', async (ctx) => {
    const results = await ctx.all(Array.from({ length: 100 }, (_, i) => ctx.runActivity(double, i)));
    return results.reduce((sum, n) => sum + n, 0);
  });
  const engine = await open({ workflows: [workflow], activities, maxConcurrentActivities: 7 });
  expect(await engine.execute(workflow)).toBe(9_900);
});

test('E10 ctx.map begins nothing more once its function has thrown, at once or later', async () => {
  const workflow = defineWorkflow('mapping', async (ctx): Promise<unknown> => {
    const begun: number[] = [];
    const one = (n: number): Promise<number> => {
      begun.push(n);
      if (n === 1) throw new RangeError('no ones');
      return ctx.runActivity(double, n);
    };
    const failed = await ctx.map([0, 1, 2, 3, 4], one, { concurrency: 2 }).catch(String);
    await ctx.sleep('1m');
    return [failed, begun];
  });
  const engine = await open({ workflows: [workflow], activities: [double] });
  expect(await engine.execute(workflow)).toEqual(['RangeError: no ones', [0, 1]]);
});

test('E10 a ctx.map that is cancelled before all of it has begun has no result', async () => {
  const workflow = defineWorkflow('mapping', async (ctx): Promise<unknown> => {
    const stubborn = async (n: number): Promise<number> => {
      await ctx.sleep('1h');
      return n;
    };
    const some = ctx.map([1, 2, 3], stubborn, { concurrency: 2 });
    const all = ctx.map([1, 2, 3], stubborn);
    some.cancel('enough');
    all.cancel('enough');
    return ctx.all([some.catch(String), all]);
  });
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual(['CancelledError: enough', [1, 2, 3]]);
});
