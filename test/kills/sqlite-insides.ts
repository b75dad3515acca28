import { join } from 'node:path';
import type { Storage, StorageHandle } from '@perdure/core/storage';
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import type { Insides } from './reach.js';

interface Row {
  readonly id: number;
  readonly run_id: string;
  readonly workflow_id: string;
}

/** A store in a SQLite file, read beside those who write it. */
export class SqliteInsides implements Insides {
  #newest = 0;
  readonly #store: StorageHandle;
  readonly #database: Database.Database;

  private constructor(store: StorageHandle, file: string) {
    this.#store = store;
    this.#database = new Database(file, { readonly: true });
  }

  /** The store in `store.sqlite` of this folder. */
  static async of(storage: Storage, folder: string): Promise<SqliteInsides> {
    return new SqliteInsides(await storage.open(), join(folder, 'store.sqlite'));
  }

  async check(): Promise<void> {
    expect(this.#database.pragma('integrity_check', { simple: true })).toBe('ok');
  }

  async newRuns(): Promise<readonly { runId: string; workflowId: string }[]> {
    const rows = this.#all(
      `select id, run_id, workflow_id from runs where id > ${this.#newest} order by id`,
    ) as Row[];
    this.#newest = rows.at(-1)?.id ?? this.#newest;
    return rows.map(({ run_id, workflow_id }) => ({ runId: run_id, workflowId: workflow_id }));
  }

  readTasks(runId: string): Promise<readonly unknown[]> {
    return this.#store.readTasks(runId);
  }

  readInbox(runId: string): Promise<readonly unknown[]> {
    return this.#store.readInbox(runId, { afterPosition: 0, limit: 1 });
  }

  async leftovers(): Promise<Readonly<Record<string, readonly unknown[]>>> {
    const tables = ['tasks', 'leases', 'inbox'];
    return Object.fromEntries(tables.map((table) => [table, this.#all(`select * from ${table}`)]));
  }

  async progress(): Promise<string> {
    return JSON.stringify(this.#all('select count(*), sum(seq), count(closed_at) from runs'));
  }

  async told(): Promise<string> {
    const runs = this.#all('select * from runs where closed_at is null');
    const workers = this.#all('select * from workers');
    return JSON.stringify({ runs, workers, ...(await this.leftovers()) }, null, 1);
  }

  async close(): Promise<void> {
    this.#database.close();
    await this.#store.close();
  }

  #all(sql: string): readonly unknown[] {
    return this.#database.prepare(sql).all();
  }
}
