import { defineActivity, defineWorkflow, WorkflowFailedError } from '@perdure/core';
import { expect, test } from 'vitest';
import { eventTypes, logBook, open, rejection } from './kit.js';

test('C9 time inside is that of the newest event, and stands still in between', async () => {
  const workflow = defineWorkflow('clock', async (ctx) => {
    const times = [ctx.now().getTime(), ctx.now().getTime()];
    await ctx.sleep('1h');
    times.push(ctx.now().getTime());
    await Promise.resolve();
    times.push(ctx.now().getTime());
    return times;
  });
  const engine = await open({ startAt: new Date(1_000), workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual([1_000, 1_000, 3_601_000, 3_601_000]);
});

test('C9 a Date from ctx.now may be changed without harm', async () => {
  const workflow = defineWorkflow('clock', async (ctx) => {
    ctx.now().setTime(0);
    return ctx.now().getTime();
  });
  const engine = await open({ startAt: new Date(1_000), workflows: [workflow] });
  expect(await engine.execute(workflow)).toBe(1_000);
});

const drawing = defineWorkflow('drawing', async (ctx) => {
  const draw = (): unknown[] => [ctx.random(), ctx.uuid4(), ctx.uuid7(), ctx.uuid7(), ctx.random()];
  const first = draw();
  ctx.setState(first);
  await ctx.waitSignal('more');
  return { first, second: draw() };
});

test('C9 random numbers and uuids are the same on every replay, and others in every run', async () => {
  const engine = await open({ workflows: [drawing] });
  const handle = await engine.start(drawing);
  const before = (await handle.describe()).state;
  await engine.crash();
  await handle.signal('more');
  const { first, second } = await handle.result();
  expect(first).toEqual(before);
  const all = [...first, ...second];
  expect(new Set(all).size).toBe(10);
  const other = await engine.start(drawing);
  expect((await other.describe()).state).not.toEqual(before);
});

test('C9 uuids have their form, those of version 7 sort by time and within a tick', async () => {
  const workflow = defineWorkflow('uuids', async (ctx) => {
    const seven = Array.from({ length: 50 }, () => ctx.uuid7());
    await ctx.sleep('1s');
    seven.push(ctx.uuid7());
    return { four: ctx.uuid4(), seven };
  });
  const engine = await open({ workflows: [workflow] });
  const { four, seven } = await engine.execute(workflow);
  expect(four).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  for (const uuid of seven)
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect([...seven].sort()).toEqual(seven);
  expect(new Set(seven).size).toBe(51);
});

test('C9 random numbers lie between 0 and 1 and spread', async () => {
  const workflow = defineWorkflow('spread', async (ctx) => Array.from({ length: 1_000 }, () => ctx.random()));
  const engine = await open({ workflows: [workflow] });
  const numbers = await engine.execute(workflow);
  expect(numbers.every((n) => n >= 0 && n < 1)).toBe(true);
  const mean = numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
  expect(mean).toBeGreaterThan(0.4);
  expect(mean).toBeLessThan(0.6);
});

test('C9 a side effect runs once and its value is recorded', async () => {
  let effects = 0;
  const workflow = defineWorkflow('effect', async (ctx) => {
    const value = ctx.sideEffect(() => ({ n: ++effects, at: new Date(7) }));
    await ctx.waitSignal('go');
    return value;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await engine.crash();
  await handle.signal('go');
  expect(await handle.result()).toEqual({ n: 1, at: new Date(7) });
  expect(effects).toBe(1);
  expect(await eventTypes(handle)).toContain('SideEffectRecorded');
});

test('C9 a side effect that throws is recorded, and throws the same on every replay', async () => {
  let runs = 0;
  const workflow = defineWorkflow('effect', async (ctx) => {
    const seen: unknown[] = [];
    for (const fails of [true, false, true]) {
      try {
        seen.push(
          ctx.sideEffect(() => {
            runs += 1;
            if (fails) throw new RangeError(`no ${runs}`);
            return runs;
          }),
        );
      } catch (error) {
        const { name, message } = error as Error;
        seen.push([name, message, error instanceof RangeError]);
      }
    }
    await ctx.waitSignal('go');
    return seen;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await engine.crash();
  await handle.signal('go');
  expect(await handle.result()).toEqual([['RangeError', 'no 1', false], 2, ['RangeError', 'no 3', false]]);
  expect(runs).toBe(3);
});

test('C9 a side effect may not be asynchronous nor use the context', async () => {
  const asynchronous = defineWorkflow('asynchronous', async (ctx) => ctx.sideEffect(async () => 1));
  const acting = defineWorkflow('acting', async (ctx) => ctx.sideEffect(() => ctx.random()));
  const engine = await open({ workflows: [asynchronous, acting] });
  await rejection(WorkflowFailedError, engine.execute(asynchronous));
  await rejection(WorkflowFailedError, engine.execute(acting));
});

test('C9 the log of a workflow is silent on replay, and says whose line it is', async () => {
  const logger = logBook();
  const workflow = defineWorkflow('talks', async (ctx) => {
    ctx.log.info('first', { n: 1 });
    await ctx.waitSignal('go');
    ctx.log.debug('second');
    ctx.log.warn('third');
    ctx.log.error('fourth');
  });
  const engine = await open({ logger, workflows: [workflow] });
  const handle = await engine.start(workflow, undefined, { id: 'w' });
  await engine.crash();
  await engine.crash();
  await handle.signal('go');
  await handle.result();
  await handle.query('nothing').catch(() => undefined);
  expect(logger.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
    'info first',
    'debug second',
    'warn third',
    'error fourth',
  ]);
  expect(logger.lines[0]?.fields).toMatchObject({
    n: 1,
    workflowType: 'talks',
    workflowId: 'w',
    runId: handle.runId,
  });
});

test('C14 the log of an activity says whose line it is', async () => {
  const logger = logBook();
  const talking = defineActivity('talking', (_: void, { log }) => log.info('here', { n: 1 }));
  const workflow = defineWorkflow('runs', (ctx) => ctx.runActivity(talking));
  const engine = await open({ logger, workflows: [workflow], activities: [talking] });
  await engine.execute(workflow, undefined, { id: 'w' });
  expect(logger.lines).toMatchObject([
    {
      level: 'info',
      message: 'here',
      fields: { n: 1, activityType: 'talking', activityId: 'a1', workflowId: 'w', attempt: 1 },
    },
  ]);
});

test('C9 whether it is a replay can be seen, for logs', async () => {
  const seen: boolean[] = [];
  const workflow = defineWorkflow('sees', async (ctx) => {
    seen.push(ctx.info.replaying);
    await ctx.waitSignal('go');
    seen.push(ctx.info.replaying);
  });
  const engine = await open({ workflows: [workflow], alwaysEvict: false, shadowReplay: false });
  const handle = await engine.start(workflow);
  expect(seen).toEqual([false]);
  await engine.crash();
  await handle.signal('go');
  await handle.result();
  expect(seen).toEqual([false, true, false]);
});
