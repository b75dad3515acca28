import { openStorage } from '#storage';
import { defineActivity, defineWorkflow } from '@perdure/core';
import { expect, onTestFinished, test } from 'vitest';
import { bent, storeFailure } from './bent-storage.js';
import { gate, open, type Gate } from './kit.js';

test('G9 a run goes on after the store could not be written for a while', async () => {
  const work = defineActivity('work', () => 'done');
  const naps = defineWorkflow('naps', async (ctx) => {
    await ctx.sleep('1m');
    return ctx.runActivity(work);
  });
  let refusals = 0;
  const failing = bent(await openStorage(), {
    commit: (call, batches) =>
      refusals > 0 ? (refusals--, Promise.reject(storeFailure('not-applied'))) : call(batches),
  });
  const engine = await open({ storage: failing, workflows: [naps], activities: [work] });
  const handle = await engine.start(naps);
  refusals = 8;
  expect(await handle.result()).toBe('done');
  expect(refusals).toBe(0);
});

test('G2 an outcome that waits for the store is not worked for again, nor what follows it begun twice', async () => {
  const begun: string[] = [];
  const first = gate();
  const second = gate();
  const ends: Record<string, Gate<void>> = { first, second };
  const work = defineActivity('work', async (name: string) => {
    begun.push(name);
    await ends[name]?.passed;
    return name;
  });
  const works = defineWorkflow('works', async (ctx) => [
    await ctx.runActivity(work, 'first'),
    await ctx.runActivity(work, 'second'),
  ]);
  let down = false;
  const fail = () => Promise.reject(storeFailure('not-applied', false));
  const failing = bent(await openStorage(), {
    commit: (call, batches) => (down ? fail() : call(batches)),
    claim: (call, request) => (down ? fail() : call(request)),
  });
  const engine = await open({ storage: failing, workflows: [works], activities: [work] });
  const handle = await engine.start(works);
  down = true;
  first.pass();
  await engine.advance('3m');
  down = false;
  await engine.advance('2m');
  second.pass();
  expect(await handle.result()).toEqual(['first', 'second']);
  expect(begun).toEqual(['first', 'second']);
});

test('G2 an attempt whose end the store cannot take at once is not made again', async () => {
  let begun = 0;
  const began = gate();
  const end = gate();
  const work = defineActivity('work', { retry: { maximumAttempts: 1 } }, async () => {
    begun += 1;
    began.pass();
    await end.passed;
    return 'done';
  });
  const works = defineWorkflow('works', (ctx) =>
    ctx.runActivity(work, undefined, { taskQueue: 'elsewhere' }),
  );
  const storage = await openStorage();
  let refusals = 0;
  const failing = bent(storage, {
    commit: (call, batches) =>
      refusals > 0 ? (refusals--, Promise.reject(storeFailure('not-applied', false))) : call(batches),
  });
  const startAt = new Date();
  const elsewhere = await open({ storage: failing, startAt, activities: [work], taskQueues: ['elsewhere'] });
  const engine = await open({ storage, startAt, workflows: [works] });
  const handle = await engine.start(works);
  await began.passed;
  refusals = 3;
  end.pass();
  await elsewhere.runUntilIdle();
  await elsewhere.advance('5m');
  await engine.advance('5m');
  expect(await handle.result()).toBe('done');
  expect([begun, refusals]).toEqual([1, 0]);
});

test('G2 a codec that fails while an attempt is recorded costs time, and ends no process', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  const host = (globalThis as { process?: Partial<Pick<typeof process, 'on' | 'off'>> }).process;
  host?.on?.('unhandledRejection', note);
  onTestFinished(() => void host?.off?.('unhandledRejection', note));
  let fail = false;
  const plain = {
    id: 'plain',
    encode: (bytes: Uint8Array) => {
      if (fail) throw new Error('The key cannot be fetched now');
      return bytes;
    },
    decode: (bytes: Uint8Array) => bytes,
  };
  let begun = 0;
  const work = defineActivity('work', (_: void, { heartbeat }) => {
    begun += 1;
    fail = begun === 1;
    heartbeat('there');
    return begun;
  });
  const works = defineWorkflow('works', (ctx) =>
    ctx.runActivity(work, undefined, { taskQueue: 'elsewhere' }),
  );
  const storage = await openStorage();
  const [startAt, codecs] = [new Date(), [plain]];
  const elsewhere = await open({ storage, startAt, codecs, activities: [work], taskQueues: ['elsewhere'] });
  const engine = await open({ storage, startAt, codecs, workflows: [works] });
  const handle = await engine.start(works);
  await elsewhere.advance('5m');
  await engine.advance('5m');
  expect(await handle.result()).toBe(2);
  expect(unhandled).toEqual([]);
});

test.each([1, 2, 3, 4, 5])(
  'G10 commit %i of unknown outcome is resolved soon, and costs no activity its only attempt',
  async (nth) => {
    let commits = 0;
    const failing = bent(await openStorage(), {
      commit: async (call, batches) => {
        const results = await call(batches);
        if (++commits === nth) throw storeFailure('unknown');
        return results;
      },
    });
    let begun = 0;
    const work = defineActivity('work', { retry: { maximumAttempts: 1 } }, () => ++begun);
    const works = defineWorkflow('works', async (ctx) => {
      await ctx.runActivity(work);
      await ctx.sleep('10s');
      return ctx.runActivity(work);
    });
    const engine = await open({ storage: failing, workflows: [works], activities: [work] });
    const before = engine.now.getTime();
    expect(await (await engine.start(works)).result()).toBe(2);
    expect(engine.now.getTime() - before).toBeLessThan(15_000);
  },
);

test('G2 an attempt that a claim has just been granted is not taken back by the run that is loaded meanwhile', async () => {
  let begun = 0;
  const other = gate();
  const again = gate();
  const failsOnce = defineActivity('failsOnce', { retry: { initialInterval: '1s' } }, async () => {
    begun += 1;
    if (begun === 1) throw new Error('not yet');
    await again.passed;
    return begun;
  });
  const waits = defineActivity('waits', () => other.passed);
  const both = defineWorkflow('both', (ctx) => ctx.all([ctx.runActivity(failsOnce), ctx.runActivity(waits)]));
  const granted = gate();
  const answer = gate();
  let held = false;
  const slow = bent(await openStorage(), {
    claim: async (call, request) => {
      const tasks = await call(request);
      if (!held && tasks.some(({ kind, attempt }) => kind === 'activity' && attempt === 2)) {
        held = true;
        granted.pass();
        await answer.passed;
      }
      return tasks;
    },
  });
  const engine = await open({
    storage: slow,
    workflows: [both],
    activities: [failsOnce, waits],
    maxCachedWorkflows: 0,
  });
  const handle = await engine.start(both);
  const retried = engine.advance('1s');
  await granted.passed;
  other.pass();
  while ((await handle.describe()).historyLength < 4) await new Promise((resolve) => setTimeout(resolve, 1));
  answer.pass();
  await retried;
  await engine.advance('1s');
  again.pass();
  expect(await handle.result()).toEqual([2, undefined]);
});

test('G12 reads that fail are not held against a run: it is looked at again soon, and never taken for what kills its workers', async () => {
  const child = defineWorkflow('child', (ctx) => ctx.sleep('1d'));
  const goesOn = defineWorkflow('goes-on', async (ctx, round: number) => {
    if (round === 3) return 'done';
    if (round === 1)
      await ctx.runChild(child, undefined, { id: 'kid', parentClosePolicy: 'terminate' }).started;
    // The second one looks whether the child of the first is still there.
    return ctx.continueAsNew(round + 1);
  });
  let failures = 0;
  const failing = bent(await openStorage(), {
    readKey: (call, namespace, key) =>
      key.includes('kid') && failures > 0 && failures-- > 0
        ? Promise.reject(storeFailure('not-applied'))
        : call(namespace, key),
  });
  const engine = await open({ storage: failing, workflows: [goesOn, child] });
  failures = 8;
  const handle = await engine.start(goesOn, 1);
  expect(await handle.result()).toBe('done');
  expect(failures).toBe(0);
});
