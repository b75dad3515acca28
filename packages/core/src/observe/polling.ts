import type { EpochMs } from '../model/time.js';
import type { Clock } from '../runtime/clock.js';
import { Changes } from './changes.js';

/** How long what is watched goes unread where hints are lost. Milliseconds. */
const pollEvery = 1_000;
const longestPoll = 30_000;
const longestRest = 1_000;

/** When to look again by itself after a look that took `cost` ms: in a second, or so late that looking takes a tenth of the time. */
export function nextPoll(clock: Clock, cost: number): EpochMs {
  return clock.now() + Math.min(Math.max(pollEvery, 9 * cost), longestPoll);
}

/** Like `changes.next`, and at `at` without a change too. */
export async function nextUntil(clock: Clock, changes: Changes, at: EpochMs): Promise<boolean> {
  const cancel = clock.setTimer(at, changes.mark, 'background');
  const forget = changes.onEnd(cancel);
  try {
    return await changes.next();
  } finally {
    cancel();
    forget();
  }
}

/** Like `changes.next`, and after a while without a change too. Rests first, in proportion to what the last look cost. */
export async function nextOrPoll(clock: Clock, changes: Changes, cost: number): Promise<boolean> {
  if (cost > 0 && !changes.over) await rest(clock, changes, Math.min(4 * cost, longestRest));
  return nextUntil(clock, changes, nextPoll(clock, cost));
}

async function rest(clock: Clock, changes: Changes, ms: number): Promise<void> {
  const rested = new Changes();
  const forget = changes.onEnd(rested.mark);
  await rested.next();
  await nextUntil(clock, rested, clock.now() + ms);
  forget();
}
