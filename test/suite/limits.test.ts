import {
  createEngine,
  defineActivity,
  defineWorkflow,
  InvalidArgumentError,
  replay,
  signal,
  SignalRejectedError,
  update,
  UpdateRejectedError,
  WorkflowFailedError,
  type WorkflowContext,
} from '@perdure/core';
import { memory } from '@perdure/memory';
import { expect, test } from 'vitest';
import { logBook, open, rejection, type LogBook } from './kit.js';

const never = defineActivity('never', () => new Promise<void>(() => undefined));
const activities = [never];
const times = <T>(count: number, fn: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => fn(i));
const warnings = ({ lines }: LogBook): unknown[] =>
  lines
    .filter(({ level, message }) => level === 'warn' && message.includes('limit'))
    .map(({ fields }) => (fields as { limit: string }).limit);

const doing = (fn: (ctx: WorkflowContext) => Promise<unknown>) => defineWorkflow('doing', fn);
const wait = (ctx: WorkflowContext): Promise<unknown> => ctx.waitSignal('go');

const breaches: [string, object, ReturnType<typeof doing>][] = [
  [
    'activities pending at once',
    { pendingActivities: 10 },
    doing(async (ctx) => {
      for (let i = 0; i < 11; i++) void ctx.runActivity(never);
      return wait(ctx);
    }),
  ],
  [
    'children open at once',
    { pendingChildren: 10 },
    doing(async (ctx) => {
      for (let i = 0; i < 11; i++) void ctx.runChild('doing', 0, { taskQueue: 'elsewhere' });
      return wait(ctx);
    }),
  ],
  [
    'timers pending at once',
    { pendingTimers: 10 },
    doing(async (ctx) => {
      for (let i = 0; i < 11; i++) void ctx.sleep('1h');
      return wait(ctx);
    }),
  ],
  [
    'commands in answer to one event',
    { commands: 10 },
    doing(async (ctx) => {
      for (let i = 0; i < 11; i++) ctx.sideEffect(() => i);
      return wait(ctx);
    }),
  ],
  [
    'events',
    { events: 10 },
    doing(async (ctx) => {
      for (;;) await ctx.sleep(1);
    }),
  ],
];

test.each(breaches)(
  'B31 too many %s fail the run with a typed failure, and 0 is no limit',
  async (what, limits, workflow) => {
    const engine = await open({ workflows: [workflow], activities, limits });
    const handle = await engine.start(workflow);
    const { failure } = await rejection(WorkflowFailedError, handle.result());
    expect(failure).toMatchObject({
      name: 'StructuralLimitError',
      code: 'structural_limit',
      nonRetryable: true,
    });
    expect(failure.message).toContain(what);
    const { status, pendingActivities } = await handle.describe();
    expect([status, pendingActivities]).toEqual(['failed', []]);
    // Its code did not end so: a replay takes such an end as it is.
    expect(await replay([workflow], await handle.exportHistory())).toMatchObject({
      status: 'failed',
      failure: { code: 'structural_limit' },
    });

    const off = Object.fromEntries(Object.keys(limits).map((name) => [name, 0]));
    const unlimited = await open({ workflows: [workflow], activities, limits: off });
    const other = await unlimited.start(workflow);
    await unlimited.advance('20ms');
    expect((await other.describe()).statusBucket).toBe('running');
  },
);

test('B31 just at a limit nothing fails, and 80 % of it is warned about', async () => {
  const workflow = doing(async (ctx) => {
    const tasks = times(8, () => ctx.sleep('1h'));
    await ctx.waitSignal('more');
    tasks.push(ctx.sleep('1h'), ctx.sleep('1h'));
    await ctx.all(tasks);
    return 'done';
  });
  const logger = logBook();
  const engine = await open({
    workflows: [workflow],
    logger,
    limits: { pendingTimers: 10 },
    alwaysEvict: false,
  });
  const handle = await engine.start(workflow);
  await handle.signal('more');
  expect(await handle.result()).toBe('done');
  expect([...new Set(warnings(logger))]).toEqual(['pendingTimers']);
});

test('B31 a signal that is taken from many is a matter of its own: any number can be taken one after the other', async () => {
  const workflow = doing(async (ctx) => {
    await ctx.waitSignal('go');
    let sum = 0;
    for (let i = 0; i < 30; i++) sum += (await ctx.waitSignal('one', { timeout: '1h' })) as number;
    let more = 0;
    ctx.onSignal('other', async (n) => {
      ctx.sideEffect(() => n);
      more += n as number;
    });
    await ctx.waitCondition(() => more === 30);
    return [sum, more];
  });
  const engine = await open({ workflows: [workflow], limits: { commands: 10 } });
  const handle = await engine.start(workflow);
  for (let i = 0; i < 30; i++) {
    await handle.signal('one', 1);
    await handle.signal('other', 1);
  }
  await handle.signal('go');
  expect(await handle.result()).toEqual([30, 30]);
});

test('B31 more updates under way than a run may have are refused; it goes on, and takes others later', async () => {
  const messages = { work: update<string>(), go: signal() };
  const workflow = defineWorkflow('slow', { messages }, async (ctx) => {
    let opened = false;
    ctx.onUpdate('work', async () => {
      await ctx.waitCondition(() => opened);
      return 'done';
    });
    await ctx.waitSignal('go');
    opened = true;
    await ctx.waitSignal('go');
  });
  const engine = await open({ workflows: [workflow], limits: { pendingUpdates: 3 } });
  const handle = await engine.start(workflow);
  const taken = [1, 2, 3].map(() => handle.update('work'));
  await engine.runUntilIdle();
  const { message } = await rejection(UpdateRejectedError, handle.update('work'));
  expect(message).toContain('3 updates are under way');
  await handle.signal('go');
  expect(await Promise.all(taken)).toEqual(['done', 'done', 'done']);
  expect(await handle.update('work')).toBe('done');
});

test('B31 C7 children of children end at a depth that only code without an end comes to', async () => {
  const deeper = defineWorkflow('deeper', async (ctx, depth: number): Promise<number> => {
    try {
      return await ctx.runChild('deeper', depth + 1);
    } catch (error) {
      const { cause } = error as { cause?: { code?: string } };
      return cause?.code === 'structural_limit' ? depth : -1;
    }
  });
  const engine = await open({ workflows: [deeper] });
  expect(await engine.execute(deeper, 0)).toBe(100);
});

test('B31 a run that settles at a limit ends as its code says', async () => {
  const workflow = doing(async (ctx) => {
    for (let i = 0; i < 20; i++) ctx.sideEffect(() => i);
    return 'done';
  });
  const engine = await open({ workflows: [workflow], limits: { commands: 10 } });
  expect(await engine.execute(workflow)).toBe('done');
});

test('B31 more signals than a run may hold are refused at the door; the run goes on, and takes others later', async () => {
  const seen = doing(async (ctx) => {
    await ctx.waitSignal('begin');
    let count = 0;
    ctx.onSignal('item', () => {
      count += 1;
    });
    await ctx.waitSignal('end');
    return count;
  });
  const engine = await open({ workflows: [seen], limits: { bufferedSignals: 5 } });
  const handle = await engine.start(seen);
  for (let i = 0; i < 5; i++) await handle.signal('item');
  await engine.runUntilIdle();
  await rejection(SignalRejectedError, handle.signal('item'));
  expect((await handle.describe()).status).toBe('waiting');
  await engine.crash();
  await rejection(SignalRejectedError, handle.signal('item'));
  await handle.cancel().catch(() => undefined);

  const other = await engine.start(seen);
  for (let i = 0; i < 4; i++) await other.signal('item');
  await other.signal('begin');
  await engine.runUntilIdle();
  for (let i = 0; i < 4; i++) await other.signal('item');
  await other.signal('end');
  expect(await other.result()).toBe(8);
});

test('B31 F19 continueAsNew is suggested for a wide fan-out as well as for a long history', async () => {
  const workflow = doing(async (ctx) => {
    const suggested = [ctx.info.continueAsNewSuggested];
    const timers = times(199, () => ctx.sleep(1));
    suggested.push(ctx.info.continueAsNewSuggested);
    timers.push(ctx.sleep(1));
    suggested.push(ctx.info.continueAsNewSuggested);
    await ctx.all(timers);
    suggested.push(ctx.info.continueAsNewSuggested);
    return suggested;
  });
  const logger = logBook();
  const engine = await open({ workflows: [workflow], logger, alwaysEvict: false });
  expect(await engine.execute(workflow)).toEqual([false, false, true, false]);
  expect([...new Set(warnings(logger))]).toEqual(['advised pending']);
});

test('B31 F19 a long history: warned about at 8,000 events, continueAsNew suggested at 10,000', async () => {
  const workflow = doing(async (ctx) => {
    let effects = 0;
    while (!ctx.info.continueAsNewSuggested) {
      for (let i = 0; i < 900; i++) ctx.sideEffect(() => (effects += 1));
      await ctx.sleep(1);
    }
    return ctx.info.historyLength;
  });
  const logger = logBook();
  const engine = await open({ workflows: [workflow], logger, alwaysEvict: false, shadowReplay: false });
  expect(await engine.execute(workflow)).toBeGreaterThanOrEqual(10_000);
  expect(warnings(logger)).toContain('advised events');
});

test('B31 limits are checked', async () => {
  for (const limits of [{ events: -1 }, { commands: 1.5 }, { timers: 5 }])
    await rejection(InvalidArgumentError, createEngine({ storage: memory(), limits: limits }));
});

test('B31 F18 a value of a workflow is warned about at 80 % of a payload, and refused beyond it', async () => {
  const workflow = doing(async (ctx) => {
    ctx.setState('x'.repeat(700));
    ctx.setState('x'.repeat(900));
    await ctx.sleep(1);
    ctx.setState('x'.repeat(1_100));
  });
  const logger = logBook();
  const engine = await open({ workflows: [workflow], logger, maxPayloadBytes: 1_000 });
  const handle = await engine.start(workflow);
  await expect(handle.result()).rejects.toMatchObject({ failure: { code: 'payload_too_large' } });
  expect(logger.lines.filter(({ message }) => message.includes('limit of a payload'))).toMatchObject([
    { level: 'warn', fields: { allowed: 1_000 } },
  ]);
});

test('E7 B31 replaying a run that met a limit gives the failure that it met', async () => {
  const workflow = defineWorkflow('too-many-timers', async (ctx) => {
    await ctx.all(Array.from({ length: 20 }, () => ctx.sleep(5)));
  });
  const engine = await open({ workflows: [workflow], limits: { pendingTimers: 10 } });
  const handle = await engine.start(workflow);
  await handle.result().catch(() => undefined);
  const { failure } = await replay([workflow], await handle.exportHistory());
  expect(failure?.code).toBe('structural_limit');
});
