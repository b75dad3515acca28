import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import type { Sample, Sleep } from './program.js';

const root = join(import.meta.dirname, '../..');
const asked = process.env['PERDURE_SOAK'];
const runs = Number(asked ?? 1_500);

/**
 * Bytes. The ids of a workflow and its child in a set would be more than the first, which takes long to be told from what
 * V8 compiles in the beginning; one instance or one subscription that is kept is much more than the second.
 */
const mostHeapEach = runs >= 20_000 ? 80 : 600;

/** Runs the program to its end; resolves to what it told. */
async function played<T>(what: string, count: number): Promise<readonly T[]> {
  const folder = await mkdtemp(join(tmpdir(), 'perdure-soak-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const cache = join(root, 'node_modules/.cache/perdure-soak');
  await mkdir(cache, { recursive: true });
  const outfile = join(cache, `${what}-${process.pid}.mjs`);
  onTestFinished(() => rm(outfile));
  await build({
    entryPoints: [join(import.meta.dirname, 'program.ts')],
    ...{ outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20' },
    external: ['better-sqlite3'],
    tsconfig: join(root, 'tsconfig.json'),
    logLevel: 'error',
  });
  const child = fork(outfile, [what, join(folder, 'store.sqlite'), String(count)], {
    execArgv: ['--expose-gc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const told: T[] = [];
  child.on('message', (message) => told.push(message as T));
  expect(await once(child, 'exit')).toEqual([0, null]);
  return told;
}

/** How a figure grows with the runs, by least squares. */
function slope(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
  const x = mean(samples.map(({ runs: done }) => done));
  const y = mean(samples.map(of));
  const over = samples.map((sample) => (sample.runs - x) * (of(sample) - y));
  return mean(over) / mean(samples.map(({ runs: done }) => (done - x) ** 2));
}

test(
  `soak: ${runs} workflows, each with a child, activities, messages and a watcher, leave nothing behind in memory, no handle, and a write-ahead log that stays small`,
  async () => {
    const samples = await played<Sample>('soak', runs);
    const warm = samples.slice(Math.floor(samples.length / 2));
    const heapEach = slope(warm, ({ heap }) => heap);
    const most = (of: (sample: Sample) => number): number => Math.max(...warm.map(of));
    const first = warm[0]!;
    if (asked !== undefined)
      console.log(
        JSON.stringify({ runs, heapEach, first, last: warm.at(-1), mostLog: most(({ log }) => log) }),
      );
    expect(heapEach).toBeLessThan(mostHeapEach);
    expect(most(({ cached }) => cached)).toBeLessThanOrEqual(1_000);
    expect(most(({ handles }) => handles)).toBeLessThanOrEqual(first.handles + 5);
    expect(most(({ files }) => files)).toBeLessThanOrEqual(first.files + 2);
    // Checkpoints begin at 1,000 pages; readers may hold one up.
    expect(most(({ log }) => log)).toBeLessThan(16_000_000);
  },
  300_000 + runs * 100,
);

test('soak: workflows that sleep hold no memory once they had to make room, and wake up whole', async () => {
  const [seen] = await played<Sleep>('sleep', 400);
  if (asked !== undefined) console.log(JSON.stringify(seen));
  // The engine was allowed ten in memory; one frame has 8 kB of numbers.
  expect(seen?.frames).toBeLessThanOrEqual(10);
  expect(seen?.heapEach).toBeLessThan(1_000);
  expect(seen?.woke).toBe(true);
}, 300_000);
