import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { bundle } from './bundle.js';
import { order } from './plants/order.js';
import { planting, type Plant } from './plants/plant.js';
import { plants } from './plants/planted.js';
import { runSeeds } from './threads.js';

const threads = Math.min(2, availableParallelism());
const others = plants.filter((plant) => !order.includes(plant));
const seeds = Array.from({ length: 1_000 }, (_, i) => i + 1);

test('at least 25 bugs are planted, each under a name of its own', () => {
  expect(new Set(plants.map(({ bug }) => bug)).size).toBe(plants.length);
  expect(plants.length).toBeGreaterThanOrEqual(25);
});

test.each(order)('the oracle tells: $bug', async (plant) => {
  expect(await found(plant)).toContainEqual(expect.stringMatching(/^§4 .* (after event|ends with)/));
});

test.each(others)('found within 1,000 seeds: $bug', async (plant) => {
  // Of a guarantee that is broken, not of a simulator that is.
  expect(await found(plant)).toContainEqual(expect.stringMatching(/^(G|C|§)\d/));
});

async function found(plant: Plant): Promise<string[]> {
  const file = await bundle(`plant-${plants.indexOf(plant)}`, [planting(plant)]);
  const { failures } = await runSeeds(file, seeds, { threads, chunk: 20, untilFailure: true });
  await rm(file);
  return failures.map(({ violation }) => violation);
}
