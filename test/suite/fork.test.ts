import { openStorage } from '#storage';
import {
  defineActivity,
  defineWorkflow,
  InvalidArgumentError,
  replay,
  signal,
  update,
  WorkflowAlreadyStartedError,
  type Storage,
  type WorkflowHandle,
} from '@perdure/core';
import type { TestEngine } from '@perdure/testing';
import { expect, test } from 'vitest';
import { clientOf, codeOf, eventTypes, open, rejection } from './kit.js';

const charge = defineActivity('charge', (n: number) => n * 2);
const activities = [charge];
const messages = { go: signal<number>() };
const order = defineWorkflow('order', { messages }, async (ctx, n: number) => {
  const seen = [ctx.random(), ctx.uuid4()];
  const paid = await ctx.runActivity(charge, n);
  ctx.setState({ paid });
  const more = await ctx.waitSignal('go');
  await ctx.sleep('1h');
  return [...seen, paid, more, ctx.random(), ctx.sideEffect(() => 7)];
});
const workflows = [order];

async function ended(
  storage?: Storage,
): Promise<{ engine: TestEngine; handle: WorkflowHandle<any, any>; types: string[] }> {
  const engine = await open({ ...(storage && { storage }), startAt: new Date(0), workflows, activities });
  const handle = await engine.start(order, 4, {
    id: 'w',
    memo: { m: 1 },
    searchAttributes: { city: 'Oslo' },
  });
  await handle.signal('go', 5);
  await handle.result();
  return { engine, handle, types: await eventTypes(handle) };
}

test('E7 B12 a copy knows the updates that its history has handled: they are answered, not handled again', async () => {
  const adding = { add: update<number, number>(), go: signal() };
  const counter = defineWorkflow('counter', { messages: adding }, async (ctx, start: number | null) => {
    let sum = start ?? 0;
    ctx.onUpdate('add', (n) => {
      if (n < 0) throw new RangeError('negative');
      return (sum += n);
    });
    await ctx.waitSignal('go');
    if (start === null) ctx.continueAsNew(sum);
    return sum;
  });
  const engine = await open({ workflows: [counter] });
  const origin = await engine.start(counter, null, { id: 'origin' });
  expect(await origin.update('add', 5, { id: 'k' })).toBe(5);
  await expect(origin.update('add', -1, { id: 'bad' })).rejects.toThrow('negative');
  const seq = (await eventTypes(origin)).length;
  const bundle = await origin.exportHistory();
  const other = await open({ workflows: [counter], startAt: engine.now });
  for (const [where, copy] of [
    [engine, await origin.fork({ seq, id: 'fork' })],
    [other, await other.importHistory(bundle, { takeOver: true })],
  ] as const) {
    const handle = where.handle(counter, copy.workflowId);
    expect(await handle.update('add', 5, { id: 'k' })).toBe(5);
    await expect(handle.update('add', -1, { id: 'bad' })).rejects.toThrow('negative');
    await handle.signal('go');
    expect(await handle.update('add', 5, { id: 'k' })).toBe(5);
    expect(await handle.update('add', 1, { id: 'new' })).toBe(6);
    await handle.signal('go');
    expect(await handle.result()).toBe(6);
  }
});

test('E7 what a fork waits for it waits for from when it was made, and a fork of it from when that was', async () => {
  const patient = defineWorkflow('patient', { messages }, async (ctx, n: number) => {
    await ctx.runActivity(charge, n);
    const first = await ctx.waitSignal('go', { timeout: '3d' });
    const since = ctx.now().getTime();
    const second = await ctx.waitSignal('go', { timeout: '3d' });
    return [first, second, ctx.now().getTime() - since];
  });
  const day = 86_400_000;
  const engine = await open({ startAt: new Date(0), workflows: [patient], activities });
  const handle = await engine.start(patient, 4, { id: 'w' });
  expect(await handle.result()).toEqual([undefined, undefined, 3 * day]);
  await engine.advance('10d');
  const seq = (await eventTypes(handle)).indexOf('ActivityCompleted') + 1;
  const fork = await handle.fork({ seq, id: 'again' });
  await engine.advance('2d');
  expect((await fork.describe()).status).toBe('waiting');
  await fork.signal('go', 1);
  await engine.runUntilIdle();
  const later = (await eventTypes(fork)).indexOf('SignalReceived') + 1;
  await engine.advance('10d');
  expect(await fork.result()).toEqual([1, undefined, 3 * day]);
  const another = await fork.fork({ seq: later, id: 'once-more' });
  await engine.advance('2d');
  expect((await another.describe()).status).toBe('waiting');
  await another.signal('go', 2);
  expect(await another.result()).toMatchObject([1, 2, 2 * day]);
  for (const one of [fork, another]) await replay([patient], await one.exportHistory());
});

test('E7 F17 a fork goes on by itself from the event, with what was drawn and recorded until then', async () => {
  const { engine, handle, types } = await ended();
  const seq = types.indexOf('ActivityCompleted') + 1;
  const fork = await handle.fork({ seq, id: 'again', reason: 'why not' });
  await engine.runUntilIdle();
  expect(await fork.describe()).toMatchObject({
    workflowId: 'again',
    status: 'waiting',
    state: { paid: 8 },
    memo: { m: 1 },
    searchAttributes: { city: 'Oslo' },
    waitingFor: [{ kind: 'signal', name: 'go' }],
    origin: { workflowId: 'w', runId: handle.runId, seq, reason: 'why not' },
    input: 4,
  });
  await fork.signal('go', 6);
  const [was, is] = [await handle.result(), await fork.result()];
  expect(is).toEqual([was[0], was[1], was[2], 6, was[4], 7]);
  const events: unknown[] = [];
  for await (const event of fork.history({ limit: 1 })) events.push(event);
  expect(events).toMatchObject([
    { type: 'WorkflowStarted', attributes: { origin: { runId: handle.runId, seq } } },
  ]);
});

test('E7 F17 the original stays as it is, byte for byte, wherever it is forked', async () => {
  const storage = await openStorage();
  const { engine, handle, types } = await ended(storage);
  const raw = await storage.open();
  const runId = handle.runId ?? '';
  const look = async (): Promise<unknown> => ({
    run: await raw.readRun(runId),
    events: await raw.readEvents(runId, { from: 1, limit: 1_000 }),
    tasks: await raw.readTasks(runId),
    inbox: await raw.readInbox(runId, { afterPosition: 0, limit: 1_000 }),
    key: await raw.readKey('default', 'workflow:w'),
  });
  const before = await look();
  for (let seq = 1; seq < types.length; seq++) {
    const fork = await handle.fork({ seq, id: `fork-${seq}` });
    await fork.signal('go', 5);
    expect((await fork.result()).slice(0, 5)).toEqual((await handle.result()).slice(0, 5));
    const bodies = await raw.readEvents(fork.runId ?? '', { from: 2, limit: seq - 1 });
    expect(bodies).toEqual(await raw.readEvents(runId, { from: 2, limit: seq - 1 }));
  }
  expect(await look()).toEqual(before);
  await raw.close();
  expect(await engine.count({ status: 'completed' })).toBe(types.length);
});

test('E7 the history of a fork replays', async () => {
  const storage = await openStorage();
  const { engine, handle, types } = await ended(storage);
  const fork = await handle.fork({ seq: types.indexOf('SignalReceived') + 1 });
  await fork.result();
  const { historyLength } = await fork.describe();
  expect((await fork.at(historyLength)).description.output).toEqual(await fork.result());
  await engine.close();
  const again = await open({ storage, startAt: engine.now, workflows, activities });
  const second = await again
    .handle('w', fork.runId)
    .describe()
    .catch(() => undefined);
  expect(second).toBeUndefined();
  const fork2 = await again.handle(fork.workflowId).fork({ seq: historyLength - 1, id: 'of-a-fork' });
  expect(await fork2.result()).toEqual(await again.handle(fork.workflowId).result());
  expect((await fork2.describe()).origin).toMatchObject({ workflowId: fork.workflowId, runId: fork.runId });
});

test('E7 activities that were pending begin anew in the fork, steps as well', async () => {
  const calls: string[] = [];
  const slow = defineActivity('slow', (n: number, { info }) => {
    calls.push(`${info.workflowId} ${n}`);
    return n;
  });
  const two = defineWorkflow('two', async (ctx) => {
    const a = ctx.runActivity(slow, 1);
    const b = ctx.step('inline', () => {
      calls.push('inline');
      return 2;
    });
    return [await a, await b];
  });
  const engine = await open({ workflows: [two], activities: [slow] });
  const handle = await engine.start(two, undefined, { id: 'w' });
  await handle.result();
  calls.length = 0;
  const types = await eventTypes(handle);
  const fork = await handle.fork({ seq: types.lastIndexOf('ActivityScheduled') + 1, id: 'f' });
  expect(await fork.result()).toEqual([1, 2]);
  expect(calls.sort()).toEqual(['f 1', 'inline']);
  calls.length = 0;
  const first = await handle.fork({ seq: types.indexOf('ActivityCompleted') + 1, id: 'g' });
  expect(await first.result()).toEqual([1, 2]);
  expect(calls).toHaveLength(1);
});

test('E7 a timer that is due at the fork fires, one that was cancelled does not', async () => {
  const timed = defineWorkflow('timed', { messages }, async (ctx) => {
    const by = await ctx.waitSignal('go', { timeout: '1h' });
    await ctx.sleep('1h');
    return by;
  });
  const engine = await open({ startAt: new Date(0), workflows: [timed] });
  const handle = await engine.start(timed, undefined, { id: 'w' });
  await handle.signal('go', 5);
  await handle.result();
  await engine.advance('1d');
  const types = await eventTypes(handle);
  const after = await handle.fork({ seq: types.indexOf('SignalReceived') + 1 });
  expect(await after.result()).toBe(5);
  const before = await handle.fork({ seq: types.indexOf('SignalReceived') });
  expect(await before.result()).toBeUndefined();
});

test('E7 a fixed workflow is forked from before it went wrong', async () => {
  const storage = await openStorage();
  const broken = defineWorkflow('fixable', async (ctx, n: number) => {
    const paid = await ctx.runActivity(charge, n);
    if (paid > 0) throw new Error('a bug');
    return paid;
  });
  const engine = await open({ storage, startAt: new Date(0), workflows: [broken], activities });
  const handle = await engine.start(broken, 4, { id: 'w' });
  await handle.result().catch(() => undefined);
  await engine.close();
  const fixed = defineWorkflow('fixable', async (ctx, n: number) => {
    const paid = await ctx.runActivity(charge, n);
    return [paid, await ctx.runActivity(charge, paid)];
  });
  const later = await open({ storage, startAt: engine.now, workflows: [fixed], activities });
  const original = later.handle('w');
  const { historyLength, actions } = await original.describe();
  expect(actions).toContain('fork');
  const fork = await original.fork({ seq: historyLength - 1, reason: 'fixed' });
  expect(await fork.result()).toEqual([8, 16]);
  expect((await original.describe()).status).toBe('failed');
});

test('E7 in the copied part a fork is to its code who the original was, and then itself', async () => {
  const named = defineWorkflow('named', { messages }, async (ctx) => {
    const me = ctx.info.workflowId;
    await ctx.runActivity('charge', me.length);
    const first = await ctx.runActivity('echo', [me, ctx.info.runId]);
    await ctx.waitSignal('go');
    return [first, ctx.info.workflowId];
  });
  const echo = defineActivity('echo', (value: unknown) => value);
  const engine = await open({ workflows: [named], activities: [charge, echo] });
  const handle = await engine.start(named, undefined, { id: 'original' });
  await engine.runUntilIdle();
  const { historyLength } = await handle.describe();
  const fork = await handle.fork({ seq: historyLength, id: 'forked' });
  await fork.signal('go', 1);
  expect(await fork.result()).toEqual([['original', handle.runId], 'forked']);
  const again = await fork.fork({ seq: (await fork.describe()).historyLength - 1, id: 'third' });
  expect(await again.result()).toEqual([['original', handle.runId], 'third']);
});

test('E7 the time that timeouts leave counts from the fork', async () => {
  const engine = await open({ startAt: new Date(0), workflows, activities });
  const handle = await engine.start(order, 4, { id: 'w', executionTimeout: '3h' });
  await handle.signal('go', 5);
  await handle.result();
  await engine.advance('10d');
  const fork = await handle.fork({ seq: 1 });
  expect((await fork.describe()).executionDeadline).toEqual(new Date(engine.now.getTime() + 3 * 3_600_000));
  await fork.signal('go', 1);
  expect(await fork.result()).toHaveLength(6);
});

test('E7 an open run is forked while it goes on, by a client without code too', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, startAt: new Date(0), workflows, activities });
  const handle = await engine.start(order, 4, { id: 'w' });
  await engine.runUntilIdle();
  const client = await clientOf(engine, storage);
  const fork = await client.handle('w').fork({ seq: (await handle.describe()).historyLength, id: 'f' });
  await handle.signal('go', 1);
  await engine.handle('f').signal('go', 2);
  expect((await engine.handle('w').result())[3]).toBe(1);
  expect((await engine.handle('f').result())[3]).toBe(2);
  expect(fork.workflowId).toBe('f');
});

test('E7 an event that cannot be forked from, an id that is taken or is none, a reason that is none are refused', async () => {
  const { engine, handle, types } = await ended();
  for (const seq of [0, 1.5, types.length, undefined as never]) {
    const error = await rejection(InvalidArgumentError, handle.fork({ seq }));
    expect(error.issues[0]).toEqual({
      path: 'seq',
      message: `must be a whole number from 1 to ${types.length - 1}`,
    });
  }
  await rejection(WorkflowAlreadyStartedError, handle.fork({ seq: 1, id: 'w' }));
  await rejection(InvalidArgumentError, handle.fork({ seq: 1, id: 'no id' }));
  await rejection(InvalidArgumentError, handle.fork({ seq: 1, reason: 7 as never }));
  await rejection(InvalidArgumentError, handle.fork(undefined as never));
  expect(await engine.count()).toBe(1);
});

const child = defineWorkflow('child', { messages }, async (ctx, n: number) => {
  await ctx.waitSignal('go');
  return n + 1;
});
const family = defineWorkflow('family', { messages }, async (ctx) => {
  const one = await ctx.runActivity(charge, 1);
  const two = await ctx.runChild(child, one);
  await ctx.external('other').signal('go', two);
  return [one, two, await ctx.waitSignal('go')];
});

test('E7 a fork behind the end of a child has what it returned, one before it starts a child of its own', async () => {
  const engine = await open({ workflows: [family, child], activities });
  const other = await engine.start(child, 1, { id: 'other' });
  const handle = await engine.start(family, undefined, { id: 'w' });
  await engine.runUntilIdle();
  const [pending] = (await handle.describe()).pendingChildren;
  await engine.handle(pending?.workflowId ?? '').signal('go', 1);
  await other.result();
  await handle.signal('go', 5);
  expect(await handle.result()).toEqual([2, 3, 5]);
  const types = await eventTypes(handle);

  const late = await handle.fork({ seq: types.indexOf('ExternalRequestCompleted') + 1 });
  await late.signal('go', 6);
  expect(await late.result()).toEqual([2, 3, 6]);

  const early = await handle.fork({ seq: types.indexOf('ActivityCompleted') + 1 });
  await engine.runUntilIdle();
  const [own] = (await early.describe()).pendingChildren;
  expect(own?.workflowId).not.toBe(pending?.workflowId);
  expect((await engine.handle(own?.workflowId ?? '').describe()).parent).toMatchObject({
    runId: early.runId,
  });
  expect(await engine.handle(pending?.workflowId ?? '').runs()).toHaveLength(1);
  await early.terminate();
});

test('E7 a fork where a child or a request of the original is pending is refused, with where it may begin', async () => {
  const engine = await open({ workflows: [family, child], activities });
  const handle = await engine.start(family, undefined, { id: 'w' });
  await engine.runUntilIdle();
  const scheduled = (await eventTypes(handle)).indexOf('ChildWorkflowScheduled') + 1;
  for (const seq of [scheduled, scheduled + 1]) {
    const error = await rejection(InvalidArgumentError, handle.fork({ seq }));
    expect(error.message).toContain(`choose an event before ${scheduled}, or after the answer`);
  }
  expect((await handle.fork({ seq: scheduled - 1 })).workflowId).toBeTruthy();
});

test('E7 an update that is under way is under way in the fork, and its end is its own', async () => {
  const adding = defineWorkflow(
    'adding',
    { messages: { add: update<number, number>(), ...messages } },
    async (ctx) => {
      let total = 0;
      ctx.onUpdate('add', async (n) => {
        await ctx.sleep('1h');
        return (total += n);
      });
      await ctx.waitSignal('go');
      return total;
    },
  );
  const engine = await open({ startAt: new Date(0), workflows: [adding] });
  const handle = await engine.start(adding, undefined, { id: 'w' });
  await handle.startUpdate('add', 5, { id: 'u', waitFor: 'accepted' });
  const fork = await handle.fork({ seq: (await handle.describe()).historyLength });
  await engine.advance('2h');
  await fork.signal('go', 1);
  await handle.signal('go', 1);
  expect([await fork.result(), await handle.result()]).toEqual([5, 5]);
  expect(await eventTypes(fork)).toContain('UpdateCompleted');
});

test('E6 E7 a run with a child, scopes, versions, undo steps and updates can be looked at and forked at every event', async () => {
  const echo = defineActivity('echo', (n: number) => n);
  const twice = defineWorkflow('twice', async (ctx, n: number) => {
    await ctx.sleep('1s');
    return n * 2;
  });
  const all = defineWorkflow('all', async (ctx): Promise<unknown> => {
    let sum = 0;
    ctx.onUpdate('add', async (n) => (sum += await ctx.runActivity(echo, n as number)));
    ctx.onQuery('sum', () => sum);
    const seen: unknown[] = [
      await ctx.runActivity(echo, 1),
      await ctx.runChild(twice, 4),
      ctx.sideEffect(() => 7),
    ];
    seen.push(await ctx.withTimeout('1s', () => ctx.sleep('1d')).catch(String));
    const dropped = ctx.scope(async (scope) => {
      const never = ctx.sleep('1d');
      scope.cancel('dropped');
      return never;
    });
    seen.push(
      await dropped.catch(String),
      ctx.patched('change'),
      ctx.getVersion('format', 1, 3),
      ctx.random(),
    );
    seen.push(await ctx.waitSignal('go'));
    const saga = ctx.saga(async (undo) => {
      undo(() => ctx.runActivity(echo, 99));
      await ctx.runActivity(echo, 2);
      throw new Error('undone');
    });
    seen.push(await saga.catch(String));
    await ctx.waitCondition(() => sum > 0);
    ctx.upsertMemo({ sum });
    seen.push((await ctx.race({ late: ctx.sleep('1d'), soon: ctx.runActivity(echo, 3) })).key);
    return seen;
  });
  const engine = await open({ workflows: [all, twice], activities: [echo] });
  const goOn = async (handle: WorkflowHandle): Promise<unknown> => {
    await engine.advance('10s');
    const types = await eventTypes(handle);
    if (!types.includes('SignalReceived')) await handle.signal('go', 'gone');
    await engine.advance('10s');
    if (!types.includes('UpdateAccepted')) await handle.update('add', 5);
    return handle.result();
  };
  const original = await engine.start(all);
  const result = await goOn(original);
  const before = await original.exportHistory();
  const types = await eventTypes(original);
  const refused: (string | undefined)[] = [];
  for (let seq = 1; seq < types.length; seq++) {
    const { description, query } = await original.at(seq);
    expect([description.historyLength >= seq, typeof query('sum')]).toEqual([true, 'number']);
    const fork = await original.fork({ seq }).catch((error: unknown) => {
      expect(codeOf(error)).toBe('invalid_argument');
      refused.push(types[seq - 1]);
    });
    if (!fork) continue;
    expect([seq, await goOn(fork)]).toEqual([seq, result]);
    await replay([all], await fork.exportHistory());
  }
  expect(refused).toEqual(['ChildWorkflowScheduled', 'ChildWorkflowStarted']);
  expect(await original.exportHistory()).toEqual(before);
});
