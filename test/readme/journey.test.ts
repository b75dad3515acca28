import { defineActivity, defineWorkflow, ScopeTimeoutError } from '@perdure/core';
import { createTestEngine } from '@perdure/testing';
import { expect, test } from 'vitest';

const log: string[] = [];
const book = defineActivity('book', { retry: { maximumAttempts: 2 } }, (what: string) => {
  if (what === 'boat') throw new Error('sold out');
  log.push(`book ${what}`);
});
const cancel = defineActivity('cancel', (what: string) => void log.push(`cancel ${what}`));

/** A child: a history of its own, and its own retries and timeouts. */
const transfer = defineWorkflow('transfer', async (ctx, how: string) => ctx.runActivity(book, how));

const journey = defineWorkflow('journey', async (ctx, how: string) => {
  try {
    await ctx.saga(async (undo) => {
      await ctx.runActivity(book, 'hotel');
      undo(() => ctx.runActivity(cancel, 'hotel')); // in reverse order, when the body fails or is cancelled
      await ctx.withTimeout('1h', () => ctx.runChild(transfer, how, { id: `${ctx.info.workflowId}-${how}` }));
    });
    return 'booked';
  } catch (error) {
    if (error instanceof ScopeTimeoutError) return 'too late';
    throw error;
  }
});

test('what was booked is cancelled when the rest fails', async () => {
  const engine = await createTestEngine({ workflows: [journey, transfer], activities: [book, cancel] });
  expect(await engine.execute(journey, 'train')).toBe('booked');
  await expect(engine.execute(journey, 'boat')).rejects.toThrow('sold out');
  expect(log).toEqual(['book hotel', 'book train', 'book hotel', 'cancel hotel']);
  await engine.close();
});
