import { InvalidArgumentError, type ArgumentIssue } from '../model/errors.js';
import { isValidId } from '../model/ids.js';
import { isValidName, nameMessage } from '../model/names.js';

const fairnessGrammar = /^[A-Za-z0-9._:-]{0,64}$/;

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

  dispatch(options: {
    readonly taskQueue?: string | undefined;
    readonly priority?: number;
    readonly fairnessKey?: string;
    readonly fairnessWeight?: number;
  }): void {
    const { taskQueue, priority = 5, fairnessKey = '', fairnessWeight = 1 } = options;
    this.require(
      taskQueue === undefined || isValidId(taskQueue),
      'taskQueue',
      "must be 1 to 191 letters, digits, '.', '_', '-', ':'",
    );
    this.require(
      Number.isInteger(priority) && priority >= 0 && priority <= 9,
      'priority',
      'must be a whole number from 0 to 9',
    );
    this.require(
      fairnessGrammar.test(fairnessKey),
      'fairnessKey',
      "must be at most 64 letters, digits, '.', '_', '-', ':'",
    );
    const weighs = Number.isInteger(fairnessWeight) && fairnessWeight >= 1 && fairnessWeight <= 1000;
    this.require(weighs, 'fairnessWeight', 'must be a whole number from 1 to 1000');
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
