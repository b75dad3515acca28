import { openStorage } from '#storage';
import {
  defineActivity,
  defineWorkflow,
  InvalidArgumentError,
  NondeterminismError,
  query,
  QueryRejectedError,
  signal,
  UnknownWorkflowError,
  type WorkflowDescription,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { clientOf, eventTypes, open, rejection } from './kit.js';

const charge = defineActivity('charge', (n: number) => n * 2);
const ship = defineActivity('ship', (n: number) => `shipped ${n}`);
const activities = [charge, ship];

const messages = { approve: signal<string>(), note: query<string[]>(), times: query<number, number>() };
const order = defineWorkflow('order', { messages }, async (ctx, n: number) => {
  const notes = ['started'];
  ctx.onQuery('note', () => notes);
  ctx.onQuery('times', (by) => notes.length * by);
  ctx.setState({ step: 'charging' });
  ctx.upsertMemo({ step: 1 });
  const paid = await ctx.runActivity(charge, n);
  notes.push(`paid ${paid}`);
  ctx.setState({ step: 'waiting' });
  ctx.upsertSearchAttributes({ paid });
  const by = await ctx.waitSignal('approve', { timeout: '1d' });
  notes.push(`approved by ${by}`);
  ctx.setState({ step: 'shipping' });
  return ctx.runActivity(ship, paid);
});

/** A run that has ended, its events' types, and the seq of the first event of a type. */
async function ended() {
  const engine = await open({ startAt: new Date(0), workflows: [order], activities });
  const handle = await engine.start(order, 4, {
    id: 'w',
    memo: { by: 'me' },
    searchAttributes: { city: 'Oslo', due: new Date(7) },
  });
  await engine.runUntilIdle();
  await engine.advance('1s');
  await handle.signal('approve', 'Ada');
  await handle.result();
  const types = await eventTypes(handle);
  return { engine, handle, types, seqOf: (type: string) => types.indexOf(type) + 1 };
}

test('E6 a run as it was after each of its events: state, queries, what it waited for', async () => {
  const { handle, types, seqOf } = await ended();
  const seen: [number, WorkflowDescription][] = [];
  for (let seq = 1; seq <= types.length; seq++) seen.push([seq, (await handle.at(seq)).description]);
  const at = (type: string): WorkflowDescription => seen[seqOf(type) - 1]?.[1] as WorkflowDescription;

  expect(at('WorkflowStarted')).toMatchObject({
    status: 'running',
    state: { step: 'charging' },
    memo: { by: 'me', step: 1 },
    searchAttributes: { city: 'Oslo', due: new Date(7) },
    waitingFor: [{ kind: 'activity', name: 'charge' }],
    pendingActivities: [{ activityType: 'charge', state: 'scheduled', attempt: 0 }],
    input: 4,
  });
  expect(at('ActivityCompleted')).toMatchObject({
    status: 'waiting',
    state: { step: 'waiting' },
    searchAttributes: { city: 'Oslo', due: new Date(7), paid: 8 },
    waitingFor: [{ kind: 'signal', name: 'approve' }],
    pendingActivities: [],
  });
  expect(at('SignalReceived')).toMatchObject({
    state: { step: 'shipping' },
    waitingFor: [{ kind: 'activity', name: 'ship' }],
    lastProgressAt: new Date(1_000),
  });
  const last = at('WorkflowCompleted');
  expect(last).toMatchObject({
    status: 'completed',
    output: 'shipped 8',
    waitingFor: [],
    historyLength: types.length,
  });
  for (const [seq, { historyLength, actions, closedAt }] of seen) {
    expect(historyLength).toBeGreaterThanOrEqual(seq);
    expect(actions).toEqual([]);
    expect(closedAt !== undefined).toBe(seq === types.length);
  }
});

test('E6 an event among those that an input caused stands for all of them', async () => {
  const { handle, types, seqOf } = await ended();
  const first = seqOf('ActivityScheduled');
  const end = seqOf('ActivityCompleted') - 1;
  expect(first).toBeGreaterThan(1);
  const [begin, middle] = [await handle.at(1), await handle.at(first)];
  expect(begin.description).toEqual(middle.description);
  expect(begin.description.historyLength).toBe(end);
  expect(types[end]).toBe('ActivityCompleted');
});

test('E6 queries are answered as of then, and change nothing', async () => {
  const { handle, seqOf } = await ended();
  const then = await handle.at(seqOf('ActivityCompleted'));
  expect(then.query('note')).toEqual(['started', 'paid 8']);
  then.query('note').push('mine');
  expect(then.query('note')).toEqual(['started', 'paid 8']);
  expect(then.query('times', 10)).toBe(20);
  expect((await handle.at(1)).query('note')).toEqual(['started']);
  expect(() => then.query('nothing' as 'note')).toThrow(QueryRejectedError);
  expect(await handle.query('note')).toHaveLength(3);
});

test('E6 looking at the past of an open run leaves it as it is, and it goes on', async () => {
  const engine = await open({ startAt: new Date(0), workflows: [order], activities });
  const handle = await engine.start(order, 4, { id: 'w' });
  await engine.runUntilIdle();
  const before = await handle.describe();
  expect((await handle.at(1)).description.state).toEqual({ step: 'charging' });
  expect(await handle.describe()).toEqual(before);
  await handle.signal('approve', 'Ada');
  expect(await handle.result()).toBe('shipped 8');
});

test('E6 a failed and a terminated run, at their end and before', async () => {
  const failing = defineWorkflow('failing', async (ctx) => {
    await ctx.sleep('1s');
    throw new TypeError('no');
  });
  const engine = await open({ startAt: new Date(0), workflows: [failing, order], activities });
  const failed = await engine.start(failing, undefined, { id: 'f' });
  await failed.result().catch(() => undefined);
  const { historyLength } = await failed.describe();
  expect((await failed.at(historyLength)).description).toMatchObject({
    status: 'failed',
    failure: { name: 'TypeError', message: 'no' },
  });
  expect((await failed.at(1)).description).toMatchObject({
    status: 'waiting',
    waitingFor: [{ kind: 'timer' }],
  });
  const terminated = await engine.start(order, 1, { id: 't' });
  await engine.runUntilIdle();
  await terminated.terminate('enough');
  const last = (await terminated.describe()).historyLength;
  expect((await terminated.at(last)).description).toMatchObject({
    status: 'terminated',
    closedReason: 'enough',
  });
  expect((await terminated.at(last - 1)).description.status).toBe('waiting');
});

test('E6 an event that there is not is refused', async () => {
  const { handle, types } = await ended();
  for (const seq of [0, -1, 1.5, NaN, types.length + 1, '1' as never]) {
    const error = await rejection(InvalidArgumentError, handle.at(seq));
    expect(error.issues).toEqual([
      { path: 'seq', message: `must be a whole number from 1 to ${types.length}` },
    ]);
  }
});

test('E6 where the code is not here, or no longer fits, that is said', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, startAt: new Date(0), workflows: [order], activities });
  await engine.start(order, 4, { id: 'w' });
  await engine.runUntilIdle();
  const client = await clientOf(engine, storage);
  const error = await rejection(UnknownWorkflowError, client.handle('w').at(1));
  expect(error.message).toContain("'order'");
  await engine.close();
  const changed = defineWorkflow('order', async (ctx, n: number) => ctx.runActivity(ship, n));
  const later = await open({ storage, startAt: engine.now, workflows: [changed], activities });
  await rejection(NondeterminismError, later.handle('w').at(1));
});
