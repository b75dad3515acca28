import { openStorage } from '#storage';
import type { ActivityError } from '@perdure/core';
import {
  InterceptorError,
  InvalidArgumentError,
  QueryRejectedError,
  WorkflowFailedError,
  createEngine,
  defineActivity,
  defineWorkflow,
  query,
  signal,
  type ActivationResult,
  type Interceptor,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { clientOf, codeOf, gate, logBook, open, rejection, untilAborted } from './kit.js';

const greet = defineActivity('greet', async (name: string) => `Hello, ${name}`);
const greeting = defineWorkflow(
  'greeting',
  { messages: { go: signal(), where: query<string, string>() } },
  async (ctx, name: string) => {
    let where = 'before';
    ctx.onQuery('where', (mark) => where + mark);
    await ctx.waitSignal('go');
    where = 'after';
    return ctx.runActivity(greet, name);
  },
);
const code = { workflows: [greeting], activities: [greet] };

/** Writes down what it went around, and what came of it. */
function witness(name: string, lines: string[]): Interceptor {
  return {
    async activity({ activityType, attempt }, next) {
      lines.push(`${name} > ${activityType} ${attempt}`);
      const outcome = await next().catch((error: unknown) => error);
      lines.push(`${name} < ${String(outcome)}`);
      return 'something else';
    },
    async query({ name: asked, argument }, next) {
      lines.push(`${name} > ${asked} ${String(argument)}`);
      lines.push(`${name} < ${String(await next())}`);
      return undefined;
    },
  };
}

test('C17 interceptors go around attempts and queries, the first one outermost, and change neither', async () => {
  const lines: string[] = [];
  const engine = await open({ ...code, interceptors: [witness('outer', lines), witness('inner', lines)] });
  const handle = await engine.start(greeting, 'Ada');
  expect(await handle.query('where', '?')).toBe('before?');
  expect(lines).toEqual(['outer > where ?', 'inner > where ?', 'inner < before?', 'outer < before?']);
  lines.length = 0;
  await handle.signal('go');
  expect(await handle.result()).toBe('Hello, Ada');
  await engine.runUntilIdle();
  expect(lines).toEqual(['outer > greet 1', 'inner > greet 1', 'inner < Hello, Ada', 'outer < Hello, Ada']);
});

test('C17 an activation is told where the run was, and where it has come to', async () => {
  const seen: [string, number, ActivationResult][] = [];
  const engine = await open({
    ...code,
    interceptors: [
      {
        activation:
          ({ workflowType, historyLength }) =>
          (end) =>
            void seen.push([workflowType, historyLength, end]),
      },
    ],
  });
  const handle = await engine.start(greeting, 'Ada');
  await handle.signal('go');
  await handle.result();
  const counted: number[] = [];
  for await (const { seq } of handle.history()) counted.push(seq);
  expect(seen.map(([type]) => type)).toEqual(seen.map(() => 'greeting'));
  expect(seen[0]?.slice(1)).toEqual([0, { historyLength: 2, kind: 'waiting' }]);
  // The close of a run is the commit's.
  expect(seen.at(-1)?.[2]).toEqual({ historyLength: counted.length - 1, kind: 'completed' });
});

test('C17 an activation that ends blocked says why', async () => {
  const ends: ActivationResult[] = [];
  const stuck = defineWorkflow('stuck', async () => {
    await new Promise<void>(() => undefined);
  });
  const engine = await open({
    workflows: [stuck],
    interceptors: [{ activation: () => (end) => void ends.push(end) }],
  });
  const handle = await engine.start(stuck);
  await engine.runUntilIdle();
  expect((await handle.describe()).status).toBe('blocked');
  expect(ends).toEqual([
    { historyLength: 1, kind: 'blocked', blocked: { code: 'foreign_await', message: expect.any(String) } },
  ]);
});

test('C17 headers go with a run to its attempts, its children and the runs after it, past a crash', async () => {
  const seen = new Map<string, string | undefined>();
  const look = defineActivity('look', async (where: string) => where);
  const child = defineWorkflow('child', async (ctx) => ctx.runActivity(look, 'child'));
  const parent = defineWorkflow('parent', { messages: { go: signal() } }, async (ctx, turn: number) => {
    await ctx.step('mark', () => 'step');
    await ctx.runActivity(look, `parent ${turn}`);
    await ctx.waitSignal('go');
    await ctx.runChild(child);
    if (turn === 1) await ctx.continueAsNew(2);
    return 'done';
  });
  const starts: unknown[] = [];
  const trace: Interceptor = {
    headers: (start) => {
      starts.push(start);
      return { trace: 'abc', kind: start.kind };
    },
    activity: ({ activityType, input, headers }, next) => {
      seen.set(`${activityType} ${String(input)}`, headers['trace']);
      return next();
    },
  };
  const later: Interceptor = { headers: () => ({ kind: 'last one' }) };
  const storage = await openStorage();
  const options = { workflows: [parent, child], activities: [look], interceptors: [trace, later] };
  const engine = await open({ storage, ...options });
  const handle = await engine.start(parent, 1, { id: 'p' });
  await engine.runUntilIdle();
  await engine.crash();
  await handle.signal('go');
  await handle.signal('go');
  expect(await handle.result()).toBe('done');
  expect(starts).toEqual([{ kind: 'workflow', type: 'parent', id: 'p', input: 1 }]);
  expect([...seen]).toEqual([
    ['mark undefined', 'abc'],
    ['look parent 1', 'abc'],
    ['look child', 'abc'],
    ['look parent 2', 'abc'],
  ]);
  const alone = await engine.activities.start(look, 'alone');
  await alone.result();
  expect(starts[1]).toMatchObject({ kind: 'activity', type: 'look', input: 'alone' });
  expect(seen.get('look alone')).toBe('abc');
  const bundle = await handle.exportHistory({ redact: () => 'gone' });
  expect(bundle.events[0]).toMatchObject({ headers: { trace: 'gone', kind: 'gone' } });
});

test('C17 a client without a worker sends headers too, and a fork has those of its origin', async () => {
  const seen: unknown[] = [];
  const storage = await openStorage();
  const engine = await open({
    ...code,
    storage,
    interceptors: [
      {
        activity: ({ headers }, next) => {
          seen.push(headers);
          return next();
        },
      },
    ],
  });
  const client = await clientOf(engine, storage, { interceptors: [{ headers: () => ({ from: 'client' }) }] });
  const handle = await client.start(greeting, 'Ada');
  await handle.signal('go');
  await engine.handle(handle.workflowId).result();
  // The copy begins with the activity under way, whose task is made anew.
  const fork = await engine.handle(handle.workflowId).fork({ seq: 4 });
  await fork.result();
  expect(seen).toEqual([{ from: 'client' }, { from: 'client' }]);
});

test('C17 an interceptor that throws before an attempt fails it, and the code has not run', async () => {
  let runs = 0;
  const counted = defineActivity('counted', async () => ++runs);
  const once = defineWorkflow('once', (ctx) => ctx.runActivity(counted));
  let refusals = 0;
  const engine = await open({
    workflows: [once],
    activities: [counted],
    interceptors: [
      {
        activity: async ({ attempt }, next) => {
          if (attempt < 3) {
            refusals += 1;
            throw new RangeError('not now');
          }
          return next();
        },
      },
    ],
  });
  expect(await engine.execute(once)).toBe(1);
  expect([refusals, runs]).toEqual([2, 1]);
});

test('C17 an attempt whose interceptor does not let it begin fails with the cause, and never begins', async () => {
  let runs = 0;
  const late: Promise<unknown>[] = [];
  const counted = defineActivity('greet', async (_: string) => String(++runs));
  const engine = await open({
    ...code,
    activities: [counted],
    interceptors: [
      {
        activity: async (_, next) => {
          setTimeout(() => late.push(next().catch(codeOf)), 0);
          return 'made up';
        },
      },
    ],
  });
  const handle = await engine.start(greeting, 'Ada');
  await handle.signal('go');
  const failed = await rejection(WorkflowFailedError, handle.result());
  const cause = (failed.cause as ActivityError).cause;
  expect(codeOf(cause)).toBe('interceptor_failed');
  expect((cause as Error).message).toContain('next');
  await engine.runUntilIdle();
  await expect.poll(() => late.length).toBe(3);
  expect(await Promise.all(late)).toEqual(['interceptor_failed', 'interceptor_failed', 'interceptor_failed']);
  expect(runs).toBe(0);
});

test('C17 an interceptor that throws, calls twice or hangs after the code began changes no outcome', async () => {
  let runs = 0;
  const counted = defineActivity('counted', async () => ++runs);
  const once = defineWorkflow('once', (ctx) => ctx.runActivity(counted));
  const log = logBook();
  const never = gate();
  const engine = await open({
    logger: log,
    workflows: [once],
    activities: [counted],
    interceptors: [
      {
        activity: async (_, next) => {
          await next();
          await never.passed;
        },
      },
      {
        activity: async (_, next) => {
          await next();
          return next();
        },
      },
      {
        activity: async (_, next) => {
          await next();
          throw new Error('the span could not be sent');
        },
      },
    ],
  });
  expect(await engine.execute(once)).toBe(1);
  await engine.runUntilIdle();
  expect(runs).toBe(1);
  const reports = log.lines.filter(({ fields }) => codeOf(fields) === 'interceptor_failed');
  expect(reports.map(({ fields }) => String((fields as { error: unknown }).error))).toEqual([
    'Error: the span could not be sent',
    expect.stringContaining('once'),
  ]);
});

test('C17 `next` rejects when an attempt is stopped, though its code goes on', async () => {
  const hangs = defineActivity(
    'hangs',
    { startToCloseTimeout: '5s', retry: { maximumAttempts: 1 } },
    () => new Promise<never>(() => undefined),
  );
  const aborted = defineActivity('aborted', async (_: void, { signal }) => untilAborted(signal));
  const both = defineWorkflow('both', async (ctx) => {
    const task = ctx.runActivity(aborted);
    await ctx.runActivity(hangs).catch(() => undefined);
    task.cancel('enough');
    await task.catch(() => undefined);
  });
  const reasons: unknown[] = [];
  const engine = await open({
    workflows: [both],
    activities: [hangs, aborted],
    interceptors: [{ activity: (_, next) => next().catch((error: unknown) => reasons.push(codeOf(error))) }],
  });
  const handle = await engine.start(both);
  await engine.advance('5s');
  await handle.result();
  await engine.runUntilIdle();
  expect(reasons).toEqual(['activity_timeout', 'activity_cancelled']);
});

test('C17 an activity that is completed later is no failure to an interceptor', async () => {
  const tokens: string[] = [];
  const outcomes: unknown[] = [];
  const later = defineActivity<void, string>('later', (_, { info, completeLater }) => {
    tokens.push(info.taskToken);
    return completeLater();
  });
  const waiting = defineWorkflow('waiting', (ctx) => ctx.runActivity(later));
  const engine = await open({
    workflows: [waiting],
    activities: [later],
    interceptors: [{ activity: async (_, next) => outcomes.push(await next()) }],
  });
  const handle = await engine.start(waiting);
  await engine.runUntilIdle();
  await engine.activities.complete(tokens[0]!, 'by hand');
  expect(await handle.result()).toBe('by hand');
  expect(outcomes).toEqual([undefined]);
});

test('C17 an interceptor that throws before a query rejects it; one that throws around an activation is logged', async () => {
  const log = logBook();
  const engine = await open({
    ...code,
    logger: log,
    interceptors: [
      {
        query: async () => {
          throw new RangeError('not you');
        },
        activation: () => {
          throw new RangeError('no span');
        },
      },
      {
        activation: () => () => {
          throw new RangeError('no end of span');
        },
      },
    ],
  });
  const handle = await engine.start(greeting, 'Ada');
  const refused = await rejection(QueryRejectedError, handle.query('where', '?'));
  expect(codeOf(refused.cause)).toBe('interceptor_failed');
  await handle.signal('go');
  expect(await handle.result()).toBe('Hello, Ada');
  const reports = log.lines.filter(({ fields }) => codeOf(fields) === 'interceptor_failed');
  const said = new Set(reports.map(({ fields }) => (fields as { error: Error }).error.message));
  expect(said).toEqual(new Set(['no span', 'no end of span']));
});

test.each([
  [
    'throws',
    () => {
      throw new RangeError('no context');
    },
  ],
  ['gives what is no string', () => ({ trace: 1 })],
  ['gives too much', () => ({ trace: 'x'.repeat(9_000) })],
])('C17 a start whose headers hook %s is refused, and nothing was written', async (_, headers) => {
  const engine = await open({ ...code, interceptors: [{ headers: headers as Interceptor['headers'] & {} }] });
  const error = await rejection(InterceptorError, engine.start(greeting, 'Ada', { id: 'refused' }));
  expect(error.code).toBe('interceptor_failed');
  expect(await engine.count()).toBe(0);
});

test('C17 what is no interceptor is refused at the door', async () => {
  const wrong = [{}, { activty: () => undefined }, { query: 'no function' }, null];
  for (const one of wrong) {
    const options = { storage: await openStorage(), interceptors: [one as Interceptor] };
    const error = await rejection(InvalidArgumentError, createEngine(options));
    expect(error.issues[0]?.path).toBe('interceptors');
  }
});

test('C17 an engine in dev replays after each commit, and finds what would have diverged one day', async () => {
  let drawn = 0;
  const drifting = defineWorkflow('drifting', { messages: { go: signal() } }, async (ctx) => {
    await ctx.runActivity(greet, `number ${++drawn}`);
    await ctx.waitSignal('go');
  });
  const engine = await open({ workflows: [drifting], activities: [greet], dev: true });
  const handle = await engine.start(drifting);
  await engine.runUntilIdle();
  const { status, blocked } = await handle.describe();
  expect([status, blocked?.code]).toEqual(['blocked', 'nondeterminism']);
});
