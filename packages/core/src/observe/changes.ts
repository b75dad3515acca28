/**
 * What one subscription waits on. Something may have changed: marked until the subscription looks again, so that any
 * number of changes in between is one. That is all that a slow subscriber costs.
 */
export class Changes {
  #changed = true;
  #over: { readonly error?: Error } | undefined;
  #wake: (() => void) | undefined;
  readonly #ends = new Set<() => void>();

  readonly mark = (): void => {
    this.#changed = true;
    this.#wake?.();
  };

  /** Resolves to true when something may have changed since the last call (the first time at once), to false once it is over. Rejects where it ended with an error. */
  async next(): Promise<boolean> {
    if (!this.#changed && !this.#over) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#changed = false;
    this.rethrow();
    return !this.#over;
  }

  get over(): boolean {
    return this.#over !== undefined;
  }

  /** Throws what it ended with, if it ended with an error. */
  rethrow(): void {
    if (this.#over?.error) throw this.#over.error;
  }

  /** Calls back once, when it is over; at once where it is. The returned function takes that back. */
  onEnd(end: () => void): () => void {
    if (this.#over) end();
    else this.#ends.add(end);
    return () => {
      this.#ends.delete(end);
    };
  }

  /** The subscriber has gone, or there is nothing more to see. The first end counts. */
  end(error?: Error): void {
    if (this.#over) return;
    this.#over = error ? { error } : {};
    for (const end of this.#ends) end();
    this.#ends.clear();
    this.#wake?.();
  }
}
