import { openStorage } from '#storage';
import {
  ActivityError,
  ActivityNotActiveError,
  defineActivity,
  defineWorkflow,
  EngineClosedError,
  InvalidArgumentError,
  PayloadError,
  type ActivityOptions,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { bent, storeFailure } from './bent-storage.js';
import { clientOf, eventTypes, gate, open, rejection } from './kit.js';

/** An activity that leaves its end to whoever gets its tokens, and a workflow that waits for it. */
function approving(options: ActivityOptions = {}) {
  const tokens: string[] = [];
  const begun: (() => void)[] = [];
  const approval = defineActivity<void, unknown>('approval', options, (_, { info, completeLater }) => {
    tokens.push(info.taskToken);
    for (const tell of begun.splice(0)) tell();
    return completeLater();
  });
  const workflow = defineWorkflow('approving', async (ctx): Promise<unknown> => {
    try {
      return await ctx.runActivity(approval);
    } catch (error) {
      return error instanceof ActivityError ? [error.kind, error.timeout ?? error.attempt] : String(error);
    }
  });
  const attempts = async (n: number): Promise<string> => {
    while (tokens.length < n) await new Promise<void>((resolve) => begun.push(resolve));
    return tokens[n - 1] as string;
  };
  return { approval, workflow, tokens, attempts };
}

test('E16 an activity is completed by its token, after its worker is gone', async () => {
  const { approval, workflow, tokens, attempts } = approving();
  const engine = await open({ workflows: [workflow], activities: [approval] });
  const handle = await engine.start(workflow);
  const token = await attempts(1);
  await engine.runUntilIdle();
  expect((await handle.describe()).pendingActivities).toMatchObject([{ state: 'started', attempt: 1 }]);
  await engine.crash();
  await engine.advance('30d');
  await engine.activities.complete(token, { by: new Date(1) });
  expect(await handle.result()).toEqual({ by: new Date(1) });
  expect(tokens).toHaveLength(1);
  expect((await eventTypes(handle)).filter((type) => type === 'ActivityCompleted')).toHaveLength(1);
});

test('E16 a client without a worker completes it', async () => {
  const storage = await openStorage();
  const { approval, workflow, attempts } = approving();
  const engine = await open({ storage, workflows: [workflow], activities: [approval] });
  const client = await clientOf(engine, storage);
  const handle = await engine.start(workflow);
  const token = await attempts(1);
  await engine.runUntilIdle();
  await client.activities.complete(token, 'yes');
  expect(await handle.result()).toBe('yes');
});

test('E16 a second completion is refused, and so are tokens that stand for nothing', async () => {
  const { approval, workflow, attempts } = approving();
  const engine = await open({ workflows: [workflow], activities: [approval] });
  const handle = await engine.start(workflow);
  const token = await attempts(1);
  await engine.runUntilIdle();
  await rejection(
    PayloadError,
    engine.activities.complete(token, () => 1),
  );
  const outcomes = await Promise.allSettled([1, 2, 3].map((n) => engine.activities.complete(token, n)));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'activity_not_active' });
  await handle.result();
  await rejection(ActivityNotActiveError, engine.activities.fail(token, new Error('late')));
  await rejection(ActivityNotActiveError, engine.activities.heartbeat(token));
  await rejection(ActivityNotActiveError, engine.activities.complete('unknown/a1#1'));
  for (const bad of ['', 'token', 7 as never]) {
    await rejection(InvalidArgumentError, engine.activities.complete(bad));
  }
});

test('E16 an activity that is failed by its token is attempted again by its policy', async () => {
  const { approval, workflow, attempts } = approving({
    retry: { maximumAttempts: 2, initialInterval: '1m' },
  });
  const engine = await open({ workflows: [workflow], activities: [approval] });
  const handle = await engine.start(workflow);
  const first = await attempts(1);
  await engine.runUntilIdle();
  await engine.activities.fail(first, new TypeError('not now'));
  expect((await handle.describe()).pendingActivities).toMatchObject([
    { state: 'backing_off', attempt: 1, lastFailure: { name: 'TypeError', message: 'not now' } },
  ]);
  await engine.advance('1m');
  const second = await attempts(2);
  await engine.runUntilIdle();
  await rejection(ActivityNotActiveError, engine.activities.complete(first, 'too late'));
  await engine.activities.fail(second, new Error('never'));
  expect(await handle.result()).toEqual(['failed', 2]);
});

test('E16 a token fails its attempt once, however often it is said', async () => {
  const { approval, workflow, attempts } = approving({
    retry: { maximumAttempts: 3, initialInterval: '1m' },
  });
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [workflow], activities: [approval] });
  const handle = await engine.start(workflow);
  const first = await attempts(1);
  await engine.runUntilIdle();
  let lie = true;
  const client = await clientOf(
    engine,
    bent(storage, {
      commit: async (call, batches) => {
        const results = await call(batches);
        if (!lie) return results;
        lie = false;
        throw storeFailure('unknown');
      },
    }),
  );
  await client.activities.fail(first, new Error('no'));
  await rejection(ActivityNotActiveError, client.activities.fail(first, new Error('no')));
  await rejection(ActivityNotActiveError, client.activities.complete(first, 'yes after all'));
  await engine.advance('1m');
  await engine.runUntilIdle();
  await engine.activities.complete(await attempts(2), 'yes');
  expect(await handle.result()).toBe('yes');
});

test('E16 an attempt may be failed before its own code has ended, and the next one begins', async () => {
  const told: string[] = [];
  const go = gate();
  const approval = defineActivity<void, unknown>('approval', async (_, { info, completeLater }) => {
    told.push(info.taskToken);
    if (told.length > 1) return 'second';
    await go.passed;
    return completeLater();
  });
  const workflow = defineWorkflow('approving', async (ctx) => ctx.runActivity(approval));
  const engine = await open({ workflows: [workflow], activities: [approval] });
  const handle = await engine.start(workflow);
  await engine.runUntilIdle();
  await engine.activities.fail(told[0] as string, new Error('no'));
  go.pass();
  await engine.runUntilIdle();
  expect(await handle.result()).toBe('second');
});

test('E16 start-to-close holds on, and counts as an attempt', async () => {
  const { approval, workflow, attempts, tokens } = approving({
    startToCloseTimeout: '1h',
    retry: { maximumAttempts: 2, initialInterval: '1m' },
  });
  const engine = await open({ workflows: [workflow], activities: [approval] });
  const handle = await engine.start(workflow);
  const first = await attempts(1);
  await engine.runUntilIdle();
  await engine.crash();
  await engine.advance('59m');
  expect(tokens).toHaveLength(1);
  await engine.advance('2m');
  await attempts(2);
  await engine.runUntilIdle();
  await rejection(ActivityNotActiveError, engine.activities.complete(first, 'too late'));
  expect(await handle.result()).toEqual(['timed_out', 'start_to_close']);
  expect(tokens).toHaveLength(2);
});

test('E16 schedule-to-close ends it', async () => {
  const { approval, workflow, attempts } = approving({ scheduleToCloseTimeout: '1h' });
  const engine = await open({ workflows: [workflow], activities: [approval] });
  const handle = await engine.start(workflow);
  const token = await attempts(1);
  expect(await handle.result()).toEqual(['timed_out', 'schedule_to_close']);
  await rejection(ActivityNotActiveError, engine.activities.complete(token));
});

test('E16 heartbeats by token keep it alive, and go to the next attempt', async () => {
  const seen: unknown[] = [];
  const tokens: string[] = [];
  const working = defineActivity<void, string>(
    'working',
    { heartbeatTimeout: '1m', retry: { maximumAttempts: 2, initialInterval: '1s' } },
    (_, activity) => {
      seen.push(activity.lastHeartbeat());
      tokens.push(activity.info.taskToken);
      return activity.completeLater();
    },
  );
  const workflow = defineWorkflow('works', (ctx) => ctx.runActivity(working));
  const engine = await open({ workflows: [workflow], activities: [working] });
  const handle = await engine.start(workflow);
  await engine.runUntilIdle();
  const [first = ''] = tokens;
  for (let i = 1; i <= 5; i++) {
    await engine.advance('50s');
    await engine.activities.heartbeat(first, { done: i });
  }
  expect((await handle.describe()).pendingActivities).toMatchObject([
    { state: 'started', attempt: 1, lastHeartbeat: { done: 5 } },
  ]);
  await engine.advance('2m');
  expect(seen).toEqual([undefined, { done: 5 }]);
  await rejection(ActivityNotActiveError, engine.activities.heartbeat(first));
  await engine.activities.complete(tokens[1] as string, 'at last');
  expect(await handle.result()).toBe('at last');
});

test('E16 a cancelled one is not there any more for who holds its token', async () => {
  const { approval, workflow, attempts } = approving();
  const engine = await open({ workflows: [workflow], activities: [approval] });
  const handle = await engine.start(workflow);
  const token = await attempts(1);
  await engine.runUntilIdle();
  await handle.cancel();
  await engine.runUntilIdle();
  await rejection(ActivityNotActiveError, engine.activities.heartbeat(token));
  await rejection(ActivityNotActiveError, engine.activities.complete(token));
});

test('E16 it may be completed before its own code has ended', async () => {
  const completed = gate();
  let token = '';
  const quick = defineActivity<void, string>('quick', async (_, activity) => {
    token = activity.info.taskToken;
    await completed.passed;
    return activity.completeLater();
  });
  const workflow = defineWorkflow('quick-one', (ctx) => ctx.runActivity(quick));
  const engine = await open({ workflows: [workflow], activities: [quick] });
  const handle = await engine.start(workflow);
  while (token === '') await new Promise((resolve) => setTimeout(resolve, 1));
  await engine.activities.heartbeat(token, 'ignored while the code runs');
  await engine.activities.complete(token, 'from outside');
  completed.pass();
  expect(await handle.result()).toBe('from outside');
});

test.each(['before-commit', 'after-commit'] as const)(
  'E16 a crash %s of the completion leaves one outcome',
  async (at) => {
    const { approval, workflow, attempts } = approving();
    const engine = await open({ workflows: [workflow], activities: [approval] });
    const handle = await engine.start(workflow);
    const token = await attempts(1);
    await engine.runUntilIdle();
    const crashed = rejection(EngineClosedError, engine.activities.complete(token, 'done'));
    await engine.crash({ at });
    await crashed;
    await engine.activities.complete(token, 'done').catch(() => undefined);
    expect(await handle.result()).toBe('done');
    expect((await eventTypes(handle)).filter((type) => type === 'ActivityCompleted')).toHaveLength(1);
  },
);

test('C2 a limit of the wait in the queue does not count while somebody else is to complete the attempt', async () => {
  const { approval, workflow, attempts } = approving({
    scheduleToStartTimeout: '1m',
    retry: { maximumAttempts: 3, initialInterval: '1s' },
  });
  let claims = 0;
  const storage = bent(await openStorage(), {
    claim: (call, request) => {
      claims += 1;
      return call(request);
    },
  });
  const engine = await open({ storage, workflows: [workflow], activities: [approval] });
  const handle = await engine.start(workflow);
  const first = await attempts(1);
  await engine.runUntilIdle();
  claims = 0;
  await engine.advance('1h');
  expect(claims).toBeLessThan(100);
  await engine.activities.fail(first, new Error('again'));
  await engine.advance('1s');
  await engine.activities.complete(await attempts(2), 'yes');
  expect(await handle.result()).toBe('yes');
});

test('C2 once its attempt was failed by its token, the limit of the wait in the queue counts again', async () => {
  const { approval, workflow, attempts } = approving({
    scheduleToStartTimeout: '1m',
    retry: { maximumAttempts: 2, initialInterval: '1s' },
  });
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [workflow], activities: [approval] });
  const handle = await engine.start(workflow);
  const token = await attempts(1);
  await engine.runUntilIdle();
  await engine.close({ grace: 0 });
  const later = await open({ storage, workflows: [workflow], taskQueues: ['default'], startAt: engine.now });
  await (await clientOf(later, storage)).activities.fail(token, new Error('no'));
  expect(await later.handle(workflow, handle.workflowId).result()).toEqual([
    'timed_out',
    'schedule_to_start',
  ]);
});

test.each(['complete', 'fail'] as const)(
  'G10 E16 %s by a token: not taken for done where nobody could say and its attempt has timed out since',
  async (end) => {
    const { approval, workflow, attempts } = approving({
      startToCloseTimeout: '10m',
      retry: { maximumAttempts: 2, initialInterval: '1s' },
    });
    const storage = await openStorage();
    const engine = await open({ storage, workflows: [workflow], activities: [approval] });
    const handle = await engine.start(workflow);
    const first = await attempts(1);
    await engine.runUntilIdle();
    let lie = true;
    const client = await clientOf(
      engine,
      bent(storage, {
        commit: async (call, batches) => {
          if (!lie) return call(batches);
          lie = false;
          await engine.advance('11m');
          await engine.runUntilIdle();
          throw storeFailure('unknown');
        },
      }),
    );
    const { activities } = client;
    await rejection(
      ActivityNotActiveError,
      end === 'complete' ? activities.complete(first, 'yes') : activities.fail(first, new Error('no')),
    );
    await engine.activities.complete(await attempts(2), 'yes, at last');
    expect(await handle.result()).toBe('yes, at last');
  },
);

test('G10 E16 a completion that nobody could tell of is done where it is in the inbox, or in the history', async () => {
  const { approval, workflow, attempts } = approving();
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [workflow], activities: [approval] });
  for (const looksLate of [false, true]) {
    const handle = await engine.start(workflow);
    const token = await attempts(looksLate ? 2 : 1);
    await engine.runUntilIdle();
    const client = await clientOf(
      engine,
      bent(storage, {
        commit: async (call, batches) => {
          await call(batches);
          if (looksLate) await handle.result();
          throw storeFailure('unknown');
        },
      }),
    );
    await client.activities.complete(token, 'yes');
    expect(await handle.result()).toBe('yes');
  }
});
