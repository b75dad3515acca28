import { defineActivity, defineWorkflow, signal, type, update } from '@perdure/core';

/** A line in a ledger: an effect in the world outside, which cannot be taken back by a crash. */
export interface Effect {
  /** Where the ledger is reached: a file, or an address. */
  readonly ledger: string;
  readonly what: string;
}

export const effect = defineActivity('effect', {
  input: type<Effect>(),
  output: type<string>(),
  retry: { maximumAttempts: 0, initialInterval: 10 },
});

/** Activities beside timers, one after the other, and a signal at the end. */
export const chain = defineWorkflow(
  'chain',
  { messages: { bonus: signal<number>() } },
  async (ctx, { ledger, steps }: { ledger: string; steps: number }) => {
    for (let step = 1; step <= steps; step++) {
      await ctx.all([
        ctx.runActivity(effect, { ledger, what: `${ctx.info.workflowId} ${step}` }),
        ctx.sleep(3),
      ]);
      ctx.setState({ step });
    }
    return steps + (await ctx.waitSignal('bonus'));
  },
);

const leaf = defineWorkflow('leaf', async (ctx, input: Effect) => {
  await ctx.sleep(2);
  return ctx.runActivity(effect, input);
});

/** Children, an update that is asked for again and again, and two runs more. */
export const relay = defineWorkflow(
  'relay',
  { messages: { add: update<number, number>() } },
  async (ctx, { ledger, round, sum }: { ledger: string; round: number; sum: number }): Promise<number> => {
    let total = sum;
    ctx.onUpdate('add', async (n) => {
      await ctx.runActivity(effect, { ledger, what: `${ctx.info.workflowId} adds ${n}` });
      return (total += n);
    });
    const what = `${ctx.info.workflowId} round ${round}`;
    await ctx.all(['a', 'b'].map((side) => ctx.runChild(leaf, { ledger, what: `${what}${side}` })));
    if (round === 2) await ctx.waitCondition(() => total > 0);
    await ctx.waitCondition(() => ctx.info.unfinishedUpdates === 0);
    return round < 2 ? ctx.continueAsNew({ ledger, round: round + 1, sum: total }) : total;
  },
);

/** Is cancelled, and cleans up. */
export const cleans = defineWorkflow('cleans', async (ctx, ledger: string) => {
  try {
    ctx.setState('asleep');
    await ctx.sleep('30d');
  } finally {
    await ctx.nonCancellable(() =>
      ctx.runActivity(effect, { ledger, what: `${ctx.info.workflowId} cleans up` }),
    );
  }
});

/** One activity after the other until it is told to stop; how many it were. */
export const stroll = defineWorkflow(
  'stroll',
  { messages: { stop: signal<string>() } },
  async (ctx, ledger: string) => {
    let stopped = false;
    ctx.onSignal('stop', () => {
      stopped = true;
    });
    let step = 0;
    while (!stopped) {
      step += 1;
      await ctx.runActivity(effect, { ledger, what: `${ctx.info.workflowId} ${step}` });
      await ctx.sleep(3);
    }
    return step;
  },
);

export const workflows = [chain, relay, leaf, cleans, stroll];
