import { memory } from '@perdure/memory';
import { StorageError, type Storage } from '@perdure/core/storage';
import { expect, test } from 'vitest';
import { faultAt } from '../faults/plan.js';
import { faulty } from '../faults/faulty.js';
import type { Bug } from './bugs/bug.testkit.js';
import { claimBugs } from './bugs/claim.testkit.js';
import { commitBugs } from './bugs/commit.testkit.js';
import { handleBugs } from './bugs/handle.testkit.js';
import { readBugs } from './bugs/read.testkit.js';
import { groups } from './case.js';
import { ConformanceError } from './check.js';
import { storageConformance } from './conformance.js';
import { formatReport, runConformance } from './report.js';

const bugs: readonly Bug[] = [...commitBugs, ...claimBugs, ...readBugs, ...handleBugs];

/** The first failure among the cases of a law. */
async function firstFailure({ law, fixture }: Bug): Promise<unknown> {
  for (const { id, skip, run } of storageConformance(fixture, { limitMs: 8_000 })) {
    if (id !== law || skip !== undefined) continue;
    try {
      await run();
    } catch (error) {
      return error;
    }
  }
  return undefined;
}

test.each(bugs)(
  '$law finds that $name',
  async (bug) => {
    const failure = await firstFailure(bug);
    expect(failure).toBeInstanceOf(ConformanceError);
    const { message } = failure as ConformanceError;
    expect(message.startsWith(`${bug.law} `)).toBe(true);
    expect(message).toContain(`\n  on ${bug.fixture.name}: `);
  },
  20_000,
);

test('E11 bugs are planted for every law that a store in memory can break', () => {
  const laws = new Set(bugs.map(({ law }) => law));
  const all = storageConformance({ name: 'memory', create: () => memory(), reopen: (storage) => storage });
  const runnable = new Set(all.filter(({ skip }) => skip === undefined).map(({ id }) => id));
  // M1 has a test of its own below.
  expect([...runnable].filter((law) => !laws.has(law))).toEqual(['M1']);
});

test('E1 a medium that refuses writes as it should is found to be in order', async () => {
  const refusal = { retryable: false, outcome: 'not-applied' } as const;
  const error = new StorageError('storage_readonly', 'This medium takes no writes', refusal);
  const readOnly = (): Storage =>
    faulty(memory(), faultAt({ method: 'commit' }, { kind: 'fail-before', error }));
  const fixture = { name: 'read-only', create: () => memory(), readOnly };
  expect(await firstFailure({ law: 'E1', name: 'none', fixture })).toBeUndefined();
});

test('M1 random scripts alone find most of the bugs of the core calls', async () => {
  const found: string[] = [];
  const all = [...commitBugs, ...claimBugs, ...readBugs];
  for (const bug of all) if ((await firstFailure({ ...bug, law: 'M1' })) !== undefined) found.push(bug.name);
  expect(found.length).toBeGreaterThan(all.length / 2);
}, 120_000);

test('E11 a sound store passes every case, in every group, and the names are all different', async () => {
  const report = await runConformance({
    name: 'memory',
    create: () => memory(),
    reopen: (storage) => storage,
  });
  expect(report.results.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
  expect(new Set(report.results.map(({ group }) => group))).toEqual(new Set(groups));
  const names = report.results.map(({ group, name }) => `${group}: ${name}`);
  expect(new Set(names).size).toBe(names.length);
  expect(report.passed).toBeGreaterThan(380);
  expect(report.passed + report.skipped).toBe(report.results.length);
}, 60_000);

test('a report shows groups, failures with what was seen, and skips with their reasons', async () => {
  const fixture = { ...bugs[0]!.fixture, without: { crash: 'it never crashes' } };
  const text = formatReport(await runConformance(fixture, { limitMs: 8_000 }));
  expect(text).toContain('Storage conformance of a refused batch leaks the writes before the bad one');
  expect(text).toMatch(/\| commit \| A1, A2, A3, A4, A5, A7, C2 \| \d+ \| [1-9]\d* \| 0 \|/);
  expect(text).toMatch(
    /- A1 a batch that its last write refuses leaves no trace of any\n {4}on .+\n {4}expected .+\n/,
  );
  expect(text).toContain('- A6 what was acknowledged is there after a crash (it never crashes)');
}, 60_000);

test('a case whose call never settles fails in time', async () => {
  const storage = memory();
  const stuck = {
    kind: 'stuck',
    open: async () => ({ ...(await storage.open()), countRuns: () => new Promise<never>(() => {}) }),
  };
  const hangs = storageConformance({ name: 'stuck', create: () => stuck }, { limitMs: 20 });
  await expect(hangs[0]!.run()).rejects.toThrow(/S1 a new store is empty\n {2}on stuck: /);
});
