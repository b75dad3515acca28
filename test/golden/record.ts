import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HistoryBundle } from '@perdure/core';
import { createTestEngine } from '@perdure/testing';
import { cases } from './0.1/cases.js';
import type { GoldenCase } from './golden-case.js';
import { recordStores } from './record-stores.js';

/** `npm run golden`: records the cases that have no history yet. A history that is there is never written again. */
const folder = join(import.meta.dirname, '0.1', 'histories');
const silent = { debug: () => 0, info: () => 0, warn: () => 0, error: () => 0 };

async function record(golden: GoldenCase): Promise<HistoryBundle[]> {
  const { name, workflows, activities = [], options } = golden;
  const engine = await createTestEngine({
    workflows,
    activities,
    logger: silent,
    startAt: new Date('2026-01-01T00:00:00Z'),
    ...options,
  });
  if (golden.record) await golden.record(engine);
  else await engine.execute(workflows[0] as (typeof workflows)[0], undefined, { id: name });
  await engine.runUntilIdle();
  const runs = [];
  for await (const run of engine.iterate({ allRuns: true })) runs.push(run);
  // Those of the case first, then what they have begun, each chain in its order.
  const own = (id: string): number => (id === name ? 0 : 1);
  runs.sort(
    (a, b) =>
      own(a.workflowId) - own(b.workflowId) ||
      a.workflowId.localeCompare(b.workflowId) ||
      a.runNumber - b.runNumber,
  );
  const bundles = [];
  for (const { workflowId, runId } of runs)
    bundles.push(await engine.handle(workflowId, runId).exportHistory());
  await engine.close({ grace: 0 });
  return bundles;
}

// Engines on virtual time keep no process alive.
const alive = setInterval(() => undefined, 1_000);
mkdirSync(folder, { recursive: true });
for (const golden of cases) {
  if (existsSync(join(folder, `${golden.name}.json`))) continue;
  const bundles = await record(golden);
  bundles.forEach((bundle, index) => {
    const file = index === 0 ? golden.name : `${golden.name}.${index + 1}`;
    writeFileSync(join(folder, `${file}.json`), `${JSON.stringify(bundle, null, 1)}\n`);
  });
  console.log(`${golden.name}: ${bundles.length}`);
}
await recordStores();
clearInterval(alive);
