import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, createEngine, defineWorkflow } from '@perdure/core';
import { sqlite } from '@perdure/sqlite';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { folder, moduleAt, perdure, Perdure } from './perdure.js';
import { effect, order } from './workflows.js';

const workflows = ['--workflows', moduleAt('workflows')];

test('A28 bench measures each backend, as a table and as JSON, and leaves nothing behind', async () => {
  const cwd = folder();
  const args = ['bench', '--tasks', '30', '--concurrency', '4', '--payload', '1000', '--folder', cwd];
  const told = await perdure(cwd, ...args, '--backend', 'memory');
  expect(told.code, told.stderr).toBe(0);
  const [headline, header, row] = told.stdout.split('\n');
  expect(headline).toContain('30 tasks, 4 at a time, 1000 characters each');
  expect(header).toMatch(/^BACKEND +P50 MS +P95 MS +TASKS\/S$/);
  expect(row).toMatch(/^memory +[\d.]+ +[\d.]+ +\d+$/);

  const measured = await perdure(cwd, ...args, '--json');
  expect(measured.code, measured.stderr).toBe(0);
  const { results, ...workload } = JSON.parse(measured.stdout) as {
    results: { backend: string; p50: number; p95: number; throughput: number }[];
  };
  expect(workload).toMatchObject({ tasks: 30, concurrency: 4, payload: 1_000 });
  expect(results.map(({ backend }) => backend)).toEqual(['memory', 'sqlite-strict', 'sqlite-relaxed']);
  for (const { p50, p95, throughput } of results) {
    expect(p50).toBeGreaterThan(0);
    expect(p95).toBeGreaterThanOrEqual(p50);
    expect(throughput).toBeGreaterThan(0);
  }
  expect(readdirSync(cwd)).toEqual([]);
  expect((await perdure(cwd, ...args, '--backend', 'tape')).stderr).toContain(
    "--backend must be one of memory, sqlite-strict, sqlite-relaxed, and is 'tape'",
  );
});

test('A28 the demonstration kills a worker, lets another one finish, and each effect happened once', async () => {
  const temporary = mkdtempSync(join(folder(), 'tmp-'));
  const shown = await new Perdure(temporary, ['demo', 'durability'], { TMPDIR: temporary }).ended;
  expect(shown.code, shown.stderr).toBe(0);
  expect(shown.stdout).toContain('Worker 1 was killed (SIGKILL)');
  expect(shown.stdout).toMatch(/^pack +2× +1×$/m);
  expect(shown.stdout.match(/^(reserve|charge|hand over|thank) +1× +1×$/gm)).toHaveLength(4);
  expect(shown.stdout).toContain('The workflow finished, and each effect happened once.');
  expect(readdirSync(temporary).filter((name) => name.startsWith('perdure'))).toEqual([]);
});

interface Finding {
  readonly state: string;
  readonly about: string;
  readonly text: string;
}

async function doctor(cwd: string, ...args: readonly string[]) {
  const { code, stdout, stderr } = await perdure(cwd, 'doctor', '--json', ...args);
  expect(stderr).toBe('');
  return { code, findings: JSON.parse(stdout) as Finding[] };
}

test('C17 doctor finds a sound store to be sound', async () => {
  const cwd = folder();
  const engine = await createEngine({
    storage: sqlite(join(cwd, 'perdure.sqlite')),
    workflows: [order],
    activities: [effect],
  });
  const handle = await engine.start(order, { item: 'lamp' });
  while ((await handle.describe()).status !== 'waiting') await new Promise((next) => setTimeout(next, 5));
  await engine.close();
  const { code, findings } = await doctor(cwd, ...workflows);
  expect(findings.filter(({ state }) => state !== 'fine')).toEqual([]);
  expect(findings.map(({ about }) => about)).toEqual([
    ...['node', 'better-sqlite3', 'store', 'schema', 'integrity', 'opens', 'runs', 'workflows', 'leases'],
    'wake-ups',
  ]);
  expect(findings).toContainEqual({ state: 'fine', about: 'runs', text: '1 waiting' });
  expect(code).toBe(0);
  const told = await perdure(cwd, 'doctor');
  expect(told.stdout).toMatch(/^✓ integrity +ok, SQLite \d/m);
});

test('C17 doctor names blocked runs with their reason, overdue work, and types without code', async () => {
  const cwd = folder();
  const storage = sqlite(join(cwd, 'perdure.sqlite'));
  const stuck = defineWorkflow('stuck', () => new Promise<void>(() => undefined));
  const logger = { debug: () => 0, info: () => 0, warn: () => 0, error: () => 0 };
  const engine = await createEngine({ storage, workflows: [stuck], logger });
  const handle = await engine.start(stuck, undefined, { id: 'stuck-1' });
  while ((await handle.describe()).status !== 'blocked') await new Promise((next) => setTimeout(next, 5));
  await engine.close();
  const past = { now: () => Date.now() - 300_000, setTimer: () => () => undefined };
  const client = await createClient({ storage, clock: past });
  await client.start('order', { item: 'lamp' });
  await client.start('order', { item: 'desk' });
  await client.close();

  const { code, findings } = await doctor(cwd, ...workflows);
  expect(code).toBe(1);
  expect(findings.filter(({ state }) => state !== 'fine')).toEqual([
    {
      state: 'problem',
      about: 'blocked',
      text: expect.stringMatching(/^stuck-1: foreign_await: .+/) as string,
    },
    { state: 'warning', about: 'workflows', text: 'open runs without code in the modules named: stuck (1)' },
    {
      state: 'problem',
      about: 'wake-ups',
      text: '2 due for more than a minute, and no worker took them: workflow order on default (2)',
    },
  ]);
});

test('C17 doctor tells of leases that a dead worker left behind', async () => {
  const cwd = folder();
  const storage = sqlite(join(cwd, 'perdure.sqlite'));
  const client = await createClient({ storage });
  await client.start('order', { item: 'lamp' });
  const handle = await storage.open();
  const want = { kind: 'workflow', queues: ['default'], types: null, limit: 1, leaseMs: 1_000 } as const;
  await handle.claim({
    namespace: 'default',
    owner: 'dead',
    now: Date.now(),
    buildId: null,
    wants: [want],
  });
  await handle.close();
  await client.close();
  await expect
    .poll(async () => (await doctor(cwd)).findings.find(({ about }) => about === 'leases'), {
      timeout: 30_000,
    })
    .toEqual({ state: 'warning', about: 'leases', text: '1 ran out: dead (1)' });
});

test('C17 doctor finds a file that is damaged, and one that is none of ours', async () => {
  const cwd = folder();
  const file = join(cwd, 'perdure.sqlite');
  const client = await createClient({ storage: sqlite(file) });
  for (let i = 0; i < 50; i++) await client.start('order', 'x'.repeat(500));
  await client.close();
  const database = new Database(file);
  database.unsafeMode();
  database.pragma('writable_schema = on');
  const root = database
    .prepare("select rootpage from sqlite_schema where name = 'runs_started'")
    .pluck()
    .get();
  database.pragma('wal_checkpoint(truncate)');
  const pageSize = Number(database.pragma('page_size', { simple: true }));
  database.close();
  const bytes = readFileSync(file);
  bytes.fill(0x5a, (Number(root) - 1) * pageSize + 8, Number(root) * pageSize);
  writeFileSync(file, bytes);
  const damaged = await doctor(cwd);
  expect(damaged.code).toBe(1);
  expect(damaged.findings.at(-1)).toMatchObject({ state: 'problem' });
  expect(damaged.findings.at(-1)?.about).toMatch(/integrity|store/);

  const other = join(cwd, 'other.sqlite');
  new Database(other).exec('create table notes (text)').close();
  const foreign = await doctor(cwd, '--store', other);
  expect(foreign.code).toBe(1);
  expect(foreign.findings.at(-1)).toMatchObject({ state: 'problem', about: 'store' });
});
