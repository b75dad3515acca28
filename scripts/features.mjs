// npm run features: docs/features.md, which tests prove which feature, taken from the names of the tests.
// With --check nothing is written: the page must be what it would be.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { features } from './feature-list.mjs';
import { root, say } from './shell.mjs';

const page = join(root, 'docs/features.md');
/** Where tests are; with the features that count there, since elsewhere such numbers are laws of the storage port. */
const folders = [
  'test/suite',
  'test/kills',
  'test/cli',
  'test/readme',
  'test/bench',
  'packages/core/src',
  'packages/cli/src',
  'packages/eslint-plugin/src',
  'packages/isolation/src',
  'packages/inspector/src',
  ['adapters', /^[BDFG]/],
  ['packages/testing/src', /^E11$/],
];
const apart = ['packages/core/src/storage'];
/** The name of a test or a group of tests that begins with numbers: 'B4 F23 what it says'. */
const named = /(['"`])([A-G]\d{1,2}(?: [A-G]\d{1,2})*) (?:\\.|(?!\1)[^\\\n])+\1,/g;

function* testFiles(folder) {
  if (!existsSync(folder)) return;
  if (apart.includes(relative(root, folder))) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'node_modules') yield* testFiles(path);
    else if (/\.test\.ts$/.test(entry.name)) yield path;
  }
}

function provedBy() {
  const found = new Map();
  for (const entry of folders) {
    const [folder, counts] = Array.isArray(entry) ? entry : [entry, /./];
    for (const file of [...testFiles(join(root, folder))].sort()) {
      for (const [, , numbers] of readFileSync(file, 'utf8').matchAll(named)) {
        for (const number of new Set(numbers.split(' '))) {
          if (!counts.test(number)) continue;
          const files = found.get(number) ?? new Map();
          found.set(number, files.set(file, (files.get(file) ?? 0) + 1));
        }
      }
    }
  }
  return found;
}

function table() {
  const found = provedBy();
  const known = new Set();
  const missing = [];
  const lines = [
    '# Features and the tests that prove them',
    '',
    'Made by `npm run features` from the names of the tests: each begins with the numbers of what it proves. The number in',
    'brackets counts the tests (or groups of tests) in a file; those in `test/suite` run on every adapter, and again with',
    'every run dropped from memory after each activation, and with a replay after each commit.',
  ];
  for (const [letter, [headline, titles]] of Object.entries(features)) {
    lines.push('', `## ${letter}. ${headline}`, '', '| | | proved by |', '|---|---|---|');
    for (const [n, title] of Object.entries(titles)) {
      const number = `${letter}${n}`;
      known.add(number);
      const files = found.get(number);
      if (!files) missing.push(`${number} ${title}`);
      const links = [...(files ?? [])].map(
        ([file, count]) =>
          `[${basename(file, '.test.ts')}](${relative(dirname(page), file).replaceAll('\\', '/')}) (${count})`,
      );
      lines.push(`| ${number} | ${title} | ${links.join(', ') || '—'} |`);
    }
  }
  lines.push('', '## Without a test of that number', '', ...missing.map((one) => `- ${one}`));
  const unknown = [...found.keys()].filter((number) => !known.has(number));
  return { text: `${lines.join('\n')}\n`, missing, unknown, proved: known.size - missing.length };
}

const { text: plain, missing, unknown, proved } = table();
const text = await format(plain, { ...(await resolveConfig(page)), filepath: page });
if (unknown.length > 0) {
  say(`Tests are named after numbers that scripts/feature-list.mjs does not have: ${unknown.join(', ')}`);
  process.exit(1);
}
if (process.argv.includes('--check')) {
  if (!existsSync(page) || readFileSync(page, 'utf8') !== text) {
    say('docs/features.md is not what the tests say. Write it anew with: node scripts/features.mjs');
    process.exit(1);
  }
} else {
  mkdirSync(dirname(page), { recursive: true });
  writeFileSync(page, text);
}
say(`${proved} of ${proved + missing.length} features have tests named after them.`);
