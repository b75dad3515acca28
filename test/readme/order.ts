import { createEngine, defineActivity, defineWorkflow, signal } from '@perdure/core';
import { sqlite } from '@perdure/sqlite';

const charge = defineActivity('charge', async (amount: number, { idempotencyKey }) => {
  return { receipt: `${amount} by ${idempotencyKey}` }; // the key is the same for every attempt
});

const messages = { approve: signal<{ by: string }>() };
const order = defineWorkflow('order', { messages }, async (ctx, amount: number) => {
  const approval = await ctx.waitSignal('approve', { timeout: '3d' });
  if (!approval) return 'nobody approved';
  await ctx.sleep('2s'); // or '90d': the timer is in the store
  const { receipt } = await ctx.runActivity(charge, amount, { retry: { maximumAttempts: 5 } });
  return `${receipt}, approved by ${approval.by}`;
});

const engine = await createEngine({ storage: sqlite('orders.db'), workflows: [order], activities: [charge] });
const handle = await engine.start(order, 90, { id: 'order-1', requestId: 'order-1' });
handle.state$.subscribe(({ status, waitingFor }) => console.log(status, ...waitingFor));
await handle.signal('approve', { by: 'Ada' }, { id: 'approval-1' });
console.log(await handle.result());
await engine.close();
