import { defineWorkflow, WorkflowFailedError } from '@perdure/core';
import { expect, test } from 'vitest';
import { eventTypes, open, rejection } from './kit.js';

test('C5 a condition that holds already adds no event', async () => {
  const workflow = defineWorkflow('holds', (ctx) => ctx.waitCondition(() => true));
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  expect(await handle.result()).toBe(true);
  expect(await eventTypes(handle)).toEqual(['WorkflowStarted', 'WorkflowCompleted']);
});

test('C5 a condition is looked at after every event', async () => {
  const workflow = defineWorkflow('counts', async (ctx) => {
    let ticks = 0;
    const tick = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) {
        await ctx.sleep('1s');
        ticks += 1;
      }
    };
    const ticking = tick();
    const held = await ctx.waitCondition(() => ticks === 3);
    const at = ctx.now().getTime();
    await ticking;
    return [held, at];
  });
  const engine = await open({ startAt: new Date(0), workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual([true, 3_000]);
});

test('C5 a timeout gives false exactly when it elapses', async () => {
  const workflow = defineWorkflow('times-out', async (ctx) => {
    const held = await ctx.waitCondition(() => false, { timeout: '10s' });
    return [held, ctx.now().getTime()];
  });
  const engine = await open({ startAt: new Date(0), workflows: [workflow] });
  const handle = await engine.start(workflow);
  await engine.advance(9_999);
  expect((await handle.describe()).waitingFor).toEqual([
    { kind: 'condition', id: 'c1', dueAt: new Date(10_000) },
  ]);
  await engine.advance(1);
  expect(await handle.result({ timeout: 0 })).toEqual([false, 10_000]);
});

test('C5 a timeout of zero gives false at once, and true where the condition holds', async () => {
  const workflow = defineWorkflow('at-once', async (ctx) => [
    await ctx.waitCondition(() => false, { timeout: 0 }),
    await ctx.waitCondition(() => true, { timeout: 0 }),
  ]);
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual([false, true]);
});

test('C5 a condition that comes true in time cancels its timer', async () => {
  const workflow = defineWorkflow('in-time', async (ctx) => {
    let ready = false;
    ctx.onSignal('ready', () => {
      ready = true;
    });
    const held = await ctx.waitCondition(() => ready, { timeout: '10s' });
    await ctx.sleep('1h');
    return held;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await engine.advance('9s');
  await handle.signal('ready');
  expect(await handle.result()).toBe(true);
  const types = await eventTypes(handle);
  expect(types.filter((type) => type === 'TimerFired')).toHaveLength(1);
  expect(types).toContain('ConditionSatisfied');
});

test('C5 waiters are woken one at a time, in the order they asked: a lock lets one in', async () => {
  const workflow = defineWorkflow('locks', async (ctx) => {
    let locked = true;
    let inside = 0;
    let most = 0;
    const order: number[] = [];
    const enter = async (who: number): Promise<void> => {
      await ctx.waitCondition(() => !locked);
      locked = true;
      most = Math.max(most, ++inside);
      order.push(who);
      await ctx.sleep('1s');
      inside -= 1;
      locked = false;
    };
    const all = ctx.all([1, 2, 3, 4, 5].map((who) => enter(who)));
    await ctx.sleep('1s');
    locked = false;
    await all;
    return { most, order };
  });
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual({ most: 1, order: [1, 2, 3, 4, 5] });
});

test('C5 of several that hold the one that asked first goes first, and the next is looked at again', async () => {
  const workflow = defineWorkflow('ordered', async (ctx) => {
    let stock = 0;
    const order: string[] = [];
    const take = async (who: string, amount: number): Promise<void> => {
      await ctx.waitCondition(() => stock >= amount);
      stock -= amount;
      order.push(`${who}:${stock}`);
    };
    const all = ctx.all([take('a', 3), take('b', 2), take('c', 1)]);
    ctx.onSignal('stock', (amount: number) => {
      stock += amount;
    });
    await all;
    return order;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.signal('stock', 2);
  await handle.signal('stock', 4);
  expect(await handle.result()).toEqual(['b:0', 'a:1', 'c:0']);
});

test('C5 a predicate that throws rejects its wait', async () => {
  const workflow = defineWorkflow('throws', async (ctx) => {
    let broken = false;
    ctx.onSignal('break', () => {
      broken = true;
    });
    await ctx.waitCondition(() => {
      if (broken) throw new RangeError('broken');
      return false;
    });
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.signal('break');
  expect((await rejection(WorkflowFailedError, handle.result())).failure).toMatchObject({
    name: 'RangeError',
  });
});

test('C5 a predicate may not act, nor be asynchronous', async () => {
  const acting = defineWorkflow('acting', (ctx) =>
    ctx.waitCondition(() => {
      void ctx.sleep(1);
      return true;
    }),
  );
  const asynchronous = defineWorkflow('asynchronous', (ctx) =>
    ctx.waitCondition((async () => true) as unknown as () => boolean),
  );
  const engine = await open({ workflows: [acting, asynchronous] });
  await rejection(WorkflowFailedError, engine.execute(acting));
  await rejection(WorkflowFailedError, engine.execute(asynchronous));
});
