import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { bundle } from './bundle.js';
import { planting } from './plants/plant.js';
import { plants } from './plants/planted.js';
import { runSeeds } from './threads.js';

const threads = Math.min(2, availableParallelism());
const seeds = Array.from({ length: 1_000 }, (_, i) => i + 1);

test('at least 25 bugs are planted, each under a name of its own', () => {
  expect(new Set(plants.map(({ bug }) => bug)).size).toBe(plants.length);
  expect(plants.length).toBeGreaterThanOrEqual(25);
});

test.each(plants)('found within 1,000 seeds: $bug', async (plant) => {
  const file = await bundle(`plant-${plants.indexOf(plant)}`, [planting(plant)]);
  const { failures } = await runSeeds(file, seeds, { threads, chunk: 20, untilFailure: true });
  await rm(file);
  // Of a guarantee that is broken, not of a simulator that is.
  expect(failures.map(({ violation }) => violation)).toContainEqual(expect.stringMatching(/^(G|C|§)\d/));
});
