import { expect } from 'vitest';
import type { ClientInReach, RunInReach } from './reach.js';
import { chain, cleans, relay } from './workflows.js';

const steps = 12;
/** Effects in the ledger that each kind of use leads to. */
const effects = [steps, 7, 1] as const;

/** Who starts runs and sends messages while workers die; everything is asked twice, with the same id [G3, G5, G6]. */
export class Users {
  /** Uses begun so far. */
  begun = 0;
  /** Uses that have not ended yet. */
  open = 0;
  readonly #ends: Promise<void>[] = [];
  readonly #client: ClientInReach;
  readonly #ledger: string;

  constructor(client: ClientInReach, ledger: string) {
    this.#client = client;
    this.#ledger = ledger;
  }

  begin(): void {
    this.open += 1;
    const n = this.begun++;
    const uses = [this.#chain, this.#relay, this.#cleans];
    const end = uses[n % uses.length]!.call(this, n).finally(() => (this.open -= 1));
    end.catch(() => undefined); // told at the end
    this.#ends.push(end);
  }

  /** Resolves when every use has ended as it should; rejects as soon as one has not. */
  async ended(): Promise<void> {
    await Promise.all(this.#ends);
  }

  /** Different effects that all that was begun leads to. */
  get effects(): number {
    return this.#ends.reduce((sum, _, n) => sum + effects[n % effects.length]!, 0);
  }

  async #chain(n: number): Promise<void> {
    const start = { id: `chain-${n}`, requestId: `chain-${n}` };
    const input = { ledger: this.#ledger, steps };
    const [handle, again] = await Promise.all([
      this.#client.start(chain.name, input, start),
      this.#client.start(chain.name, input, start),
    ]);
    expect((await again.describe()).runId, 'G6').toBe((await handle.describe()).runId);
    await Promise.all([1, 2].map(() => handle.signal('bonus', 1_000, { id: 'once' })));
    await this.#watched(handle, steps + 1_000);
  }

  async #relay(n: number): Promise<void> {
    const input = { ledger: this.#ledger, round: 0, sum: 0 };
    const handle = await this.#client.start(relay.name, input, { id: `relay-${n}` });
    const sums = await Promise.all([1, 2].map(() => handle.update('add', 7, { id: 'once' })));
    expect(sums, 'G5').toEqual([7, 7]);
    expect(await handle.result()).toBe(7);
  }

  async #cleans(n: number): Promise<void> {
    const handle = await this.#client.start(cleans.name, this.#ledger, { id: `cleans-${n}` });
    // One that has not begun would end at once, with nothing to clean up.
    while ((await handle.describe()).state !== 'asleep') await new Promise((next) => setTimeout(next, 5));
    await Promise.all([1, 2].map(() => handle.cancel()));
    await expect(handle.result()).rejects.toMatchObject({ code: 'workflow_cancelled' });
  }

  /** G13: a subscriber sees every event once and in order, whatever dies meanwhile. */
  async #watched(handle: RunInReach, result: number): Promise<void> {
    const seen: number[] = [];
    for await (const { seq } of handle.history$()) seen.push(seq);
    expect(seen, 'G13').toEqual(seen.map((_, index) => index + 1));
    expect(await handle.result()).toBe(result);
  }
}
