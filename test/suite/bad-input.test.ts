import { openStorage } from '#storage';
import type { signal } from '@perdure/core';
import {
  createClient,
  createEngine,
  defineActivity,
  defineWorkflow,
  EngineClosedError,
  InvalidArgumentError,
  replay,
  SignalRejectedError,
  WorkflowFailedError,
  type EngineOptions,
  type StartOptions,
  type WorkflowContext,
} from '@perdure/core';
import { createTestEngine, mockActivity } from '@perdure/testing';
import { expect, onTestFinished, test } from 'vitest';
import { logBook, open, rejection } from './kit.js';

const quick = defineWorkflow('quick', async () => 1);
const add = defineActivity('add', () => 1);

test.each<[string, unknown]>([
  ['id', { id: '' }],
  ['id', { id: 'a b' }],
  ['id', { id: 'é' }],
  ['id', { id: 'x'.repeat(192) }],
  ['id', { id: 7 }],
  ['id', { id: 'a/b' }],
  ['requestId', { requestId: 'a\nb' }],
  ['duplicatePolicy', { duplicatePolicy: 'replace' }],
  ['taskQueue', { taskQueue: '' }],
  ['priority', { priority: 10 }],
  ['priority', { priority: 1.5 }],
  ['fairnessKey', { fairnessKey: 'ä' }],
  ['fairnessWeight', { fairnessWeight: 0 }],
  ['runTimeout', { runTimeout: 0 }],
  ['runTimeout', { runTimeout: '2h', executionTimeout: '1h' }],
  ['executionTimeout', { executionTimeout: -5 }],
  ['startDelay', { startDelay: 'soon' }],
  ['startDelay', { startDelay: -1 }],
  ['retry.intervals', { retry: { intervals: '5s' } }],
  ['retry.maxAttempts', { retry: { maxAttempts: 5 } }],
  ['memo', { memo: 'text' }],
  ['identifier', { identifier: 'w' }],
])('B1 a start option that is not valid is refused: %s of %j', async (path, options) => {
  const engine = await open({ workflows: [quick] });
  const error = await rejection(
    InvalidArgumentError,
    engine.start(quick, undefined, options as StartOptions),
  );
  expect(error.code).toBe('invalid_argument');
  expect(error.issues.map((issue) => issue.path)).toContain(path);
  expect(await engine.count()).toBe(0);
});

test('B1 everything that is wrong is told at once', async () => {
  const engine = await open({ workflows: [quick] });
  const error = await rejection(
    InvalidArgumentError,
    engine.start(quick, undefined, { id: ' ', priority: 99, fairnessWeight: -1 }),
  );
  expect(error.issues.map(({ path }) => path)).toEqual(['id', 'priority', 'fairnessWeight']);
});

test.each<[string, object]>([
  ['workflows[1]', { workflows: [quick, quick] }],
  ['activities[1]', { activities: [add, add] }],
  ['workflows[0]', { workflows: [add] }],
  ['activities[0]', { activities: [() => 1] }],
  ['workflows', { workflows: quick }],
  ['taskQueues', { taskQueues: [] }],
  ['namespace', { namespace: 'a b' }],
  ['maxPayloadBytes', { maxPayloadBytes: 0 }],
  ['codecs', { codecs: [{}] }],
  ['maxConcurrentActivities', { maxConcurrentActivities: -1 }],
])('B29 an engine option that is not valid is refused: %s', async (path, options) => {
  const error = await rejection(
    InvalidArgumentError,
    createTestEngine({ ...(options as EngineOptions), storage: await openStorage() }),
  );
  expect(error.issues.map((issue) => issue.path)).toContain(path);
});

test('B29 what is no storage is refused', async () => {
  for (const storage of [undefined, null, 'app.db', {}, { kind: 'memory' }]) {
    const options = { storage } as unknown as EngineOptions;
    expect((await rejection(InvalidArgumentError, createEngine(options))).issues[0]?.path).toBe('storage');
    await rejection(InvalidArgumentError, createClient(options));
  }
  await rejection(InvalidArgumentError, createEngine(undefined as unknown as EngineOptions));
});

test('A7 a contract without code is refused by the engine, with what to do', async () => {
  const contract = defineWorkflow('contract', {
    input: { '~standard': { version: 1, vendor: 't', validate: (value) => ({ value }) } },
    output: { '~standard': { version: 1, vendor: 't', validate: (value) => ({ value }) } },
  });
  const options = { storage: await openStorage(), workflows: [contract] } as unknown as EngineOptions;
  expect((await rejection(InvalidArgumentError, createEngine(options))).message).toContain('.implement(fn)');
});

test.each<[string, () => unknown]>([
  ['an empty name', () => defineWorkflow('', async () => 1)],
  ['a name with a control character', () => defineActivity('a\u0000', () => 1)],
  ['a name that is too long', () => defineActivity('x'.repeat(192), () => 1)],
  ['no code', () => defineWorkflow('w', undefined as unknown as () => Promise<void>)],
  ['an unknown option', () => defineActivity('a', { timeout: 5 } as object, () => 1)],
  [
    'a message of no kind',
    () => defineWorkflow('w', { messages: { m: {} as ReturnType<typeof signal> } }, async () => 1),
  ],
  [
    'a run timeout beyond the execution timeout',
    () => defineWorkflow('w', { runTimeout: '2h', executionTimeout: '1h' }, async () => 1),
  ],
  [
    'an attribute of no type',
    () => defineWorkflow('w', { searchAttributes: { a: 'float' as 'int' } }, async () => 1),
  ],
  ['a bad duration', () => defineActivity('a', { startToCloseTimeout: 'soon' as '1s' }, () => 1)],
])('A7 a definition with %s is refused', (_, define) => {
  expect(define).toThrow(InvalidArgumentError);
});

test('B10 a signal needs a name, and an id of the grammar', async () => {
  const waiting = defineWorkflow('waiting', (ctx) => ctx.sleep('1h'));
  const engine = await open({ workflows: [waiting] });
  const handle = await engine.start(waiting);
  await rejection(SignalRejectedError, handle.signal(''));
  await rejection(InvalidArgumentError, handle.signal('x', 1, { id: 'a b' }));
});

test('B2 a handle needs an id, a start a workflow', async () => {
  const engine = await open({ workflows: [quick] });
  expect(() => engine.handle(undefined as unknown as string)).toThrow(InvalidArgumentError);
  await rejection(InvalidArgumentError, engine.start({} as unknown as typeof quick));
  await rejection(InvalidArgumentError, engine.start(undefined as unknown as typeof quick));
});

test('A2 a bad timeout of a wait is refused', async () => {
  const engine = await open({ workflows: [quick] });
  const handle = await engine.start(quick);
  await rejection(InvalidArgumentError, handle.result({ timeout: 'x' as '1s' }));
});

test('B24 everything on a closed engine is refused, closing again is not', async () => {
  const engine = await open({ workflows: [quick] });
  const handle = await engine.start(quick);
  await handle.result();
  await engine.close();
  await engine.close();
  const calls: (() => Promise<unknown>)[] = [
    () => engine.start(quick),
    () => engine.execute(quick),
    () => engine.list(),
    () => engine.count(),
    () => handle.result(),
    () => handle.describe(),
    () => handle.signal('x'),
    () => handle.query('x'),
    () => handle.cancel(),
    () => handle.terminate(),
    () => handle.runs(),
    () => handle.exportHistory(),
    async () => {
      for await (const _ of handle.history()) throw new Error('reached');
    },
    async () => {
      for await (const _ of engine.iterate()) throw new Error('reached');
    },
  ];
  for (const call of calls) expect((await rejection(EngineClosedError, call())).code).toBe('engine_closed');
});

test('B1 options of an engine or a client that do not exist are refused by name', async () => {
  const storage = await openStorage();
  const misspelt = { storage, codec: [] } as EngineOptions;
  for (const opening of [createEngine(misspelt), createClient(misspelt)]) {
    const error = await rejection(InvalidArgumentError, opening);
    expect(error.issues.map(({ path }) => path)).toEqual(['codec']);
    expect(error.message).toContain('codecs');
  }
  const working = { storage, taskQueues: ['default'] };
  expect((await rejection(InvalidArgumentError, createClient(working))).issues[0]?.path).toBe('taskQueues');
});

test.each<[string, unknown]>([
  ['taskQueue', { taskQueue: '' }],
  ['priority', { priority: 10 }],
  ['fairnessKey', { fairnessKey: 'ä' }],
  ['fairnessKey', { fairnessKey: 7 }],
  ['fairnessWeight', { fairnessWeight: 0 }],
  ['summary', { summary: { toString: 'not a string' } }],
  ['startToCloseTimeOut', { startToCloseTimeOut: '1s' }],
  ['startToCloseTimeout', { startToCloseTimeout: Infinity }],
  ['retry.maxAttempts', { retry: { maxAttempts: 5 } }],
  ['retry', { retry: null }],
])('A10 an activity is not called with an option that is not valid: %s of %j', async (path, options) => {
  const calling = defineWorkflow('calling', async (ctx) => {
    try {
      await ctx.runActivity(add, undefined, options as object);
    } catch (error) {
      return (error as InvalidArgumentError).issues.map((issue) => issue.path);
    }
    return [];
  });
  const engine = await open({ workflows: [calling], activities: [add] });
  expect(await engine.execute(calling)).toEqual([path]);
});

test.each<[string, (ctx: any) => unknown]>([
  ['activity', (ctx) => ctx.runActivity(undefined)],
  ['activity', (ctx) => ctx.runActivity(() => 1)],
  ['when', (ctx) => ctx.sleepUntil('2030-01-01')],
  ['name', (ctx) => ctx.waitSignal(null)],
  ['handler', (ctx) => ctx.onSignal('x')],
  ['handler', (ctx) => ctx.onQuery('x')],
  ['items', (ctx) => ctx.map(5, () => 1)],
  ['fn', (ctx) => ctx.map([1])],
  ['fn', (ctx) => ctx.sideEffect()],
  ['activity', (ctx) => ctx.runActivity({ name: {}, options: {} })],
  ['reason', (ctx) => ctx.external('other').cancel({ why: 'not' })],
  ['priority', (ctx) => ctx.runChild('quick', 1, { priority: NaN })],
  ['priority', (ctx) => ctx.runChild('quick', 1, { priority: 'high' })],
  ['fairnessKey', (ctx) => ctx.runChild('quick', 1, { fairnessKey: {} })],
  ['fairnessWeight', (ctx) => ctx.runChild('quick', 1, { fairnessWeight: {} })],
])('A1 what ctx cannot be called with is refused with its path: %s of %s', async (path, call) => {
  const calling = defineWorkflow('calling', async (ctx) => {
    try {
      await call(ctx);
    } catch (error) {
      await ctx.sleep(1);
      return (error as InvalidArgumentError).issues.map((issue) => issue.path);
    }
    return [];
  });
  const engine = await open({ workflows: [calling] });
  const handle = await engine.start(calling);
  await engine.crash();
  expect(await handle.result()).toEqual([path]);
  await replay([calling], await handle.exportHistory());
});

test('G8 what cannot be written into a history is refused, and the next event has its place', async () => {
  const byHand = { name: 'add', options: { taskQueue: {} } };
  const calling = defineWorkflow('calling', async (ctx) => {
    const refused = await ctx.sleep(1).then(() => {
      try {
        return void ctx.runActivity(byHand as never);
      } catch (error) {
        return (error as InvalidArgumentError).issues;
      }
    });
    await ctx.sleep(1);
    return refused;
  });
  const engine = await open({ workflows: [calling], alwaysEvict: false, shadowReplay: false });
  const handle = await engine.start(calling);
  expect(await handle.result()).toEqual([
    { path: 'taskQueue', message: 'is of type object, and must be a string' },
  ]);
  const seqs: number[] = [];
  for await (const { seq } of handle.history()) seqs.push(seq);
  expect(seqs).toEqual(seqs.map((_, i) => i + 1));
});

test('A11 what is no duration is shown', async () => {
  const engine = await open({ workflows: [quick] });
  const handle = await engine.start(quick);
  for (const timeout of [NaN, null]) {
    const error = await rejection(InvalidArgumentError, handle.result({ timeout: timeout as number }));
    expect(error.message).toContain(`Not a duration: ${String(timeout)}`);
  }
});

test('B1 a definition that the engine of its queue lacks is started, and one warning names the fix', async () => {
  const forgotten = defineWorkflow('forgotten', async () => 1);
  const logger = logBook();
  const engine = await open({ workflows: [quick], logger });
  await engine.start(forgotten, undefined, { taskQueue: 'elsewhere' });
  expect(logger.lines).toEqual([]);
  for (const id of ['a', 'b']) expect((await engine.start(forgotten, undefined, { id })).workflowId).toBe(id);
  expect(logger.lines).toMatchObject([
    { level: 'warn', message: expect.stringMatching(/'forgotten'.*'default'.*createEngine/) as string },
  ]);
});

test('F17 an activity is no workflow', async () => {
  const engine = await open({ activities: [add] });
  for (const call of [engine.start(add as never), engine.execute(add as never)])
    expect((await rejection(InvalidArgumentError, call)).message).toContain('defineWorkflow');
  expect(await engine.count()).toBe(0);
});

test.each<[string, object]>([
  ['startAt', { startAt: new Date(NaN) }],
  ['startAt', { startAt: '2030-01-01' }],
  ['maxConcurrentActivities', { maxConcurrentActivities: 0 }],
])('F17 a test engine is not opened with a bad %s', async (path, options) => {
  expect((await rejection(InvalidArgumentError, createTestEngine(options))).message).toContain(path);
});

test('F17 options that are null are refused, wherever they are', async () => {
  const engine = await createEngine({ storage: await openStorage(), workflows: [quick] });
  onTestFinished(() => engine.close());
  const handle = await engine.start(quick);
  const none = null as never;
  const calls: (() => Promise<unknown>)[] = [
    () => handle.result(none),
    () => handle.cancel(none),
    () => handle.update('u', undefined, none),
    () => handle.exportHistory(none),
    async () => handle.history(none)[Symbol.asyncIterator]().next(),
    () => engine.list(none),
    () => engine.count(none),
    async () => engine.iterate(none)[Symbol.asyncIterator]().next(),
    () => engine.activities.list(none),
    () => engine.execute(quick, undefined, none),
    () => engine.close(none),
    async () => mockActivity(none, none),
  ];
  for (const call of calls) await rejection(InvalidArgumentError, call());
  expect(await handle.result()).toBe(1);
});

test.each<[string, (ctx: WorkflowContext) => unknown]>([
  ['runActivity', (ctx) => ctx.runActivity(add, undefined, null as never)],
  ['step', (ctx) => ctx.step('s', () => 1, null as never)],
  ['waitSignal', (ctx) => ctx.waitSignal('s', null as never)],
  ['waitCondition', (ctx) => ctx.waitCondition(() => true, null as never)],
  ['map', (ctx) => ctx.map([], () => ctx.sleep(1), null as never)],
  ['onUpdate', (ctx) => ctx.onUpdate('u', () => 1, null as never)],
  ['onUpdate without a function', (ctx) => ctx.onUpdate('u', undefined as never)],
])('F17 ctx.%s refuses what it cannot read', async (_, call) => {
  const calls = defineWorkflow('calls', async (ctx) => call(ctx));
  const engine = await open({ workflows: [calls], activities: [add] });
  const { failure } = await rejection(WorkflowFailedError, engine.execute(calls));
  expect(failure.code).toBe('invalid_argument');
});
