import { openStorage } from '#storage';
import { defineActivity, defineWorkflow } from '@perdure/core';
import { expect, test } from 'vitest';
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
