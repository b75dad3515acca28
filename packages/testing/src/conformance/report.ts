import type { ConformanceCase, Group, Law } from './case.js';
import { storageConformance, type ConformanceOptions } from './conformance.js';
import type { StorageFixture } from './fixture.js';

/** What became of one case. */
export interface CaseResult {
  readonly id: Law;
  readonly group: Group;
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Of a failure what was seen, of a skip why. */
  readonly reason?: string;
}

export interface ConformanceReport {
  readonly fixture: string;
  readonly results: readonly CaseResult[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Runs every case, one after the other, and resolves to what became of each. Never rejects for what an adapter does.
 *
 * @example
 * ```ts
 * import { memory } from '@perdure/memory';
 * import { formatReport, runConformance } from '@perdure/testing';
 *
 * const report = await runConformance({ name: 'memory', create: () => memory() });
 * console.log(formatReport(report));
 * if (report.failed > 0) throw new Error(`${report.failed} cases failed`);
 * ```
 */
export async function runConformance(
  fixture: StorageFixture,
  options: ConformanceOptions = {},
): Promise<ConformanceReport> {
  const results: CaseResult[] = [];
  for (const one of storageConformance(fixture, options)) results.push(await runCase(one));
  const count = (outcome: CaseResult['outcome']): number =>
    results.filter((one) => one.outcome === outcome).length;
  return {
    fixture: fixture.name,
    results,
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
  };
}

async function runCase({ id, group, name, skip, run }: ConformanceCase): Promise<CaseResult> {
  if (skip !== undefined) return { id, group, name, outcome: 'skipped', reason: skip };
  try {
    await run();
    return { id, group, name, outcome: 'passed' };
  } catch (error) {
    return {
      id,
      group,
      name,
      outcome: 'failed',
      reason: error instanceof Error ? error.message : String(error),
    };
  }
}

/** A report in Markdown: a table by group, then what failed, then what was skipped and why. For an adapter's README. */
export function formatReport({ fixture, results, passed, failed, skipped }: ConformanceReport): string {
  const names = [...new Set(results.map(({ group }) => group))];
  const rows = names.map((name) =>
    row(
      name,
      results.filter(({ group }) => group === name),
    ),
  );
  const table = ['| group | laws | passed | failed | skipped |', '|---|---|---:|---:|---:|', ...rows];
  const total = `| **all** | | **${passed}** | **${failed}** | **${skipped}** |`;
  const failures = results.filter(({ outcome }) => outcome === 'failed');
  const skips = results.filter(({ outcome }) => outcome === 'skipped');
  const listed = (
    title: string,
    of: readonly CaseResult[],
    line: (one: CaseResult) => string,
  ): readonly string[] => (of.length === 0 ? [] : ['', `${title}:`, '', ...of.map(line)]);
  return [
    `Storage conformance of ${fixture}`,
    '',
    ...table,
    total,
    ...listed('Failed', failures, ({ reason = '' }) => `- ${reason.split('\n').join('\n  ')}`),
    ...listed('Skipped', skips, ({ name, reason = '' }) => `- ${name} (${reason})`),
    '',
  ].join('\n');
}

function row(name: string, of: readonly CaseResult[]): string {
  const count = (outcome: CaseResult['outcome']): number =>
    of.filter((one) => one.outcome === outcome).length;
  const laws = [...new Set(of.map(({ id }) => id))].sort().join(', ');
  return `| ${name} | ${laws} | ${count('passed')} | ${count('failed')} | ${count('skipped')} |`;
}
