import Sqlite from 'better-sqlite3';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import type { ChangeHint } from '@perdure/core/storage';
import { all, claimAll, insert, newTask, temporaryFiles } from './records.testkit.js';
import { sqlite } from './sqlite.js';

const newFile = temporaryFiles();
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const children: ChildProcessWithoutNullStreams[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Another process; `next` is the next value that it says. */
function start(...args: readonly string[]) {
  const process_ = spawn(
    process.execPath,
    [
      '--import',
      import.meta.resolve('tsx'),
      fileURLToPath(new URL('./child.testkit.ts', import.meta.url)),
      ...args,
    ],
    {
      env: { ...process.env, TSX_TSCONFIG_PATH: at('../../../tsconfig.base.json') },
    },
  );
  children.push(process_);
  process_.stderr.pipe(process.stderr);
  const lines = createInterface(process_.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line = await lines.next();
    return line.done === true ? undefined : (JSON.parse(line.value) as unknown);
  };
  const ended = once(process_, 'exit');
  return { process: process_, next, ended };
}

interface Done {
  readonly commits: number;
  readonly added: number;
}

const limit = 60_000;

test(
  'F4 A4 processes that write one file without pause lose nothing, and none of them starves',
  async () => {
    const path = newFile();
    await (await sqlite(path).open()).close();
    const names = ['one', 'two', 'three'];
    const writers = names.map((name) => start('write', path, name));
    for (const writer of writers) expect(await writer.next()).toBe('ready');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    for (const writer of writers) writer.process.stdin.write('stop\n');
    const done = await Promise.all(writers.map((writer) => writer.next() as Promise<Done>));
    const handle = await sqlite(path).open();
    const runs = await Promise.all(names.map((name) => handle.readRun(name)));
    expect(runs.map((run) => run?.seq)).toEqual(done.map(({ commits }) => commits));
    const sum = done.reduce((all, { added }) => all + added, 0);
    expect((await handle.readKey('default', 'sum'))?.value).toBe(String(sum));
    await handle.close();
    // With SQLite's own waiting, one of two writers made a single commit while the other made 3,929.
    const commits = done.map((one) => one.commits);
    expect(Math.min(...commits) / Math.max(...commits)).toBeGreaterThan(0.02);
  },
  limit,
);

test(
  'A1 a process killed while it commits leaves each batch whole or not at all, and every acknowledged one',
  async () => {
    const path = newFile();
    await (await sqlite(path).open()).close();
    for (let times = 0; times < 8; times++) {
      const name = `w${times}`;
      const writer = start('pairs', path, name);
      let acknowledged = Number(await writer.next());
      const killed = setTimeout(() => writer.process.kill('SIGKILL'), 5 + 195 * Math.random());
      for (let said = await writer.next(); said !== undefined; said = await writer.next())
        acknowledged = Number(said);
      await writer.ended;
      clearTimeout(killed);
      const handle = await sqlite(path).open();
      const [a, b] = await handle.loadRuns([
        { runId: `${name}-a`, afterSeq: 0 },
        { runId: `${name}-b`, afterSeq: 0 },
      ]);
      await handle.close();
      expect(a?.events).toEqual(b?.events);
      expect(a?.events).toHaveLength(a?.run.seq ?? NaN);
      expect(a?.run.seq).toBeGreaterThanOrEqual(acknowledged);
      const database = new Sqlite(path);
      expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
      database.close();
    }
  },
  limit,
);

test(
  'the leases of a process that died are free as soon as somebody looks, those of one that lives are not',
  async () => {
    const path = newFile();
    const handle = await sqlite(path).open();
    const hints: ChangeHint[] = [];
    handle.watch((hint) => hints.push(hint));
    const put = (taskId: string) => handle.commit(all([{ kind: 'put-task', task: newTask(taskId) }]));
    await put('doomed');
    const dies = start('hold', path, 'dies');
    expect(await dies.next()).toBe(1);
    await put('kept');
    const lives = start('hold', path, 'lives');
    expect(await lives.next()).toBe(1);
    expect(await handle.reapDeadWorkers()).toBe(0);
    expect(hints).not.toContainEqual({ kind: 'worker-gone' });

    dies.process.kill('SIGKILL');
    await dies.ended;
    await expect.poll(() => hints).toContainEqual({ kind: 'worker-gone' });
    expect(await handle.reapDeadWorkers()).toBe(1);
    expect(await handle.reapDeadWorkers()).toBe(0);
    const claimed = await handle.claim(claimAll('heir', 2));
    expect(claimed.map(({ taskId, token, attempt }) => [taskId, token, attempt])).toEqual([['doomed', 2, 2]]);
    expect((await handle.readTask('kept'))?.leaseOwner).toBe('lives');
    await handle.close();
  },
  limit,
);

test(
  'N1 what another process writes is told, and can be read by then',
  async () => {
    const path = newFile();
    const handle = await sqlite(path).open();
    const seen: Promise<unknown>[] = [];
    const unwatch = handle.watch((hint) => {
      if (hint.kind === 'unknown') seen.push(handle.readRun('w-a'));
    });
    const writer = start('pairs', path, 'w');
    expect(await writer.next()).toBe(1);
    await expect.poll(() => seen.length).toBeGreaterThan(2);
    expect(await seen.at(-1)).toMatchObject({ runId: 'w-a' });
    unwatch();
    await handle.close();
  },
  limit,
);

test('a process id of another computer or container, or that was given out anew, is not taken for the worker', async () => {
  const path = newFile();
  const handle = await sqlite(path).open();
  await handle.join('here');
  const tasks = ['here', 'elsewhere', 'reborn'].map((owner) =>
    newTask(owner, { leaseOwner: owner, leaseUntil: 1_000, token: 1 }),
  );
  await handle.commit(all(tasks.map((task) => ({ kind: 'put-task', task }))));
  const database = new Sqlite(path);
  const gone = spawn(process.execPath, ['--version']);
  await once(gone, 'exit');
  const copy =
    'insert into workers select ?, host || ?, ifnull(?, pid), born || ? from workers where worker = ?';
  database.prepare(copy).run('elsewhere', 'x', gone.pid, '', 'here');
  expect(await handle.reapDeadWorkers()).toBe(0);
  if (process.platform === 'linux') {
    database.prepare(copy).run('reborn', '', null, '1', 'here');
    expect(await handle.reapDeadWorkers()).toBe(1);
    expect((await handle.readTask('reborn'))?.leaseOwner).toBeNull();
  }
  expect((await handle.readTask('here'))?.leaseOwner).toBe('here');
  expect((await handle.readTask('elsewhere'))?.leaseOwner).toBe('elsewhere');
  await handle.close();
  expect(database.prepare('select worker from workers').pluck().all()).not.toContain('here');
  database.close();
});

test('the store goes on while the timers of the application are fake', async () => {
  const path = newFile();
  const handle = await sqlite(path).open();
  const hints: ChangeHint[] = [];
  const other = new Sqlite(path);
  vi.useFakeTimers();
  try {
    handle.watch((hint) => hints.push(hint));
    other.exec('begin immediate');
    const committed = handle.commit(all([insert('r')]));
    await realPause();
    other.exec("insert into keys values ('default', 'k', 'v', 'r'); commit");
    await committed;
    expect((await handle.readRun('r'))?.seq).toBe(1);
    while (!hints.some(({ kind }) => kind === 'unknown')) await realPause();
  } finally {
    vi.useRealTimers();
  }
  other.close();
  await handle.close();
});

const { setTimeout: realTimeout } = globalThis;
const realPause = (): Promise<void> => new Promise((resolve) => realTimeout(resolve, 1));
