import {
  ActivityError,
  defineActivity,
  defineWorkflow,
  PerdureError,
  WorkflowFailedError,
  type Failure,
} from '@perdure/core';
import { expect, onTestFinished, test } from 'vitest';
import { logBook, open, rejection } from './kit.js';

const looped: Error & { self?: unknown } = new Error('loop');
looped.cause = looped;
looped.self = looped;
const hostile = new Proxy(
  {},
  {
    get: () => {
      throw new Error('hands off');
    },
    getPrototypeOf: () => {
      throw new Error('hands off');
    },
  },
);

const thrown: [string, unknown, Partial<Failure>][] = [
  ['null', null, { message: 'null was thrown' }],
  ['undefined', undefined, { message: 'undefined was thrown' }],
  ['a string', 'just text', { message: 'just text', details: 'just text' }],
  ['a number', 42, { message: '42', details: 42 }],
  ['a symbol', Symbol('s'), { message: 'Symbol(s)' }],
  ['an object', { code: 7, at: new Date(0) }, { details: { code: 7, at: new Date(0) } }],
  ['a function', () => 1, { message: 'a function was thrown' }],
  ['an error whose cause is itself', looped, { name: 'Error', message: 'loop' }],
  ['a hostile proxy', hostile, {}],
  ['an error without a message', new Error(), { name: 'Error', message: '' }],
  ['a huge message', new Error('x'.repeat(100_000)), { name: 'Error' }],
];

test.each(thrown)('F8 a workflow may throw %s', async (_, value, expected) => {
  const workflow = defineWorkflow('throws', async () => {
    throw value;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  const { failure } = await rejection(WorkflowFailedError, handle.result());
  expect(failure).toMatchObject(expected);
  expect(failure.message.length).toBeLessThan(10_000);
  expect((await handle.describe()).failure).toEqual(failure);
});

test.each(thrown)('F8 an activity may throw %s', async (_, value, expected) => {
  const activity = defineActivity('throws', { retry: { maximumAttempts: 1 } }, () => {
    throw value;
  });
  const workflow = defineWorkflow('runs', (ctx) => ctx.runActivity(activity));
  const engine = await open({ workflows: [workflow], activities: [activity] });
  const { failure } = await rejection(WorkflowFailedError, engine.execute(workflow));
  expect(failure.name).toBe('ActivityError');
  expect(failure.cause).toMatchObject(expected);
});

test('F8 a chain of causes is kept, and cut where it is too long', async () => {
  let error = new Error('innermost');
  for (let i = 0; i < 50; i++) error = new Error(`level ${i}`, { cause: error });
  const workflow = defineWorkflow('chain', async () => {
    throw error;
  });
  const engine = await open({ workflows: [workflow] });
  const { failure } = await rejection(WorkflowFailedError, engine.execute(workflow));
  expect(failure.cause?.message).toBe('level 48');
  let depth = 0;
  for (let cause: Failure | undefined = failure; cause; cause = cause.cause) depth += 1;
  expect(depth).toBeLessThanOrEqual(10);
});

test('C13 the failure of an activity that fails its workflow is seen through both', async () => {
  class OutOfStock extends Error {
    override readonly name = 'OutOfStock';
    constructor(readonly sku: string) {
      super(`no ${sku}`);
    }
  }
  const activity = defineActivity('reserve', { retry: { maximumAttempts: 1 } }, (sku: string) => {
    throw new OutOfStock(sku);
  });
  const workflow = defineWorkflow('orders', (ctx) => ctx.runActivity(activity, 'tea'));
  const engine = await open({ workflows: [workflow], activities: [activity] });
  const error = await rejection(WorkflowFailedError, engine.execute(workflow));
  expect(error.failure).toMatchObject({
    name: 'ActivityError',
    code: 'activity_failed',
    cause: { name: 'OutOfStock', message: 'no tea', details: { sku: 'tea' } },
  });
  expect(error.failure.cause?.stack).toContain('errors.test');
});

/** Rejections that nobody handled, in hosts that tell. */
function unhandled(): unknown[] {
  const found: unknown[] = [];
  if (typeof process === 'undefined' || typeof process.on !== 'function') return found;
  const note = (reason: unknown): void => void found.push(reason);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  return found;
}

test('F8 failures that nobody awaits never reach the host process, and are warned about', async () => {
  const found = unhandled();
  const activity = defineActivity('fails', { retry: { maximumAttempts: 1 } }, () => {
    throw new Error('nobody looks');
  });
  const workflow = defineWorkflow('careless', async (ctx) => {
    void ctx.runActivity(activity);
    void ctx.all([ctx.runActivity(activity), ctx.sleep(1)]);
    void ctx.race({ a: ctx.runActivity(activity) });
    void ctx.map([1], () => ctx.runActivity(activity));
    ctx.sleep('1h').cancel();
    await ctx.sleep('1m');
    return 'done';
  });
  const logger = logBook();
  const engine = await open({ workflows: [workflow], activities: [activity], logger });
  expect(await engine.execute(workflow)).toBe('done');
  await engine.runUntilIdle();
  expect(found).toEqual([]);
  expect(logger.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
});

test('F8 a failure that somebody looked at is not warned about', async () => {
  const activity = defineActivity('fails', { retry: { maximumAttempts: 1 } }, () => {
    throw new Error('looked at');
  });
  const workflow = defineWorkflow('careful', async (ctx) => {
    await ctx.runActivity(activity).catch(() => undefined);
    await ctx.allSettled([ctx.runActivity(activity)]);
  });
  const logger = logBook();
  const engine = await open({ workflows: [workflow], activities: [activity], logger });
  await engine.execute(workflow);
  expect(logger.lines).toEqual([]);
});

test('F8 results that nobody awaits are harmless', async () => {
  const found = unhandled();
  const failing = defineWorkflow('failing', async () => {
    throw new Error('no');
  });
  const engine = await open({ workflows: [failing] });
  const handle = await engine.start(failing);
  await engine.runUntilIdle();
  expect((await handle.describe()).status).toBe('failed');
  expect(found).toEqual([]);
});

test('B32 every error has one base, a code and a name; cancellation stands outside', async () => {
  const workflow = defineWorkflow('classes', async (ctx) => {
    const timer = ctx.sleep('1h');
    timer.cancel();
    const cancelled: unknown = await timer.catch((error: unknown) => error);
    const failed: unknown = await ctx.runActivity('nothing').catch((error: unknown) => error);
    return [
      cancelled instanceof PerdureError,
      (cancelled as Error).name,
      failed instanceof PerdureError && failed instanceof ActivityError,
      (failed as Error).name,
    ];
  });
  const some = defineActivity('some', () => 1);
  const engine = await open({ workflows: [workflow], activities: [some] });
  expect(await engine.execute(workflow)).toEqual([false, 'CancelledError', true, 'ActivityError']);
});
