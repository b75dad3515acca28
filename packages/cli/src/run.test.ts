import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, defineWorkflow, signal } from '@perdure/core';
import { sqlite } from '@perdure/sqlite';
import { expect, onTestFinished, test } from 'vitest';
import type { Output } from './output.js';
import { run } from './run.js';

async function perdure(args: readonly string[]): Promise<{ code: number; out: string[]; notes: string[] }> {
  const out: string[] = [];
  const notes: string[] = [];
  const output: Output = {
    line: (text = '') => out.push(text),
    json: (value) => out.push(JSON.stringify(value)),
    note: (text) => notes.push(text),
  };
  return { code: await run(args, output), out, notes };
}

const here = import.meta.filename;
const manifest = join(import.meta.dirname, '../package.json');

test.each([
  [['start', 'order', '--input', '{item'], 2, '--input is no JSON'],
  [
    ['start', 'order', '--timeout', 'soon'],
    2,
    '--timeout must be a time above zero in seconds, or with a unit',
  ],
  [['start', 'order', '--timeout', '0.0001'], 2, '--timeout must be a time above zero'],
  [['start', 'order', '--workflows', 'none.js'], 1, 'There is no module at '],
  [['start', 'order', '--workflows', here], 1, 'cannot be used: '],
  [['start', 'order', '--store', '/nowhere/at/all.sqlite'], 1, 'there is no folder /nowhere/at'],
  [['start', 'order', '--store', ':memory:'], 2, '--store must be a file'],
  [['start'], 2, 'perdure start needs NAME'],
  [['signal', 'order-1'], 2, 'perdure signal needs NAME'],
  [['signal', 'order-1', 'approve', '--input', '}'], 2, '--input is no JSON'],
  [['query', 'order-1', 'progress', '--input', ''], 2, '--input is no JSON'],
  [['status', 'one', 'two'], 2, "perdure status takes no 'two'"],
  [['status', 'order-1', '--verbose'], 2, "Unknown option '--verbose'"],
  [['status', 'order-1', '--run'], 2, "Option '--run'"],
  [['status', 'order-1'], 1, 'There is no store at '],
  [['status', 'order-1', '--store', '/'], 1, 'There is no store at '],
  [['list', '--limit', '-1'], 2, '--limit'],
  [['list', '--limit', '1.5'], 2, '--limit must be a whole number from 1'],
  [['worker', '--procs', '0', '--workflows', here], 2, "--procs must be a whole number from 1, and is '0'"],
  [['worker', '--batch', 'many', '--workflows', here], 2, '--batch must be a whole number from 1'],
  [['worker', '--tick', '0', '--workflows', here], 2, '--tick must be a time above zero'],
  [['worker'], 2, 'perdure worker needs --workflows'],
  [['verify'], 2, 'perdure verify needs --workflows'],
  [['verify', 'none.json', '--workflows', here], 1, 'cannot be used: '],
  [['ui', '--port', '65536'], 2, '--port must be at most 65535'],
  [['ui', 'none.json'], 1, 'The file none.json cannot be read as an exported history'],
  [['ui', manifest], 1, 'is no exported history'],
  [['ui'], 1, 'There is no store at '],
  [['doctor'], 1, 'There is no store at '],
  [['bench', '--tasks', '0'], 2, '--tasks must be a whole number from 1'],
  [['bench', '--backend', 'tape'], 2, '--backend must be one of memory'],
  [['demo', 'speed'], 2, "There is no demo 'speed'"],
  [['sing'], 2, "There is no command 'sing': see perdure --help"],
] as const)(
  'A24 perdure %j ends with %d and one sentence, and makes nothing',
  async (args, exitCode, part) => {
    const folder = mkdtempSync(join(tmpdir(), 'perdure-run-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    const store =
      args.includes('--store' as never) || ['sing', 'bench', 'demo'].includes(args[0])
        ? []
        : ['--store', join(folder, 'p.sqlite')];
    const { code, out, notes } = await perdure([...args, ...store]);
    expect(notes.at(-1)).toContain(part);
    expect(notes.at(-1)).toMatch(/^perdure: [^\n]+$/);
    expect({ code, out }).toEqual({ code: exitCode, out: [] });
    expect(readdirSync(folder)).toEqual([]);
    expect(existsSync('perdure.sqlite')).toBe(false);
  },
);

test('A24 a store that somebody else made is refused, and left as it is', async () => {
  const { code, notes } = await perdure(['list', '--store', here]);
  expect(code).toBe(1);
  expect(notes).toHaveLength(1);
  expect(notes[0]).toMatch(/^perdure: [^\n]+database[^\n]+$/);
});

test('A24 unknown ids, messages and queries that are none are refused, one sentence each', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-run-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const store = join(folder, 'p.sqlite');
  const done = defineWorkflow('done', { messages: { approve: signal<string>() } }, async () => 'done');
  const engine = await createEngine({ storage: sqlite(store), workflows: [done] });
  await engine.execute(done, undefined, { id: 'done' });
  await engine.close();
  const refusals: readonly (readonly [readonly string[], string])[] = [
    [['status', 'nobody'], "'nobody'"],
    [['signal', 'nobody', 'approve'], "'nobody'"],
    [['query', 'nobody', 'progress'], "'nobody'"],
    [['cancel', 'nobody'], "'nobody'"],
    [['terminate', 'nobody'], "'nobody'"],
    [['terminate', 'done'], 'done'],
    [['signal', 'done', 'approve'], 'done'],
    [['history', 'nobody'], "'nobody'"],
    [['export', 'nobody'], "'nobody'"],
    [['status', 'done', '--run', 'other'], 'other'],
    [['status', 'done', '--namespace', 'elsewhere'], "'done'"],
    [['start', 'done', '--id', 'no spaces'], 'id: must be 1 to 191 letters'],
    [['start', 'done', '--id', 'done'], 'done'],
    [['list', '--query', "Status = 'failed' AND"], 'query'],
    [['list', '--status', 'finished'], 'status'],
  ];
  for (const [args, part] of refusals) {
    const { code, out, notes } = await perdure([...args, '--store', store]);
    expect({ args, code, out }).toEqual({ args, code: 1, out: [] });
    expect(notes.at(-1)).toMatch(/^perdure: [^\n]+$/);
    expect(notes.at(-1)).toContain(part);
  }
  expect((await perdure(['list', '--store', store])).out).toHaveLength(2);
});

test('A24 every command explains itself', async () => {
  const { out } = await perdure(['--help']);
  const names = out.flatMap((line) => /^ {2}([a-z]+) {2,}\S/.exec(line)?.[1] ?? []);
  expect(names).toEqual(
    expect.arrayContaining([
      'worker',
      'start',
      'signal',
      'cancel',
      'status',
      'verify',
      'bench',
      'doctor',
      'ui',
    ]),
  );
  for (const name of names) {
    const { code, out: help } = await perdure([name, '--help']);
    expect(code).toBe(0);
    expect(help[0]).toMatch(new RegExp(`^perdure ${name} .*\\[options\\]$`));
    expect(help).toContain('Options:');
    expect(help.join('\n')).toMatch(/^ {2}-h, --help +Shows this\.$/m);
  }
});
