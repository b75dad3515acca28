import { defineWorkflow, query, signal } from '@perdure/core';
import { createTestEngine } from '@perdure/testing';
import { lastValueFrom } from 'rxjs';
import { expect, test } from 'vitest';

const contract = {
  messages: { approve: signal<string>(), by: query<string>() },
  searchAttributes: { amount: 'int' },
} as const;
const claim = defineWorkflow('claim', contract, async (ctx, amount: number) => {
  let by = 'nobody';
  ctx.onQuery('by', () => by);
  ctx.upsertSearchAttributes({ amount });
  by = await ctx.waitSignal('approve');
  return `${amount} by ${by}`;
});

test('runs are found, acted on together, looked back into and tried another way', async () => {
  const engine = await createTestEngine({ workflows: [claim] });
  for (const amount of [10, 500, 900]) await engine.start(claim, amount, { id: `claim-${amount}` });
  await engine.runUntilIdle();

  const large = { query: "Status = 'waiting' AND amount >= 500 ORDER BY StartTime DESC" };
  expect((await engine.list(large)).items.map((run) => run.workflowId)).toEqual(['claim-900', 'claim-500']);
  const done = await lastValueFrom(engine.batch(large, { signal: 'approve', payload: 'Ada' }));
  expect(done).toMatchObject({ matched: 2, done: 2, failed: 0 });

  const handle = engine.handle(claim, 'claim-900');
  expect(await handle.result()).toBe('900 by Ada');
  const then = await handle.at(2); // as it was after its second event
  expect(then.query('by')).toBe('nobody');
  const fork = await handle.fork({ seq: 2, id: 'claim-900-again', reason: 'what if' });
  await fork.signal('approve', 'Bob');
  expect(await fork.result()).toBe('900 by Bob'); // the original is as it was
  await engine.close();
});
