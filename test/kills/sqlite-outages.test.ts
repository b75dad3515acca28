import { execFileSync, fork, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createClient,
  createEngine,
  type Client,
  type Engine,
  type StorageError,
  type WorkflowHandle,
} from '@perdure/core';
import type { Storage } from '@perdure/core/storage';
import { sqlite } from '@perdure/sqlite';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { Guarantees } from './guarantees.js';
import { checkLedger, effectsOf } from './ledger.js';
import { effect, stroll, workflows } from './workflows.js';

const runs = 6;
const patience = { timeout: 180_000, interval: 50 };
const limit = 600_000;

/** Runs on a store that are being moved on. */
class Site {
  readonly guarantees: Guarantees;
  readonly #client: Client;
  readonly #ledger: string;
  readonly #handles: WorkflowHandle<number>[] = [];

  private constructor(client: Client, folder: string, guarantees: Guarantees) {
    this.#client = client;
    this.#ledger = join(folder, 'ledger.jsonl');
    this.guarantees = guarantees;
  }

  static async of(client: Client, folder: string, storage: Storage): Promise<Site> {
    const database = new Database(join(folder, 'store.sqlite'), { readonly: true });
    const store = await storage.open();
    onTestFinished(async () => {
      database.close();
      await store.close();
    });
    const site = new Site(client, folder, new Guarantees(client, store, database));
    for (let n = 0; n < runs; n++) await site.#start(`stroll-${n}`);
    await site.#movesOn();
    return site;
  }

  async #start(id: string): Promise<void> {
    this.#handles.push(await this.#client.start(stroll, this.#ledger, { id }));
  }

  /** Waits until each run has had another effect. */
  async #movesOn(): Promise<void> {
    const effects = (): number[] =>
      this.#handles.map(({ workflowId }) => effectsOf(workflowId, this.#ledger));
    const before = effects();
    await expect.poll(() => effects().every((now, n) => now > before[n]!), patience).toBe(true);
  }

  /** Commands are refused with this code and nothing is left of them; what only reads goes on. */
  async refuses(code: string): Promise<void> {
    const refusal = { code, retryable: true, outcome: 'not-applied' };
    const handle = this.#handles[0] as WorkflowHandle<number>;
    // More than what may still be free in a page.
    const much = 'x'.repeat(100_000);
    await Promise.all([
      expect(this.#client.start(stroll, much, { id: 'refused' })).rejects.toMatchObject(refusal),
      expect(handle.signal('stop', much)).rejects.toMatchObject(refusal),
    ]);
    expect(await handle.describe()).toMatchObject({
      status: expect.stringMatching(/running|waiting/) as string,
    });
    await expect(this.#client.handle('refused').describe()).rejects.toMatchObject({
      code: 'workflow_not_found',
    });
    await this.guarantees.hold();
  }

  /** The engine goes on by itself, and what was refused goes through when it is asked for again. */
  async goesOn(): Promise<void> {
    await this.#movesOn();
    await this.#start('refused');
    await Promise.all(this.#handles.map((handle) => handle.signal('stop', 'now')));
    const steps = await Promise.all(this.#handles.map((handle) => handle.result()));
    await this.guarantees.hold();
    this.guarantees.holdAtTheEnd();
    expect(this.guarantees.runs).toBe(runs + 1);
    checkLedger(
      this.#ledger,
      steps.reduce((sum, count) => sum + count),
    );
  }
}

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
  const engine = await createEngine({ storage, workflows, activities: [effect], logger });
  onTestFinished(() => engine.close({ grace: 0 }));
  return { engine, reported };
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
    const site = await Site.of(engine, folder, storage);
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
    const site = await Site.of(engine, folder, storage);
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
    const folder = newFolder();
    const file = join(folder, 'store.sqlite');
    const storage = sqlite(file);
    const client = await createClient({ storage });
    onTestFinished(() => client.close());
    const worker = start('worker.ts', file, 'pipe');
    let reported = '';
    worker.stderr?.setEncoding('utf8').on('data', (text: string) => (reported += text));
    const limitFiles = (most: string): void => {
      execFileSync('prlimit', ['--pid', String(worker.pid), `--fsize=${most}:`]);
    };
    await said(worker, 'ready');
    const site = await Site.of(client, folder, storage);
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
