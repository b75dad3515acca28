import {
  defineWorkflow,
  WaitTimeoutError,
  WorkflowCancelledError,
  WorkflowFailedError,
  WorkflowTerminatedError,
  WorkflowTimedOutError,
  type,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { open, rejection } from './kit.js';

const waiting = defineWorkflow('waiting', async (ctx) => (await ctx.waitSignal('end')) as unknown);

test('A2 a timeout of zero looks once', async () => {
  const engine = await open({ workflows: [waiting] });
  const handle = await engine.start(waiting);
  const error = await rejection(WaitTimeoutError, handle.result({ timeout: 0 }));
  expect(error.code).toBe('wait_timeout');
  await handle.signal('end', 'done');
  await engine.runUntilIdle();
  expect(await handle.result({ timeout: 0 })).toBe('done');
});

test('A2 a wait that elapses leaves the workflow alone', async () => {
  const engine = await open({ workflows: [waiting] });
  const handle = await engine.start(waiting);
  const before = engine.now.getTime();
  await rejection(WaitTimeoutError, handle.result({ timeout: '10s' }));
  expect(engine.now.getTime() - before).toBe(10_000);
  await handle.signal('end', 'later');
  expect(await handle.result()).toBe('later');
});

test('A2 the timeout of a wait and that of a workflow are told apart', async () => {
  const engine = await open({ workflows: [waiting] });
  const handle = await engine.start(waiting, undefined, { runTimeout: '5s' });
  const error = await rejection(WorkflowTimedOutError, handle.result({ timeout: '10s' }));
  expect(error.code).toBe('workflow_timeout');
});

test('F25 a wait ends with the reason of its signal', async () => {
  const engine = await open({ workflows: [waiting] });
  const handle = await engine.start(waiting);
  const controller = new AbortController();
  const reason = new Error('user left');
  const waited = handle.result({ signal: controller.signal });
  await engine.runUntilIdle();
  controller.abort(reason);
  await expect(waited).rejects.toBe(reason);
  await expect(handle.result({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect((await handle.describe()).status).toBe('waiting');
});

test('B6 each way to end has its error', async () => {
  const failing = defineWorkflow('failing', async () => {
    throw Object.assign(new RangeError('too much', { cause: new TypeError('inner') }), {
      code: 'E_MUCH',
      details: { limit: 5 },
    });
  });
  const engine = await open({ workflows: [waiting, failing] });
  const error = await rejection(WorkflowFailedError, engine.execute(failing, undefined, { id: 'failed' }));
  expect(error.code).toBe('workflow_failed');
  expect(error.message).toContain('RangeError: too much');
  expect(error.failure).toMatchObject({
    name: 'RangeError',
    message: 'too much',
    code: 'E_MUCH',
    details: { limit: 5 },
    cause: { name: 'TypeError', message: 'inner' },
  });
  expect(error.cause).toMatchObject({
    name: 'RangeError',
    message: 'too much',
    code: 'E_MUCH',
    details: { limit: 5 },
  });
  const cancelled = await engine.start(waiting);
  await cancelled.cancel();
  expect((await rejection(WorkflowCancelledError, cancelled.result())).code).toBe('workflow_cancelled');
  const terminated = await engine.start(waiting);
  await terminated.terminate();
  expect((await rejection(WorkflowTerminatedError, terminated.result())).code).toBe('workflow_terminated');
});

test('A2 a result can be asked for as often as one likes, by anybody, before and after the end', async () => {
  const engine = await open({ workflows: [waiting] });
  const handle = await engine.start(waiting);
  const waits = Array.from({ length: 20 }, () => engine.handle(waiting, handle.workflowId).result());
  await handle.signal('end', { value: 1 });
  const values = await Promise.all(waits);
  expect(values).toEqual(Array.from({ length: 20 }, () => ({ value: 1 })));
  expect(values[0]).not.toBe(values[1]);
  expect(await handle.result()).toEqual({ value: 1 });
});

test.each<[string, unknown]>([
  ['undefined', undefined],
  ['null', null],
  ['zero', 0],
  ['false', false],
  ['empty text', ''],
])('A2 a workflow that returns %s completes with it', async (_, value) => {
  const returning = defineWorkflow('returning', async () => value);
  const engine = await open({ workflows: [returning] });
  const handle = await engine.start(returning);
  expect(await handle.result()).toBe(value);
  expect(await handle.describe()).toMatchObject({ status: 'completed', statusBucket: 'completed' });
});

test('A3 execute starts and waits', async () => {
  const engine = await open({ workflows: [waiting] });
  await rejection(WaitTimeoutError, engine.execute(waiting, undefined, { id: 'w', timeout: 0 }));
  expect((await engine.handle('w').describe()).status).toBe('waiting');
});

test('B2 a handle without a run id follows the current run, one of a start is pinned', async () => {
  const engine = await open({ workflows: [waiting] });
  const first = await engine.start(waiting, undefined, { id: 'w' });
  await first.signal('end', 1);
  await first.result();
  const following = engine.handle(waiting, 'w');
  const second = await engine.start(waiting, undefined, { id: 'w', duplicatePolicy: 'allow' });
  await following.signal('end', 2);
  expect(await following.result()).toBe(2);
  expect(await first.result()).toBe(1);
  expect(await second.result()).toBe(2);
  expect(following.runId).toBeUndefined();
  expect(await engine.handle('w', first.runId).result()).toBe(1);
});

test('F14 the state is in every description, also after the end and after a crash', async () => {
  const stateful = defineWorkflow('stateful', { state: type<{ step: number; at: Date }>() }, async (ctx) => {
    ctx.setState({ step: 1, at: ctx.now() });
    await ctx.waitSignal('next');
    ctx.setState({ step: 2, at: ctx.now() });
    await ctx.waitSignal('next');
    ctx.setState({ step: 3, at: ctx.now() });
  });
  const engine = await open({ startAt: new Date(0), workflows: [stateful] });
  const handle = await engine.start(stateful);
  expect((await handle.describe()).state).toEqual({ step: 1, at: new Date(0) });
  await engine.advance('1s');
  await handle.signal('next');
  await engine.runUntilIdle();
  await engine.crash();
  expect((await handle.describe()).state).toEqual({ step: 2, at: new Date(1_000) });
  await handle.signal('next');
  await handle.result();
  expect((await handle.describe()).state).toEqual({ step: 3, at: new Date(1_000) });
});

test('F14 the state is a copy of what was set', async () => {
  const stateful = defineWorkflow('stateful', async (ctx) => {
    const state = { items: ['a'] };
    ctx.setState(state);
    state.items.push('b');
    await ctx.waitSignal('next');
  });
  const engine = await open({ workflows: [stateful] });
  expect((await (await engine.start(stateful)).describe()).state).toEqual({ items: ['a'] });
});

test('B3 a workflow knows about itself', async () => {
  const knowing = defineWorkflow('knowing', async (ctx) => {
    const {
      namespace,
      taskQueue,
      workflowType,
      workflowId,
      runId,
      attempt,
      runNumber,
      startedAt,
      deadline,
      historyLength,
    } = ctx.info;
    await ctx.sleep(0);
    return {
      namespace,
      taskQueue,
      workflowType,
      workflowId,
      runId,
      attempt,
      runNumber,
      startedAt,
      deadline,
      historyLength,
      later: ctx.info.historyLength,
      advised: ctx.info.continueAsNewSuggested,
    };
  });
  const engine = await open({
    startAt: new Date(0),
    namespace: 'ns',
    taskQueues: ['q'],
    workflows: [knowing],
  });
  const handle = await engine.start(knowing, undefined, { id: 'w', taskQueue: 'q', runTimeout: '1h' });
  expect(await handle.result()).toEqual({
    namespace: 'ns',
    taskQueue: 'q',
    workflowType: 'knowing',
    workflowId: 'w',
    runId: handle.runId,
    attempt: 1,
    runNumber: 1,
    startedAt: new Date(0),
    deadline: new Date(3_600_000),
    historyLength: 1,
    later: 3,
    advised: false,
  });
});
