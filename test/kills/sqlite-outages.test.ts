import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, type Engine, type StorageError, type WorkflowHandle } from '@perdure/core';
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

/** Runs on a store that are being moved on, and what their engine reports meanwhile. */
class Site {
  readonly ledger: string;
  readonly #handles: WorkflowHandle<number>[] = [];
  readonly #reported: string[] = [];

  private constructor(
    readonly engine: Engine,
    readonly guarantees: Guarantees,
    folder: string,
    report: string[],
  ) {
    this.ledger = join(folder, 'ledger.jsonl');
    this.#reported = report;
  }

  static async of(folder: string, storage: Storage): Promise<Site> {
    const reported: string[] = [];
    const report = (_message: string, fields?: Record<string, unknown>): void => {
      reported.push(String((fields?.['error'] as Partial<StorageError> | undefined)?.code));
    };
    const logger = { debug: () => undefined, info: () => undefined, warn: report, error: report };
    const engine = await createEngine({ storage, workflows, activities: [effect], logger });
    const database = new Database(join(folder, 'store.sqlite'), { readonly: true });
    const store = await storage.open();
    onTestFinished(async () => {
      database.close();
      await store.close();
      await engine.close({ grace: 0 });
    });
    const site = new Site(engine, new Guarantees(engine, store, database), folder, reported);
    for (let n = 0; n < runs; n++) await site.#start(`stroll-${n}`);
    await site.#movesOn();
    return site;
  }

  async #start(id: string): Promise<void> {
    this.#handles.push(await this.engine.start(stroll, this.ledger, { id }));
  }

  /** Waits until each run has had another effect. */
  async #movesOn(): Promise<void> {
    const effects = (): number[] => this.#handles.map(({ workflowId }) => effectsOf(workflowId, this.ledger));
    const before = effects();
    await expect.poll(() => effects().every((now, n) => now > before[n]!), patience).toBe(true);
  }

  /** Commands are refused with this code and nothing is left of them, what reads goes on, and the engine says what is wrong. */
  async refuses(code: string): Promise<void> {
    const refusal = { code, retryable: true, outcome: 'not-applied' };
    const handle = this.#handles[0] as WorkflowHandle<number>;
    // More than what may still be free in a page.
    const much = 'x'.repeat(100_000);
    await Promise.all([
      expect(this.engine.start(stroll, much, { id: 'refused' })).rejects.toMatchObject(refusal),
      expect(handle.signal('stop', much)).rejects.toMatchObject(refusal),
      expect.poll(() => this.#reported, patience).toContain(code),
    ]);
    expect(await handle.describe()).toMatchObject({
      status: expect.stringMatching(/running|waiting/) as string,
    });
    await expect(this.engine.handle('refused').describe()).rejects.toMatchObject({
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
      this.ledger,
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

/** What loads its TypeScript has messages of its own. */
async function said(process: ChildProcess, word: string): Promise<void> {
  for (let message: unknown; message !== word;) [message] = await once(process, 'message');
}

test(
  'E1 A1 another process holds the file for longer than is waited, and dies: nothing is lost or half-written, and the engine goes on by itself',
  async () => {
    const folder = newFolder();
    const file = join(folder, 'store.sqlite');
    const holder = fork(join(import.meta.dirname, 'lock-holder.ts'), [file], {
      execArgv: ['--import', 'tsx'],
    });
    onTestFinished(() => {
      holder.kill('SIGKILL');
    });
    await said(holder, 'ready');
    const site = await Site.of(folder, sqlite(file));
    const holds = said(holder, 'holds');
    holder.send('take it');
    await holds;
    await site.refuses('storage_busy');
    holder.kill('SIGKILL');
    await site.goesOn();
  },
  limit,
);

test(
  'E1 A1 the disk is full: nothing is lost or half-written, and the engine goes on by itself once there is room',
  async () => {
    const folder = newFolder();
    const database = new Database(join(folder, 'store.sqlite'));
    database.pragma('journal_mode = wal');
    const site = await Site.of(folder, sqlite({ database }));
    const mostPages = database.pragma('max_page_count', { simple: true }) as number;
    database.pragma(`max_page_count = ${database.pragma('page_count', { simple: true })}`);
    await site.refuses('storage_full');
    database.pragma(`max_page_count = ${mostPages}`);
    await site.goesOn();
  },
  limit,
);
