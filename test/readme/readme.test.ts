import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');

test.each([
  ['README.md', ['order.ts', 'reminder.test.ts']],
  ['docs/guide.md', ['basket.test.ts', 'journey.test.ts', 'change.test.ts', 'operate.test.ts']],
])('the code of %s is that of files in this folder, which compile and run', async (path, files) => {
  const page = await readFile(join(root, path), 'utf8');
  const blocks = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
  expect(blocks).toEqual(await Promise.all(files.map((file) => readFile(join(here, file), 'utf8'))));
});

const sources = ['packages', 'adapters', 'examples', 'test'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => !path.includes('node_modules'))
    .map((path) => join(folder, path)),
);
const present = new Set([...sources, ...readdirSync(root)].map((path) => basename(path)));
const pages = [
  'README.md',
  'docs/guide.md',
  'docs/testing.md',
  ...sources.filter((path) => basename(path) === 'README.md'),
];

test.for(pages)('%s names and links what is there', async (page) => {
  const folder = join(root, dirname(page));
  const text = await readFile(join(root, page), 'utf8');
  const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, target]) => target ?? '');
  await Promise.all(links.map((target) => access(join(folder, target))));

  const named = [...text.matchAll(/`([\w./-]+\.(?:ts|css|html|mjs))`/g)].map(([, path]) =>
    basename(path ?? ''),
  );
  expect(named.filter((name) => !present.has(name))).toEqual([]);
});

test('the first program of the front page does what it says', { timeout: 30_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perdure-readme-'));
  try {
    const program = () =>
      promisify(execFile)(
        process.execPath,
        ['--import', join(root, 'node_modules/tsx/dist/loader.mjs'), join(here, 'order.ts')],
        { cwd: folder, env: { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') } },
      );
    const { stdout } = await program();
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^90 by .+, approved by Ada$/);
    expect(stdout).toContain("kind: 'timer'");
    const last = (output: string): string | undefined => output.trimEnd().split('\n').at(-1);
    expect(last((await program()).stdout)).toBe(last(stdout));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
