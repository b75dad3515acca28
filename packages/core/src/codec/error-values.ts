/**
 * Errors as values (what is thrown goes through `failures.ts`): name, message, stack, cause, `errors` and own members come
 * back, the class does not.
 */
export interface WrittenError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** Pairs, so that no name of a member is in the way of anything. */
  readonly members: readonly (readonly [string, unknown])[];
}

/** Also an error of another realm, which is no instance of ours. */
export function isErrorObject(value: object): value is Error {
  return (
    value instanceof Error ||
    (Object.prototype.toString.call(value) === '[object Error]' && !(Symbol.toStringTag in value))
  );
}

const texts: ReadonlySet<string> = new Set(['name', 'message', 'stack']);
const hidden: readonly string[] = ['cause', 'errors'];

/** The own members besides the three texts. Engines hang members of their own on errors, none of them enumerable. */
export function membersOf(error: Error): readonly string[] {
  return [
    ...hidden.filter((key) => Object.hasOwn(error, key)),
    ...Object.keys(error).filter((key) => !texts.has(key) && !hidden.includes(key)),
  ];
}

/** Throws for what `RichWriter` did not write. */
export function readError({ name, message, stack, members }: WrittenError): Error {
  if (typeof name !== 'string' || typeof message !== 'string')
    throw new TypeError('an error without name or message');
  const error = new Error(message);
  define(error, 'name', name, false);
  define(error, 'stack', stack, false);
  for (const [key, value] of members) define(error, key, value, !hidden.includes(key));
  return error;
}

/** An object with names that superjson takes for an attack on prototypes: as an own member none of them is one. */
export function readMembers(members: WrittenError['members']): object {
  const object = {};
  for (const [key, value] of members) define(object, key, value, true);
  return object;
}

function define(object: object, key: string, value: unknown, enumerable: boolean): void {
  if (typeof key !== 'string' || key === '__proto__') throw new TypeError('a member without a proper name');
  Object.defineProperty(object, key, { value, configurable: true, writable: true, enumerable });
}
