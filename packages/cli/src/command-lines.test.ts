import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, defineWorkflow } from '@perdure/core';
import { sqlite } from '@perdure/sqlite';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import type { Output } from './output.js';
import { run } from './run.js';

/** `PERDURE_FUZZ=100` for as many times as long a look; `PERDURE_FUZZ_SEED` tries what failed again. */
const { PERDURE_FUZZ = '1', PERDURE_FUZZ_SEED: seed } = process.env;

/** Of those that end by themselves, and start no process. A query waits ten seconds for a worker where there is such a run. */
const beginnings = [
  ...[
    ['start', 'order'],
    ['signal', 'done', 'go'],
    ['signal', 'nobody'],
    ['query', 'nobody', 'x'],
    ['cancel', 'done'],
  ],
  ...[
    ['terminate', 'done'],
    ['status', 'done'],
    ['status'],
    ['list'],
    ['list'],
    ['history', 'done'],
    ['export', 'done'],
  ],
  ...[['export'], ['verify'], ['doctor'], ['none'], ['']],
];
const options = [
  ...[
    '--input',
    '--id',
    '--timeout',
    '--queue',
    '--json',
    '--reason',
    '--run',
    '--query',
    '--status',
    '--type',
    '--limit',
  ],
  ...[
    '--all-runs',
    '--archived',
    '--namespace',
    '--follow',
    '--help',
    '-h',
    '-q',
    '--',
    '-',
    '--no-json',
    '--keep-queued',
  ],
];
const words = fc.oneof(
  fc.constantFrom(...options, ...options.map((option) => `${option}=x`)),
  fc.constantFrom(
    ...[
      '',
      ' ',
      'nobody',
      '__proto__',
      'constructor',
      'a b',
      '\0',
      '\x1b[2J',
      '\ud800',
      '..',
      '-1',
      '0',
      '1e999',
      'NaN',
    ],
    ...[
      '{',
      '[]',
      'null',
      '{"__proto__":{"polluted":1}}',
      `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
      'x'.repeat(5_000),
    ],
    ...[
      "Status = 'running'",
      'total > 1 ORDER BY StartTime',
      "a = '",
      "WorkflowId = '' OR '1'='1'; drop table runs",
    ],
    ...['running', 'soon', '5s', '-5s', '9'.repeat(20)],
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const lines = fc.tuple(fc.constantFrom(...beginnings), fc.array(words, { maxLength: 4 }));

test('A24 any command line ends with 0, 1 or 2, and says in one sentence why', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-lines-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const store = join(folder, 'p.sqlite');
  const done = defineWorkflow('done', async () => 'done');
  const engine = await createEngine({ storage: sqlite(store), workflows: [done] });
  await engine.execute(done, undefined, { id: 'done' });
  await engine.close();
  await fc.assert(
    fc.asyncProperty(lines, async ([[name = '', ...first], rest]) => {
      const notes: string[] = [];
      const output: Output = {
        line: () => undefined,
        json: () => undefined,
        note: (text) => notes.push(text),
      };
      const code = await run([name, '--store', store, ...first, ...rest], output);
      expect([0, 1, 2]).toContain(code);
      // What a doctor finds is its result.
      if (code > 0 && !(code === 1 && name === 'doctor')) {
        expect(notes.at(-1)).toMatch(/^perdure: /);
        // Nothing of how it is made: no stack, no error of the language.
        expect(notes.join('\n')).not.toMatch(
          /\n\s+at |TypeError|RangeError|is not a function|Cannot read|undefined/,
        );
      }
      expect(Object.keys(Object.prototype)).toEqual([]);
    }),
    { numRuns: 150 * Number(PERDURE_FUZZ), ...(seed !== undefined && { seed: Number(seed) }) },
  );
  expect(readdirSync(folder).filter((file) => !file.startsWith('p.sqlite'))).toEqual([]);
}, 120_000);
