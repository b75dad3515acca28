import { openStorage } from '#storage';
import { defineActivity, defineWorkflow, WorkflowFailedError, type Duration } from '@perdure/core';
import { faulty, noHints } from '@perdure/testing';
import { expect, test } from 'vitest';
import { bent } from './bent-storage.js';
import { eventTypes, gate, open, rejection, untilAborted } from './kit.js';

const sleeping = defineWorkflow('sleeping', async (ctx, duration: Duration) => {
  const before = ctx.now().getTime();
  await ctx.sleep(duration);
  return ctx.now().getTime() - before;
});

test('A13 a sleep ends when it is over, not a millisecond earlier', async () => {
  const engine = await open({ startAt: new Date(0), workflows: [sleeping] });
  const handle = await engine.start(sleeping, '10s');
  await engine.advance(9_999);
  expect(await handle.describe()).toMatchObject({
    status: 'waiting',
    waitingFor: [{ kind: 'timer', id: 't1', dueAt: new Date(10_000) }],
  });
  await engine.advance(1);
  expect(await handle.result({ timeout: 0 })).toBe(10_000);
});

test('A13 C4 a negative sleep fires at once', async () => {
  const engine = await open({ workflows: [sleeping] });
  const handle = await engine.start(sleeping, -5_000);
  await engine.runUntilIdle();
  expect(await handle.result({ timeout: 0 })).toBe(0);
});

test('A13 C4 a sleep of zero is recorded all the same', async () => {
  const engine = await open({ workflows: [sleeping] });
  const handle = await engine.start(sleeping, 0);
  await engine.runUntilIdle();
  expect(await handle.result({ timeout: 0 })).toBe(0);
  expect(await eventTypes(handle)).toEqual([
    'WorkflowStarted',
    'TimerStarted',
    'TimerFired',
    'WorkflowCompleted',
  ]);
});

test.each<[Duration, number]>([
  [0.2, 1],
  [1.5, 2],
  ['1.0005s', 1_001],
  ['250ms', 250],
  ['30s', 30_000],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['1w', 604_800_000],
  [{ minutes: 1, seconds: 30 }, 90_000],
  [{ weeks: 1, days: 1, hours: 1, milliseconds: 1 }, 694_800_001],
])('D7 a duration of %j is %i ms: fractions are rounded up', async (duration, milliseconds) => {
  const engine = await open({ workflows: [sleeping] });
  expect(await engine.execute(sleeping, duration)).toBe(milliseconds);
});

test.each<[string, unknown]>([
  ['no number', NaN],
  ['no unit', '10'],
  ['unknown unit', '10y'],
  ['empty parts', {}],
  ['unknown part', { fortnights: 1 }],
  ['null', null],
])('D7 what is no duration is refused: %s', async (_, duration) => {
  const engine = await open({ workflows: [sleeping] });
  const { failure } = await rejection(WorkflowFailedError, engine.execute(sleeping, duration as Duration));
  expect(failure.code).toBe('invalid_argument');
});

test('F10 sleepUntil ends at its moment; one that has passed counts as now', async () => {
  const workflow = defineWorkflow('until', async (ctx) => {
    await ctx.sleepUntil(new Date(50_000));
    const first = ctx.now().getTime();
    await ctx.sleepUntil(new Date(7));
    return [first, ctx.now().getTime()];
  });
  const engine = await open({ startAt: new Date(10_000), workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual([50_000, 50_000]);
});

test('F10 sleepUntil refuses an invalid date', async () => {
  const workflow = defineWorkflow('until-never', (ctx) => ctx.sleepUntil(new Date(NaN)));
  const engine = await open({ workflows: [workflow] });
  expect((await rejection(WorkflowFailedError, engine.execute(workflow))).failure.code).toBe(
    'invalid_argument',
  );
});

test('G4 timers fire in the order in which they are due', async () => {
  const workflow = defineWorkflow('sorts', async (ctx) => {
    const order: number[] = [];
    await ctx.all(
      [50, 10, 40, 10, 0, 30].map((seconds, i) =>
        ctx.sleep(seconds * 1_000).then(() => {
          order.push(i);
        }),
      ),
    );
    return order;
  });
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual([4, 1, 3, 5, 2, 0]);
});

test('F10 a timer that was overdue while nothing ran fires once, when something does', async () => {
  const engine = await open({ workflows: [sleeping] });
  const handle = await engine.start(sleeping, '1h');
  await engine.crash({ keepLeases: true });
  await engine.advance('3h');
  expect(await handle.result({ timeout: 0 })).toBeGreaterThanOrEqual(3_600_000);
  expect((await eventTypes(handle)).filter((type) => type === 'TimerFired')).toHaveLength(1);
});

test('F10 a deadline is absolute: a crash in the middle does not begin it again', async () => {
  const engine = await open({ workflows: [sleeping] });
  const handle = await engine.start(sleeping, '1h');
  await engine.advance('40m');
  await engine.crash();
  await engine.advance(20 * 60_000 - 1);
  expect((await handle.describe()).status).toBe('waiting');
  await engine.advance(1);
  expect(await handle.result({ timeout: 0 })).toBe(3_600_000);
});

test('G4 a timer of a hundred years waits', async () => {
  const engine = await open({ workflows: [sleeping] });
  const handle = await engine.start(sleeping, { days: 36_500 });
  await engine.advance({ days: 36_499 });
  expect((await handle.describe()).status).toBe('waiting');
  expect(await handle.result()).toBe(36_500 * 86_400_000);
});

test('G4 a sleep without an end never fires', async () => {
  const workflow = defineWorkflow('forever', (ctx) =>
    ctx.race({ never: ctx.sleep(Infinity), later: ctx.sleep('52w') }),
  );
  const engine = await open({ workflows: [workflow] });
  expect((await engine.execute(workflow)).key).toBe('later');
});

test('A13 a cancelled sleep rejects and never fires', async () => {
  const workflow = defineWorkflow('cancels', async (ctx) => {
    const timer = ctx.sleep('1h');
    await ctx.sleep('1m');
    timer.cancel('not needed');
    timer.cancel('twice');
    const ended = await timer.then(
      () => 'fired',
      (error: unknown) => `${(error as Error).name}: ${(error as Error).message}`,
    );
    await ctx.sleep('2h');
    return ended;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  expect(await handle.result()).toBe('CancelledError: not needed');
  const types = await eventTypes(handle);
  expect(types.filter((type) => type === 'TimerCancelled')).toHaveLength(1);
  expect(types.filter((type) => type === 'TimerFired')).toHaveLength(2);
});

test('A13 a thousand timers of one moment all fire, in the order they were started', async () => {
  const workflow = defineWorkflow('crowd', async (ctx) => {
    const order: number[] = [];
    await ctx.all(
      Array.from({ length: 1_000 }, (_, i) =>
        ctx.sleep('1m').then(() => {
          order.push(i);
        }),
      ),
    );
    return order.every((n, i) => n === i);
  });
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toBe(true);
});

test('G4 fifty naps in a row move time on exactly', async () => {
  const workflow = defineWorkflow('naps', async (ctx) => {
    const before = ctx.now().getTime();
    for (let i = 0; i < 50; i++) await ctx.sleep(i);
    return ctx.now().getTime() - before;
  });
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toBe(1_225);
});

test('G4 G7 a timer that is set while the store is asked for the next one is not late', async () => {
  const asked = gate();
  const told = gate();
  let hold = false;
  const slow = bent(faulty(await openStorage(), noHints), {
    nextWakeAt: async (call, request) => {
      const at = await call(request);
      if (hold) {
        hold = false;
        asked.pass();
        await told.passed;
      }
      return at;
    },
  });
  const engine = await open({ storage: slow, workflows: [sleeping], autoSkip: false });
  await engine.start(sleeping, 50);
  await engine.runUntilIdle();
  hold = true;
  const advanced = engine.advance(50);
  await asked.passed;
  const handle = await engine.start(sleeping, 200);
  told.pass();
  await advanced;
  await engine.advance(400);
  expect(await handle.result({ timeout: 0 })).toBe(200);
});

test('G4 a timer is not late because there is no room for the activities that wait', async () => {
  const hanging = defineActivity('hanging', (_: void, { signal }) => untilAborted(signal));
  const crowd = defineWorkflow('crowd', (ctx) =>
    ctx.all([ctx.runActivity(hanging), ctx.runActivity(hanging)]),
  );
  const engine = await open({
    workflows: [crowd, sleeping],
    activities: [hanging],
    maxConcurrentActivities: 1,
  });
  await engine.start(crowd);
  const handles = [await engine.start(sleeping, '61s'), await engine.start(sleeping, '127s')];
  await engine.advance('1h');
  expect(await Promise.all(handles.map((handle) => handle.result({ timeout: 0 })))).toEqual([
    61_000, 127_000,
  ]);
});
