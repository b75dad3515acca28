import { show } from './show.js';

/** What a case found wrong. The message says what was looked at, what the law asks, and what was seen. */
export class ConformanceError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ConformanceError';
  }
}

/** Compares whole values: the same keys, the same values, strings by code unit. */
export function equal(seen: unknown, expected: unknown, about: string): void {
  const path = difference(seen, expected, '');
  if (path === null) return;
  const where = path === '' ? '' : ` (differs at ${path})`;
  throw new ConformanceError(`${about}${where}\n  expected ${show(expected)}\n  saw      ${show(seen)}`);
}

export function holds(condition: boolean, about: string, seen?: unknown): asserts condition {
  if (condition) return;
  throw new ConformanceError(seen === undefined ? about : `${about}\n  saw ${show(seen)}`);
}

/** Where two values differ first, as a path; null where they do not. */
function difference(seen: unknown, expected: unknown, path: string): string | null {
  if (Object.is(seen, expected)) return null;
  if (Array.isArray(seen) && Array.isArray(expected)) {
    for (let at = 0; at < Math.max(seen.length, expected.length); at++) {
      const found = difference(seen[at], expected[at], `${path}[${at}]`);
      if (found !== null) return found;
    }
    return seen.length === expected.length ? null : `${path}.length`;
  }
  if (!isRecord(seen) || !isRecord(expected)) return path === '' ? '' : path;
  for (const name of new Set([...Object.keys(expected), ...Object.keys(seen)])) {
    const there = Object.hasOwn(seen, name) && Object.hasOwn(expected, name);
    const found = there ? difference(seen[name], expected[name], `${path}.${name}`) : `${path}.${name}`;
    if (found !== null) return found;
  }
  return null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What the kit reads of a `StorageError`: by shape, as the error may come from another copy of the core. */
export interface SeenError {
  readonly code: unknown;
  readonly retryable: unknown;
  readonly outcome: unknown;
  readonly message: string;
}

/** Asks that a call is refused with one of these codes, and that the error is whole [E1]. */
export async function rejects(
  call: () => Promise<unknown>,
  codes: readonly string[],
  about: string,
): Promise<SeenError> {
  let promise: Promise<unknown>;
  try {
    promise = call();
  } catch (cause) {
    throw new ConformanceError(`${about}: must reject, and threw from the call itself`, cause);
  }
  try {
    const value = await promise;
    throw new ConformanceError(
      `${about}: must reject with ${codes.join(' or ')}, and resolved to ${show(value)}`,
    );
  } catch (error) {
    if (error instanceof ConformanceError) throw error;
    return wholeError(error, codes, about);
  }
}

export function wholeError(error: unknown, codes: readonly string[], about: string): SeenError {
  const seen = error as Partial<SeenError> | null | undefined;
  if (!(error instanceof Error) || typeof seen?.code !== 'string' || !codes.includes(seen.code)) {
    throw new ConformanceError(
      `${about}: expected an error with code ${codes.join(' or ')}, saw ${show(error)}`,
      error,
    );
  }
  holds(
    typeof seen.retryable === 'boolean',
    `${about}: \`retryable\` must be a boolean`,
    seen.retryable ?? 'nothing',
  );
  holds(
    seen.outcome === 'not-applied' || seen.outcome === 'unknown',
    `${about}: \`outcome\` must be not-applied or unknown`,
    seen.outcome ?? 'nothing',
  );
  holds(
    error.message.length > 10,
    `${about}: the message must say what happened and what to do`,
    error.message,
  );
  return seen as SeenError;
}
