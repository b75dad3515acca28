import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const patience = { timeout: 60_000, interval: 50 };
let temporary: string;
let program: ChildProcess;
let output: string;

/** What `npm start` runs, once everything is installed. */
beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'perdure-example-'));
  output = '';
  program = spawn(process.execPath, [join(root, 'node_modules/tsx/dist/cli.mjs'), 'src/main.ts'], {
    cwd: join(root, 'examples/order'),
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const listen = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
  };
  program.stdout?.on('data', listen);
  program.stderr?.on('data', listen);
});

afterEach(async () => {
  if (program.exitCode === null && program.signalCode === null) {
    program.kill('SIGTERM');
    await once(program, 'close');
  }
  await rm(temporary, { recursive: true, force: true });
});

const workers = (): number[] => [...output.matchAll(/\(process (\d+)\)/g)].map(([, pid]) => Number(pid));
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const stores = async (): Promise<string[]> =>
  (await readdir(temporary)).filter((name) => name.startsWith('perdure-order-'));

test('F2 an order whose worker is killed twice completes, and each effect happens once', async () => {
  const [code] = (await once(program, 'close')) as [number | null];
  expect(code, output).toBe(0);
  expect(output).not.toContain('\u001B');

  const told = [...output.matchAll(/^\S (Worker \d) \(process \d+\) (.*)$|^\S (Worker \d was killed .*):/gm)];
  expect(told.map(([, worker, what, killed]) => killed ?? `${worker ?? ''} ${what ?? ''}`)).toEqual([
    'Worker 1 starts',
    'Worker 1 was killed (SIGKILL) in the middle of "charge"',
    'Worker 2 has resumed the order',
    'Worker 2 was killed (SIGKILL) in the middle of "pack"',
    'Worker 3 has resumed the order',
  ]);
  expect(output).toMatch(/Order order-1042 is completed: \{"outcome":"shipped"/);
  expect(output).toMatch(/^\d+ +[\d.]+ +ActivityCompleted +charge {2}attempt 2/m);

  const ledger = output.slice(output.indexOf('Ledger:'));
  const done = [...ledger.matchAll(/^(\S.*?) +(\d)\u00D7 +(\d) +(\d)\u00D7$/gm)].map((line) =>
    line.slice(1, 5),
  );
  expect(done).toEqual([
    ['reserve', '1', '2', '1'],
    ['charge', '2', '2', '1'],
    ['pick', '1', '1', '1'],
    ['pack', '2', '2', '1'],
    ['hand over', '1', '1', '1'],
  ]);
  expect(workers().filter(isAlive)).toEqual([]);
  expect(await stores()).toEqual([]);
});

test('interrupted, it takes its worker and its store with it', async () => {
  await expect.poll(() => workers().filter(isAlive), patience).toHaveLength(1);
  expect(await stores()).toHaveLength(1);
  const closed = once(program, 'close');
  program.kill('SIGINT');
  const [code] = (await closed) as [number | null];
  expect(code, output).not.toBe(0);
  expect(output).toContain('Interrupted by SIGINT');
  expect(workers().filter(isAlive)).toEqual([]);
  expect(await stores()).toEqual([]);
});
