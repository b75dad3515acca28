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
    const source = firstAbove(this, (scope) => scope.#cancelled !== undefined);
    return source && source.#cancelled;
  }

  /** False where there is nothing to cancel any more. */
  cancel(message: string): boolean {
    if (this.ended || this.#cancelled !== undefined) return false;
    this.#cancelled = message;
    return true;
  }

  /** Whether cancelling `scope` cancels this one. */
  isWithin(scope: Scope): boolean {
    return firstAbove(this, (one) => one === scope) !== undefined;
  }
}

/** Of a scope and those whose cancellation reaches it, the nearest that holds. */
function firstAbove(scope: Scope, holds: (scope: Scope) => boolean): Scope | undefined {
  let at: Scope | undefined = scope;
  while (at && !holds(at)) at = at.shielded ? undefined : at.parent;
  return at;
}
