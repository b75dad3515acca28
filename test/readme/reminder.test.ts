import { defineWorkflow } from '@perdure/core';
import { createTestEngine } from '@perdure/testing';
import { expect, test } from 'vitest';

const reminder = defineWorkflow('reminder', async (ctx, days: number) => {
  await ctx.sleep({ days });
  return `${days} days later`;
});

test('thirty days and a crash pass in a moment', async () => {
  const engine = await createTestEngine({ workflows: [reminder] });
  const handle = await engine.start(reminder, 30);
  await engine.crash();
  expect(await handle.result()).toBe('30 days later');
  await engine.close();
});
