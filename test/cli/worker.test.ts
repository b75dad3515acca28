import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { folder, moduleAt, patience, perdure, Perdure } from './perdure.js';

const workflows = ['--workflows', moduleAt('workflows')];

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function settled(cwd: string, id: string): Promise<Record<string, unknown>> {
  return vi.waitFor(async () => {
    const { stdout } = await perdure(cwd, 'status', id, '--json');
    const run = JSON.parse(stdout) as Record<string, unknown>;
    expect(run['statusBucket']).not.toBe('running');
    return run;
  }, patience);
}

test('A24 worker processes run what was started, before them and while they are there; SIGTERM ends them with 0', async () => {
  const cwd = folder();
  const ledger = join(cwd, 'ledger.txt');
  const start = (id: string) =>
    perdure(cwd, 'start', 'order', '--id', id, '--input', `{"item":"${id}"}`, ...workflows);
  await start('early');
  const worker = new Perdure(cwd, ['worker', '--procs', '2', ...workflows], { LEDGER: ledger });
  await worker.until(({ workers }) => workers.length === 2);
  await start('late');
  for (const id of ['early', 'late']) await perdure(cwd, 'signal', id, 'approve', '--input', '{"by":"Ada"}');
  for (const id of ['early', 'late'])
    expect(await settled(cwd, id)).toMatchObject({ status: 'completed', output: `${id} approved by Ada` });
  expect(readFileSync(ledger, 'utf8').trim().split('\n').sort()).toEqual(['early', 'late']);
  expect(await perdure(cwd, 'query', 'late', 'progress')).toEqual({
    code: 0,
    stdout: 'waiting\n',
    stderr: '',
  });

  const { workers } = worker;
  expect(workers.filter(isAlive)).toHaveLength(2);
  worker.child.kill('SIGTERM');
  expect(await worker.ended).toMatchObject({ code: 0, stderr: '' });
  expect(workers.filter(isAlive)).toEqual([]);
});

test('A24 a worker process that dies is replaced, and what it was at goes on', async () => {
  const cwd = folder();
  await perdure(cwd, 'start', 'fatal', '--id', 'fatal', ...workflows);
  const worker = new Perdure(cwd, ['worker', '--procs', '1', ...workflows]);
  expect(await settled(cwd, 'fatal')).toMatchObject({ status: 'completed', output: 'attempt 2' });
  await worker.until(({ workers }) => workers.length === 2);
  expect(worker.stderr).toContain('perdure: worker 1 ended (SIGKILL); another one takes its place\n');
  worker.child.kill('SIGINT');
  expect((await worker.ended).code).toBe(0);
});

test('A24 worker processes end by themselves after --iterations looks at the store', async () => {
  const cwd = folder();
  const args = ['worker', '--procs', '2', '--tick', '50ms', '--iterations', '3', ...workflows];
  const worker = new Perdure(cwd, args);
  expect(await worker.ended).toMatchObject({ code: 0, stderr: '' });
  expect(worker.workers).toHaveLength(2);
});

test('A24 a worker that can never work says why and ends with 1', async () => {
  const cwd = folder();
  const { code, stdout, stderr } = await perdure(cwd, 'worker', '--procs', '2', '--workflows', 'none.js');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^perdure: There is no module at [^\n]+\n$/);
});

test('A24 worker processes end when the one that started them is killed', async () => {
  const cwd = folder();
  const worker = new Perdure(cwd, ['worker', '--procs', '2', ...workflows]);
  await worker.until(({ workers }) => workers.length === 2);
  worker.child.kill('SIGKILL');
  await expect.poll(() => worker.workers.filter(isAlive), patience).toEqual([]);
});
