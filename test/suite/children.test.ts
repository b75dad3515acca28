import { openStorage } from '#storage';
import {
  ChildWorkflowError,
  defineActivity,
  defineWorkflow,
  isCancelled,
  NonRetryableError,
  signal,
  type ParentClosePolicy,
} from '@perdure/core';
import { describe, expect, test } from 'vitest';
import { bent, storeFailure } from './bent-storage.js';
import { codeOf, crashAtEachCommit, eventTypes, open, rejection } from './kit.js';

const double = defineWorkflow('double', async (_ctx, n: number) => n * 2);
const waits = defineWorkflow('waits', { messages: { go: signal<string>() } }, async (ctx) =>
  ctx.waitSignal('go'),
);
const fails = defineWorkflow('fails', async (_ctx, message: string) => {
  throw new RangeError(message);
});
const workflows = [double, waits, fails];

/** How a child ended, as its parent saw it. */
const seen = (error: unknown) => {
  if (!(error instanceof ChildWorkflowError)) return error;
  const { code, kind, workflowId, workflowType, message } = error;
  return { code, kind, workflowId, workflowType, message };
};

test('A15 a child runs on its own, and its parent gets the result', async () => {
  const parent = defineWorkflow('parent', async (ctx, n: number) => {
    const child = ctx.runChild(double, n, { id: 'the-child' });
    const { runId } = await child.started;
    return { value: await child, workflowId: child.workflowId, runId };
  });
  const engine = await open({ workflows: [parent, ...workflows] });
  const handle = await engine.start(parent, 21, { id: 'p' });
  const result = await handle.result();
  const child = await engine.handle('the-child').result();
  expect(child).toBe(42);
  expect(result).toMatchObject({ value: 42, workflowId: 'the-child' });
  const description = await engine.handle('the-child').describe();
  expect(description.runId).toBe(result.runId);
  expect(description.parent).toEqual({ workflowId: 'p', runId: handle.runId });
  expect(await eventTypes(handle)).toEqual([
    'WorkflowStarted',
    'ChildWorkflowScheduled',
    'ChildWorkflowStarted',
    'ChildWorkflowCompleted',
    'WorkflowCompleted',
  ]);
});

test('A15 many children at once, without ids of their own', async () => {
  const parent = defineWorkflow('parent', async (ctx, n: number) => {
    const children = Array.from({ length: n }, (_, i) => ctx.runChild(double, i));
    expect(new Set(children.map((child) => child.workflowId)).size).toBe(n);
    return ctx.all(children);
  });
  const engine = await open({ workflows: [parent, ...workflows] });
  expect(await engine.execute(parent, 30)).toEqual(Array.from({ length: 30 }, (_, i) => 2 * i));
});

test('A15 children of children, however deep and long their ids', async () => {
  const deep = defineWorkflow('deep', async (ctx, depth: number): Promise<number> => {
    const below: number = depth === 0 ? 0 : await ctx.runChild('deep', depth - 1);
    return 1 + below;
  });
  const engine = await open({ workflows: [deep] });
  expect(await engine.execute(deep, 12, { id: 'x'.repeat(150) })).toBe(13);
});

test('C7 a failure of the child comes with its own error as the cause', async () => {
  const parent = defineWorkflow('parent', async (ctx) => {
    try {
      return await ctx.runChild(fails, 'out of range', { id: 'bad' });
    } catch (error) {
      const { name, message } = (error as ChildWorkflowError).cause as Error;
      return { ...(seen(error) as object), cause: `${name}: ${message}` };
    }
  });
  const engine = await open({ workflows: [parent, ...workflows] });
  expect(await engine.execute(parent)).toEqual({
    code: 'child_workflow_failed',
    kind: 'failed',
    workflowId: 'bad',
    workflowType: 'fails',
    message: "Child workflow 'fails' (bad) failed: out of range",
    cause: 'RangeError: out of range',
  });
});

test('C7 cancelled, terminated and timed out are told apart', async () => {
  const parent = defineWorkflow('parent', async (ctx) => {
    const children = ['c', 't', 'o'].map((id) =>
      ctx.runChild(waits, undefined, { id, ...(id === 'o' && { executionTimeout: '1h' }) }),
    );
    return (await ctx.allSettled(children)).map(
      (one) => one.status === 'rejected' && (one.reason as ChildWorkflowError).code,
    );
  });
  const engine = await open({ workflows: [parent, ...workflows] });
  const handle = await engine.start(parent);
  await engine.runUntilIdle();
  await engine.handle('c').cancel({ reason: 'because' });
  await engine.handle('t').terminate('because');
  expect(await handle.result()).toEqual([
    'child_workflow_cancelled',
    'child_workflow_terminated',
    'child_workflow_timeout',
  ]);
});

test('A23 a parent is told of the timeout of its child', async () => {
  const parent = defineWorkflow('parent', async (ctx) => {
    const error: unknown = await ctx
      .runChild(waits, undefined, { runTimeout: '1m' })
      .catch((e: unknown) => e);
    return (error as ChildWorkflowError).kind;
  });
  const engine = await open({ workflows: [parent, ...workflows] });
  expect(await engine.execute(parent)).toBe('timed_out');
});

test('A15 a child may be signalled, also before it has started', async () => {
  const parent = defineWorkflow('parent', async (ctx) => {
    const child = ctx.runChild(waits);
    await child.signal('go', 'now');
    return child;
  });
  const engine = await open({ workflows: [parent, ...workflows] });
  expect(await engine.execute(parent)).toBe('now');
});

test('A15 signals to a child arrive in their order, each once', async () => {
  const collects = defineWorkflow('collects', async (ctx) => {
    const all: unknown[] = [];
    while (all.length < 20) all.push(await ctx.waitSignal('n'));
    return all;
  });
  const parent = defineWorkflow('parent', async (ctx) => {
    const child = ctx.runChild(collects);
    for (let i = 0; i < 20; i++) void child.signal('n', i);
    return child;
  });
  const engine = await open({ workflows: [parent, collects] });
  expect(await engine.execute(parent)).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test('B7 cancelling the task of a child asks it to cancel and rejects at once', async () => {
  const cleanup: string[] = [];
  const clean = defineActivity('clean', (how: string) => void cleanup.push(how));
  const tidy = defineWorkflow('tidy', async (ctx) => {
    try {
      await ctx.sleep('1d');
    } finally {
      await ctx.nonCancellable(() => ctx.runActivity(clean, 'done'));
    }
  });
  const parent = defineWorkflow('parent', async (ctx) => {
    const child = ctx.runChild(tidy, undefined, { id: 'tidy' });
    await child.started;
    const before = ctx.now();
    child.cancel('enough');
    const error: unknown = await child.catch((e: unknown) => e);
    return [codeOf(error), ctx.now().getTime() - before.getTime()];
  });
  const engine = await open({ workflows: [parent, tidy], activities: [clean] });
  expect(await engine.execute(parent)).toEqual(['child_workflow_cancelled', 0]);
  await expect(engine.handle('tidy').result()).rejects.toMatchObject({ code: 'workflow_cancelled' });
  expect((await engine.handle('tidy').describe()).closedReason).toContain('enough');
  expect(cleanup).toEqual(['done']);
});

test('B7 cancelling the parent cancels its children', async () => {
  const parent = defineWorkflow('parent', async (ctx) => {
    try {
      await ctx.runChild(waits, undefined, { id: 'child' });
    } catch (error) {
      if (isCancelled(error)) ctx.setState('cancelled');
      throw error;
    }
  });
  const engine = await open({ workflows: [parent, ...workflows] });
  const handle = await engine.start(parent);
  await engine.runUntilIdle();
  await handle.cancel({ reason: 'stop' });
  await expect(handle.result()).rejects.toMatchObject({ code: 'workflow_cancelled' });
  expect((await handle.describe()).state).toBe('cancelled');
  await expect(engine.handle('child').result()).rejects.toMatchObject({ code: 'workflow_cancelled' });
});

describe('C7 parent close policy', () => {
  const statuses = { request_cancel: 'cancelled', terminate: 'terminated', abandon: 'waiting' } as const;
  const policies = Object.keys(statuses) as ParentClosePolicy[];
  const how = {
    returns: 'completed',
    throws: 'failed',
    'times out': 'timed_out',
    'is terminated': 'terminated',
    'is cancelled': 'cancelled',
  } as const;
  const parent = defineWorkflow('parent', async (ctx, way: string) => {
    await ctx.nonCancellable(() =>
      ctx.all(
        policies.map(
          (parentClosePolicy) =>
            ctx.runChild(waits, undefined, { id: parentClosePolicy, parentClosePolicy }).started,
        ),
      ),
    );
    if (way === 'throws') throw new Error('no');
    if (way !== 'returns') await ctx.sleep('1d');
  });
  test.each(Object.keys(how) as (keyof typeof how)[])('D4 a parent that %s', async (way) => {
    const engine = await open({ workflows: [parent, ...workflows] });
    const handle = await engine.start(parent, way, {
      id: 'p',
      ...(way === 'times out' && { executionTimeout: '1h' }),
    });
    await engine.runUntilIdle();
    if (way === 'is terminated') await handle.terminate();
    if (way === 'is cancelled') await handle.cancel();
    await handle.result().catch(() => undefined);
    await engine.runUntilIdle();
    expect((await handle.describe()).status).toBe(how[way]);
    for (const policy of policies) {
      const { status, closedReason } = await engine.handle(policy).describe();
      expect([policy, status]).toEqual([policy, statuses[policy]]);
      if (policy !== 'abandon') expect(closedReason).toBe('The parent workflow has ended');
    }
  });
});

test('C7 what the end of a parent came to is in the history of each child, and the parent’s own stays as it closed', async () => {
  const parent = defineWorkflow('parent', async (ctx) => {
    await ctx.runChild(waits, undefined, { id: 'asked' }).started;
    await ctx.runChild(waits, undefined, { id: 'ended', parentClosePolicy: 'terminate' }).started;
    await ctx.runChild(waits, undefined, { id: 'left', parentClosePolicy: 'abandon' }).started;
  });
  const engine = await open({ workflows: [parent, ...workflows] });
  const handle = await engine.start(parent, undefined, { id: 'p' });
  await handle.result();
  await engine.runUntilIdle();
  expect((await eventTypes(handle)).at(-1)).toBe('WorkflowCompleted');
  const outcomes: Record<string, unknown[]> = {};
  for (const id of ['asked', 'ended', 'left']) {
    outcomes[id] = [];
    for await (const event of engine.handle(id).history())
      if ('reason' in event.attributes) outcomes[id].push([event.type, event.attributes['reason']]);
  }
  const reason = 'The parent workflow has ended';
  expect(outcomes).toEqual({
    asked: [
      ['CancelRequested', reason],
      ['WorkflowCancelled', reason],
    ],
    ended: [['WorkflowTerminated', reason]],
    left: [],
  });
});

test('C7 a policy that cannot be applied now is applied later, whoever is there then', async () => {
  const parent = defineWorkflow('parent', async (ctx) => {
    await ctx.runChild(waits, undefined, { id: 'child', parentClosePolicy: 'terminate' }).started;
    await ctx.waitSignal('go');
  });
  let refuses = true;
  const storage = bent(await openStorage(), {
    commit: (call, batches) => {
      const ends = batches.some(({ writes }) =>
        writes.some((write) => write.kind === 'advance-run' && write.changes?.status === 'terminated'),
      );
      return ends && refuses ? Promise.reject(storeFailure('not-applied', false)) : call(batches);
    },
  });
  const engine = await open({ storage, workflows: [parent, ...workflows] });
  const handle = await engine.start(parent, undefined, { id: 'p' });
  await handle.signal('go');
  await handle.result();
  await engine.runUntilIdle();
  expect((await engine.handle('child').describe()).statusBucket).toBe('running');
  await engine.advance('1m');
  expect((await engine.handle('child').describe()).statusBucket).toBe('running');
  refuses = false;
  await engine.advance('1m');
  expect(await engine.handle('child').describe()).toMatchObject({
    status: 'terminated',
    closedReason: 'The parent workflow has ended',
  });
});

test('D4 the default is to ask the children to cancel', async () => {
  const parent = defineWorkflow('parent', async (ctx) => {
    await ctx.runChild(waits, undefined, { id: 'child' }).started;
  });
  const engine = await open({ workflows: [parent, ...workflows] });
  await engine.execute(parent);
  await expect(engine.handle('child').result()).rejects.toMatchObject({ code: 'workflow_cancelled' });
});

test('A15 a child that was asked for in the last moment starts, and its policy holds', async () => {
  const parent = defineWorkflow('parent', async (ctx) => {
    void ctx.runChild(double, 4, { id: 'abandoned', parentClosePolicy: 'abandon' });
    void ctx.runChild(waits, undefined, { id: 'cancelled' });
  });
  const engine = await open({ workflows: [parent, ...workflows] });
  await engine.execute(parent);
  await engine.runUntilIdle();
  expect(await engine.handle('abandoned').result()).toBe(8);
  await expect(engine.handle('cancelled').result()).rejects.toMatchObject({ code: 'workflow_cancelled' });
});

test('A23 a workflow timeout cancels running activities and children', async () => {
  let aborted = false;
  const hangs = defineActivity(
    'hangs',
    (_: void, { signal: stop }) =>
      new Promise<void>((resolve) => {
        stop.addEventListener('abort', () => {
          aborted = true;
          resolve();
        });
      }),
  );
  const parent = defineWorkflow('parent', async (ctx) => {
    await ctx.all([ctx.runActivity(hangs), ctx.runChild(waits, undefined, { id: 'child' })]);
  });
  const engine = await open({ workflows: [parent, ...workflows], activities: [hangs] });
  const handle = await engine.start(parent, undefined, { executionTimeout: '1m' });
  await engine.runUntilIdle();
  await engine.advance('2m');
  await expect(handle.result()).rejects.toMatchObject({ code: 'workflow_timeout' });
  await expect(engine.handle('child').result()).rejects.toMatchObject({ code: 'workflow_cancelled' });
  expect(aborted).toBe(true);
});

test('C8 children stay with the chain: the end of the last run is the end of their parent', async () => {
  const parent = defineWorkflow('parent', async (ctx, n: number) => {
    await ctx.runChild(waits, undefined, { id: `child-${n}` }).started;
    if (n < 2) return ctx.continueAsNew(n + 1);
    await ctx.waitSignal('end');
  });
  const engine = await open({ workflows: [parent, ...workflows] });
  const handle = await engine.start(parent, 0);
  await engine.runUntilIdle();
  for (const n of [0, 1, 2]) expect((await engine.handle(`child-${n}`).describe()).status).toBe('waiting');
  await engine.handle('child-1').signal('go', 'by itself');
  await handle.signal('end');
  await handle.result();
  await engine.runUntilIdle();
  expect((await engine.handle('child-0').describe()).status).toBe('cancelled');
  expect((await engine.handle('child-1').describe()).status).toBe('completed');
  expect((await engine.handle('child-2').describe()).status).toBe('cancelled');
});

test('C8 a terminated chain asks the children of earlier runs too', async () => {
  const parent = defineWorkflow('parent', async (ctx, n: number) => {
    if (n === 1) return ctx.sleep('1d');
    await ctx.runChild(waits, undefined, { id: 'child' }).started;
    return ctx.continueAsNew(1);
  });
  const engine = await open({ workflows: [parent, ...workflows] });
  const handle = await engine.start(parent, 0);
  await engine.runUntilIdle();
  await handle.terminate();
  await engine.runUntilIdle();
  expect((await engine.handle('child').describe()).status).toBe('cancelled');
});

test('C1 C7 a child that continues as new and is tried again tells its parent once, at its end', async () => {
  const chain = defineWorkflow('chain', { retry: { maximumAttempts: 3 } }, async (ctx, n: number) => {
    if (ctx.info.attempt < 3) throw new Error(`attempt ${ctx.info.attempt}`);
    return n < 2 ? ctx.continueAsNew(n + 1) : `run ${ctx.info.runNumber}`;
  });
  const parent = defineWorkflow('parent', async (ctx) => ctx.runChild(chain, 0));
  const engine = await open({ workflows: [parent, chain] });
  const handle = await engine.start(parent);
  expect(await handle.result()).toBe('run 9');
  expect((await eventTypes(handle)).filter((type) => type.startsWith('ChildWorkflow'))).toEqual([
    'ChildWorkflowScheduled',
    'ChildWorkflowStarted',
    'ChildWorkflowCompleted',
  ]);
});

test('C1 the retry policy of the call comes before that of the definition', async () => {
  let attempts = 0;
  const count = defineActivity('count', () => void (attempts += 1));
  const flaky = defineWorkflow('flaky', { retry: { maximumAttempts: 9 } }, async (ctx, final: boolean) => {
    await ctx.runActivity(count);
    throw final ? new NonRetryableError('final') : new Error('again');
  });
  const parent = defineWorkflow('parent', async (ctx, final: boolean) => {
    await ctx.runChild(flaky, final, { retry: { maximumAttempts: 2 } }).catch(() => undefined);
  });
  const engine = await open({ workflows: [parent, flaky], activities: [count] });
  await engine.execute(parent, false);
  expect(attempts).toBe(2);
  await engine.execute(parent, true);
  expect(attempts).toBe(3);
});

test('C7 a child whose id is taken by an open run is refused; one whose runs are closed gives the next', async () => {
  const parent = defineWorkflow('parent', async (ctx, id: string) => {
    const error: unknown = await ctx.runChild(double, 1, { id }).catch((e: unknown) => e);
    return error instanceof ChildWorkflowError ? codeOf(error.cause) : error;
  });
  const engine = await open({ workflows: [parent, ...workflows] });
  await engine.start(waits, undefined, { id: 'taken' });
  expect(await engine.execute(parent, 'taken')).toBe('workflow_already_started');
  expect(await engine.execute(parent, 'free')).toBe(2);
  expect(await engine.execute(parent, 'free')).toBe(2);
  expect((await engine.handle('free').runs()).length).toBe(2);
});

test('C7 an ancestor is no child: a cycle of ids is refused', async () => {
  const cycle = defineWorkflow('cycle', async (ctx, depth: number): Promise<unknown> => {
    const id = depth === 0 ? 'b' : 'a';
    return ctx.runChild('cycle', depth + 1, { id }).catch((error: unknown) => codeOf((error as Error).cause));
  });
  const engine = await open({ workflows: [cycle] });
  expect(await engine.execute(cycle, 0, { id: 'a' })).toBe('workflow_already_started');
});

test('C7 a workflow that nobody has, and options that are not valid, are refused', async () => {
  const parent = defineWorkflow('parent', async (ctx, what: string) => {
    const options =
      { id: { id: 'no/id' }, queue: { taskQueue: ' ' }, time: { runTimeout: 0 }, policy: {} }[what] ?? {};
    if (what === 'policy') Object.assign(options, { parentClosePolicy: 'ignore' });
    try {
      return await ctx.runChild(what === 'unknown' ? 'nobody' : 'double', 1, options);
    } catch (error) {
      return codeOf(error instanceof ChildWorkflowError ? error.cause : error);
    }
  });
  const engine = await open({ workflows: [parent, ...workflows] });
  expect(await engine.execute(parent, 'unknown')).toBe('unknown_workflow');
  for (const what of ['id', 'queue', 'time', 'policy'])
    expect([what, await engine.execute(parent, what)]).toEqual([what, 'invalid_argument']);
});

test('C7 a failure to start rejects both the result and `started`', async () => {
  const parent = defineWorkflow('parent', async (ctx) => {
    const child = ctx.runChild('nobody');
    const both = await ctx.allSettled([child.started, child]);
    return both.map((one) => one.status === 'rejected' && codeOf(one.reason));
  });
  const engine = await open({ workflows: [parent] });
  expect(await engine.execute(parent)).toEqual(['child_workflow_failed', 'child_workflow_failed']);
});

test('B2 a description says which children a run waits for', async () => {
  const parent = defineWorkflow('parent', async (ctx) => {
    await ctx.all([ctx.runChild(waits, undefined, { id: 'a' }), ctx.runChild(double, 1, { id: 'b' })]);
  });
  const engine = await open({ workflows: [parent, ...workflows] });
  const handle = await engine.start(parent);
  await engine.runUntilIdle();
  const child = await engine.handle('a').describe();
  const description = await handle.describe();
  expect(description.pendingChildren).toEqual([
    { workflowId: 'a', workflowType: 'waits', runId: child.runId },
  ]);
  expect(description.waitingFor).toContainEqual({ kind: 'child', workflowId: 'a' });
  await engine.handle('a').signal('go', 'x');
  await handle.result();
});

test('A15 memo, search attributes and priority of a child', async () => {
  const parent = defineWorkflow('parent', async (ctx) => {
    await ctx.runChild(double, 1, {
      id: 'child',
      memo: { note: 'of the parent' },
      searchAttributes: { kind: 'child' },
      priority: 2,
    });
  });
  const engine = await open({ workflows: [parent, ...workflows] });
  await engine.execute(parent);
  expect(await engine.handle('child').describe()).toMatchObject({
    memo: { note: 'of the parent' },
    searchAttributes: { kind: 'child' },
  });
});

test('G11 a parent that has ended does not hold up its child', async () => {
  const parent = defineWorkflow('parent', async (ctx) => {
    await ctx.runChild(waits, undefined, { id: 'child', parentClosePolicy: 'abandon' }).started;
  });
  const engine = await open({ workflows: [parent, ...workflows] });
  await engine.execute(parent);
  await engine.handle('child').signal('go', 'alone');
  expect(await engine.handle('child').result()).toBe('alone');
});

test('A15 a child that nobody waits for and that fails does no harm', async () => {
  const parent = defineWorkflow('parent', async (ctx) => {
    void ctx.runChild(fails, 'unseen');
    await ctx.sleep('1h');
    return 'fine';
  });
  const engine = await open({ workflows: [parent, ...workflows] });
  expect(await engine.execute(parent)).toBe('fine');
});

test('F7 another child in the place of the recorded one is a divergence', async () => {
  const parent = defineWorkflow('parent', async (ctx) => ctx.runChild(waits, undefined, { id: 'c' }));
  const other = defineWorkflow('parent', async (ctx) => ctx.runChild(double, 1, { id: 'c' }));
  const engine = await open({ workflows: [parent, ...workflows] });
  const handle = await engine.start(parent);
  await engine.runUntilIdle();
  const bundle = await handle.exportHistory();
  const { replay, NondeterminismError } = await import('@perdure/core');
  await replay([parent, ...workflows], bundle);
  await rejection(NondeterminismError, replay([other, ...workflows], bundle));
});

describe('external workflows', () => {
  test('A15 a signal to another workflow resolves once it is recorded', async () => {
    const sends = defineWorkflow('sends', async (ctx) => {
      await ctx.external('other').signal('go', 'hello');
      return 'sent';
    });
    const engine = await open({ workflows: [sends, ...workflows] });
    const other = await engine.start(waits, undefined, { id: 'other' });
    expect(await engine.execute(sends)).toBe('sent');
    expect(await other.result()).toBe('hello');
  });

  test('A15 a cancel request to another workflow', async () => {
    const cancels = defineWorkflow('cancels', async (ctx) => ctx.external('other').cancel('from afar'));
    const engine = await open({ workflows: [cancels, ...workflows] });
    const other = await engine.start(waits, undefined, { id: 'other' });
    await engine.execute(cancels);
    await expect(other.result()).rejects.toMatchObject({ code: 'workflow_cancelled' });
    expect((await other.describe()).closedReason).toBe('from afar');
  });

  test('A15 requests are refused with the reason', async () => {
    const asks = defineWorkflow('asks', async (ctx, { id, name = 'go' }: { id: string; name?: string }) => {
      const { signal: send, cancel } = ctx.external(id);
      return (await ctx.allSettled([send(name, 'x'), cancel()])).map((one) =>
        one.status === 'fulfilled' ? 'done' : codeOf(one.reason),
      );
    });
    const engine = await open({ workflows: [asks, ...workflows] });
    await engine.execute(double, 1, { id: 'closed' });
    await engine.start(waits, undefined, { id: 'open' });
    expect(await engine.execute(asks, { id: 'nobody' })).toEqual([
      'workflow_not_found',
      'workflow_not_found',
    ]);
    expect(await engine.execute(asks, { id: 'closed' })).toEqual([
      'workflow_not_active',
      'workflow_not_active',
    ]);
    expect(await engine.execute(asks, { id: 'open', name: 'unheard-of' })).toEqual([
      'signal_rejected',
      'done',
    ]);
  });

  test('A15 a certain run may be meant', async () => {
    const asks = defineWorkflow('asks', async (ctx, { id, runId }: { id: string; runId: string }) => {
      try {
        return await ctx.external(id, runId).signal('go', 'x');
      } catch (error) {
        return codeOf(error);
      }
    });
    const engine = await open({ workflows: [asks, ...workflows] });
    const first = await engine.start(waits, undefined, { id: 'w' });
    await first.terminate();
    const second = await engine.start(waits, undefined, { id: 'w', duplicatePolicy: 'allow' });
    expect(await engine.execute(asks, { id: 'w', runId: first.runId! })).toBe('workflow_not_active');
    await engine.execute(asks, { id: 'w', runId: second.runId! });
    expect(await second.result()).toBe('x');
  });

  test('A15 a bad id is refused at the call', async () => {
    const asks = defineWorkflow('asks', async (ctx) => {
      try {
        ctx.external('no/id');
      } catch (error) {
        return codeOf(error);
      }
      return '';
    });
    const engine = await open({ workflows: [asks] });
    expect(await engine.execute(asks)).toBe('invalid_argument');
  });
});

const ledger = new Map<string, number>();
const note = defineActivity('note', (n: number, { idempotencyKey }) => {
  ledger.set(idempotencyKey, n);
  return n;
});
const worker = defineWorkflow('worker', async (ctx, n: number) => {
  const more = (await ctx.waitSignal('more')) as number;
  return (await ctx.runActivity(note, n)) + more;
});
const family = defineWorkflow('family', async (ctx) => {
  const children = [1, 2].map((n) => ctx.runChild(worker, n, { id: `worker-${n}` }));
  for (const child of children) void child.signal('more', 10);
  await ctx.external('listener').signal('begun');
  const results = await ctx.all(children);
  void ctx.runChild(waits, undefined, { id: 'left' });
  return results;
});
const listener = defineWorkflow('listener', async (ctx) => {
  let begun = 0;
  ctx.onSignal('begun', () => {
    begun += 1;
  });
  await ctx.waitSignal('stop');
  return begun;
});

test.each(['before-commit', 'after-commit'] as const)(
  'G9 a crash %s at each commit of a parent and its children loses and doubles nothing',
  async (at) => {
    const commits = await crashAtEachCommit(
      at,
      { workflows: [family, worker, listener, waits], activities: [note] },
      async (engine) => {
        ledger.clear();
        await engine.start(listener, undefined, { id: 'listener' });
        const handle = await engine.start(family, undefined, { id: 'family', startDelay: '1s' });
        const done = handle.result();
        const check = async () => {
          expect(await done).toEqual([11, 12]);
          expect([...ledger.values()].sort()).toEqual([1, 2]);
          expect((await engine.handle('left').describe()).status).toBe('cancelled');
          await engine.handle('listener').signal('stop');
          expect(await engine.handle('listener').result()).toBe(1);
          for (const n of [1, 2]) expect((await engine.handle(`worker-${n}`).runs()).length).toBe(1);
          const types = await eventTypes(handle);
          expect(types.filter((type) => type === 'ChildWorkflowCompleted')).toHaveLength(2);
          expect(types.filter((type) => type === 'ExternalRequestCompleted')).toHaveLength(3);
        };
        return { done, check };
      },
    );
    expect(commits).toBeGreaterThan(8);
  },
  60_000,
);
