/**
 * A part of a run that is cancelled as one. Scopes form a tree; cancelling one cancels what is below it, up to where a
 * shielded one begins.
 */
export class Scope {
  readonly parent: Scope | undefined;
  /** What is above it does not reach it: `ctx.nonCancellable`. */
  readonly shielded: boolean;
  /** Its body has ended: cancelling it does nothing any more. */
  ended = false;
  /** Made when workflow code first asks for the signal. */
  controller: AbortController | undefined;
  #cancelled: string | undefined;

  constructor(parent?: Scope, shielded = false) {
    this.parent = parent;
    this.shielded = shielded;
  }

  /** Why nothing new may begin in it; undefined while it may. */
  get cancelled(): string | undefined {
    return this.#cancelled ?? (this.shielded ? undefined : this.parent?.cancelled);
  }

  /** False where there is nothing to cancel any more. */
  cancel(message: string): boolean {
    if (this.ended || this.#cancelled !== undefined) return false;
    this.#cancelled = message;
    return true;
  }

  /** Whether cancelling `scope` cancels this one. */
  isWithin(scope: Scope): boolean {
    return this === scope || (!this.shielded && this.parent?.isWithin(scope) === true);
  }
}
