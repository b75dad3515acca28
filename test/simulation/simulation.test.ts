import { availableParallelism } from 'node:os';
import { beforeAll, describe, expect, test } from 'vitest';
import { bundle } from './bundle.js';
import kept from './kept.json' with { type: 'json' };
import { inThread, runSeeds } from './threads.js';
import type { Job } from './worker.js';

const threads = Math.min(2, availableParallelism());
/** `PERDURE_SEEDS=100000` for a longer look. */
const seeds = Number(process.env['PERDURE_SEEDS'] ?? 10_000);

let file: string;
beforeAll(async () => {
  file = await bundle();
});

describe('the simulator', () => {
  test('the same seed makes the same steps, byte for byte', async () => {
    for (const seed of [3, 17, 1_017, 4_242]) {
      const [one, other] = await Promise.all([
        inThread<'trace'>(file, { kind: 'trace', seed }),
        inThread<'trace'>(file, { kind: 'trace', seed }),
      ]);
      expect(one.trace.length).toBeGreaterThan(3);
      expect(other.trace).toEqual(one.trace);
    }
  });

  test('G1 to G12 hold for every case that has found a bug', async () => {
    const { seeds: tried, failures } = await inThread<'again'>(file, {
      kind: 'again',
      cases: kept as unknown as Extract<Job, { kind: 'again' }>['cases'],
    });
    expect(tried).toBe(kept.length);
    expect(failures).toEqual([]);
  });

  test(`G1 to G12 hold for ${seeds} seeds`, async () => {
    const { failures } = await runSeeds(
      file,
      Array.from({ length: seeds }, (_, i) => i + 1),
      { threads },
    );
    expect(failures, 'npm run sim -- --seed <seed> shows it').toEqual([]);
  });
});
