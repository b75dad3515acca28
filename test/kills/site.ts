import { join } from 'node:path';
import type { Client, WorkflowHandle } from '@perdure/core';
import type { Storage } from '@perdure/core/storage';
import Database from 'better-sqlite3';
import { expect, onTestFinished } from 'vitest';
import { Guarantees } from './guarantees.js';
import { checkLedger, effectsOf } from './ledger.js';
import { stroll } from './workflows.js';

const runs = 6;
/** Long, since leases of half a minute may have to run out. */
export const patience = { timeout: 180_000, interval: 50 };

/** Runs on a store that are being moved on. */
export class Site {
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
    await site.movesOn();
    return site;
  }

  async #start(id: string): Promise<void> {
    this.#handles.push(await this.#client.start(stroll, this.#ledger, { id }));
  }

  /** Waits until each run has had another effect. */
  async movesOn(): Promise<void> {
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
    await this.movesOn();
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
