import { openStorage } from '#storage';
import {
  createClient,
  defineWorkflow,
  InvalidArgumentError,
  UnknownWorkflowError,
  WorkflowAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowTerminatedError,
  WorkflowTimedOutError,
  type Schema,
  type StartOptions,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { meanwhile } from './bent-storage.js';
import { clientOf, open, rejection } from './kit.js';

const opened = defineWorkflow('opened', async (ctx, value: unknown) => {
  await ctx.waitSignal('end');
  return value;
});
const closed = defineWorkflow('closed', async (_ctx, value: unknown) => value);

test('D2 reject refuses any known id, open or closed', async () => {
  const engine = await open({ workflows: [opened, closed] });
  await engine.start(opened, 1, { id: 'open' });
  await engine.execute(closed, 1, { id: 'closed' });
  for (const id of ['open', 'closed']) {
    for (const options of [{ id }, { id, duplicatePolicy: 'reject' }] as StartOptions[]) {
      const error = await rejection(WorkflowAlreadyStartedError, engine.start(closed, 2, options));
      expect(error.code).toBe('workflow_already_started');
      expect(error.message).toContain(`'${id}'`);
    }
  }
});

test('D2 allow gives the next run of a closed id, and refuses an open one', async () => {
  const engine = await open({ workflows: [opened, closed] });
  const first = await engine.start(closed, 'first', { id: 'w' });
  await first.result();
  const second = await engine.start(opened, 'second', { id: 'w', duplicatePolicy: 'allow' });
  await rejection(
    WorkflowAlreadyStartedError,
    engine.start(closed, 3, { id: 'w', duplicatePolicy: 'allow' }),
  );
  expect(await second.describe()).toMatchObject({ runNumber: 2, runCount: 2, isCurrentRun: true });
  expect(await first.describe()).toMatchObject({ runNumber: 1, runCount: 2, isCurrentRun: false });
  expect((await engine.handle('w').describe()).runId).toBe(second.runId);
  expect((await second.runs()).map(({ runNumber }) => runNumber)).toEqual([1, 2]);
  expect(await first.result()).toBe('first');
});

test('D2 terminate_existing ends an open one first, then gives the next run', async () => {
  const engine = await open({ workflows: [opened, closed] });
  const first = await engine.start(opened, 'first', { id: 'w' });
  const second = await engine.start(closed, 'second', { id: 'w', duplicatePolicy: 'terminate_existing' });
  expect(await second.result()).toBe('second');
  await rejection(WorkflowTerminatedError, first.result());
  const third = await engine.start(closed, 'third', { id: 'w', duplicatePolicy: 'terminate_existing' });
  expect(await third.result()).toBe('third');
  expect((await third.runs()).map(({ status }) => status)).toEqual(['terminated', 'completed', 'completed']);
});

test('D2 use_existing returns an open one, and refuses a closed one', async () => {
  const engine = await open({ workflows: [opened, closed] });
  const first = await engine.start(opened, 'first', { id: 'w' });
  const same = await engine.start(opened, 'ignored', { id: 'w', duplicatePolicy: 'use_existing' });
  expect(same.runId).toBe(first.runId);
  await same.signal('end');
  expect(await same.result()).toBe('first');
  await rejection(
    WorkflowAlreadyStartedError,
    engine.start(opened, 2, { id: 'w', duplicatePolicy: 'use_existing' }),
  );
});

test('D2 C8 use_existing finds the run to which the id passes on while it is looked up', async () => {
  const passing = defineWorkflow('passing', async (ctx, n: number) => {
    await ctx.waitSignal('on');
    ctx.continueAsNew(n + 1);
  });
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [passing] });
  const first = await engine.start(passing, 0, { id: 'w' });
  await engine.runUntilIdle();
  const bentStorage = meanwhile(storage, 'readKey', async () => {
    await first.signal('on');
    await engine.runUntilIdle();
  });
  const client = await clientOf(engine, bentStorage.storage);
  const used = await client.start(passing, 0, { id: 'w', duplicatePolicy: 'use_existing' });
  expect(await used.describe()).toMatchObject({ runNumber: 2, status: 'waiting' });
});

test('G6 of fifty starts of one id at the same time one wins', async () => {
  const engine = await open({ workflows: [closed] });
  const starts = await Promise.allSettled(
    Array.from({ length: 50 }, (_, i) => engine.start(closed, i, { id: 'w' })),
  );
  const won = starts.filter((start) => start.status === 'fulfilled');
  expect(won).toHaveLength(1);
  for (const start of starts) {
    if (start.status === 'rejected') expect(start.reason).toBeInstanceOf(WorkflowAlreadyStartedError);
  }
  expect(await engine.count({ allRuns: true })).toBe(1);
});

test('G6 fifty starts with use_existing all get the same run', async () => {
  const engine = await open({ workflows: [opened] });
  const handles = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      engine.start(opened, i, { id: 'w', duplicatePolicy: 'use_existing' }),
    ),
  );
  expect(new Set(handles.map(({ runId }) => runId)).size).toBe(1);
  expect(await engine.count({ allRuns: true })).toBe(1);
});

test('G6 start is idempotent by request id, after the end and after a crash as well', async () => {
  const engine = await open({ workflows: [closed] });
  const handles = await Promise.all(
    Array.from({ length: 10 }, (_, i) => engine.start(closed, i, { requestId: 'r1' })),
  );
  expect(new Set(handles.map(({ runId }) => runId)).size).toBe(1);
  await handles[0]?.result();
  await engine.crash();
  const again = await engine.start(closed, 99, { requestId: 'r1' });
  expect(again.runId).toBe(handles[0]?.runId);
  expect((await engine.start(closed, 1, { requestId: 'r2' })).runId).not.toBe(again.runId);
});

test('G6 the same request id and the same id return the first run instead of refusing', async () => {
  const engine = await open({ workflows: [closed] });
  const first = await engine.start(closed, 1, { id: 'w', requestId: 'r' });
  await first.result();
  const again = await engine.start(closed, 2, { id: 'w', requestId: 'r' });
  expect(again.runId).toBe(first.runId);
  expect(await again.result()).toBe(1);
  await rejection(WorkflowAlreadyStartedError, engine.start(closed, 3, { id: 'w', requestId: 'other' }));
});

test('B1 a request id that stands for the start of another type or id is refused', async () => {
  const other = defineWorkflow('other-type', async () => 'other');
  const engine = await open({ workflows: [closed, other] });
  const first = await engine.start(closed, 1, { id: 'w', requestId: 'r' });
  for (const start of [
    () => engine.start(other, undefined, { id: 'w', requestId: 'r' }),
    () => engine.start(other, undefined, { requestId: 'r' }),
    () => engine.start(closed, 1, { id: 'another', requestId: 'r' }),
    () => engine.start(closed, 1, { id: 'another', requestId: 'r', duplicatePolicy: 'allow' }),
    () => engine.signalWithStart(closed, { id: 'another', requestId: 'r', signal: 's', input: 1 } as never),
  ]) {
    const refused = await rejection(InvalidArgumentError, start());
    expect(refused.issues[0]).toMatchObject({ path: 'requestId' });
    expect(refused.message).toContain("the start of workflow 'w' of type 'closed'");
  }
  expect((await engine.start(closed, 1, { requestId: 'r' })).runId).toBe(first.runId);
  await rejection(WorkflowNotFoundError, engine.handle('another').describe());
});

test('B1 start is durable when it resolves', async () => {
  const engine = await open({ workflows: [opened] });
  const handle = await engine.start(opened, 'kept');
  await engine.crash();
  await handle.signal('end');
  expect(await handle.result()).toBe('kept');
});

test('B1 an id is made up where none is given, and times sort', async () => {
  const engine = await open({ workflows: [closed] });
  const first = await engine.start(closed, 1);
  await engine.advance(1);
  const second = await engine.start(closed, 2);
  expect(first.workflowId).toMatch(/^[0-9a-f-]{36}$/);
  expect(first.workflowId < second.workflowId).toBe(true);
});

test('B1 a delayed start begins exactly when it is due', async () => {
  const at = defineWorkflow('at', async (ctx) => ctx.now().getTime());
  const engine = await open({ startAt: new Date(0), workflows: [at] });
  const handle = await engine.start(at, undefined, { startDelay: '10s' });
  await engine.advance(9_999);
  expect(await handle.describe()).toMatchObject({ status: 'pending', historyLength: 1 });
  await engine.advance(1);
  expect((await handle.describe()).status).toBe('completed');
});

test('B1 a delayed start survives a crash, and counts its timeouts from when it begins', async () => {
  const engine = await open({ workflows: [opened] });
  const handle = await engine.start(opened, 1, { startDelay: '1h', runTimeout: '10m' });
  await engine.crash();
  await engine.advance('69m');
  expect((await handle.describe()).status).toBe('waiting');
  await engine.advance('1m');
  await rejection(WorkflowTimedOutError, handle.result({ timeout: 0 }));
});

test('D12 timeouts of the definition count where the start gives none', async () => {
  const limited = defineWorkflow('limited', { runTimeout: '5m', executionTimeout: '1h' }, (ctx) =>
    ctx.sleep('1d'),
  );
  const engine = await open({ startAt: new Date(0), workflows: [limited] });
  const handle = await engine.start(limited);
  expect(await handle.describe()).toMatchObject({
    runDeadline: new Date(300_000),
    executionDeadline: new Date(3_600_000),
  });
  const other = await engine.start(limited, undefined, { runTimeout: '7m' });
  expect(await other.describe()).toMatchObject({ runDeadline: new Date(420_000) });
  const free = await engine.start(opened.name === 'opened' ? limited : limited, undefined, {
    runTimeout: '1h',
  });
  expect((await free.describe()).runDeadline).toEqual(new Date(3_600_000));
});

test('B3 memo and search attributes are kept as they were given', async () => {
  const engine = await open({ workflows: [closed] });
  const memo = { note: 'hello', since: new Date(0), tags: new Set(['a']) };
  const searchAttributes = {
    customer: 'c1',
    total: 12.5,
    vip: true,
    at: new Date(5),
    labels: ['x', 'y'],
    gone: null,
  };
  const handle = await engine.start(closed, 1, { memo, searchAttributes });
  await handle.result();
  const description = await handle.describe();
  expect(description.memo).toEqual(memo);
  expect(description.searchAttributes).toEqual({
    customer: 'c1',
    total: 12.5,
    vip: true,
    at: new Date(5),
    labels: ['x', 'y'],
  });
});

test('B18 declared search attributes are checked by name and type', async () => {
  const declared = defineWorkflow(
    'declared',
    { searchAttributes: { total: 'double', customer: 'keyword' } },
    async () => 1,
  );
  const engine = await open({ workflows: [declared] });
  await engine.execute('declared', undefined, { searchAttributes: { total: 1, customer: 'c' } });
  const wrong = await rejection(
    InvalidArgumentError,
    engine.start('declared', undefined, { searchAttributes: { total: 'much' } }),
  );
  expect(wrong.issues[0]?.path).toBe('searchAttributes.total');
  await rejection(
    InvalidArgumentError,
    engine.start('declared', undefined, { searchAttributes: { other: 1 } }),
  );
});

test('A1 an unknown workflow is refused and the registered ones are listed', async () => {
  const engine = await open({ workflows: [opened, closed] });
  const error = await rejection(UnknownWorkflowError, engine.start('missing'));
  expect(error.code).toBe('unknown_workflow');
  expect(error.message).toContain("'missing'");
  expect(error.message).toContain("'opened'");
  expect(error.message).toContain("'closed'");
});

test('A7 a definition and its name start the same workflow', async () => {
  const engine = await open({ workflows: [closed] });
  expect(await engine.execute(closed, 1)).toBe(1);
  expect(await engine.execute('closed', 2)).toBe(2);
  expect(await engine.handle(closed, (await engine.start('closed', 3)).workflowId).result()).toBe(3);
});

test('B2 what a pure client starts runs where there is a worker', async () => {
  const storage = await openStorage();
  const client = await createClient({ storage });
  const handle = await client.start('closed', { from: 'client' }, { id: 'w' });
  expect(await handle.describe()).toMatchObject({
    status: 'pending',
    waitingFor: [{ kind: 'worker', taskQueue: 'default' }],
  });
  const engine = await open({ storage, workflows: [closed] });
  expect(await engine.handle('w').result()).toEqual({ from: 'client' });
  await client.close();
});

const order: Schema<{ amount: number }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const amount = Number((value as { amount?: unknown } | undefined)?.amount);
      return amount > 0
        ? { value: { amount } }
        : { issues: [{ message: 'must be positive', path: ['order', { key: 'amount' }] }] };
    },
  },
};

test('A8 an input is checked by its schema before anything is written, and may be changed by it', async () => {
  const ordering = defineWorkflow('ordering', { input: order, output: order }).implement(
    async (_ctx, input) => input,
  );
  const engine = await open({ workflows: [ordering] });
  expect(await engine.execute('ordering', { amount: '7', extra: true })).toEqual({ amount: 7 });
  const error = await rejection(InvalidArgumentError, engine.start(ordering, { amount: -1 }, { id: 'w' }));
  expect(error.issues).toEqual([{ path: 'order.amount', message: 'must be positive' }]);
  expect(await engine.count({ workflowId: 'w' })).toBe(0);
});

test('F23 ids that look alike are apart', async () => {
  const engine = await open({ workflows: [closed] });
  const ids = [
    'a',
    'A',
    'a:b',
    'a_',
    'a.b',
    'a-b',
    'ab',
    'a1',
    '__proto__',
    'constructor',
    'toString',
    '0',
    '00',
    'x'.repeat(191),
  ];
  for (const id of ids) expect(await engine.execute(closed, id, { id })).toBe(id);
  for (const id of ids) expect((await engine.handle(id).describe()).input).toBe(id);
  expect(await engine.count()).toBe(ids.length);
});

test('B17 namespaces are apart', async () => {
  const storage = await openStorage();
  const one = await open({ storage, namespace: 'one', workflows: [closed] });
  const two = await open({ storage, namespace: 'two', workflows: [closed] });
  await one.execute(closed, 1, { id: 'w', requestId: 'r' });
  expect(await two.count()).toBe(0);
  expect(await two.execute(closed, 2, { id: 'w', requestId: 'r' })).toBe(2);
  expect((await one.handle('w').describe()).input).toBe(1);
});
