import { execFileSync, fork, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, createEngine, type Client, type Engine, type StorageError } from '@perdure/core';
import type { Storage } from '@perdure/core/storage';
import { sqlite } from '@perdure/sqlite';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { fileEffect } from './file-effect.js';
import { patience, Site } from './site.js';
import { SqliteInsides } from './sqlite-insides.js';
import { workflows } from './workflows.js';

const limit = 600_000;

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-outages-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** An engine in this process, and the codes of the errors that it reports. */
async function engineOn(storage: Storage): Promise<{ engine: Engine; reported: readonly string[] }> {
  const reported: string[] = [];
  const report = (_message: string, fields?: Record<string, unknown>): void => {
    reported.push(String((fields?.['error'] as Partial<StorageError> | undefined)?.code));
  };
  const logger = { debug: () => undefined, info: () => undefined, warn: report, error: report };
  const engine = await createEngine({ storage, workflows, activities: [fileEffect], logger });
  onTestFinished(() => engine.close({ grace: 0 }));
  return { engine, reported };
}

/** Runs on the store in this folder, their ledger beside it. */
async function siteIn(client: Client, folder: string, storage: Storage): Promise<Site> {
  const insides = await SqliteInsides.of(storage, folder);
  onTestFinished(() => insides.close());
  const ledger = join(folder, 'ledger.jsonl');
  return Site.of(client, insides, { address: ledger, file: ledger });
}

/** A client of a new file, which runs nothing itself. */
async function clientOfNewFile(): Promise<{
  folder: string;
  file: string;
  storage: Storage;
  client: Client;
}> {
  const folder = newFolder();
  const file = join(folder, 'store.sqlite');
  const storage = sqlite(file);
  const client = await createClient({ storage });
  onTestFinished(() => client.close());
  return { folder, file, storage, client };
}

/** A process, which ends with the test. */
function start(program: string, file: string, stderr: 'inherit' | 'pipe'): ChildProcess {
  const process = fork(join(import.meta.dirname, program), [file], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'inherit', stderr, 'ipc'],
  });
  const ended = once(process, 'exit');
  onTestFinished(async () => {
    process.kill('SIGKILL');
    await ended;
  });
  return process;
}

/** What loads its TypeScript has messages of its own. */
async function said(process: ChildProcess, word: string): Promise<void> {
  for (let message: unknown; message !== word;) [message] = await once(process, 'message');
}

test(
  'F4 G9 another process holds the file for longer than is waited, and dies: nothing is lost or half-written, and the engine goes on by itself',
  async () => {
    const folder = newFolder();
    const file = join(folder, 'store.sqlite');
    const storage = sqlite(file);
    const holder = start('lock-holder.ts', file, 'inherit');
    await said(holder, 'ready');
    const { engine, reported } = await engineOn(storage);
    const site = await siteIn(engine, folder, storage);
    const holds = said(holder, 'holds');
    holder.send('take it');
    await holds;
    await site.refuses('storage_busy');
    await expect.poll(() => reported, patience).toContain('storage_busy');
    holder.kill('SIGKILL');
    await site.goesOn();
  },
  limit,
);

test(
  'F2 G9 the disk is full: nothing is lost or half-written, and the engine goes on by itself once there is room',
  async () => {
    const folder = newFolder();
    const database = new Database(join(folder, 'store.sqlite'));
    database.pragma('journal_mode = wal');
    const storage = sqlite({ database });
    const { engine, reported } = await engineOn(storage);
    const site = await siteIn(engine, folder, storage);
    const mostPages = database.pragma('max_page_count', { simple: true }) as number;
    database.pragma(`max_page_count = ${database.pragma('page_count', { simple: true })}`);
    await site.refuses('storage_full');
    await expect.poll(() => reported, patience).toContain('storage_full');
    database.pragma(`max_page_count = ${mostPages}`);
    await site.goesOn();
  },
  limit,
);

/** The limit of how large a file may grow is the one way for an ordinary user to make the system refuse a write. */
const canLimit = spawnSync('prlimit', ['--version']).status === 0;

test.skipIf(!canLimit)(
  'F2 G10 the system refuses what a worker writes (Linux, with prlimit): whatever became of its commits, nothing is lost or done twice',
  async () => {
    const { folder, file, storage, client } = await clientOfNewFile();
    const worker = start('worker.ts', file, 'pipe');
    let reported = '';
    worker.stderr?.setEncoding('utf8').on('data', (text: string) => (reported += text));
    const limitFiles = (most: string): void => {
      execFileSync('prlimit', ['--pid', String(worker.pid), `--fsize=${most}:`]);
    };
    await said(worker, 'ready');
    const site = await siteIn(client, folder, storage);
    // More than the ledger, and less than a write-ahead log before it begins anew.
    limitFiles('250000');
    await expect.poll(() => reported, patience).toContain("code: 'SQLITE_IOERR_WRITE'");
    await expect.poll(() => reported, patience).toContain("outcome: 'unknown'");
    await site.guarantees.hold();
    limitFiles('unlimited');
    await site.goesOn();
  },
  limit,
);

/** The state of a process, as Linux tells it. */
const isStopped = ({ pid }: ChildProcess): boolean =>
  readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.startsWith('T') === true;

test.skipIf(process.platform !== 'linux')(
  'F2 G2 G8 a process that stands still for longer than its leases (Linux, where that can be seen) is fenced when it goes on: nothing is done twice',
  async () => {
    const { folder, file, storage, client } = await clientOfNewFile();
    const frozen = start('worker.ts', file, 'pipe');
    await said(frozen, 'ready');
    const site = await siteIn(client, folder, storage);
    await said(start('worker.ts', file, 'inherit'), 'ready');
    const database = new Database(file, { timeout: 0 });
    onTestFinished(() => {
      database.close();
    });
    const leases = database
      .prepare('select count(*) from leases join workers on worker = lease_owner where pid = ?')
      .pluck();
    const isFree = (): boolean => {
      try {
        database.exec('begin immediate; rollback');
        return true;
      } catch {
        return false;
      }
    };
    // With work in its hands, and not within a transaction, which would stop the others too.
    await expect
      .poll(async () => {
        frozen.kill('SIGSTOP');
        await expect.poll(() => isStopped(frozen), patience).toBe(true);
        const goesWell = Number(leases.get(frozen.pid)) > 0 && isFree();
        if (!goesWell) frozen.kill('SIGCONT');
        return goesWell;
      }, patience)
      .toBe(true);
    await site.movesOn();
    await site.guarantees.hold();
    frozen.kill('SIGCONT');
    await site.goesOn();
  },
  limit,
);
