/** What workflows do to the world outside: no crash takes it back, and no store knows it. */
export class World {
  /** What was done, and for which activities: the idempotency keys. Doing it again for the same one is allowed. */
  readonly #effects = new Map<string, Set<string>>();
  readonly #tokens: string[] = [];
  #told: (() => void)[] = [];

  did(what: string, { idempotencyKey }: { readonly idempotencyKey: string }): void {
    const keys = this.#effects.get(what) ?? new Set();
    this.#effects.set(what, keys.add(idempotencyKey));
  }

  /** Somebody was told a token, to complete an activity by. */
  told(token: string): void {
    this.#tokens.push(token);
    for (const tell of this.#told.splice(0)) tell();
  }

  /** The nth token that was told. */
  async token(nth: number): Promise<string> {
    while (this.#tokens.length < nth) await new Promise<void>((resolve) => this.#told.push(resolve));
    return this.#tokens[nth - 1] as string;
  }

  /** Each effect with the number of activities that it was done for. */
  ledger(): readonly string[] {
    return [...this.#effects].map(([what, keys]) => `${what} ×${keys.size}`).sort();
  }
}
