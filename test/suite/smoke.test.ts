import { openStorage, suiteMode } from '#storage';
import { defineActivity, defineWorkflow } from '@perdure/core';
import { createTestEngine } from '@perdure/testing';
import { expect, test } from 'vitest';

const add = defineActivity('add', ({ a, b }: { a: number; b: number }) => a + b);
const sums = defineWorkflow('sums', async (ctx, n: number) => {
  let sum = 0;
  for (let i = 1; i <= n; i++) sum = await ctx.runActivity(add, { a: sum, b: i });
  await ctx.sleep('30d');
  return sum;
});

test('F15 thirty days pass in a moment', async () => {
  const engine = await createTestEngine({
    storage: await openStorage(),
    ...suiteMode,
    workflows: [sums],
    activities: [add],
  });
  const before = engine.now.getTime();
  expect(await engine.execute(sums, 10)).toBe(55);
  expect(engine.now.getTime() - before).toBeGreaterThanOrEqual(30 * 86_400_000);
  await engine.close();
});

test('F15 a crash in the middle loses nothing and doubles nothing', async () => {
  const engine = await createTestEngine({
    storage: await openStorage(),
    ...suiteMode,
    workflows: [sums],
    activities: [add],
  });
  const handle = await engine.start(sums, 10);
  await engine.crash({ at: 'after-commit' });
  await engine.crash({ at: 'before-commit' });
  await engine.crash();
  expect(await handle.result()).toBe(55);
  await engine.close();
});
