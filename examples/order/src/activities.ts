import { defineActivity, type, type ActivityContext } from '@perdure/core';
import type { Ledger } from './ledger.js';

// The contracts: all that the workflow knows of its activities, and safe to import where their code cannot run.

const retry = { initialInterval: '250ms', maximumAttempts: 4 } as const;

export const reserve = defineActivity('reserve', {
  input: type<{ item: string; quantity: number }>(),
  output: type<{ shelf: string }>(),
  retry,
});
export const charge = defineActivity('charge', {
  input: type<{ amount: number }>(),
  output: type<{ receipt: string }>(),
  retry,
});
export const pick = defineActivity('pick', { input: type<{ shelf: string }>(), output: type<void>(), retry });
export const pack = defineActivity('pack', {
  input: type<{ item: string; quantity: number }>(),
  output: type<{ parcel: string }>(),
  retry,
});
export const handOver = defineActivity('hand over', {
  input: type<{ parcel: string }>(),
  output: type<{ tracking: string }>(),
  retry,
});
export const release = defineActivity('release', {
  input: type<{ shelf: string }>(),
  output: type<void>(),
  retry,
});
export const refund = defineActivity('refund', {
  input: type<{ receipt: string }>(),
  output: type<void>(),
  retry,
});

/** How long the outside world takes to answer: long enough to be killed in the middle, if that is wanted. Milliseconds. */
const answers = { soon: 150, late: 6_000 };

/** The code behind the contracts, for an engine. */
export function orderActivities(ledger: Ledger) {
  /** The effect comes first, the answer later: whoever dies in between does not know that it was done. */
  const carryOut = async (activity: ActivityContext, answer: number): Promise<void> => {
    const { info, idempotencyKey, signal } = activity;
    const outcome = await ledger.apply({
      orderId: info.workflowId ?? info.activityId,
      effect: info.activityType,
      key: idempotencyKey,
      attempt: info.attempt,
    });
    activity.heartbeat(outcome === 'done' ? 'done, no answer yet' : 'was done before');
    if (outcome === 'done') await pause(answer, signal);
  };

  return [
    reserve.implement(async (_order, activity) => {
      if (activity.info.attempt === 1) throw new Error('The stock does not answer, for once');
      await carryOut(activity, answers.soon);
      return { shelf: 'B-12' };
    }),
    charge.implement(async ({ amount }, activity) => {
      await carryOut(activity, answers.late);
      return { receipt: `R-${amount}` };
    }),
    pick.implement((_shelf, activity) => carryOut(activity, answers.soon)),
    pack.implement(async ({ quantity }, activity) => {
      await carryOut(activity, answers.late);
      return { parcel: `P-${quantity}` };
    }),
    handOver.implement(async ({ parcel }, activity) => {
      await carryOut(activity, answers.soon);
      return { tracking: `${parcel}-0001` };
    }),
    release.implement((_shelf, activity) => carryOut(activity, answers.soon)),
    refund.implement((_receipt, activity) => carryOut(activity, answers.soon)),
  ];
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}
