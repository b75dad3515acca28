import { openStorage } from '#storage';
import {
  defineWorkflow,
  InvalidArgumentError,
  signal,
  WorkflowNotClosedError,
  type BatchProgress,
  type WorkflowImplementation,
} from '@perdure/core';
import type { TestEngine } from '@perdure/testing';
import { expect, test } from 'vitest';
import { meanwhile } from './bent-storage.js';
import { clientOf, eventTypes, gate, open, rejection } from './kit.js';

const waiting = defineWorkflow('waiting', async (ctx, _n: number) => ctx.waitSignal('end'));
const strict = defineWorkflow('strict', { messages: { go: signal() } }, async (ctx, _n: number) => {
  await ctx.waitSignal('go');
});
const done = defineWorkflow('done', async (_ctx, n: number) => n);
const workflows = [waiting, strict, done];

async function started(count: number): Promise<TestEngine> {
  const engine = await open({ startAt: new Date(0), workflows });
  for (let i = 0; i < count; i++) {
    await engine.start(waiting, i, { id: `w-${i}`, searchAttributes: { n: i } });
    await engine.advance(1);
  }
  return engine;
}

async function all(progress: AsyncIterable<BatchProgress>): Promise<BatchProgress[]> {
  const seen: BatchProgress[] = [];
  for await (const one of progress) seen.push(one);
  return seen;
}

test('E16 a batch signals every open run that matches, and tells how far it is', async () => {
  const engine = await started(25);
  await engine.execute(done, 1, { id: 'w-done', searchAttributes: { n: 1 } });
  const seen = await all(engine.batch({ query: 'n < 23' }, { signal: 'end', payload: 'over' }));
  expect(seen).toEqual([
    { matched: 23, done: 10, failed: 0 },
    { matched: 23, done: 20, failed: 0 },
    { matched: 23, done: 23, failed: 0 },
  ]);
  expect(await engine.handle('w-3').result()).toBe('over');
  await engine.runUntilIdle();
  expect(await engine.count({ status: 'completed' })).toBe(24);
  expect(await engine.count({ status: 'waiting' })).toBe(2);
});

test('E16 a batch cancels, and terminates, with a reason', async () => {
  const engine = await started(6);
  await all(engine.batch({ query: 'n < 3' }, { cancel: true, reason: 'strike' }));
  await all(engine.batch({ query: 'n >= 3' }, { terminate: true, reason: 'fire' }));
  await engine.runUntilIdle();
  const ends = (await engine.list()).items.map(({ status, closedReason }) => `${status} ${closedReason}`);
  expect(ends).toEqual([...Array(3).fill('terminated fire'), ...Array(3).fill('cancelled strike')]);
});

test('E16 a run that refuses is counted, and the others go on', async () => {
  const engine = await started(3);
  await engine.start(strict, 1, { searchAttributes: { n: 1 } });
  const seen = await all(engine.batch({ query: 'n < 9' }, { signal: 'end' }));
  expect(seen.at(-1)).toEqual({ matched: 4, done: 3, failed: 1 });
});

test('E16 a batch of nothing says so, and one that is not valid fails before anything is done', async () => {
  const engine = await started(1);
  expect(await all(engine.batch({ query: 'n = 7' }, { cancel: true }))).toEqual([
    { matched: 0, done: 0, failed: 0 },
  ]);
  expect(await all(engine.batch({ status: [] }, { cancel: true }))).toHaveLength(1);
  for (const action of [{}, null, { signal: 7 }, { cancel: true, terminate: true }])
    await rejection(InvalidArgumentError, all(engine.batch({}, action as never)));
  await rejection(InvalidArgumentError, all(engine.batch({ query: 'n =' }, { cancel: true })));
  await rejection(InvalidArgumentError, all(engine.batch({}, { cancel: true, reason: 7 as never })));
  expect((await engine.handle('w-0').describe()).status).toBe('waiting');
});

test('E16 a batch is cold, and stops where it is when nobody looks any more', async () => {
  const engine = await started(30);
  const batch = engine.batch({}, { terminate: true });
  expect(await engine.count({ status: 'terminated' })).toBe(0);
  const { passed, pass } = gate<BatchProgress>();
  const subscription = batch.subscribe((progress) => {
    subscription.unsubscribe();
    pass(progress);
  });
  expect((await passed).done).toBe(10);
  await engine.runUntilIdle();
  for (let i = 0; i < 10; i++) await engine.runUntilIdle();
  expect(await engine.count({ status: 'terminated' })).toBe(10);
  for await (const { matched } of batch) {
    expect(matched).toBeGreaterThanOrEqual(10);
    break;
  }
});

test('E16 a batch leaves runs alone that start after it began', async () => {
  const engine = await started(12);
  for await (const { done: so } of engine.batch({}, { terminate: true })) {
    if (so === 10) await engine.start(waiting, 99, { id: 'late' });
  }
  expect((await engine.handle('late').describe()).statusBucket).toBe('running');
  expect(await engine.count({ status: 'terminated' })).toBe(12);
});

test('E16 a run that passes on to the next of its chain while a batch is under way is not left out', async () => {
  const passing = defineWorkflow('passing', async (ctx, n: number): Promise<unknown> => {
    const word = await ctx.waitSignal('word');
    return word === 'on' ? ctx.continueAsNew(n + 1) : word;
  });
  for (const action of [{ cancel: true }, { terminate: true }, { signal: 'word', payload: 'end' }] as const) {
    const storage = await openStorage();
    const engine = await open({ storage, workflows: [passing] });
    const handle = await engine.start(passing, 1, { id: 'w' });
    await engine.runUntilIdle();
    const bentStorage = meanwhile(storage, 'listRuns', async () => {
      await handle.signal('word', 'on');
      await engine.runUntilIdle();
    });
    const client = await clientOf(engine, bentStorage.storage);
    expect(await all(client.batch({}, action))).toEqual([{ matched: 1, done: 1, failed: 0 }]);
    await engine.runUntilIdle();
    const { runNumber, statusBucket } = await engine.handle('w').describe();
    expect([runNumber, statusBucket]).toEqual([2, 'signal' in action ? 'completed' : 'failed']);
  }
});

test('B7 an archived run is left out of lists, unless they ask for it; nothing else of it changes', async () => {
  const engine = await open({ workflows });
  const handle = await engine.start(done, 1, { id: 'w', memo: { a: 1 }, searchAttributes: { n: 5 } });
  await handle.result();
  const before = await handle.describe();
  const history = await handle.exportHistory();
  expect(before.actions).toEqual(['fork', 'archive']);
  await handle.archive();
  await handle.archive();
  const { archivedAt, version, actions, ...after } = await handle.describe();
  expect(archivedAt).toEqual(engine.now);
  expect(actions).toEqual(['fork']);
  expect(version).toBeGreaterThan(before.version);
  expect({ ...after, version: before.version, actions: before.actions }).toEqual(before);
  expect(await handle.exportHistory()).toEqual(history);
  expect(await handle.result()).toBe(1);
  expect([await engine.count(), await engine.count({ archived: true })]).toEqual([0, 1]);
  expect((await engine.list({ query: 'n = 5' })).items).toEqual([]);
  expect((await engine.list({ query: 'n = 5', archived: true })).items).toHaveLength(1);
  expect(await handle.runs()).toHaveLength(1);
});

test('B7 an open run is not archived', async () => {
  const engine = await started(1);
  const error = await rejection(WorkflowNotClosedError, engine.handle('w-0').archive());
  expect(error.code).toBe('workflow_not_closed');
  expect((await engine.handle('w-0').describe()).archivedAt).toBeUndefined();
});

test('B7 an old run of a chain is archived alone, and stays archived when another one follows', async () => {
  const engine = await open({ workflows });
  const first = await engine.start(done, 1, { id: 'w' });
  await first.result();
  await engine.handle('w', first.runId).archive();
  const second = await engine.start(done, 2, { id: 'w', duplicatePolicy: 'allow' });
  await second.result();
  expect((await engine.list({ allRuns: true })).items.map(({ output }) => output)).toEqual([2]);
  expect((await engine.list({ allRuns: true, archived: true })).items.map(({ output }) => output)).toEqual([
    1,
  ]);
  expect((await engine.handle('w').describe()).isCurrentRun).toBe(true);
});

test('B7 a run that waits, works or has ended needs no repair', async () => {
  const engine = await started(1);
  const handle = engine.handle('w-0');
  await engine.runUntilIdle();
  const before = await handle.describe();
  expect(await handle.repair()).toEqual({ outcome: 'repair_not_needed' });
  expect(await handle.describe()).toEqual(before);
  await handle.terminate();
  expect(await handle.repair()).toEqual({ outcome: 'repair_not_needed' });
});

test('B7 F22 a repaired run that no worker serves is taken by the next one', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, workflows });
  const client = await clientOf(engine, storage);
  const handle = await client.start('waiting', 1, { id: 'w', taskQueue: 'elsewhere' });
  expect(await handle.repair()).toEqual({ outcome: 'repair_dispatched' });
  const worker = await open({ storage, startAt: engine.now, workflows, taskQueues: ['elsewhere'] });
  await handle.signal('end', 'over');
  expect(await worker.handle('w').result()).toBe('over');
});

test('B7 a repaired blocked run is tried again with the code that blocked it', async () => {
  let broken = true;
  const moody: WorkflowImplementation<void, unknown> = defineWorkflow('moody', async (ctx) => {
    if (broken) await new Promise(() => undefined);
    return ctx.waitSignal('end') as Promise<unknown>;
  });
  const engine = await open({ workflows: [moody] });
  const handle = await engine.start(moody, undefined, { id: 'w' });
  await engine.runUntilIdle();
  expect((await handle.describe()).actions).toContain('repair');
  expect(await handle.repair()).toEqual({ outcome: 'repair_dispatched' });
  await engine.runUntilIdle();
  expect((await handle.describe()).status).toBe('blocked');
  broken = false;
  expect(await handle.repair()).toEqual({ outcome: 'repair_dispatched' });
  await handle.signal('end', 'over');
  expect(await handle.result()).toBe('over');
  expect((await handle.describe()).blocked).toBeUndefined();
  expect(await eventTypes(handle)).toContain('WorkflowCompleted');
});
