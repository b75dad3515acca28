import { isDeepStrictEqual } from 'node:util';
import { openStorage } from '#storage';
import { expect, test } from 'vitest';
import { mishaps, play, type Outcome, type Point } from './play.js';
import type { Program } from './program.js';
import { programs } from './programs/programs.js';

/** Twelve workflows in all; of these, every two points together as well. */
const smallest = ['sequential', 'saga', 'fan-out of 20', 'standalone activity completed by its token'];

/** The points at which what a program comes to is not what it comes to without. */
async function harm(program: Program, expected: Outcome, points: readonly Point[]): Promise<string[]> {
  const where = points.map(({ call, mishap }) => `${mishap} at call ${call}`).join(', then ');
  try {
    const { outcome } = await play(program, await openStorage(), points);
    return isDeepStrictEqual(outcome, expected) ? [] : [`${where}: ${JSON.stringify(outcome)}`];
  } catch (error) {
    return [`${where}: ${String(error)}`];
  }
}

function pointsOf(calls: number): Point[] {
  const numbers = Array.from({ length: calls }, (_, index) => index + 1);
  return numbers.flatMap((call) => mishaps.map((mishap): Point => ({ call, mishap })));
}

test.each(programs)('G1-G12 every crash point: $name', async (program) => {
  const { outcome, calls } = await play(program, await openStorage());
  expect(outcome.runs.filter((run) => !run.includes('0 tasks and 0 messages left'))).toEqual([]);
  const failed: string[] = [];
  for (const point of pointsOf(calls)) failed.push(...(await harm(program, outcome, [point])));
  expect(failed).toEqual([]);
});

test.each(programs.filter(({ name }) => smallest.includes(name)))(
  'G1-G12 every two crash points: $name',
  async (program) => {
    const { outcome, calls } = await play(program, await openStorage());
    const failed: string[] = [];
    const points = pointsOf(calls);
    for (const first of points) {
      // The second one may come while the next process begins.
      for (const second of points) {
        if (second.call <= first.call) continue;
        failed.push(...(await harm(program, outcome, [first, second])));
      }
    }
    expect(failed).toEqual([]);
  },
);
