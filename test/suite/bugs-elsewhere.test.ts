import { openStorage } from '#storage';
import {
  ActivityError,
  CancelledError,
  WorkflowTimedOutError,
  defineActivity,
  defineWorkflow,
  replay,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { codeOf, eventTypes, open, rejection, untilAborted } from './kit.js';

/** The worst bugs that users of other systems have met, each as it would show here. */

test('bugs elsewhere: a workflow that returns undefined completes', async () => {
  const nothing = defineWorkflow('nothing', async () => undefined);
  const engine = await open({ workflows: [nothing] });
  const handle = await engine.start(nothing);
  expect(await handle.result()).toBeUndefined();
  expect((await handle.describe()).status).toBe('completed');
});

test('bugs elsewhere: a heartbeat timeout with the attempts spent can be caught', async () => {
  const silent = defineActivity(
    'silent',
    { heartbeatTimeout: '5s', retry: { maximumAttempts: 2, initialInterval: '1s' } },
    (_: void, activity) => untilAborted(activity.signal),
  );
  const careful = defineWorkflow('careful', async (ctx) => {
    try {
      await ctx.runActivity(silent);
      return 'done';
    } catch (error) {
      if (!(error instanceof ActivityError)) throw error;
      return `${error.kind} after ${String(error.attempt)}`;
    }
  });
  const engine = await open({ workflows: [careful], activities: [silent] });
  const handle = await engine.start(careful);
  await engine.advance('30s');
  expect(await handle.result()).toBe('timed_out after 2');
});

test('bugs elsewhere: a wait that times out wakes the workflow by itself', async () => {
  const patient = defineWorkflow('patient', async (ctx) => [
    await ctx.waitSignal('never', { timeout: '1h' }),
    await ctx.waitCondition(() => false, { timeout: '1h' }),
    ctx.now().getTime(),
  ]);
  const engine = await open({ workflows: [patient], startAt: new Date(0) });
  const handle = await engine.start(patient);
  await engine.advance('2h');
  expect((await handle.describe()).status).toBe('completed');
  expect(await handle.result()).toEqual([undefined, false, 7_200_000]);
});

test('bugs elsewhere: a queued retry past its schedule-to-close ends, and is not put off for ever', async () => {
  let attempts = 0;
  const failing = defineActivity(
    'failing',
    { scheduleToCloseTimeout: '10s', retry: { initialInterval: '4s', maximumAttempts: 0 } },
    () => {
      attempts += 1;
      throw new Error('not yet');
    },
  );
  const tries = defineWorkflow('tries', (ctx) => ctx.runActivity(failing));
  const engine = await open({ workflows: [tries], activities: [failing] });
  const handle = await engine.start(tries);
  await engine.advance('1m');
  expect((await handle.describe()).status).toBe('failed');
  expect(attempts).toBe(2);
});

test('bugs elsewhere: a workflow timeout stops its activities, running and queued', async () => {
  const reasons: unknown[] = [];
  const endless = defineActivity('endless', async (_: void, activity) => {
    await untilAborted(activity.signal).catch((reason: unknown) => reasons.push(codeOf(reason)));
  });
  const overdue = defineWorkflow('overdue', { runTimeout: '10s' }, async (ctx) => {
    await ctx.all([ctx.runActivity(endless), ctx.runActivity(endless, undefined, { taskQueue: 'nobody' })]);
  });
  const engine = await open({ workflows: [overdue], activities: [endless] });
  const handle = await engine.start(overdue);
  await engine.advance('11s');
  await rejection(WorkflowTimedOutError, handle.result());
  await engine.runUntilIdle();
  expect(reasons).toEqual(['activity_cancelled']);
  expect((await handle.describe()).pendingActivities).toEqual([]);
});

test('bugs elsewhere: an overdue timer fires once when the store is opened again', async () => {
  const effects: string[] = [];
  const note = defineActivity('note', (what: string) => void effects.push(what));
  const timer = defineWorkflow('timer', async (ctx) => {
    await ctx.sleep('1m');
    await ctx.runActivity(note, 'fired');
  });
  const options = { storage: await openStorage(), workflows: [timer], activities: [note] };
  const before = await open({ ...options, startAt: new Date(0), autoSkip: false });
  const { workflowId } = await before.start(timer);
  await before.close();
  const after = await open({ ...options, startAt: new Date(3_600_000) });
  const handle = after.handle(timer, workflowId);
  await handle.result();
  expect(effects).toEqual(['fired']);
  expect((await eventTypes(handle)).filter((type) => type === 'TimerFired')).toHaveLength(1);
});

test('bugs elsewhere: a renamed activity is detected, not run again', async () => {
  let charged = 0;
  const charge = defineActivity('charge', () => void (charged += 1));
  const bill = defineActivity('bill', () => void (charged += 1));
  const before = defineWorkflow('payment', async (ctx) => {
    await ctx.runActivity(charge);
    await ctx.waitSignal('go');
  });
  const after = defineWorkflow('payment', async (ctx) => {
    await ctx.runActivity(bill);
    await ctx.waitSignal('go');
  });
  const old = await open({ workflows: [before], activities: [charge] });
  const { workflowId } = await old.start(before);
  await old.runUntilIdle();
  const bundle = await old.handle(before, workflowId).exportHistory();
  const error = await replay([after], bundle).catch((reason: unknown) => reason);
  expect(codeOf(error)).toBe('nondeterminism');
  expect(String(error)).toMatch(/charge[^]*bill/);
  expect(charged).toBe(1);
});

test('bugs elsewhere: the clock stands still between the winner of a race and what follows it', async () => {
  const race = defineWorkflow('race', async (ctx) => {
    const began = ctx.now().getTime();
    const { key } = await ctx.race({ short: ctx.sleep('1s'), long: ctx.sleep('1h') });
    return [key, ctx.now().getTime() - began];
  });
  const engine = await open({ workflows: [race] });
  expect(await engine.execute(race)).toEqual(['short', 1_000]);
});

test('bugs elsewhere: a signal at the very moment of a timer has one order, live and on replay', async () => {
  const either = defineWorkflow('either', async (ctx) => {
    const { key } = await ctx.race({ timer: ctx.sleep('10s'), signal: ctx.waitSignal('now') });
    return key;
  });
  const engine = await open({ workflows: [either], autoSkip: false });
  const handle = await engine.start(either);
  await Promise.all([engine.advance('10s'), handle.signal('now')]);
  const winner = await handle.result();
  expect((await replay([either], await handle.exportHistory())).output).toBe(winner);
});

test('bugs elsewhere: two waiters on one lock never both enter', async () => {
  const inside: number[] = [];
  let most = 0;
  const work = defineActivity('work', async (n: number) => {
    inside.push(n);
    most = Math.max(most, inside.length);
    await Promise.resolve();
    inside.splice(inside.indexOf(n), 1);
  });
  const locking = defineWorkflow('locking', async (ctx) => {
    let locked = false;
    const enter = async (n: number): Promise<void> => {
      await ctx.waitCondition(() => !locked);
      locked = true;
      await ctx.runActivity(work, n);
      locked = false;
    };
    await Promise.all([enter(1), enter(2), enter(3)]);
  });
  const engine = await open({ workflows: [locking], activities: [work] });
  await engine.execute(locking);
  expect(most).toBe(1);
});

test('bugs elsewhere: a retry that waits for its next attempt ends at once when it is cancelled', async () => {
  const flaky = defineActivity('flaky', { retry: { initialInterval: '1h' } }, () => {
    throw new Error('later');
  });
  const impatient = defineWorkflow('impatient', async (ctx) => {
    const task = ctx.runActivity(flaky);
    await ctx.sleep('1m');
    task.cancel('no longer needed');
    const error: unknown = await task.catch((reason: unknown) => reason);
    return [error instanceof CancelledError || codeOf(error) === 'activity_cancelled', ctx.now().getTime()];
  });
  const engine = await open({ workflows: [impatient], activities: [flaky], startAt: new Date(0) });
  const [cancelled, at] = (await engine.execute(impatient)) as [boolean, number];
  expect(cancelled).toBe(true);
  expect(at).toBe(60_000);
});

test('bugs elsewhere: a rejection that is looked at later never reaches the host process', async () => {
  const failing = defineActivity('failing', { retry: { maximumAttempts: 1 } }, () => {
    throw new Error('early');
  });
  const late = defineWorkflow('late', async (ctx) => {
    const task = ctx.runActivity(failing);
    await ctx.sleep('1m');
    return task.catch(() => 'caught');
  });
  const engine = await open({ workflows: [late], activities: [failing] });
  expect(await engine.execute(late)).toBe('caught');
});
