import { expect, test } from 'vitest';
import { encodeValue } from '../codec/values.js';
import type { InputEvent, RunEvent, Unplaced } from '../model/events.js';
import {
  begin,
  cancelRequested,
  outcome,
  replayed,
  signalled,
  started,
  typesOf,
} from './instance.testkit.js';

const startedChild = (childId: string): Unplaced<InputEvent> => ({
  type: 'ChildWorkflowStarted',
  childId,
  runId: `run-of-${childId}`,
});
const endedChild = (childId: string, result?: unknown): Unplaced<InputEvent> => ({
  type: 'ChildWorkflowCompleted',
  childId,
  runId: `run-of-${childId}`,
  result: encodeValue(result),
});
const failedChild = (childId: string): Unplaced<InputEvent> => ({
  type: 'ChildWorkflowFailed',
  childId,
  runId: `run-of-${childId}`,
  failure: { name: 'RangeError', message: 'too far' },
});

test('A15 the id of a child is the same on replay, and another for each call', async () => {
  const program = async (ctx: any): Promise<unknown> => {
    const children = [ctx.runChild('child', 1), ctx.runChild('child', 2, { id: 'given' })];
    return ctx.all([...children, ctx.waitSignal('never')]);
  };
  const bench = await begin(program);
  const ids = bench.history.flatMap((event) =>
    event.type === 'ChildWorkflowScheduled' ? [event.workflowId] : [],
  );
  expect(ids).toEqual(['w:r:w1', 'given']);
  const again = await replayed(program, bench.history);
  expect(again.instance.blockage).toBeUndefined();
  expect([...again.instance.children.open.values()].map((child) => child.workflowId)).toEqual(ids);
});

test('A15 what becomes of a child is heard once, and only of one that was asked for', async () => {
  const bench = await begin(async (ctx: any) => ctx.runChild('child'));
  const { instance } = bench;
  expect(instance.accepts(startedChild('w9'))).toBe(false);
  expect(instance.accepts(startedChild('w1'))).toBe(true);
  await bench.feed(startedChild('w1'));
  expect(instance.accepts(startedChild('w1'))).toBe(false);
  await bench.feed(endedChild('w1', 7));
  expect(instance.accepts(endedChild('w1', 8))).toBe(false);
  expect(outcome(bench)).toBe(7);
});

test('B7 the end of a child that was cancelled is recorded, and wakes nobody', async () => {
  let steps = 0;
  const bench = await begin(async (ctx: any) => {
    const child = ctx.runChild('child');
    await ctx.waitSignal('stop');
    child.cancel('enough');
    await child.catch(() => undefined);
    steps += 1;
    await ctx.waitSignal('end');
  });
  await bench.feed(startedChild('w1'));
  await bench.feed(signalled('stop'));
  expect(typesOf(bench.history)).toContain('ChildWorkflowCancelRequested');
  expect(bench.instance.children.open.size).toBe(1);
  await bench.feed({ type: 'ChildWorkflowCancelled', childId: 'w1', runId: 'run-of-w1' });
  expect(bench.instance.children.open.size).toBe(0);
  expect(steps).toBe(1);
  expect(typesOf(bench.history).at(-1)).toBe('ChildWorkflowCancelled');
});

test('B7 a cancel request rejects children and requests in the order in which they were asked for', async () => {
  const order: string[] = [];
  const bench = await begin(async (ctx: any) => {
    const child = ctx.runChild('child', 1, { id: 'c' });
    const asked = {
      started: child.started,
      child,
      signal: child.signal('x'),
      external: ctx.external('other').cancel(),
    };
    await ctx.allSettled(
      Object.entries(asked).map(async ([name, task]) =>
        (task as Promise<unknown>).catch((error: unknown) =>
          order.push(`${name} ${(error as Error).message}`),
        ),
      ),
    );
  });
  await bench.feed(cancelRequested);
  expect(order).toEqual(['started enough', 'child enough', 'signal enough', 'external enough']);
});

test('A15 whom the end of a run concerns: open children but those that are left alone', async () => {
  const bench = await begin(async (ctx: any) => {
    void ctx.runChild('child', 1, { id: 'done' });
    void ctx.runChild('child', 1, { id: 'asked' });
    void ctx.runChild('child', 1, { id: 'ended', parentClosePolicy: 'terminate' });
    void ctx.runChild('child', 1, { id: 'alone', parentClosePolicy: 'abandon' });
    await ctx.waitSignal('x');
  });
  await bench.feed(endedChild('w1'));
  expect(bench.instance.children.left).toEqual([
    { workflowId: 'asked', policy: 'request_cancel' },
    { workflowId: 'ended', policy: 'terminate' },
  ]);
});

test('A15 a child that fails where nobody looks is told apart from one that is caught', async () => {
  const program = (look: boolean) => async (ctx: any) => {
    const child = ctx.runChild('child');
    if (look) await child.catch(() => undefined);
    await ctx.waitSignal('end');
  };
  for (const look of [true, false]) {
    const bench = await begin(program(look));
    await bench.feed(failedChild('w1'));
    expect(bench.instance.unobservedFailures().map((task) => task.id)).toEqual(look ? [] : ['w1']);
  }
});

test('C8 what continues as new delivers nothing more: signals wait for the next run', async () => {
  const bench = await begin(async (ctx: any) => {
    const seen: unknown[] = [];
    ctx.onSignal('x', (value: unknown) => {
      seen.push(value);
      if (value === 2) ctx.continueAsNew(seen);
    });
    await ctx.sleep('1d');
  });
  await bench.feed(signalled('x', 1));
  await bench.feed(signalled('x', 2));
  await bench.feed(signalled('x', 3));
  await bench.feed(signalled('y', 4));
  expect(bench.instance.settlement).toMatchObject({ kind: 'continued', next: { workflowType: 'program' } });
  expect(bench.instance.mailbox.untaken().map(({ name }) => name)).toEqual(['x', 'y']);
});

test('C8 a run that has continued as new replays, and one that would end otherwise is a divergence', async () => {
  const history: RunEvent[] = [
    started(),
    {
      seq: 2,
      at: 1_000,
      type: 'WorkflowContinuedAsNew',
      newRunId: 'n',
      workflowType: 'program',
      taskQueue: 'default',
      input: encodeValue(1),
    },
  ];
  const same = await replayed(async (ctx: any) => ctx.continueAsNew(1), history);
  expect(same.instance.blockage).toBeUndefined();
  const other = await replayed(async () => 1, history);
  expect(other.instance.blockage?.code).toBe('nondeterminism');
});
