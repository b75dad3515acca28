/**
 * Errors as values (what is thrown goes through `failures.ts`): name, message, stack, cause and own members come back,
 * the class does not. `AggregateError.errors` is an own member like the others.
 */
export function isErrorObject(value: unknown): value is Error {
  return value instanceof Error;
}

export interface WrittenError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly members: Record<string, unknown>;
}

const own: ReadonlySet<string> = new Set(['name', 'message', 'stack']);

export function writeError(error: Error): WrittenError {
  const members: Record<string, unknown> = {};
  for (const key of Object.getOwnPropertyNames(error)) {
    if (!own.has(key)) members[key] = (error as unknown as Record<string, unknown>)[key];
  }
  return { name: error.name, message: error.message, ...(typeof error.stack === 'string' && { stack: error.stack }), members };
}

export function readError({ name, message, stack, members }: WrittenError): Error {
  const error = new Error(message);
  const hidden = (key: string, value: unknown): void => {
    Object.defineProperty(error, key, { value, configurable: true, writable: true, enumerable: false });
  };
  hidden('name', name);
  hidden('stack', stack);
  for (const [key, value] of Object.entries(members)) {
    if (key === 'cause' || key === 'errors') hidden(key, value);
    else if (key !== '__proto__') Object.defineProperty(error, key, { value, configurable: true, writable: true, enumerable: true });
  }
  return error;
}
