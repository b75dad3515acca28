import { defineWorkflow, query, signal, update } from '@perdure/core';
import { createTestEngine } from '@perdure/testing';
import { expect, test } from 'vitest';

const messages = { checkOut: signal<string>(), size: query<number>(), add: update<number, string>() };
const basket = defineWorkflow('basket', { messages }, async (ctx, items: string[]) => {
  ctx.onQuery('size', () => items.length); // may look, not act
  ctx.onUpdate('add', (item) => items.push(item), {
    validate: (item) => {
      if (item === '') throw new Error('an item has a name');
    },
  });
  const paidBy = await ctx.waitSignal('checkOut', { timeout: '30m' });
  await ctx.waitCondition(() => ctx.info.unfinishedUpdates === 0);
  if (ctx.info.continueAsNewSuggested) ctx.continueAsNew(items); // a fresh history under the same id
  return paidBy ? { paidBy, items } : 'left behind';
});

test('a basket is filled, asked and checked out', async () => {
  const engine = await createTestEngine({ workflows: [basket] });
  const handle = await engine.start(basket, ['pen'], { id: 'basket-1' });
  expect(await handle.update('add', 'ink', { id: 'add-1' })).toBe(2);
  expect(await handle.update('add', 'ink', { id: 'add-1' })).toBe(2); // the same update, the same answer
  await expect(handle.update('add', '')).rejects.toThrow('an item has a name');
  expect(await handle.query('size')).toBe(2);
  await handle.signal('checkOut', 'card', { id: 'check-out' });
  expect(await handle.result()).toEqual({ paidBy: 'card', items: ['pen', 'ink'] });
  await engine.close();
});
