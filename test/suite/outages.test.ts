import { openStorage } from '#storage';
import { defineActivity, defineWorkflow } from '@perdure/core';
import { expect, test } from 'vitest';
import { bent, storeFailure } from './bent-storage.js';
import { open } from './kit.js';

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
