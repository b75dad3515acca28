import { InvalidArgumentError, type ArgumentIssue } from './errors.js';

/**
 * Collects what is wrong with arguments, and throws all of it at once.
 *
 * One rule for options everywhere: left out or `undefined`, they have their defaults; anything else that is no object,
 * `null` as well, is refused, and so is a member that does not exist: a misspelt one would silently do nothing.
 */
export class ArgumentCheck {
  readonly issues: ArgumentIssue[] = [];

  require(holds: boolean, path: string, message: string): void {
    if (!holds) this.issues.push({ path, message });
  }

  /** Options that may be left out, and have no members but these. */
  options(given: unknown, known: Iterable<string>, path = 'options'): void {
    if (given === undefined) return;
    if (this.object(given, path)) this.known(given, known, path === 'options' ? '' : `${path}.`);
  }

  object(given: unknown, path: string): given is object {
    const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
    this.require(isObject, path, 'must be an object');
    return isObject;
  }

  known(given: object, known: Iterable<string>, prefix = ''): void {
    const names = [...known];
    for (const name of Object.keys(given))
      this.require(names.includes(name), prefix + name, `is no option; there are ${names.join(', ')}`);
  }

  /** Throws `InvalidArgumentError` where anything did not hold. */
  done(message: string): void {
    if (this.issues.length > 0) throw new InvalidArgumentError(message, this.issues);
  }
}

/** What members are read of before they are checked. Throws `InvalidArgumentError` unless it has any. */
export function requireObject<T extends object>(given: T, path: string): T {
  const check = new ArgumentCheck();
  check.object(given, path);
  check.done('The call is not valid');
  return given;
}
