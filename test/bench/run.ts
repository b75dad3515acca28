import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { memory } from '@perdure/memory';
import { sqlite } from '@perdure/sqlite';
import { benchIndexedDb } from './browser.js';
import { rawSqlite } from './raw/sqlite.js';
import { runWorkloads, type Figure } from './workloads.js';

/**
 * `npm run bench [-- memory sqlite-strict sqlite-relaxed indexeddb-strict indexeddb-relaxed] [--scale 0.2]`
 *
 * Each store beside its own raw limit, measured in the same run: only ratios carry over from one machine to another.
 * Prints a table and appends JSON lines to `test/bench/results/latest.jsonl`.
 */
const args = process.argv.slice(2);
const scaleAt = args.indexOf('--scale');
const scale = scaleAt < 0 ? 1 : Number(args[scaleAt + 1]);
const wanted = args.filter((arg, i) => !arg.startsWith('--') && i !== scaleAt + 1);

const folder = mkdtempSync(join(tmpdir(), 'perdure-bench-'));
let files = 0;
const file = (): string => join(folder, `${String(++files)}.sqlite`);

const stores: Record<string, () => Promise<{ raw: number | undefined; figures: Figure[] }>> = {
  memory: async () => ({ raw: undefined, figures: await runWorkloads(() => memory(), scale) }),
  ...Object.fromEntries(
    (['strict', 'relaxed'] as const).map((durability) => [
      `sqlite-${durability}`,
      async () => ({
        raw: rawSqlite(file(), durability, durability === 'strict' ? 2_000 : 20_000),
        figures: await runWorkloads(() => sqlite(file(), { durability }), scale),
      }),
    ]),
  ),
  ...Object.fromEntries(
    (['strict', 'relaxed'] as const).map((durability) => [
      `indexeddb-${durability}`,
      () => benchIndexedDb(durability, scale * 0.2),
    ]),
  ),
};

const results = join(import.meta.dirname, 'results');
mkdirSync(results, { recursive: true });
console.log(
  `Node ${process.version}, ${String(cpus().length)} × ${cpus()[0]?.model ?? 'unknown processor'}\n`,
);
try {
  for (const [store, measure] of Object.entries(stores)) {
    if (wanted.length > 0 && !wanted.includes(store)) continue;
    const { raw, figures } = await measure();
    console.log(`${store}${raw === undefined ? '' : `  (raw: ${show(raw)} commits/s)`}`);
    for (const { workload, value, unit } of figures) {
      const ratio =
        raw !== undefined && unit.endsWith('/s') && unit !== 'workflows/s' ? value / raw : undefined;
      const shown = ratio === undefined ? '' : `  ${ratio.toFixed(2)} × raw`;
      console.log(`  ${workload.padEnd(46)} ${show(value).padStart(10)} ${unit}${shown}`);
      appendFileSync(
        join(results, 'latest.jsonl'),
        `${JSON.stringify({ at: new Date().toISOString(), node: process.version, store, raw, workload, value, unit, ratio })}\n`,
      );
    }
    console.log();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function show(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value < 10 ? 2 : 1);
}
