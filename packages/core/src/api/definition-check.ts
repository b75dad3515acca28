import { dispatchIssues, type DispatchOptions } from '../model/dispatch.js';
import { InvalidArgumentError, type ArgumentIssue } from '../model/errors.js';
import { isValidName, nameMessage } from '../model/names.js';

/** Collects what is wrong with a definition, and throws all of it at once. */
export class DefinitionCheck {
  readonly #issues: ArgumentIssue[] = [];
  readonly #what: string;

  constructor(kind: 'workflow' | 'activity', name: unknown, options: unknown) {
    this.#what =
      typeof name === 'string' && name !== '' ? `The ${kind} '${name.slice(0, 80)}'` : `The ${kind}`;
    this.require(isValidName(name), 'name', nameMessage);
    this.require(typeof options === 'object' && options !== null, 'options', 'must be an object');
    if (this.#issues.length > 0) this.done();
  }

  require(holds: boolean, path: string, message: string): void {
    if (!holds) this.#issues.push({ path, message });
  }

  /** Refuses options that do not exist: a misspelt one would silently do nothing. */
  known(options: object, known: ReadonlySet<string>): void {
    for (const name of Object.keys(options))
      this.require(known.has(name), name, `is no option; there are ${[...known].join(', ')}`);
  }

  dispatch(options: DispatchOptions): void {
    this.#issues.push(...dispatchIssues(options));
  }

  /** Throws `InvalidArgumentError` where anything did not hold. */
  done(): void {
    if (this.#issues.length > 0)
      throw new InvalidArgumentError(`${this.#what} is not defined properly`, this.#issues);
  }
}

/** A schema may be a function that has properties. */
export function isSchema(value: unknown): boolean {
  const holder = Object(value) as { readonly '~standard'?: { readonly validate?: unknown } };
  return value === undefined || typeof holder['~standard']?.validate === 'function';
}
