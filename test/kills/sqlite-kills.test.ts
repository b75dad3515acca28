import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, replay } from '@perdure/core';
import { sqlite } from '@perdure/sqlite';
import Database from 'better-sqlite3';
import { afterAll, expect, test } from 'vitest';
import { chain } from './workflows.js';

const folder = mkdtempSync(join(tmpdir(), 'perdure-kills-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function worker(file: string): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'worker.ts'), [file], { execArgv: ['--import', 'tsx'] });
  const ended = once(child, 'exit').then(() => {
    throw new Error('The worker ended before it was ready');
  });
  ended.catch(() => undefined); // the race below is over by then
  await Promise.race([once(child, 'message'), ended]);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) throw new Error(`A worker ended by itself with code ${child.exitCode}`);
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

const kills = Number(process.env['PERDURE_KILLS'] ?? 15);

test(`G2 G9 F2 ${kills} workers killed one after the other: nothing lost, nothing recorded twice`, async () => {
  const file = join(folder, 'store.sqlite');
  const ledger = join(folder, 'ledger.jsonl');
  const [runs, steps] = [6, 12];
  const client = await createClient({ storage: sqlite(file) });
  const handles = await Promise.all(
    Array.from({ length: runs }, (_, i) => client.start(chain, { ledger, steps }, { id: `chain-${i}` })),
  );
  await Promise.all(handles.map((handle, i) => handle.signal('bonus', 1_000 * i, { id: 'once' })));

  let second: ChildProcess | undefined;
  for (let i = 0; i < kills; i++) {
    const first = await worker(file);
    // Now and then two workers share the file when one of them dies.
    if (i % 3 === 1) second = await worker(file);
    await new Promise((resolve) => setTimeout(resolve, 5 + ((i * 37) % 120)));
    await kill(first);
    if (second && i % 3 === 2) {
      await kill(second);
      second = undefined;
    }
    // A message that is sent again and again counts once.
    await handles[i % runs]?.signal('bonus', 1_000 * (i % runs), { id: 'once' }).catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'workflow_not_active' });
    });
  }
  const last = await worker(file);
  const sum = (steps * (steps + 1)) / 2;
  const results = await Promise.all(handles.map((handle) => handle.result({ timeout: '120s' })));
  expect(results).toEqual(handles.map((_, i) => sum + 1_000 * i));
  await kill(last);
  if (second) await kill(second);

  const effects = readFileSync(ledger, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { key: string; attempt: number });
  expect(new Set(effects.map((line) => line.key)).size).toBe(runs * steps);
  // An effect happens again only as another attempt of the same activity.
  expect(new Set(effects.map((line) => `${line.key}#${line.attempt}`)).size).toBe(effects.length);

  for (const handle of handles) {
    const bundle = await handle.exportHistory();
    const events = bundle.events as { seq: number; type: string; activityId?: string }[];
    expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i + 1));
    const outcomes = events
      .filter((event) => event.type === 'ActivityCompleted')
      .map((event) => event.activityId);
    expect(outcomes).toHaveLength(steps);
    expect(new Set(outcomes).size).toBe(steps);
    expect(await replay([chain], bundle)).toMatchObject({ status: 'completed' });
  }
  await client.close();
  const database = new Database(file);
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  database.close();
});
