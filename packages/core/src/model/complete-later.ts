const mark = Symbol.for('perdure.complete-later');

/** What `activity.completeLater()` throws: no failure, and no result yet. */
export class CompleteLater extends Error {
  constructor() {
    super('The activity will be completed later: let this pass, it is not an error');
    Object.defineProperty(this, mark, { value: true });
  }
}

export function isCompleteLater(thrown: unknown): boolean {
  try {
    return (
      typeof thrown === 'object' && thrown !== null && (thrown as Record<symbol, unknown>)[mark] === true
    );
  } catch {
    return false;
  }
}
