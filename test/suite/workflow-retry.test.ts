import { openStorage } from '#storage';
import { defineWorkflow, NonRetryableError, WorkflowFailedError } from '@perdure/core';
import { expect, test } from 'vitest';
import { bent } from './bent-storage.js';
import { clientOf, crashAtEachCommit, eventTypes, open, rejection } from './kit.js';

const flaky = defineWorkflow(
  'flaky',
  { retry: { maximumAttempts: 4, initialInterval: '1m', maximumInterval: '10m' } },
  async (ctx, failures: number) => {
    if (ctx.info.attempt <= failures) throw new RangeError(`attempt ${ctx.info.attempt}`);
    return `attempt ${ctx.info.attempt} of run ${ctx.info.runNumber}`;
  },
);

test('C1 a failed workflow is tried again after its backoff, with the same input', async () => {
  const engine = await open({ workflows: [flaky] });
  const begun = engine.now.getTime();
  const handle = await engine.start(flaky, 2);
  expect(await handle.result()).toBe('attempt 3 of run 3');
  expect(engine.now.getTime() - begun).toBeGreaterThanOrEqual(180_000);
  const runs = await handle.runs();
  expect(runs.map((run) => [run.status, run.input])).toEqual([
    ['failed', 2],
    ['failed', 2],
    ['completed', 2],
  ]);
  expect(runs[0]!.nextRunId).toBe(runs[1]!.runId);
});

test('C1 the last attempt is how the workflow ends', async () => {
  const engine = await open({ workflows: [flaky] });
  const handle = await engine.start(flaky, 9);
  const error = await rejection(WorkflowFailedError, handle.result());
  expect(error.failure).toMatchObject({ name: 'RangeError', message: 'attempt 4' });
  expect((await handle.runs()).map((run) => run.status)).toEqual(['failed', 'failed', 'failed', 'failed']);
});

test('C1 the policy of the start comes before that of the definition, and is frozen', async () => {
  const engine = await open({ workflows: [flaky] });
  const handle = await engine.start(flaky, 9, { retry: { maximumAttempts: 2, intervals: ['5m'] } });
  await rejection(WorkflowFailedError, handle.result());
  const [, second] = await handle.runs();
  const events = [];
  for await (const event of engine.handle(handle.workflowId, second!.runId).history()) events.push(event);
  expect(events[0]!.attributes).toMatchObject({
    attempt: 2,
    retry: { maximumAttempts: 2, intervals: [300_000] },
    firstRunId: handle.runId,
    continuedFrom: handle.runId,
  });
});

test('C1 without a policy nothing is tried again, and errors that are not to be retried are not', async () => {
  const plain = defineWorkflow('plain', async () => Promise.reject(new Error('no')));
  const never = defineWorkflow('never', { retry: { nonRetryableErrors: ['TypeError'] } }, async () =>
    Promise.reject(new TypeError('no')),
  );
  const final = defineWorkflow('final', { retry: {} }, async () =>
    Promise.reject(new NonRetryableError('no')),
  );
  const engine = await open({ workflows: [plain, never, final] });
  for (const workflow of [plain, never, final]) {
    const handle = await engine.start(workflow);
    await rejection(WorkflowFailedError, handle.result());
    expect((await handle.runs()).length).toBe(1);
  }
});

test('C1 a run that timed out is tried again, each attempt with its own time', async () => {
  const slow = defineWorkflow('slow', { runTimeout: '1m', retry: { maximumAttempts: 3 } }, async (ctx) => {
    if (ctx.info.attempt < 3) await ctx.sleep('1h');
    return ctx.info.attempt;
  });
  const engine = await open({ workflows: [slow] });
  const handle = await engine.start(slow);
  expect(await handle.result()).toBe(3);
  expect((await handle.runs()).map((run) => run.status)).toEqual(['timed_out', 'timed_out', 'completed']);
});

test('C1 nothing is tried again beyond the execution timeout', async () => {
  const engine = await open({ workflows: [flaky] });
  const handle = await engine.start(flaky, 9, {
    executionTimeout: '4m',
    retry: { initialInterval: '1m', maximumInterval: '1h', maximumAttempts: 0 },
  });
  await rejection(WorkflowFailedError, handle.result());
  expect((await handle.runs()).length).toBe(3);
});

test('A10 a retry in its backoff ends at once when it is cancelled', async () => {
  const engine = await open({ workflows: [flaky] });
  const handle = await engine.start(flaky, 9);
  await engine.runUntilIdle();
  expect(await handle.describe()).toMatchObject({ status: 'pending', runNumber: 2 });
  const before = engine.now.getTime();
  await handle.cancel();
  await expect(handle.result()).rejects.toMatchObject({ code: 'workflow_cancelled' });
  expect(engine.now.getTime()).toBe(before);
});

test('B7 a workflow that fails after it was asked to cancel is not tried again', async () => {
  const fails = defineWorkflow('fails', { retry: {} }, async (ctx) => {
    try {
      await ctx.sleep('1h');
    } catch {
      throw new Error('while it stopped');
    }
  });
  const engine = await open({ workflows: [fails] });
  const handle = await engine.start(fails);
  await handle.cancel();
  await rejection(WorkflowFailedError, handle.result());
  expect((await handle.runs()).length).toBe(1);
});

test('C1 a signal that no code has taken waits for the next attempt, and does not cut its backoff', async () => {
  const takes = defineWorkflow('takes', { retry: { intervals: ['1h'] } }, async (ctx) => {
    if (ctx.info.attempt === 1) {
      await ctx.sleep('1m');
      throw new Error('first');
    }
    return [await ctx.waitSignal('x'), await ctx.waitSignal('x')];
  });
  const engine = await open({ workflows: [takes] });
  const handle = await engine.start(takes);
  await handle.signal('x', 1);
  await engine.advance('2m');
  await handle.signal('x', 2);
  await engine.runUntilIdle();
  expect((await handle.describe()).status).toBe('pending');
  expect(await handle.result()).toEqual([1, 2]);
});

test('G7 a signal that was sent to an attempt that waits, and is written once it has begun, wakes it', async () => {
  const takes = defineWorkflow('takes', { retry: { intervals: ['1m'] } }, async (ctx) => {
    if (ctx.info.attempt === 1) throw new Error('first');
    return ctx.waitSignal('x');
  });
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [takes] });
  const handle = await engine.start(takes);
  while ((await handle.runs()).length < 2) await engine.runUntilIdle();
  let late = true;
  const client = await clientOf(
    engine,
    bent(storage, {
      commit: async (call, batches) => {
        if (late) {
          late = false;
          await engine.advance('2m');
          await engine.runUntilIdle();
          // Nobody who has it in memory hears of the signal.
          await engine.crash();
        }
        return call(batches);
      },
    }),
  );
  await client.handle(handle.workflowId).signal('x', 'heard');
  expect(await handle.result()).toBe('heard');
});

test('C8 a run that continues as new begins with its first attempt', async () => {
  const both = defineWorkflow('both', { retry: { maximumAttempts: 2 } }, async (ctx, n: number) => {
    if (ctx.info.attempt === 1) throw new Error('first');
    return n < 2 ? ctx.continueAsNew(n + 1) : ctx.info.runNumber;
  });
  const engine = await open({ workflows: [both] });
  const handle = await engine.start(both, 0);
  expect(await handle.result()).toBe(6);
  expect((await handle.runs()).map((run) => run.status)).toEqual([
    'failed',
    'continued_as_new',
    'failed',
    'continued_as_new',
    'failed',
    'completed',
  ]);
});

test('B5 every run of a chain exports a history of its own', async () => {
  const engine = await open({ workflows: [flaky] });
  const handle = await engine.start(flaky, 1);
  await handle.result();
  const [first, second] = await handle.runs();
  expect(await eventTypes(engine.handle(handle.workflowId, first!.runId))).toEqual([
    'WorkflowStarted',
    'WorkflowFailed',
  ]);
  const bundle = await engine.handle(handle.workflowId, second!.runId).exportHistory();
  expect(bundle.workflow.runId).toBe(second!.runId);
});

test.each(['before-commit', 'after-commit'] as const)(
  'G9 a crash %s at each commit of a retried workflow spends each attempt once',
  async (at) => {
    await crashAtEachCommit(at, { workflows: [flaky] }, async (engine) => {
      const handle = await engine.start(flaky, 2, { startDelay: '1s' });
      const done = handle.result();
      const check = async () => {
        expect(await done).toBe('attempt 3 of run 3');
        expect((await handle.runs()).length).toBe(3);
      };
      return { done, check };
    });
  },
);
