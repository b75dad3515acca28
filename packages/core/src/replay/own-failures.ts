/**
 * The errors that durable work has rejected with. A host asks for them to tell a rejection that workflow code will look
 * at later (`const later = helper(ctx); await ctx.sleep('1m'); await later`) from one that the application forgot.
 */
const known = new WeakSet();

/** As many causes are followed; more were never meant to be read. */
const mostCauses = 10;

export function noteFailure(reason: unknown): void {
  if (typeof reason === 'object' && reason !== null) known.add(reason);
}

/** Whether durable work rejected with this error, or with one that caused it. */
export function isOwnFailure(reason: unknown): boolean {
  let error = reason;
  for (let i = 0; i < mostCauses && typeof error === 'object' && error !== null; i++) {
    if (known.has(error)) return true;
    error = (error as { readonly cause?: unknown }).cause;
  }
  return false;
}
