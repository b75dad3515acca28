import {
  defineActivity,
  defineWorkflow,
  isPerdureError,
  UnknownWorkflowError,
  type WorkflowDescription,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { codeOf, eventTypes, open, rejection } from './kit.js';

const double = defineActivity('double', (n: number) => n * 2);
const work = defineWorkflow('work', async (ctx, n: number) => {
  const [one] = await ctx.all([ctx.runActivity(double, n), ctx.sleep('1s')]);
  const by = await ctx.waitSignal('end');
  if (by === 'fail') throw new Error('no');
  return [one, by];
});
const workflows = [work];
const activities = [double];

test('A4 A9 code and signals are found by their names alone', async () => {
  const engine = await open({ workflows, activities });
  await engine.start('work', 2, { id: 'w' });
  await engine.handle('w').signal('end', 'done');
  expect(await engine.handle('w').result()).toEqual([4, 'done']);
  await rejection(UnknownWorkflowError, engine.start('wrok', 2));
});

test('A21 B9 D9 each status has its bucket, and its spelling', async () => {
  const engine = await open({ workflows, activities });
  const state = ({ status, statusBucket }: WorkflowDescription): string[] => [status, statusBucket];
  const start = async (id: string) =>
    engine.start(work, 1, { id, ...(id === 'late' && { runTimeout: '1h' }) });
  await engine.start(work, 1, { id: 'pending', startDelay: '30d' });
  const waiting = await start('waiting');
  const [completed, failed] = [await start('completed'), await start('failed')];
  const [cancelled, terminated, late] = [
    await start('cancelled'),
    await start('terminated'),
    await start('late'),
  ];
  await completed.signal('end', 'x');
  await failed.signal('end', 'fail');
  await cancelled.cancel();
  await terminated.terminate();
  await engine.advance('2h');
  expect(state(await engine.handle('pending').describe())).toEqual(['pending', 'running']);
  expect(state(await waiting.describe())).toEqual(['waiting', 'running']);
  expect(state(await completed.describe())).toEqual(['completed', 'completed']);
  for (const [handle, status] of [
    [failed, 'failed'],
    [cancelled, 'cancelled'],
    [terminated, 'terminated'],
    [late, 'timed_out'],
  ] as const)
    expect(state(await handle.describe())).toEqual([status, 'failed']);
});

test('A22 C15 C4 events have the names of the field, in the order of what happened', async () => {
  const engine = await open({ workflows, activities });
  const handle = await engine.start(work, 2, { id: 'w' });
  await engine.runUntilIdle();
  await engine.advance('1s');
  await handle.signal('end', 'x');
  await handle.result();
  expect(await eventTypes(handle)).toEqual([
    'WorkflowStarted',
    'ActivityScheduled',
    'TimerStarted',
    'ActivityCompleted',
    'TimerFired',
    'SignalWaitOpened',
    'SignalReceived',
    'WorkflowCompleted',
  ]);
});

test('B8 what a command is refused for has a code that programs can read', async () => {
  const engine = await open({ workflows, activities });
  const handle = await engine.start(work, 2, { id: 'w' });
  const code = async (command: Promise<unknown>): Promise<unknown> =>
    command.then(
      () => undefined,
      (error: unknown) => (isPerdureError(error) ? codeOf(error) : error),
    );
  expect(await code(engine.start(work, 1, { id: 'w' }))).toBe('workflow_already_started');
  expect(await code(engine.start('wrok', 1))).toBe('unknown_workflow');
  expect(await code(engine.start(work, 1, { id: 'no id' }))).toBe('invalid_argument');
  expect(await code(handle.archive())).toBe('workflow_not_closed');
  expect(await code(engine.handle('none').describe())).toBe('workflow_not_found');
  expect(await code(handle.query('nothing'))).toBe('query_rejected');
  await handle.terminate();
  expect(await code(handle.signal('end', 'x'))).toBe('workflow_not_active');
  expect(await code(handle.result())).toBe('workflow_terminated');
});
