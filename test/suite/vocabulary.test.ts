import {
  NonRetryableError,
  WorkflowAlreadyStartedError,
  WorkflowNotActiveError,
  WorkflowNotFoundError,
  createEngine,
  defineActivity,
  defineWorkflow,
  definitionsIn,
  query,
  signal,
  update,
  type WorkflowStatus,
} from '@perdure/core';
import { mockActivity } from '@perdure/testing';
import { openStorage } from '#storage';
import { expect, test } from 'vitest';
import { codeOf, eventTypes, gate, logBook, open } from './kit.js';

const failing = defineActivity('failing', (): never => {
  throw new NonRetryableError('no');
});
const ends = defineWorkflow('ends', async (ctx, how: string) => {
  if (how === 'failed') throw new Error('no');
  if (how === 'continued_as_new') ctx.continueAsNew('completed');
  if (how !== 'completed') await ctx.sleep('1d');
  return how;
});

test('A21 B9 every status is met, in its bucket', async () => {
  const engine = await open({ workflows: [ends], autoSkip: false });
  const start = async (how: string, options: object = {}) =>
    engine.start(ends, how, { id: how, duplicatePolicy: 'allow', ...options });
  const seen: Record<string, string> = {};
  const see = async (status: WorkflowStatus): Promise<void> => {
    const runs = await engine.handle(status).runs();
    const found = runs.find((run) => run.status === status);
    seen[status] = found?.statusBucket ?? `only ${runs.map((run) => run.status).join()}`;
  };
  await start('pending', { taskQueue: 'nobody' });
  await start('waiting');
  await (await start('cancelled')).cancel();
  await (await start('terminated')).terminate();
  await start('timed_out', { runTimeout: '1s' });
  for (const how of ['completed', 'failed', 'continued_as_new']) await start(how);
  await engine.advance('2s');
  for (const status of [
    'pending',
    'waiting',
    'completed',
    'failed',
    'cancelled',
    'terminated',
    'timed_out',
    'continued_as_new',
  ] as const)
    await see(status);
  expect(seen).toEqual({
    pending: 'running',
    waiting: 'running',
    completed: 'completed',
    continued_as_new: 'completed',
    failed: 'failed',
    cancelled: 'failed',
    terminated: 'failed',
    timed_out: 'failed',
  });
});

test('A21 a run with work under way is running, one whose code cannot go on is blocked', async () => {
  const begun = gate();
  const hanging = defineActivity('hanging', () => {
    begun.pass();
    return new Promise<void>(() => undefined);
  });
  const works = defineWorkflow('works', (ctx) => ctx.runActivity(hanging));
  const fetches = defineWorkflow('fetches', () => new Promise<void>(() => undefined));
  const engine = await open({ workflows: [works, fetches], activities: [hanging] });
  const working = await engine.start(works);
  const blocked = await engine.start(fetches);
  await begun.passed;
  await engine.runUntilIdle();
  expect([(await working.describe()).status, (await blocked.describe()).status]).toEqual([
    'running',
    'blocked',
  ]);
});

test('A22 C15 events have the names of the field', async () => {
  const messages = { go: signal<number>(), add: update<number, number>(), seen: query<number>() };
  const child = defineWorkflow('child', async () => 'child');
  const everything = defineWorkflow('everything', { messages }, async (ctx) => {
    ctx.onUpdate('add', (n) => n + 1);
    ctx.patched('change');
    ctx.sideEffect(() => 1);
    ctx.upsertMemo({ a: 1 });
    await ctx.runActivity(failing).catch(() => undefined);
    await ctx.runChild(child);
    const task = ctx.sleep('1h');
    task.cancel();
    await task.catch(() => undefined);
    await ctx.waitSignal('go');
    let open = false;
    await Promise.all([
      ctx.waitCondition(() => open),
      ctx.sleep(1).then(() => {
        open = true;
      }),
    ]);
    return 'all';
  });
  const engine = await open({ workflows: [everything, child], activities: [failing] });
  const handle = await engine.start(everything);
  expect(await handle.update('add', 1)).toBe(2);
  await handle.signal('go', 1);
  await handle.result();
  expect([...new Set(await eventTypes(handle))].sort()).toEqual(
    [
      'ActivityFailed',
      'ActivityScheduled',
      'ChildWorkflowCompleted',
      'ChildWorkflowScheduled',
      'ChildWorkflowStarted',
      'ConditionSatisfied',
      'ConditionWaitOpened',
      'MemoUpserted',
      'SideEffectRecorded',
      'SignalReceived',
      'SignalWaitOpened',
      'TimerCancelled',
      'TimerFired',
      'TimerStarted',
      'UpdateAccepted',
      'UpdateCompleted',
      'VersionMarkerRecorded',
      'WorkflowCompleted',
      'WorkflowStarted',
    ].sort(),
  );
});

test('B8 what a command came to is said by a handle, or by an error with a code', async () => {
  const engine = await open({ workflows: [ends] });
  const started = await engine.start(ends, 'completed', { id: 'w', requestId: 'r' });
  await started.result();
  const again = await engine.start(ends, 'completed', { id: 'w', requestId: 'r' });
  expect((await again.describe()).runId).toBe((await started.describe()).runId);
  const outcome = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'done', codeOf);
  expect({
    rejected_duplicate: await outcome(engine.start(ends, 'completed', { id: 'w' })),
    rejected_not_active: await outcome(started.signal('any')),
    rejected_unknown: await outcome(engine.handle('nobody').signal('any')),
    workflow_definition_unavailable: await outcome(engine.start('unknown')),
    rejected_invalid_arguments: await outcome(engine.start(ends, 'completed', { id: '' })),
    repair_not_needed: await outcome(started.repair()),
    archived: await outcome(started.archive()),
    archive_not_needed: await outcome(started.archive()),
  }).toEqual({
    rejected_duplicate: new WorkflowAlreadyStartedError('').code,
    rejected_not_active: new WorkflowNotActiveError('').code,
    rejected_unknown: new WorkflowNotFoundError('').code,
    workflow_definition_unavailable: 'unknown_workflow',
    rejected_invalid_arguments: 'invalid_argument',
    repair_not_needed: 'done',
    archived: 'done',
    archive_not_needed: 'done',
  });
});

test('A9 code is registered by being exported', async () => {
  const module = { ends, failing, aNumber: 1, nothing: null, contract: { name: 'c', implement: () => 0 } };
  const found = definitionsIn({ './one.ts': module, './two.ts': { again: ends } }, { failing });
  expect(found).toEqual({ workflows: [ends], activities: [failing] });
  const engine = await createEngine({ storage: await openStorage(), logger: logBook(), ...found });
  expect(await engine.execute('ends', 'completed')).toBe('completed');
  await engine.close();
});

test('C16 a test runs the real engine in its own process, with activities of its own and time that skips', async () => {
  const charge = defineActivity('charge', (amount: number): string => {
    throw new Error(`never call the bank in a test: ${amount}`);
  });
  const pays = defineWorkflow('pays', async (ctx, amount: number) => {
    await ctx.sleep('30d');
    return ctx.runActivity(charge, amount);
  });
  const asked: number[] = [];
  const engine = await open({
    workflows: [pays],
    activities: [
      mockActivity(charge, (amount) => {
        asked.push(amount);
        return 'paid';
      }),
    ],
  });
  expect(await engine.execute(pays, 7)).toBe('paid');
  expect(asked).toEqual([7]);
});
