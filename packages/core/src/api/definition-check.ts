import { ArgumentCheck } from '../model/argument-check.js';
import { dispatchIssues, type DispatchOptions } from '../model/dispatch.js';
import { isValidName, nameMessage } from '../model/names.js';

/** Collects what is wrong with a definition, and throws all of it at once. */
export class DefinitionCheck extends ArgumentCheck {
  readonly #what: string;

  constructor(kind: 'workflow' | 'activity', name: unknown, options: unknown) {
    super();
    this.#what =
      typeof name === 'string' && name !== '' ? `The ${kind} '${name.slice(0, 80)}'` : `The ${kind}`;
    this.require(isValidName(name), 'name', nameMessage);
    this.require(typeof options === 'object' && options !== null, 'options', 'must be an object');
    if (this.issues.length > 0) this.done();
  }

  dispatch(options: DispatchOptions): void {
    this.issues.push(...dispatchIssues(options));
  }

  /** Throws `InvalidArgumentError` where anything did not hold. */
  override done(): void {
    super.done(`${this.#what} is not defined properly`);
  }
}

/** A schema may be a function that has properties. */
export function isSchema(value: unknown): boolean {
  const holder = Object(value) as { readonly '~standard'?: { readonly validate?: unknown } };
  return value === undefined || typeof holder['~standard']?.validate === 'function';
}
