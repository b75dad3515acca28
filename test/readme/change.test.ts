import { defineActivity, defineWorkflow, verify } from '@perdure/core';
import { memory } from '@perdure/memory';
import { createTestEngine } from '@perdure/testing';
import { expect, test } from 'vitest';

const pay = defineActivity('pay', (amount: number) => `paid ${amount}`);
const check = defineActivity('check', (amount: number) => amount < 1_000);

const first = defineWorkflow('invoice', async (ctx, amount: number) => {
  await ctx.sleep('7d');
  return ctx.runActivity(pay, amount);
});
/** What runs in flight have done stays done; what begins now is checked first. */
const second = defineWorkflow('invoice', async (ctx, amount: number) => {
  if (ctx.patched('check-first') && !(await ctx.runActivity(check, amount))) return 'refused';
  await ctx.sleep('7d');
  return ctx.runActivity(pay, amount);
});

test('a run that began with the first code ends with the second', async () => {
  const storage = memory();
  const before = await createTestEngine({ storage, workflows: [first], activities: [pay] });
  const old = await before.start(first, 5_000, { id: 'invoice-1' });
  await before.runUntilIdle();
  const histories = [await old.exportHistory()];
  await before.close();

  // In CI, against histories exported from production:
  const { failed } = await verify([second], histories);
  expect(failed).toEqual([]);

  const after = await createTestEngine({ storage, workflows: [second], activities: [pay, check] });
  expect(await after.handle(second, 'invoice-1').result()).toBe('paid 5000');
  expect(await after.execute(second, 5_000)).toBe('refused');
  await after.close();
});
