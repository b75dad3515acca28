import { openStorage } from '#storage';
import {
  ActivityError,
  defineActivity,
  defineWorkflow,
  InvalidArgumentError,
  NonRetryableError,
  WorkflowFailedError,
  type RetryPolicy,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { open, rejection } from './kit.js';

/** Runs an activity that fails so many times; gives back the waits between its attempts and how it ended. */
async function attempts(
  retry: RetryPolicy | undefined,
  fails: number,
  failWith: () => unknown = () => new Error('not yet'),
) {
  const starts: number[] = [];
  const flaky = defineActivity('flaky', retry ? { retry } : {}, (_: void, { info }) => {
    starts.push(info.startedAt.getTime());
    if (info.attempt <= fails) throw failWith();
    return info.attempt;
  });
  const retrying = defineWorkflow('retrying', async (ctx) => {
    try {
      return await ctx.runActivity(flaky);
    } catch (error) {
      if (!(error instanceof ActivityError)) throw error;
      const cause = error.cause as Error & { details?: unknown };
      return {
        attempt: error.attempt,
        kind: error.kind,
        cause: cause.message,
        name: cause.name,
        details: cause.details,
      };
    }
  });
  const engine = await open({ workflows: [retrying], activities: [flaky] });
  const outcome: unknown = await engine.execute(retrying);
  const waits = starts.slice(1).map((start, i) => start - (starts[i] ?? 0));
  return { waits, outcome };
}

test('A9 A10 an activity that is called by its name goes by the options of its definition', async () => {
  let attempts = 0;
  const once = defineActivity('once', { retry: { maximumAttempts: 1 }, startToCloseTimeout: '5s' }, () => {
    attempts += 1;
    throw new Error('no');
  });
  const named = defineWorkflow('named', async (ctx) => {
    await ctx.runActivity('once').catch(() => undefined);
    await ctx.runActivity('once', undefined, { retry: { maximumAttempts: 2 } }).catch(() => undefined);
  });
  const engine = await open({ workflows: [named], activities: [once] });
  const handle = await engine.start(named);
  await handle.result();
  expect(attempts).toBe(3);
  const { events } = await handle.exportHistory();
  expect(
    (events as { type: string; timeouts?: unknown }[]).flatMap(({ type, timeouts }) =>
      type === 'ActivityScheduled' ? [timeouts] : [],
    ),
  ).toEqual([{ startToClose: 5_000 }, { startToClose: 5_000 }]);
  const alone = await engine.activities.start('once');
  await rejection(WorkflowFailedError, alone.result());
  expect(attempts).toBe(4);
});

test('A10 without a policy there are three attempts, one and two seconds apart', async () => {
  const { waits, outcome } = await attempts(undefined, 99);
  expect(waits).toEqual([1_000, 2_000]);
  expect(outcome).toMatchObject({ attempt: 3, kind: 'failed', cause: 'not yet' });
});

test('A10 exponential waits grow by the coefficient and are capped', async () => {
  const retry: RetryPolicy = {
    initialInterval: 100,
    backoffCoefficient: 3,
    maximumInterval: 500,
    maximumAttempts: 5,
  };
  const { waits, outcome } = await attempts(retry, 4);
  expect(waits).toEqual([100, 300, 500, 500]);
  expect(outcome).toBe(5);
});

test('A10 linear waits grow by the initial interval and are capped', async () => {
  const { waits } = await attempts(
    { strategy: 'linear', initialInterval: '100ms', maximumInterval: 250, maximumAttempts: 5 },
    4,
  );
  expect(waits).toEqual([100, 200, 250, 250]);
});

test('A10 written intervals override the formula, and the last one repeats', async () => {
  const { waits } = await attempts({ intervals: [10, '1m', { seconds: 5 }], maximumAttempts: 6 }, 5);
  expect(waits).toEqual([10, 60_000, 5_000, 5_000, 5_000]);
});

test('A10 jitter stays within its fraction of the interval, and varies', async () => {
  const retry: RetryPolicy = {
    initialInterval: 1_000,
    backoffCoefficient: 1,
    jitter: 0.5,
    maximumAttempts: 0,
  };
  const { waits } = await attempts(retry, 40);
  expect(waits).toHaveLength(40);
  for (const wait of waits) {
    expect(wait).toBeGreaterThanOrEqual(500);
    expect(wait).toBeLessThanOrEqual(1_500);
  }
  expect(new Set(waits).size).toBeGreaterThan(5);
});

test('A10 jitter comes after the cap, and a wait is never negative', async () => {
  const { waits } = await attempts(
    { initialInterval: 60_000, maximumInterval: 100, jitter: 1, maximumAttempts: 0 },
    20,
  );
  for (const wait of waits) {
    expect(wait).toBeGreaterThanOrEqual(0);
    expect(wait).toBeLessThanOrEqual(200);
  }
});

test('A10 an interval of zero retries at once', async () => {
  const { waits, outcome } = await attempts({ initialInterval: 0 }, 2);
  expect(waits).toEqual([0, 0]);
  expect(outcome).toBe(3);
});

test('A10 no wait stays none, however steeply it grows', async () => {
  const steep = { initialInterval: 0, backoffCoefficient: 1e200, maximumAttempts: 0 };
  const { waits, outcome } = await attempts(steep, 4);
  expect(waits).toEqual([0, 0, 0, 0]);
  expect(outcome).toBe(5);
});

test('D1 zero attempts are unlimited', async () => {
  const { outcome } = await attempts({ maximumAttempts: 0, initialInterval: 1 }, 30);
  expect(outcome).toBe(31);
});

test('D1 one attempt is never retried', async () => {
  const { waits, outcome } = await attempts({ maximumAttempts: 1 }, 99);
  expect(waits).toEqual([]);
  expect(outcome).toMatchObject({ attempt: 1 });
});

test('A10 errors named as not retryable are not retried', async () => {
  const { waits, outcome } = await attempts({ nonRetryableErrors: ['CardDeclined'] }, 99, () =>
    Object.assign(new Error('declined'), { name: 'CardDeclined' }),
  );
  expect(waits).toEqual([]);
  expect(outcome).toMatchObject({ attempt: 1, name: 'CardDeclined', cause: 'declined' });
});

test('A10 names of errors are compared exactly', async () => {
  const { waits } = await attempts({ nonRetryableErrors: ['carddeclined', 'Card'] }, 99, () =>
    Object.assign(new Error('declined'), { name: 'CardDeclined' }),
  );
  expect(waits).toHaveLength(2);
});

test('C14 a NonRetryableError stops the retries and carries its name and details', async () => {
  const { waits, outcome } = await attempts(
    undefined,
    99,
    () => new NonRetryableError('no such card', { name: 'NoCard', details: { card: 7, since: new Date(0) } }),
  );
  expect(waits).toEqual([]);
  expect(outcome).toEqual({
    attempt: 1,
    kind: 'failed',
    cause: 'no such card',
    name: 'NoCard',
    details: { card: 7, since: new Date(0) },
  });
});

test('A10 the policy is frozen when the activity is scheduled', async () => {
  const storage = await openStorage();
  let begun = 0;
  const flaky = (retry: RetryPolicy) =>
    defineActivity('flaky', { retry }, () => {
      begun += 1;
      throw new Error('no');
    });
  const build = (retry: RetryPolicy) => {
    const activity = flaky(retry);
    return {
      workflows: [defineWorkflow('frozen', (ctx) => ctx.runActivity(activity))],
      activities: [activity],
    };
  };
  const first = await open({
    storage,
    startAt: new Date(0),
    ...build({ maximumAttempts: 2, intervals: ['1h'] }),
  });
  const { workflowId } = await first.start('frozen');
  await first.runUntilIdle();
  expect(begun).toBe(1);
  await first.close();

  const second = await open({
    storage,
    startAt: new Date(60_000),
    ...build({ maximumAttempts: 9, initialInterval: 1 }),
  });
  const handle = second.handle(workflowId);
  await second.advance('58m');
  expect(begun).toBe(1);
  await second.advance('1m');
  expect(begun).toBe(2);
  await rejection(WorkflowFailedError, handle.result({ timeout: 0 }));
});

test('A8 options of the call override those of the definition, one by one', async () => {
  let begun = 0;
  const failing = defineActivity(
    'failing',
    { retry: { maximumAttempts: 5 }, startToCloseTimeout: '1m' },
    (_: void, activity) => {
      begun += 1;
      expect(activity.info.deadline?.getTime()).toBe(activity.info.startedAt.getTime() + 60_000);
      throw new Error('no');
    },
  );
  const calling = defineWorkflow('calling', (ctx) =>
    ctx.runActivity(failing, undefined, { retry: { maximumAttempts: 2 } }),
  );
  const engine = await open({ workflows: [calling], activities: [failing] });
  await rejection(WorkflowFailedError, engine.execute(calling));
  expect(begun).toBe(2);
});

test('C1 a policy that is not valid is refused, with a path for each thing wrong', () => {
  const retry: RetryPolicy = {
    backoffCoefficient: 0.5,
    maximumAttempts: -1,
    jitter: 2,
    initialInterval: -1,
    intervals: [],
  };
  const define = (): unknown => defineActivity('bad', { retry }, () => undefined);
  expect(define).toThrow(InvalidArgumentError);
  for (const field of ['backoffCoefficient', 'maximumAttempts', 'jitter', 'initialInterval', 'intervals']) {
    expect(define).toThrow(`retry.${field}`);
  }
});

test('A20 an unknown activity is the cause, lists nothing twice, and is never retried', async () => {
  const known = defineActivity('known', () => 1);
  const lost = defineWorkflow('lost', async (ctx) => {
    try {
      await ctx.runActivity('forgotten', 1, { retry: { maximumAttempts: 0 } });
      return undefined;
    } catch (error) {
      const { kind, attempt, cause } = error as ActivityError;
      return {
        kind,
        attempt,
        cause: (cause as Error).name,
        code: (cause as { code?: string }).code,
        message: (cause as Error).message,
      };
    }
  });
  const engine = await open({ workflows: [lost], activities: [known] });
  const outcome = await engine.execute(lost);
  expect(outcome).toMatchObject({
    kind: 'failed',
    attempt: 1,
    cause: 'UnknownActivityError',
    code: 'unknown_activity',
  });
  expect(outcome?.message).toContain('forgotten');
});

test('C14 the idempotency key is the same for every attempt, and another for every activity', async () => {
  const keys: string[] = [];
  const noting = defineActivity('noting', (fails: number, { info, idempotencyKey }) => {
    keys.push(idempotencyKey);
    if (info.attempt <= fails) throw new Error('again');
  });
  const twice = defineWorkflow('twice', async (ctx) => {
    await ctx.runActivity(noting, 2);
    await ctx.runActivity(noting, 0);
  });
  const engine = await open({ workflows: [twice], activities: [noting] });
  await engine.execute(twice);
  await engine.execute(twice);
  expect(keys).toHaveLength(8);
  expect(new Set(keys.slice(0, 3)).size).toBe(1);
  expect(new Set(keys).size).toBe(4);
});

test('B3 a description shows an activity that backs off, its failure and its next attempt', async () => {
  const failing = defineActivity('failing', { retry: { initialInterval: '10s' } }, () => {
    throw Object.assign(new Error('out of paper'), { code: 'E_PAPER' });
  });
  const waiting = defineWorkflow('waiting', (ctx) => ctx.runActivity(failing));
  const engine = await open({ workflows: [waiting], activities: [failing] });
  const handle = await engine.start(waiting);
  await engine.runUntilIdle();
  const { pendingActivities, status, waitingFor } = await handle.describe();
  expect(status).toBe('running');
  expect(waitingFor).toEqual([{ kind: 'activity', id: 'a1', name: 'failing' }]);
  expect(pendingActivities).toMatchObject([
    {
      activityId: 'a1',
      activityType: 'failing',
      state: 'backing_off',
      attempt: 1,
      lastFailure: { message: 'out of paper', code: 'E_PAPER' },
    },
  ]);
  expect(pendingActivities[0]?.nextAttemptAt?.getTime()).toBe(engine.now.getTime() + 10_000);
});

test('C13 an activity error says which activity, which attempt, which kind, and keeps the cause', async () => {
  class Refused extends Error {
    override readonly name = 'Refused';
    readonly code = 'E_REFUSED';
    readonly order = { id: 'o1' };
  }
  const refusing = defineActivity('refusing', { retry: { maximumAttempts: 2 } }, () => {
    throw new Refused('refused', { cause: new TypeError('underneath') });
  });
  const seen = defineWorkflow('seen', async (ctx) => {
    try {
      await ctx.runActivity(refusing);
    } catch (error) {
      const { activityType, activityId, attempt, kind, code, cause } = error as ActivityError;
      const { name, message, code: causeCode, details } = cause as Error & { code: string; details: unknown };
      const deeper = (cause as Error).cause as Error;
      return {
        activityType,
        activityId,
        attempt,
        kind,
        code,
        cause: { name, message, causeCode, details, deeper: [deeper.name, deeper.message] },
      };
    }
    return undefined;
  });
  const engine = await open({ workflows: [seen], activities: [refusing] });
  expect(await engine.execute(seen)).toEqual({
    activityType: 'refusing',
    activityId: 'a1',
    attempt: 2,
    kind: 'failed',
    code: 'activity_failed',
    cause: {
      name: 'Refused',
      message: 'refused',
      causeCode: 'E_REFUSED',
      details: { order: { id: 'o1' } },
      deeper: ['TypeError', 'underneath'],
    },
  });
});
