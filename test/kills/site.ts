import { expect } from 'vitest';
import { Guarantees } from './guarantees.js';
import { checkLedger, effectsOf, type Effects } from './ledger.js';
import type { ClientInReach, Insides, Ledger, RunInReach } from './reach.js';
import { stroll } from './workflows.js';

/** How many go on in the beginning. */
export const runs = 6;
/** Long, since leases of half a minute may have to run out. */
export const patience = { timeout: 180_000, interval: 50 };

/** Runs on a store that are being moved on. */
export class Site {
  readonly guarantees: Guarantees;
  readonly #client: ClientInReach;
  readonly #ledger: Ledger;
  readonly #handles: RunInReach[] = [];

  private constructor(client: ClientInReach, insides: Insides, ledger: Ledger) {
    this.#client = client;
    this.#ledger = ledger;
    this.guarantees = new Guarantees(client, insides);
  }

  static async of(client: ClientInReach, insides: Insides, ledger: Ledger): Promise<Site> {
    const site = new Site(client, insides, ledger);
    for (let n = 0; n < runs; n++) await site.#start(`stroll-${n}`);
    await site.movesOn();
    return site;
  }

  async #start(id: string): Promise<void> {
    this.#handles.push(await this.#client.start(stroll.name, this.#ledger.address, { id }));
  }

  /** Waits until each run has had another effect. */
  async movesOn(limit = patience): Promise<void> {
    const effects = (): number[] =>
      this.#handles.map(({ workflowId }) => effectsOf(workflowId, this.#ledger.file));
    const before = effects();
    await expect.poll(() => effects().every((now, n) => now > before[n]!), limit).toBe(true);
  }

  /** Commands are refused with this code and nothing is left of them; what only reads goes on. */
  async refuses(code: string): Promise<void> {
    const refusal = { code, retryable: true, outcome: 'not-applied' };
    const handle = this.#handles[0] as RunInReach;
    // More than what may still be free in a page.
    const much = 'x'.repeat(100_000);
    await Promise.all([
      expect(this.#client.start(stroll.name, much, { id: 'refused' })).rejects.toMatchObject(refusal),
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
  async goesOn(): Promise<Effects> {
    await this.movesOn();
    await this.#start('refused');
    await Promise.all(this.#handles.map((handle) => handle.signal('stop', 'now')));
    const steps: number[] = await Promise.all(this.#handles.map((handle) => handle.result()));
    await this.guarantees.hold();
    await this.guarantees.holdAtTheEnd();
    expect(this.guarantees.runs).toBe(runs + 1);
    return checkLedger(
      this.#ledger.file,
      steps.reduce((sum, count) => sum + count),
    );
  }
}
