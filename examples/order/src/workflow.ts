import { defineWorkflow, query, signal, type } from '@perdure/core';
import { charge, handOver, pack, pick, refund, release, reserve } from './activities.js';

export interface OrderInput {
  readonly item: string;
  readonly quantity: number;
  readonly price: number;
}

/** What an order goes through. */
export const steps = ['reserve', 'charge', 'approve', 'wait', 'pick', 'pack', 'hand over'] as const;
export type Step = (typeof steps)[number];

/** Shown in every snapshot of a run while it goes on. */
export interface OrderState {
  readonly done: readonly Step[];
  readonly doing: Step | null;
}
export interface Progress {
  readonly percent: number;
  readonly doing: string;
}
export type OrderResult =
  | {
      readonly outcome: 'shipped';
      readonly tracking: string;
      readonly receipt: string;
      readonly approvedBy: string;
    }
  | { readonly outcome: 'not approved' };

/**
 * One order, the same code in a terminal and in a browser tab. It reads as if it never stopped, and may be killed at
 * any point: what it has done is recorded, and it is replayed up to there.
 */
export const order = defineWorkflow(
  'order',
  {
    messages: { approve: signal<{ by: string }>(), progress: query<Progress>() },
    state: type<OrderState>(),
  },
  async (ctx, { item, quantity, price }: OrderInput): Promise<OrderResult> => {
    const done: Step[] = [];
    let doing: Step | null = null;
    const show = (now: Step | null): void => {
      doing = now;
      ctx.setState({ done: [...done], doing });
    };
    const step = async <T>(name: Step, work: () => PromiseLike<T>): Promise<T> => {
      show(name);
      const result = await work();
      done.push(name);
      return result;
    };
    ctx.onQuery('progress', () => ({
      percent: Math.round((100 * done.length) / steps.length),
      doing: doing ?? 'nothing more',
    }));

    const { shelf } = await step('reserve', () => ctx.runActivity(reserve, { item, quantity }));
    const { receipt } = await step('charge', () => ctx.runActivity(charge, { amount: quantity * price }));

    const approval = await step('approve', () => ctx.waitSignal('approve', { timeout: '1h' }));
    if (!approval) {
      await ctx.all([ctx.runActivity(refund, { receipt }), ctx.runActivity(release, { shelf })]);
      show(null);
      return { outcome: 'not approved' };
    }

    await step('wait', () => ctx.sleep('2s'));
    await step('pick', () => ctx.runActivity(pick, { shelf }));
    const { parcel } = await step('pack', () => ctx.runActivity(pack, { item, quantity }));
    const { tracking } = await step('hand over', () => ctx.runActivity(handOver, { parcel }));
    show(null);
    return { outcome: 'shipped', tracking, receipt, approvedBy: approval.by };
  },
);
