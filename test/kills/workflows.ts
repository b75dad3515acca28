import { appendFileSync } from 'node:fs';
import { defineActivity, defineWorkflow } from '@perdure/core';

/** A line in the ledger is an effect in the world outside: it cannot be taken back by a crash. */
export const effect = defineActivity(
  'effect',
  async ({ ledger, step }: { ledger: string; step: number }, { idempotencyKey, info }) => {
    appendFileSync(ledger, `${JSON.stringify({ key: idempotencyKey, attempt: info.attempt, step })}\n`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return step;
  },
);

export const chain = defineWorkflow(
  'chain',
  async (ctx, { ledger, steps }: { ledger: string; steps: number }) => {
    let sum = 0;
    for (let step = 1; step <= steps; step++) {
      const [done] = await ctx.all([ctx.runActivity(effect, { ledger, step }), ctx.sleep(3)]);
      sum += done;
      ctx.setState({ step });
    }
    const bonus = await ctx.waitSignal('bonus');
    return sum + (bonus as number);
  },
);
