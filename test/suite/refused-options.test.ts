import {
  defineActivity,
  defineWorkflow,
  InvalidArgumentError,
  UnknownWorkflowError,
  replay,
  signal,
  update,
  verify,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { eventTypes, open, rejection } from './kit.js';

const work = defineActivity('work', (n: number) => n);
const messages = { u: update<number, number>(), never: signal() };
const patient = defineWorkflow('patient', { messages }, async (ctx): Promise<void> => {
  ctx.onUpdate('u', (n) => n);
  await ctx.waitSignal('never');
});

test('E11 a client refuses options that do not exist, by name, and nothing is written', async () => {
  const engine = await open({ workflows: [patient], activities: [work] });
  const handle = await engine.start(patient, undefined, { id: 'w' });
  await engine.runUntilIdle();
  const update = await handle.startUpdate('u', 1);
  await update.result();
  const before = await eventTypes(handle);
  const { version } = await handle.describe();
  const bundle = await handle.exportHistory();
  const foo = { foo: 1 } as object;
  const refused: [string, () => Promise<unknown>][] = [
    [
      'foo',
      () => (handle as { signal(...a: unknown[]): Promise<void> }).signal('never', 1, { id: 'x', ...foo }),
    ],
    ['foo', () => handle.cancel(foo)],
    ['foo', () => handle.fork({ seq: 1, ...foo })],
    ['foo', () => handle.result(foo)],
    ['foo', () => handle.update('u', 1, foo)],
    ['foo', () => handle.startUpdate('u', 1, foo)],
    ['foo', () => update.result(foo)],
    ['foo', () => handle.exportHistory(foo)],
    ['foo', () => engine.importHistory(bundle, { id: 'other', ...foo })],
    ['foo', () => engine.start(patient, undefined, foo)],
    ['foo', () => engine.execute(patient, undefined, foo)],
    ['foo', () => engine.signalWithStart(patient, { signal: 'never', ...foo } as never)],
    ['foo', () => engine.updateWithStart(patient, { update: 'u', payload: 1, ...foo } as never)],
    ['request', () => engine.updateWithStart(patient, null as never)],
    ['request', () => engine.signalWithStart(patient, undefined as never)],
    ['foo', () => engine.activities.start(work, 1, foo)],
    ['foo', () => engine.list(foo)],
    ['foo', () => engine.count(foo)],
    [
      'action.foo',
      async () => (await engine.batch({}, { cancel: true, ...foo }))[Symbol.asyncIterator]().next(),
    ],
    [
      'action.foo',
      async () =>
        engine
          .batch({}, { signal: 's', ...foo })
          [Symbol.asyncIterator]()
          .next(),
    ],
    [
      'action.payload',
      async () =>
        engine
          .batch({}, { terminate: true, payload: 1 } as never)
          [Symbol.asyncIterator]()
          .next(),
    ],
    ['foo', async () => handle.history(foo)[Symbol.asyncIterator]().next()],
    ['foo', async () => handle.history$(foo)[Symbol.asyncIterator]().next()],
    ['foo', () => engine.close(foo)],
  ];
  for (const [path, call] of refused) {
    const error: unknown = await call().then(
      () => 'accepted',
      (reason: unknown) => reason,
    );
    const { code, issues } = error as InvalidArgumentError;
    expect([String(call), code, issues?.map((issue) => issue.path)]).toEqual([
      String(call),
      'invalid_argument',
      [path],
    ]);
  }
  expect(await eventTypes(handle)).toEqual(before);
  expect((await handle.describe()).version).toBe(version);
  expect(await engine.count()).toBe(1);
});

type Loose = Record<string, (...args: unknown[]) => unknown>;
const calls: [string, string, (ctx: Loose) => unknown][] = [
  ['waitSignal', 'foo', (ctx) => ctx['waitSignal']?.('s', { timeout: 1, foo: 1 })],
  ['waitCondition', 'foo', (ctx) => ctx['waitCondition']?.(() => true, { foo: 1 })],
  ['waitCondition', 'predicate', (ctx) => ctx['waitCondition']?.(true)],
  ['map', 'concurency', (ctx) => ctx['map']?.([], async () => 1, { concurency: 2 })],
  ['continueAsNew', 'queue', (ctx) => ctx['continueAsNew']?.(1, { queue: 'q' })],
  ['all', 'tasks', (ctx) => ctx['all']?.(5)],
  ['allSettled', 'tasks', (ctx) => ctx['allSettled']?.(null)],
  ['any', 'tasks', (ctx) => ctx['any']?.({})],
  ['race', 'tasks', (ctx) => ctx['race']?.(5)],
  ['activities', 'a', (ctx) => ctx['activities']?.({ a: 5 })],
  ['activities', 'definitions', (ctx) => ctx['activities']?.(undefined)],
  ['runChild', 'workflow', (ctx) => ctx['runChild']?.(5)],
  ['runChild', 'options', (ctx) => ctx['runChild']?.('patient', 1, null)],
];
test.each(calls)('E11 ctx.%s refuses %s, with its own name', async (call, path, ask) => {
  const asking = defineWorkflow('asking', async (ctx): Promise<unknown> => {
    try {
      await ask(ctx as unknown as Loose);
      return 'accepted';
    } catch (error) {
      const { code, message, issues } = error as InvalidArgumentError;
      return [code, message.includes(`ctx.${call} `), issues.map((issue) => issue.path)];
    }
  });
  const engine = await open({ workflows: [asking, patient] });
  const handle = await engine.start(asking);
  expect(await handle.result()).toEqual(['invalid_argument', true, [path]]);
  expect(await eventTypes(handle)).toEqual(['WorkflowStarted', 'WorkflowCompleted']);
});

test('C8 a run does not go on as a workflow that nobody has here; what is recorded stays', async () => {
  const lost = defineWorkflow('lost', async (ctx, queue: string | null): Promise<string> => {
    try {
      return ctx.continueAsNew(1, { workflow: 'nope', ...(queue && { taskQueue: queue }) });
    } catch (error) {
      if (!(error instanceof UnknownWorkflowError)) throw error;
      await ctx.sleep(1);
      return error.code;
    }
  });
  const nope = defineWorkflow('nope', async () => 'there');
  const engine = await open({ workflows: [lost] });
  const handle = await engine.start(lost, null);
  expect(await handle.result()).toBe('unknown_workflow');
  // Another queue may be served by others.
  await engine.start(lost, 'elsewhere', { id: 'on' });
  await engine.runUntilIdle();
  const [gone] = await engine.handle('on').runs();
  expect(gone?.status).toBe('continued_as_new');
  // Known or not by now: what was done is what is done.
  for (const workflows of [[lost], [lost, nope]]) {
    await replay(workflows, await handle.exportHistory());
    await replay(workflows, await engine.handle('on', gone?.runId).exportHistory());
  }
});

test('E9 what redact throws is the cause of a coded error', async () => {
  const engine = await open({ workflows: [patient] });
  const handle = await engine.start(patient);
  const thrown = new RangeError('no');
  const redact = (): never => {
    throw thrown;
  };
  const error = await rejection(InvalidArgumentError, handle.exportHistory({ redact }));
  expect([error.code, error.cause]).toEqual(['invalid_argument', thrown]);
});

test('E11 what a refusal advises can be done', async () => {
  const engine = await open({ workflows: [patient], activities: [work] });
  const handle = await engine.start(patient, undefined, { id: 'w' });
  await engine.runUntilIdle();
  await handle.terminate();
  const message = async (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => 'accepted',
      (error: unknown) => (error as Error).message,
    );
  const taken = await message(engine.start(patient, undefined, { id: 'w' }));
  expect(taken).toContain("'allow'");
  expect(taken).not.toContain('use_existing');
  await engine.activities.start(work, 1, { id: 'a' });
  const alone = await message(engine.activities.start(work, 1, { id: 'a' }));
  expect(alone).toContain("Activity id 'a' is taken");
  expect(alone).not.toContain('duplicatePolicy');
  const listed = await rejection(InvalidArgumentError, engine.activities.list({ status: 'x' as never }));
  expect(listed.issues.map(({ path }) => path)).toEqual(['status']);
  expect(await message(verify([patient, patient], []))).not.toContain('engine');
});
