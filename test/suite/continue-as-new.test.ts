import { openStorage } from '#storage';
import {
  defineActivity,
  defineWorkflow,
  signal,
  WorkflowCancelledError,
  WorkflowFailedError,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { meanwhile } from './bent-storage.js';
import { clientOf, crashAtEachCommit, eventTypes, open, rejection } from './kit.js';

const loop = defineWorkflow('loop', async (ctx, n: number) => {
  if (n < 3) ctx.continueAsNew(n + 1);
  return `done at ${n}, run ${ctx.info.runNumber}`;
});

test('C8 continue-as-new ends the run and goes on with a fresh history under the same id', async () => {
  const engine = await open({ workflows: [loop] });
  const handle = await engine.start(loop, 0, { id: 'l' });
  expect(await handle.result()).toBe('done at 3, run 4');
  const runs = await handle.runs();
  expect(runs.map((run) => [run.runNumber, run.status, run.input, run.isCurrentRun])).toEqual([
    [1, 'continued_as_new', 0, false],
    [2, 'continued_as_new', 1, false],
    [3, 'continued_as_new', 2, false],
    [4, 'completed', 3, true],
  ]);
  expect(runs.map((run) => run.nextRunId)).toEqual([...runs.slice(1).map((run) => run.runId), undefined]);
  expect(await eventTypes(engine.handle('l', runs[0]!.runId))).toEqual([
    'WorkflowStarted',
    'WorkflowContinuedAsNew',
  ]);
  expect(runs.every((run) => run.runCount === 4)).toBe(true);
  expect(await engine.count()).toBe(1);
});

test('C8 an id that passes on to the next run while it is looked up means that run', async () => {
  const waiting = defineWorkflow('waiting', async (ctx, n: number) => {
    const word = await ctx.waitSignal('word');
    return n < 9 ? ctx.continueAsNew(n + 1) : word;
  });
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [waiting] });
  const handle = await engine.start(waiting, 0, { id: 'w' });
  await engine.runUntilIdle();
  const passing = meanwhile(storage, 'readKey', async () => {
    await handle.signal('word', 'on');
    await engine.runUntilIdle();
  });
  const passed = (await clientOf(engine, passing.storage)).handle('w');
  expect(await passed.describe()).toMatchObject({ runNumber: 2, status: 'waiting' });
  passing.again();
  await passed.signal('word', 'mine');
  await engine.runUntilIdle();
  passing.again();
  await passed.terminate('enough');
  expect(await passed.describe()).toMatchObject({ runNumber: 5, status: 'terminated' });
});

test('C8 execute follows the chain', async () => {
  const engine = await open({ workflows: [loop] });
  expect(await engine.execute(loop, 0)).toBe('done at 3, run 4');
});

test('C8 what the run was started with carries over, and a run timeout counts anew', async () => {
  const once = defineWorkflow('once', async (ctx, n: number) => {
    await ctx.sleep('1m');
    return n === 0 ? ctx.continueAsNew(1) : n;
  });
  const engine = await open({ workflows: [once] });
  const handle = await engine.start(once, 0, {
    id: 'c',
    memo: { who: 'Ada' },
    searchAttributes: { kind: 'test' },
    executionTimeout: '1h',
    runTimeout: '10m',
  });
  expect(await handle.result()).toBe(1);
  const [first, second] = await handle.runs();
  expect(second).toMatchObject({
    memo: { who: 'Ada' },
    searchAttributes: { kind: 'test' },
    executionDeadline: first!.executionDeadline,
  });
  expect(second!.runDeadline!.getTime() - second!.startedAt.getTime()).toBe(600_000);
  expect(second!.startedAt.getTime()).toBeGreaterThan(first!.startedAt.getTime());
});

test('C8 the execution timeout limits the whole chain', async () => {
  const forever = defineWorkflow('forever', async (ctx) => {
    await ctx.sleep('20m');
    ctx.continueAsNew();
  });
  const engine = await open({ workflows: [forever] });
  const handle = await engine.start(forever, undefined, { executionTimeout: '1h' });
  await expect(handle.result()).rejects.toMatchObject({ code: 'workflow_timeout' });
  expect((await handle.runs()).length).toBe(3);
});

test('C8 another workflow may go on, on its own queue', async () => {
  const second = defineWorkflow('second', { taskQueue: 'other' }, async (ctx, name: string) =>
    [name, ctx.info.workflowType, ctx.info.taskQueue].join(),
  );
  const first = defineWorkflow('first', async (ctx) => ctx.continueAsNew('Ada', { workflow: second }));
  const engine = await open({ workflows: [first, second], taskQueues: ['default', 'other'] });
  expect(await engine.execute(first)).toBe('Ada,second,other');
  const named = defineWorkflow('named', async (ctx) =>
    ctx.continueAsNew('Bob', { workflow: 'second', taskQueue: 'default' }),
  );
  const another = await open({ workflows: [named, second] });
  expect(await another.execute(named)).toBe('Bob,second,default');
});

test('C8 signals that no code has taken go to the next run, in order, each seen once', async () => {
  const taker = defineWorkflow('taker', async (ctx, seen: string[]) => {
    seen.push(await ctx.waitSignal('x'));
    return seen.length < 5 ? ctx.continueAsNew(seen) : seen;
  });
  const engine = await open({ workflows: [taker] });
  const handle = await engine.start(taker, [], { id: 't', startDelay: '1h' });
  for (const x of ['a', 'b', 'c', 'd', 'e']) await handle.signal('x', x);
  expect(await handle.result()).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect((await handle.runs()).length).toBe(5);
});

test('C8 a signal id counts once along the chain', async () => {
  const taker = defineWorkflow('taker', async (ctx, seen: string[]) => {
    seen.push(await ctx.waitSignal('x'));
    return seen.length < 3 ? ctx.continueAsNew(seen) : seen;
  });
  const engine = await open({ workflows: [taker] });
  const handle = await engine.start(taker, [], { id: 't' });
  for (const x of ['a', 'b', 'c']) {
    await handle.signal('x', x, { id: x });
    await engine.runUntilIdle();
    await handle.signal('x', 'doubled', { id: x });
    await handle.signal('x', 'doubled', { id: 'a' });
  }
  expect(await handle.result()).toEqual(['a', 'b', 'c']);
});

test('C8 a handler takes nothing more once the run continues as new', async () => {
  const counter = defineWorkflow(
    'counter',
    { messages: { add: signal<number>(), stop: signal() } },
    async (ctx, total: number) => {
      let sum = total;
      ctx.onSignal('add', (n) => {
        sum += n;
      });
      const first = await ctx.race({ stop: ctx.waitSignal('stop'), more: ctx.sleep('1m') });
      return first.key === 'stop' ? sum : ctx.continueAsNew(sum);
    },
  );
  const engine = await open({ workflows: [counter] });
  const handle = await engine.start(counter, 0);
  let sum = 0;
  for (let i = 1; i <= 20; i++) {
    await Promise.all([handle.signal('add', i), engine.advance('30s'), handle.signal('add', i)]);
    sum += 2 * i;
  }
  await handle.signal('stop');
  expect(await handle.result()).toBe(sum);
  expect((await handle.runs()).length).toBeGreaterThan(5);
});

test('B2 handles follow: signal, query, describe, cancel go to the run that goes on', async () => {
  const page = defineWorkflow('page', async (ctx, n: number) => {
    ctx.onQuery('page', () => n);
    ctx.setState({ n });
    await ctx.waitSignal('next');
    return ctx.continueAsNew(n + 1);
  });
  const engine = await open({ workflows: [page] });
  const started = await engine.start(page, 1, { id: 'p' });
  const pinned = engine.handle(page, 'p', started.runId);
  const current = engine.handle(page, 'p');
  for (let n = 2; n <= 4; n++) {
    await started.signal('next');
    await engine.runUntilIdle();
    for (const handle of [started, current]) {
      expect(await handle.query('page')).toBe(n);
      expect((await handle.describe()).state).toEqual({ n });
    }
  }
  expect(await pinned.query('page')).toBe(1);
  expect(await pinned.describe()).toMatchObject({ status: 'continued_as_new', runNumber: 1 });
  await expect(pinned.signal('next')).rejects.toMatchObject({ code: 'workflow_not_active' });
  await started.cancel();
  await expect(pinned.result()).rejects.toMatchObject({ code: 'workflow_cancelled' });
  expect((await started.runs()).map((run) => run.status)).toEqual([
    'continued_as_new',
    'continued_as_new',
    'continued_as_new',
    'cancelled',
  ]);
});

test('B2 streams of a handle follow the chain', async () => {
  const engine = await open({ workflows: [loop] });
  const handle = await engine.start(loop, 0, { startDelay: '1m' });
  const states = (async () => {
    const seen: string[] = [];
    for await (const { runNumber, status } of handle.state$) seen.push(`${runNumber} ${status}`);
    return seen;
  })();
  const events = (async () => {
    const seen: string[] = [];
    for await (const { seq, type } of handle.history$()) seen.push(`${seq} ${type}`);
    return seen;
  })();
  const results = (async () => {
    const seen: unknown[] = [];
    for await (const value of handle.result$) seen.push(value);
    return seen;
  })();
  await handle.result();
  expect((await states).at(-1)).toBe('4 completed');
  expect(await events).toEqual([
    ...Array.from({ length: 3 }, () => ['1 WorkflowStarted', '2 WorkflowContinuedAsNew']).flat(),
    '1 WorkflowStarted',
    '2 WorkflowCompleted',
  ]);
  expect(await results).toEqual(['done at 3, run 4']);
});

test('C8 the run has ended when continueAsNew throws: a broad catch changes nothing', async () => {
  const stubborn = defineWorkflow('stubborn', async (ctx, n: number) => {
    if (n === 1) return 'continued';
    try {
      return ctx.continueAsNew(1);
    } catch {
      return 'swallowed';
    }
  });
  const engine = await open({ workflows: [stubborn] });
  expect(await engine.execute(stubborn, 0)).toBe('continued');
});

test('C8 pending activities end with the run', async () => {
  let aborted = '';
  const slow = defineActivity(
    'slow',
    (_: void, { signal: stop }) =>
      new Promise<void>((resolve) => {
        stop.addEventListener('abort', () => {
          aborted = (stop.reason as Error).message;
          resolve();
        });
      }),
  );
  const leaves = defineWorkflow('leaves', async (ctx, n: number) => {
    if (n === 1) return 'second';
    void ctx.runActivity(slow);
    await ctx.waitSignal('go');
    return ctx.continueAsNew(1);
  });
  const engine = await open({ workflows: [leaves], activities: [slow] });
  const handle = await engine.start(leaves, 0);
  await handle.signal('go');
  expect(await handle.result()).toBe('second');
  expect(aborted).not.toBe('');
});

test('B7 continue-as-new after a cancel request is refused with CancelledError', async () => {
  const tries = defineWorkflow('tries', async (ctx, n: number) => {
    if (n > 0) return 'went on';
    try {
      return await ctx.sleep('1h');
    } catch {
      return ctx.continueAsNew(1);
    }
  });
  const engine = await open({ workflows: [tries] });
  const handle = await engine.start(tries, 0);
  await handle.cancel({ reason: 'enough' });
  await expect(handle.result()).rejects.toMatchObject({ code: 'workflow_cancelled' });
});

test('C8 bad arguments are refused, and the run goes on', async () => {
  const bad = defineWorkflow('bad', async (ctx, how: string) => {
    if (how === 'value') return ctx.continueAsNew(() => 1);
    if (how === 'queue') return ctx.continueAsNew(1, { taskQueue: 'no/queue' });
    return ctx.continueAsNew(1, { workflow: ' ' });
  });
  const engine = await open({ workflows: [bad] });
  for (const [how, code] of [
    ['value', 'payload_invalid'],
    ['queue', 'invalid_argument'],
    ['name', 'invalid_argument'],
  ] as const) {
    const error = await rejection(WorkflowFailedError, engine.execute(bad, how));
    expect(error.failure.code).toBe(code);
  }
});

test.each(['before-commit', 'after-commit'] as const)(
  'G9 a crash %s at each commit of a chain with signals in flight loses and doubles nothing',
  async (at) => {
    const effects: number[] = [];
    const note = defineActivity('note', (n: number) => {
      effects.push(n);
      return n;
    });
    const chain = defineWorkflow('chain', async (ctx, seen: number[]) => {
      const n = (await ctx.waitSignal('n')) as number;
      seen.push(await ctx.runActivity(note, n));
      return seen.length < 4 ? ctx.continueAsNew(seen) : seen;
    });
    await crashAtEachCommit(at, { workflows: [chain], activities: [note] }, async (engine) => {
      effects.length = 0;
      const handle = await engine.start(chain, [], { id: 'c', startDelay: '1s' });
      for (const n of [1, 2, 3, 4]) await handle.signal('n', n, { id: `n${n}` });
      const done = handle.result();
      const check = async () => {
        expect(await done).toEqual([1, 2, 3, 4]);
        expect([...new Set(effects)]).toEqual([1, 2, 3, 4]);
        expect((await handle.runs()).map((run) => run.runNumber)).toEqual([1, 2, 3, 4]);
      };
      return { done, check };
    });
  },
  30_000,
);

test('B7 a cancel between two runs of a chain lets the next one clean up', async () => {
  let cleaned = 0;
  const clean = defineActivity('clean', () => void (cleaned += 1));
  const holding = defineWorkflow('holding', async (ctx, round: number): Promise<void> => {
    if (round === 0) ctx.continueAsNew(1, { taskQueue: 'later' });
    try {
      await ctx.sleep('1d');
    } finally {
      await ctx.nonCancellable(() => ctx.runActivity(clean));
    }
  });
  const options = { storage: await openStorage(), workflows: [holding], activities: [clean] };
  const first = await open(options);
  const { workflowId } = await first.start(holding, 0);
  await first.runUntilIdle();
  await first.handle(workflowId).cancel();
  expect((await first.handle(workflowId).describe()).status).toBe('pending');
  const second = await open({ ...options, taskQueues: ['later'] });
  await rejection(WorkflowCancelledError, second.handle(workflowId).result());
  expect(cleaned).toBe(1);
});

test('D2 duplicate policies look at the newest run of a chain, and another chain counts signal ids anew', async () => {
  const turns = defineWorkflow('turns', async (ctx, n: number) => {
    const word = (await ctx.waitSignal('word')) as string;
    return n === 0 ? ctx.continueAsNew(1) : word;
  });
  const engine = await open({ workflows: [turns] });
  const first = await engine.start(turns, 0, { id: 'd' });
  await first.signal('word', 'a', { id: 'once' });
  await engine.runUntilIdle();
  await expect(engine.start(turns, 0, { id: 'd', duplicatePolicy: 'allow' })).rejects.toMatchObject({
    code: 'workflow_already_started',
  });
  const same = await engine.start(turns, 0, { id: 'd', duplicatePolicy: 'use_existing' });
  await same.signal('word', 'ignored', { id: 'once' });
  await same.signal('word', 'b');
  expect(await Promise.all([first.result(), same.result()])).toEqual(['b', 'b']);
  const next = await engine.start(turns, 1, { id: 'd', duplicatePolicy: 'allow' });
  await next.signal('word', 'c', { id: 'once' });
  expect(await next.result()).toBe('c');
  expect(await first.result()).toBe('b');
  expect((await engine.handle('d').runs()).map((run) => run.runNumber)).toEqual([1, 2, 3]);
  expect((await first.describe()).runNumber).toBe(2);
});
