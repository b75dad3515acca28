import type { Part } from '../program.js';
import type { Drains } from './drains.js';
import type { Expected } from './expected.js';
import { cancelled, type Done, type Outcome } from './scope.js';

/** Parts one after the other, so many at once. What fails ends it and lets no other begin; cancelling it cancels those under way that are single tasks. */
export function mapped(
  { parts, atOnce }: Extract<Part, { kind: 'map' }>,
  begin: (part: Part, end: Done) => () => void,
  drains: Drains,
  expected: Expected,
  done: Done,
): () => void {
  const values: unknown[] = [];
  const underWay = new Map<number, () => void>();
  const early: (() => void)[] = [];
  let lanes = Math.min(atOnce, parts.length);
  let next = 0;
  let beginning = true;
  let stopped = false;
  let over = false;
  /** The turns in which a lane has failed, and in which one has gone on to what is next. */
  let failedIn: number | undefined;
  let error: string | undefined;
  let wentOnIn: number | undefined;

  const finish = (outcome: Outcome): void => {
    if (over) return;
    over = true;
    done(outcome);
  };
  const meet = (): void => {
    if (failedIn !== undefined && failedIn === wentOnIn) expected.undecided = true;
  };
  const goOn = (): void => {
    const index = next;
    const part = stopped ? undefined : parts[next];
    if (next < parts.length && (!stopped || failedIn === drains.turn)) {
      wentOnIn = drains.turn;
      meet();
    }
    if (part) {
      next += 1;
      start(part, index);
      return;
    }
    lanes -= 1;
    if (lanes === 0) finish(next < parts.length ? cancelled : { value: values });
  };
  const ended = (index: number, outcome: Outcome): void => {
    underWay.delete(index);
    if (!('error' in outcome)) {
      values[index] = outcome.value;
      goOn();
      return;
    }
    if (failedIn === drains.turn && outcome.error !== error) expected.undecided = true;
    error ??= outcome.error;
    stopped = true;
    failedIn ??= drains.turn;
    meet();
    finish(outcome);
  };
  const start = (part: Part, index: number): void => {
    let isOver = false;
    const cancel = begin(part, (outcome) => {
      isOver = true;
      if (beginning) early.push(() => ended(index, outcome));
      else ended(index, outcome);
    });
    if (!isOver) underWay.set(index, cancel);
  };

  // The first ones all begin, whatever comes of them.
  for (; next < lanes; next++) start(parts[next] as Part, next);
  beginning = false;
  for (const end of early) end();

  return () => {
    stopped = true;
    for (const cancel of underWay.values()) cancel();
  };
}
