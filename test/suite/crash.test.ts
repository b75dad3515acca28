import { defineActivity, defineWorkflow, EngineClosedError, InvalidArgumentError } from '@perdure/core';
import { expect, test } from 'vitest';
import { eventTypes, gate, open, rejection } from './kit.js';

const points = ['now', 'before-commit', 'after-commit'] as const;

test.each(points)(
  'G9 a crash %s at every step leaves the result and the ledger of a run without',
  async (at) => {
    const ledger = new Map<string, number>();
    const note = defineActivity('note', (n: number, { idempotencyKey }) => {
      ledger.set(idempotencyKey, n);
      return n * 10;
    });
    const workflow = defineWorkflow('walks', async (ctx) => {
      const seen: unknown[] = [];
      for (let i = 1; i <= 3; i++) seen.push(await ctx.runActivity(note, i));
      await ctx.sleep('1h');
      seen.push(await ctx.waitSignal('go'));
      seen.push(...(await ctx.all([ctx.runActivity(note, 4), ctx.runActivity(note, 5)])));
      return seen;
    });
    const engine = await open({ workflows: [workflow], activities: [note] });
    const handle = await engine.start(workflow, undefined, { id: 'w' });
    for (let i = 0; i < 4; i++) await engine.crash({ at: i % 2 === 0 ? at : 'now' });
    await handle.signal('go', 'signal', { id: 'once' });
    await engine.crash();
    await handle.signal('go', 'signal', { id: 'once' });
    expect(await handle.result()).toEqual([10, 20, 30, 'signal', 40, 50]);
    expect([...ledger.values()].sort()).toEqual([1, 2, 3, 4, 5]);
    const types = await eventTypes(handle);
    expect(types.filter((type) => type === 'ActivityScheduled')).toHaveLength(5);
    expect(types.filter((type) => type === 'ActivityCompleted')).toHaveLength(5);
    expect(types.filter((type) => type === 'TimerFired')).toHaveLength(1);
  },
);

test('G2 an activity under way at the crash is begun again, and has one outcome', async () => {
  const begun = gate();
  const keys: string[] = [];
  const working = defineActivity('working', (_: void, { idempotencyKey }) => {
    keys.push(idempotencyKey);
    if (keys.length > 1) return 'second';
    begun.pass();
    return new Promise<string>(() => undefined);
  });
  const workflow = defineWorkflow('works', (ctx) => ctx.runActivity(working));
  const engine = await open({ workflows: [workflow], activities: [working] });
  const handle = await engine.start(workflow);
  await begun.passed;
  await engine.crash();
  expect(await handle.result()).toBe('second');
  expect(new Set(keys).size).toBe(1);
  expect((await eventTypes(handle)).filter((type) => type === 'ActivityCompleted')).toHaveLength(1);
});

test('G2 a crash is no failure of the activity: its attempts are not spent', async () => {
  let runs = 0;
  let begun = gate();
  const working = defineActivity('working', { retry: { maximumAttempts: 2, initialInterval: 1 } }, () => {
    runs += 1;
    begun.pass();
    if (runs <= 3) return new Promise<string>(() => undefined);
    if (runs === 4) throw new Error('the first failure');
    return 'done';
  });
  const workflow = defineWorkflow('works', (ctx) => ctx.runActivity(working));
  const engine = await open({ workflows: [workflow], activities: [working] });
  const handle = await engine.start(workflow);
  for (let i = 0; i < 3; i++) {
    await begun.passed;
    begun = gate();
    await engine.crash();
  }
  expect(await handle.result()).toBe('done');
  expect(runs).toBe(5);
});

test('G2 with leases kept nothing is begun again before they have run out', async () => {
  let runs = 0;
  const begun = gate();
  const working = defineActivity('working', () => {
    runs += 1;
    if (runs > 1) return 'second';
    begun.pass();
    return new Promise<string>(() => undefined);
  });
  const workflow = defineWorkflow('works', (ctx) => ctx.runActivity(working));
  const engine = await open({ workflows: [workflow], activities: [working] });
  const handle = await engine.start(workflow);
  await begun.passed;
  await engine.crash({ keepLeases: true });
  await engine.advance('1s');
  expect(runs).toBe(1);
  expect(await handle.result()).toBe('second');
});

test('G9 an acknowledged start, signal and cancel survive a crash that comes at once', async () => {
  const workflow = defineWorkflow('catches', async (ctx) => {
    const seen = (await ctx.waitSignal('x')) as unknown;
    try {
      await ctx.sleep('1h');
    } catch {
      return [seen, 'cancelled'];
    }
    return [];
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await engine.crash();
  await handle.signal('x', 1);
  await engine.crash();
  await handle.cancel();
  await engine.crash();
  expect(await handle.result()).toEqual([1, 'cancelled']);
});

test('G11 a run never completes over a message that was accepted', async () => {
  const workflow = defineWorkflow('drains', async (ctx) => {
    const seen: unknown[] = [];
    ctx.onSignal('x', (value) => {
      seen.push(value);
    });
    await ctx.waitSignal('end');
    return seen;
  });
  const engine = await open({ workflows: [workflow] });
  for (let round = 0; round < 5; round++) {
    const handle = await engine.start(workflow);
    const sent = await Promise.allSettled([
      handle.signal('end'),
      ...[1, 2, 3, 4].map((n) => handle.signal('x', n)),
    ]);
    await handle.result();
    const accepted = sent.filter(({ status }) => status === 'fulfilled').length;
    expect((await eventTypes(handle)).filter((type) => type === 'SignalReceived')).toHaveLength(accepted);
  }
});

test('G8 history is contiguous after crashes, and what was recorded never changes', async () => {
  const workflow = defineWorkflow('grows', async (ctx) => {
    for (let i = 0; i < 5; i++) await ctx.sleep('1m');
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  let before: unknown[] = [];
  for (let i = 0; i < 5; i++) {
    await engine.advance('1m');
    await engine.crash();
    const events = [];
    for await (const event of handle.history()) events.push(event);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, n) => n + 1));
    expect(events.slice(0, before.length)).toEqual(before);
    before = events;
  }
  expect((await handle.describe()).status).toBe('completed');
});

test.each(['before-commit', 'after-commit'] as const)(
  'G9 a call that a crash %s cuts off rejects, and may be made again',
  async (at) => {
    const engine = await open({ workflows: [listening] });
    const handle = await engine.start(listening);
    await engine.runUntilIdle();
    const crashed = engine.crash({ at });
    await rejection(EngineClosedError, handle.signal('go', 'heard', { id: 's1' }));
    await crashed;
    await handle.signal('go', 'heard', { id: 's1' });
    expect(await handle.result()).toBe('heard');
    const again = engine.crash({ at });
    await rejection(EngineClosedError, engine.start(listening, undefined, { id: 'other' }));
    await again;
  },
);

test('a test engine refuses what makes no sense, and everything once it is closed', async () => {
  const engine = await open({ workflows: [listening] });
  await rejection(InvalidArgumentError, engine.crash({ at: 'sometime' as never }));
  await rejection(InvalidArgumentError, engine.advance(NaN));
  await engine.close();
  await rejection(EngineClosedError, engine.advance('1s'));
  await rejection(EngineClosedError, engine.runUntilIdle());
  await rejection(EngineClosedError, engine.crash());
});

const listening = defineWorkflow('listening', async (ctx) => (await ctx.waitSignal('go')) as unknown);

test('G9 a result that is awaited goes on with the next engine, however often it crashes', async () => {
  const workflow = defineWorkflow('patient', (ctx) => ctx.waitSignal('go'));
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  const results = [handle.result(), engine.execute(workflow, undefined, { id: 'executed' })];
  await engine.runUntilIdle();
  for (let i = 0; i < 6; i++) await engine.crash({ at: 'now' });
  for (const id of [handle.workflowId, 'executed']) await engine.handle(id).signal('go', id);
  expect(await Promise.all(results)).toEqual([handle.workflowId, 'executed']);
});
