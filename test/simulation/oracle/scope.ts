/** How a part of a program ended, or the program itself. */
export type Outcome = { readonly value: unknown } | { readonly error: string };
export type Done = (outcome: Outcome) => void;

/** A part of a run that is cancelled as one. */
export interface Scope {
  readonly parent: Scope | undefined;
  /** What is above it does not reach it. */
  readonly shielded: boolean;
  cancelled: boolean;
  ended: boolean;
}

export const cancelled: Outcome = { error: '!cancelled' };

export function openScope(parent: Scope | undefined, shielded: boolean): Scope {
  return { parent, shielded, cancelled: false, ended: false };
}

export function isCancelled(scope: Scope): boolean {
  return above(scope).some((one) => one.cancelled);
}

export function isWithin(scope: Scope, outer: Scope): boolean {
  return above(scope).includes(outer);
}

/** A scope, and those whose cancellation reaches it. */
function above(scope: Scope): Scope[] {
  const all: Scope[] = [];
  for (let at: Scope | undefined = scope; at; at = at.shielded ? undefined : at.parent) all.push(at);
  return all;
}
