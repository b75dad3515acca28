/** What activities really did, outside every store: the world that effects are had on. */
export class Ledger {
  /** Something that code has seen and must never see. */
  wrong: string | undefined;
  readonly #done = new Map<string, { begun: number; failed: number; succeeded: number }>();

  begin(key: string): { begun: number; failed: number; succeeded: number } {
    const entry = this.#done.get(key) ?? { begun: 0, failed: 0, succeeded: 0 };
    this.#done.set(key, entry);
    entry.begun += 1;
    return entry;
  }

  of(
    key: string,
  ): { readonly begun: number; readonly failed: number; readonly succeeded: number } | undefined {
    return this.#done.get(key);
  }
}
