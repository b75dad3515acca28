import { openStorage, suiteMode } from '#storage';
import { createEngine, defineActivity, defineWorkflow, type Storage } from '@perdure/core';
import type { StorageHandle } from '@perdure/core/storage';
import { describe, expect, test } from 'vitest';
import { open as openTest } from './kit.js';

/** Counts do not depend on the machine: they hold the speed where a clock could not. */
interface Counts {
  commits: number;
  batches: number;
  loads: number;
  claims: number;
}

function counted(storage: Storage, counts: Counts): Storage {
  return {
    kind: storage.kind,
    open: async () => {
      const handle = await storage.open();
      return new Proxy(handle, {
        get: (target, name: keyof StorageHandle) => {
          const member: unknown = target[name];
          if (typeof member !== 'function') return member;
          return (...args: unknown[]): unknown => {
            if (name === 'commit') {
              counts.commits += 1;
              counts.batches += (args[0] as unknown[]).length;
            }
            // Loading from the first event on is a replay.
            if (name === 'loadRuns')
              counts.loads += (args[0] as { afterSeq: number }[]).filter(
                (request) => request.afterSeq === 0,
              ).length;
            if (name === 'claim') counts.claims += 1;
            return (member as (...all: unknown[]) => unknown).apply(target, args);
          };
        },
      });
    },
  };
}

const add = defineActivity('add', ({ sum, by }: { sum: number; by: number }) => sum + by);
const later = defineActivity('later', async (n: number) => {
  await new Promise((resolve) => setTimeout(resolve, 0));
  return n;
});
const steps = defineWorkflow('steps', async (ctx, count: number) => {
  let sum = 0;
  for (let i = 0; i < count; i++) sum = await ctx.runActivity(add, { sum, by: 1 });
  return sum;
});
const slow = defineWorkflow('slow', async (ctx, count: number) => {
  for (let i = 0; i < count; i++) await ctx.runActivity(later, i);
});
const listening = defineWorkflow('listening', async (ctx, count: number) => {
  let heard = 0;
  ctx.onQuery('heard', () => heard);
  ctx.onUpdate('hear', () => heard, { validate: () => undefined });
  for (; heard < count; heard++) await ctx.waitSignal('go');
});

// Eviction after every activation replays by intent.
describe.skipIf(suiteMode.alwaysEvict === true)('counts of a hot run', () => {
  const open = async () => {
    const counts: Counts = { commits: 0, batches: 0, loads: 0, claims: 0 };
    const engine = await createEngine({
      storage: counted(await openStorage(), counts),
      workflows: [steps, slow, listening],
      activities: [add, later],
    });
    await engine.execute(steps, 1);
    Object.assign(counts, { commits: 0, batches: 0, loads: 0, claims: 0 });
    return { engine, counts };
  };

  test.each([
    ['at once', steps],
    ['in a task of their own', slow],
  ])(
    'F19 C17 one transaction a step, no replay, no claim: activities that end %s',
    async (_how, workflow) => {
      const { engine, counts } = await open();
      await engine.execute(workflow as typeof steps, 200);
      // The start and its first step are one commit; the end of the last step ends the run.
      expect(counts.batches).toBe(201);
      expect(counts.commits).toBe(201);
      expect(counts.loads).toBe(0);
      expect(counts.claims).toBeLessThanOrEqual(2);
      await engine.close();
    },
  );

  test('a signal to a hot run costs its own commit and one more', async () => {
    const { engine, counts } = await open();
    const handle = await engine.start(listening, 20);
    counts.batches = 0;
    for (let i = 0; i < 20; i++) await handle.signal('go');
    await handle.result();
    // A claim may come first once: then it is that which finds the message.
    expect(counts.batches).toBeLessThanOrEqual(42);
    expect(counts.loads).toBeLessThanOrEqual(1);
    await engine.close();
  });

  test('B11 C6 looking at a run costs one replay, and then what is new', async () => {
    const { engine, counts } = await open();
    const handle = await engine.start(listening, 10);
    counts.loads = 0;
    for (let i = 0; i < 10; i++) {
      await expect.poll(() => handle.query('heard')).toBe(i);
      expect(await handle.update('hear')).toBe(i);
      await handle.signal('go');
    }
    await handle.result();
    // A claim that finds a message may come first.
    expect(counts.loads).toBeLessThanOrEqual(2);
    await engine.close();
  });

  test('B12 C6 updates that come together share commits, validated or not', async () => {
    const { engine, counts } = await open();
    const handle = await engine.start(listening, 1);
    counts.batches = counts.claims = 0;
    const sent = 200;
    await Promise.all(Array.from({ length: sent }, () => handle.update('hear')));
    expect(counts.batches).toBeLessThan(sent + 40);
    expect(counts.claims).toBeLessThan(20);
    await handle.signal('go');
    await handle.result();
    await engine.close();
  });

  // On virtual time, where no attempt takes any: how short one was is for the clock to say.
  test('B19 no claim for more runs than slots, where activities are short', async () => {
    const counts: Counts = { commits: 0, batches: 0, loads: 0, claims: 0 };
    const storage = counted(await openStorage(), counts);
    const slots = { workflows: [steps], activities: [add], maxConcurrentActivities: 2 };
    const engine = await openTest({ storage, ...slots });
    await engine.execute(steps, 1);
    counts.claims = 0;
    await Promise.all(Array.from({ length: 50 }, () => engine.execute(steps, 10)));
    expect(counts.claims).toBeLessThan(20);
  });

  test('runs that move together share their transactions', async () => {
    const { engine, counts } = await open();
    await Promise.all(Array.from({ length: 50 }, () => engine.execute(steps, 10)));
    expect(counts.batches).toBeGreaterThanOrEqual(50 * 11);
    expect(counts.commits).toBeLessThan(counts.batches / 5);
    await engine.close();
  });
});
