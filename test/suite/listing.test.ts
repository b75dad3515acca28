import { defineWorkflow, InvalidArgumentError, type ListFilter } from '@perdure/core';
import type { TestEngine } from '@perdure/testing';
import { expect, test } from 'vitest';
import { open, rejection } from './kit.js';

const done = defineWorkflow('done', async (_ctx, n: number) => n);
const waiting = defineWorkflow('waiting', { taskQueue: 'other' }, async (ctx, _n: number) => {
  await ctx.waitSignal('end');
});
const failing = defineWorkflow('failing', async (_ctx, _n: number) => {
  throw new Error('no');
});
const workflows = [done, waiting, failing];

async function filled(): Promise<TestEngine> {
  const engine = await open({ startAt: new Date(0), taskQueues: ['default', 'other'], workflows });
  for (let i = 0; i < 9; i++) {
    await engine.start(['done', 'waiting', 'failing'][i % 3] ?? '', i, {
      id: `${i % 2 === 0 ? 'even' : 'odd'}-${i}`,
    });
    await engine.advance('1s');
  }
  return engine;
}

async function ids(engine: TestEngine, filter?: ListFilter): Promise<string[]> {
  const found: string[] = [];
  for await (const { workflowId } of engine.iterate(filter)) found.push(workflowId);
  return found;
}

test('B4 a list is newest first', async () => {
  const engine = await filled();
  expect(await ids(engine)).toEqual([
    'even-8',
    'odd-7',
    'even-6',
    'odd-5',
    'even-4',
    'odd-3',
    'even-2',
    'odd-1',
    'even-0',
  ]);
});

test.each<[string, ListFilter, string[]]>([
  ['type', { workflowType: 'waiting' }, ['odd-7', 'even-4', 'odd-1']],
  ['status', { status: 'failed' }, ['even-8', 'odd-5', 'even-2']],
  ['several statuses', { status: ['failed', 'completed'], workflowIdPrefix: 'odd' }, ['odd-5', 'odd-3']],
  ['no status at all', { status: [] }, []],
  ['bucket', { statusBucket: 'running' }, ['odd-7', 'even-4', 'odd-1']],
  ['bucket and status', { statusBucket: 'failed', status: 'completed' }, []],
  ['queue', { taskQueue: 'other' }, ['odd-7', 'even-4', 'odd-1']],
  ['id', { workflowId: 'odd-3' }, ['odd-3']],
  ['prefix', { workflowIdPrefix: 'odd-' }, ['odd-7', 'odd-5', 'odd-3', 'odd-1']],
  ['a prefix in capitals', { workflowIdPrefix: 'ODD' }, []],
  ['a prefix with a wildcard', { workflowIdPrefix: '%' }, []],
  ['started after', { startedAfter: new Date(6_000) }, ['even-8', 'odd-7']],
  ['started before', { startedBefore: new Date(2_000) }, ['odd-1', 'even-0']],
  ['closed after', { closedAfter: new Date(5_000) }, ['even-8', 'even-6']],
  ['closed before', { closedBefore: new Date(2_000) }, ['even-0']],
  ['nothing that matches', { workflowType: 'none' }, []],
])('B4 a list is filtered by %s, and the count agrees', async (_, filter, expected) => {
  const engine = await filled();
  expect(await ids(engine, filter)).toEqual(expected);
  expect(await engine.count(filter)).toBe(expected.length);
});

test('B4 pages are stable while runs are started', async () => {
  const engine = await filled();
  const seen: string[] = [];
  let pageToken: string | null = null;
  let pages = 0;
  do {
    const page: Awaited<ReturnType<TestEngine['list']>> = await engine.list({ pageSize: 2, pageToken });
    expect(page.items.length).toBeLessThanOrEqual(2);
    seen.push(...page.items.map(({ workflowId }) => workflowId));
    pageToken = page.nextPageToken;
    await engine.start(done, 1, { id: `new-${pages++}` });
  } while (pageToken !== null);
  expect(pages).toBe(5);
  expect(seen).toEqual([
    'even-8',
    'odd-7',
    'even-6',
    'odd-5',
    'even-4',
    'odd-3',
    'even-2',
    'odd-1',
    'even-0',
  ]);
});

test('B4 runs of one moment keep one order over pages', async () => {
  const engine = await open({ startAt: new Date(0), workflows });
  await Promise.all(Array.from({ length: 25 }, (_, i) => engine.start(done, i)));
  const whole = await ids(engine);
  expect(new Set(whole).size).toBe(25);
  expect(await ids(engine, { pageSize: 4 })).toEqual(whole);
});

test('B4 a page that is exactly full is the last one', async () => {
  const engine = await filled();
  const page = await engine.list({ pageSize: 9 });
  expect(page.items).toHaveLength(9);
  expect(page.nextPageToken).toBeNull();
});

test('B4 only the current run of an id is listed, unless all are asked for', async () => {
  const engine = await open({ workflows });
  for (let i = 0; i < 3; i++) {
    await engine.execute(done, i, { id: 'w', duplicatePolicy: 'allow' });
    await engine.advance(1);
  }
  const current = await engine.list();
  expect(current.items.map(({ runNumber, output }) => [runNumber, output])).toEqual([[3, 2]]);
  const all = await engine.list({ allRuns: true });
  expect(all.items.map(({ runNumber }) => runNumber)).toEqual([3, 2, 1]);
  expect([await engine.count(), await engine.count({ allRuns: true })]).toEqual([1, 3]);
  expect((await engine.handle('w').runs()).map(({ output }) => output)).toEqual([0, 1, 2]);
});

test('B4 what is listed is described in full', async () => {
  const engine = await open({ startAt: new Date(0), workflows });
  const handle = await engine.start(waiting, 7, {
    id: 'w',
    taskQueue: 'default',
    memo: { note: 'n' },
    searchAttributes: { k: 'v' },
  });
  const { items } = await engine.list();
  expect(items).toEqual([await handle.describe()]);
  expect(items[0]).toMatchObject({
    namespace: 'default',
    workflowType: 'waiting',
    status: 'waiting',
    input: 7,
    memo: { note: 'n' },
    searchAttributes: { k: 'v' },
    startedAt: new Date(0),
    waitingFor: [{ kind: 'signal', name: 'end' }],
    actions: ['signal', 'update', 'cancel', 'terminate', 'fork'],
  });
});

test.each<[string, unknown]>([
  ['status', { status: 'canceled' }],
  ['status', { status: 'open' }],
  ['status', { status: 5 }],
  ['status', { status: {} }],
  ['status', { status: null }],
  ['status', { status: ['failed', null] }],
  ['statusBucket', { statusBucket: 'closed' }],
  ['pageSize', { pageSize: 0 }],
  ['pageSize', { pageSize: 1.5 }],
  ['pageSize', { pageSize: 1_001 }],
  ['startedAfter', { startedAfter: 'yesterday' }],
  ['closedBefore', { closedBefore: new Date(NaN) }],
  ['workflowType', { workflowType: 7 }],
  ['stauts', { stauts: 'failed' }],
])('B4 a filter that is not valid is refused: %s of %j', async (path, filter) => {
  const engine = await open({ workflows });
  const error = await rejection(InvalidArgumentError, engine.list(filter as ListFilter));
  expect(error.issues.map((issue) => issue.path)).toContain(path);
  await rejection(InvalidArgumentError, engine.count(filter as ListFilter));
});

test('B4 an alias of a status is refused with a hint', async () => {
  const engine = await open({ workflows });
  const error = await rejection(InvalidArgumentError, engine.list({ status: 'canceled' as 'cancelled' }));
  expect(error.message).toContain("did you mean 'cancelled'?");
  const none = await rejection(InvalidArgumentError, engine.list({ status: 'constructor' as 'cancelled' }));
  expect(none.message).toContain("'constructor' is no status; there are pending");
});

test('B4 a token that this list did not give is refused', async () => {
  const engine = await filled();
  const { nextPageToken } = await engine.list({ pageSize: 2 });
  for (const pageToken of ['', 'x', '{}', `${String(nextPageToken)}x`, btoa('{"a":1}')]) {
    await rejection(InvalidArgumentError, engine.list({ pageSize: 2, pageToken }));
  }
  await rejection(InvalidArgumentError, engine.list({ status: 'failed', pageToken: nextPageToken }));
});
