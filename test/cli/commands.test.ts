import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEngine } from '@perdure/core';
import { sqlite } from '@perdure/sqlite';
import { expect, test } from 'vitest';
import { folder, moduleAt, perdure, Perdure } from './perdure.js';
import { broken, deadly, effect, fatal, order } from './workflows.js';

const workflows = ['--workflows', moduleAt('workflows')];

/** A store with an order that waits, one that is done, and one that has failed. */
async function store(cwd: string): Promise<void> {
  const engine = await createEngine({
    storage: sqlite(join(cwd, 'perdure.sqlite')),
    workflows: [order, fatal, broken],
    activities: [effect, deadly],
  });
  await engine.start(order, { item: 'lamp' }, { id: 'waits' });
  const done = await engine.start(order, { item: 'desk' }, { id: 'done' });
  await done.signal('approve', { by: 'Ada' });
  await done.result();
  const failed = await engine.start(broken, undefined, { id: 'failed' });
  await failed.result().catch(() => undefined);
  await engine.close();
}

test('A24 start prints the id of a run that is in the store, with its input and its timeout', async () => {
  const cwd = folder();
  const { code, stdout, stderr } = await perdure(
    cwd,
    ...['start', 'order', '--input', '{"item":"lamp"}', '--id', 'order-1', '--timeout', '2h', ...workflows],
  );
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'order-1\n', stderr: '' });

  const shown = await perdure(cwd, 'status', 'order-1', '--json');
  const run = JSON.parse(shown.stdout) as Record<string, string>;
  expect(run).toMatchObject({ workflowId: 'order-1', status: 'pending', input: { item: 'lamp' } });
  const [began = 0, ends = 0] = ['startedAt', 'executionDeadline'].map((name) => Date.parse(run[name] ?? ''));
  expect(Math.round((ends - began) / 60_000)).toBe(120);
});

test('A24 an unknown name is refused with the registered ones, and nothing is written', async () => {
  const cwd = folder();
  expect(await perdure(cwd, 'start', 'oder', ...workflows)).toEqual({
    code: 1,
    stdout: '',
    stderr: "perdure: There is no workflow 'oder'; registered: broken, fatal, order\n",
  });
  expect(readdirSync(cwd)).toEqual([]);
});

test('A24 list, status and history show what is there, in words and as JSON', async () => {
  const cwd = folder();
  await store(cwd);
  const listed = await perdure(cwd, 'list');
  expect(listed.code, listed.stderr).toBe(0);
  const [header, ...rows] = listed.stdout.trim().split('\n');
  expect(header).toMatch(/^WORKFLOW ID +TYPE +STATUS +STARTED +ABOUT$/);
  expect(
    rows.map((row) =>
      row
        .replace(/ \d{4}-\S+Z/, '')
        .split(/ +/)
        .join(' ')
        .trim(),
    ),
  ).toEqual(['failed broken failed red alert', 'done order completed', 'waits order waiting signal approve']);
  const found = await perdure(
    cwd,
    'list',
    '--query',
    "Status = 'completed' ORDER BY StartTime ASC",
    '--json',
  );
  expect(
    found.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toMatchObject([{ workflowId: 'done', output: 'desk approved by Ada' }]);
  expect((await perdure(cwd, 'list', '--limit', '1', '--json')).stdout.trim().split('\n')).toHaveLength(1);

  const shown = await perdure(cwd, 'status', 'waits');
  expect(shown.stdout).toMatch(/^status +waiting$/m);
  expect(shown.stdout).toMatch(/^waiting for +signal approve$/m);
  const events = await perdure(cwd, 'history', 'done');
  expect(events.stdout).toMatch(/^1 +\S+Z +WorkflowStarted /m);
  expect(events.stdout).toMatch(/WorkflowCompleted .*desk approved by Ada/);
  const lines = (await perdure(cwd, 'history', 'done', '--json')).stdout.trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual(lines.map((_, i) => i + 1));
});

test('A24 what comes from the store is printed without its control characters', async () => {
  const cwd = folder();
  await store(cwd);
  for (const args of [['status', 'failed'], ['list'], ['history', 'failed'], ['list', '--json']]) {
    const { stdout } = await perdure(cwd, ...args);
    expect(stdout).toContain('alert');
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  }
});

test('A24 signal, cancel and terminate reach the run', async () => {
  const cwd = folder();
  await store(cwd);
  const signalled = await perdure(
    cwd,
    'signal',
    'waits',
    'approve',
    '--input',
    '{"by":"Bob"}',
    '--id',
    'once',
  );
  expect(signalled.code, signalled.stderr).toBe(0);
  expect(signalled.stderr).toContain("takes a signal 'approve' was not checked");
  await perdure(cwd, 'signal', 'waits', 'approve', '--input', '{"by":"Bob"}', '--id', 'once');
  for (const id of ['cancelled', 'terminated'])
    expect((await perdure(cwd, 'start', 'order', '--id', id, ...workflows)).code).toBe(0);
  expect((await perdure(cwd, 'cancel', 'cancelled', '--reason', 'too late', '--keep-queued')).code).toBe(0);
  const again = await perdure(cwd, 'cancel', 'cancelled');
  expect([again.code, again.stdout]).toEqual([0, 'Nothing to cancel: cancelled is cancelled\n']);
  expect((await perdure(cwd, 'terminate', 'terminated', '--reason', 'no more')).code).toBe(0);
  const states = (await perdure(cwd, 'list', '--json')).stdout.trim().split('\n');
  expect(states.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { workflowId: 'terminated', status: 'terminated', closedReason: 'no more' },
    { workflowId: 'cancelled', status: 'cancelled', closedReason: 'too late' },
    { workflowId: 'failed' },
    { workflowId: 'done' },
    { workflowId: 'waits' },
  ]);
  const engine = await createEngine({
    storage: sqlite(join(cwd, 'perdure.sqlite')),
    workflows: [order],
    activities: [effect],
  });
  expect(await engine.handle('waits').result()).toBe('lamp approved by Bob');
  await engine.close();
});

test('A24 verify replays what is stored against the code of today, and ends with 1 and a report where it does not fit', async () => {
  const cwd = folder();
  await store(cwd);
  const fits = await perdure(cwd, 'verify', ...workflows);
  expect(fits).toEqual({ code: 0, stdout: '3 of 3 replay.\n', stderr: '' });

  const bundle = await perdure(cwd, 'export', 'done');
  writeFileSync(join(cwd, 'done.json'), bundle.stdout);
  const changed = ['--workflows', moduleAt('changed-workflows')];
  const broke = await perdure(cwd, 'verify', 'done.json', ...changed);
  expect(broke.code).toBe(1);
  expect(broke.stdout).toContain('order done (run ');
  expect(broke.stdout).toContain('nondeterminism');
  expect(broke.stdout).toContain('0 of 1 replay.');
  const report = await perdure(cwd, 'verify', '--query', "WorkflowType = 'order'", '--json', ...changed);
  expect(report.code).toBe(1);
  expect(JSON.parse(report.stdout)).toMatchObject({
    replayed: 2,
    failed: [{ workflowId: 'done', code: 'nondeterminism' }, { workflowId: 'waits' }],
  });

  writeFileSync(join(cwd, 'edited.json'), bundle.stdout.replace('desk', 'sofa'));
  const edited = await perdure(cwd, 'verify', 'edited.json', ...workflows);
  expect(edited.code).toBe(1);
  expect(edited.stdout).toContain('the bundle was edited or damaged');
});

test('A24 help of the whole, of a command, and the version', async () => {
  const cwd = folder();
  const overview = await perdure(cwd, '--help');
  expect(overview).toMatchObject({ code: 0, stderr: '' });
  expect(overview.stdout).toMatch(/^ {2}worker +\S/m);
  expect((await perdure(cwd)).stdout).toBe(overview.stdout);
  expect((await perdure(cwd, 'worker', '--help')).stdout).toMatch(/^perdure worker \[options\]\n/);
  expect(await perdure(cwd, '--version')).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
});

test('A24 a reader that has had enough ends it quietly', async () => {
  const cwd = folder();
  await store(cwd);
  const listing = new Perdure(cwd, ['list']);
  listing.child.stdout?.destroy();
  const { code, stderr } = await listing.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
