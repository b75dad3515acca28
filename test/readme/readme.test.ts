import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');

test('the code of the front page is that of the files in this folder, which compile and run', async () => {
  const page = await readFile(join(root, 'README.md'), 'utf8');
  const blocks = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
  const files = ['order.ts', 'reminder.test.ts'];
  expect(blocks).toEqual(await Promise.all(files.map((file) => readFile(join(here, file), 'utf8'))));
});

test('the links of the front page lead somewhere', async () => {
  const page = await readFile(join(root, 'README.md'), 'utf8');
  const targets = [...page.matchAll(/\]\(([^)#:]+)\)/g)].map(([, target]) => join(root, target ?? ''));
  expect(targets.length).toBeGreaterThan(5);
  await Promise.all(targets.map((target) => access(target)));
});

test('the first program of the front page does what it says', { timeout: 30_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perdure-readme-'));
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', join(root, 'node_modules/tsx/dist/loader.mjs'), join(here, 'order.ts')],
      { cwd: folder, env: { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') } },
    );
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^90 by .+, approved by Ada$/);
    expect(stdout).toContain("kind: 'timer'");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
