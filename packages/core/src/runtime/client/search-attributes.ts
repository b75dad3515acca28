import { StorageError, type ArgumentIssue } from '../../model/errors.js';
import { isMoment, readAttributes, type AttributeValue } from '../../storage/attributes.js';
import type { RunRecord } from '../../storage/records.js';

/** The types that a search attribute may have, and the values that they take. */
export interface SearchAttributeType {
  keyword: string;
  text: string;
  int: number;
  double: number;
  bool: boolean;
  datetime: Date;
  keyword_list: readonly string[];
}
/** Attributes by name, with their types: what a definition declares. */
export type SearchAttributeSchema = Record<string, keyof SearchAttributeType>;
/** Values for declared attributes; null leaves one out. */
export type SearchAttributes<S extends SearchAttributeSchema = SearchAttributeSchema> = {
  [K in keyof S]?: SearchAttributeType[S[K]] | null;
};

const isKeyword = (value: unknown): boolean => typeof value === 'string' && value.length <= 255;
const checks: { readonly [K in keyof SearchAttributeType]: (value: unknown) => boolean } = {
  keyword: isKeyword,
  text: (value) => typeof value === 'string' && value.length <= 2048,
  int: Number.isSafeInteger,
  double: Number.isFinite,
  bool: (value) => typeof value === 'boolean',
  datetime: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
  keyword_list: (value) => Array.isArray(value) && value.every(isKeyword),
};

export function isSearchAttributeType(type: unknown): type is keyof SearchAttributeType {
  return typeof type === 'string' && Object.hasOwn(checks, type);
}

/** What is wrong with the values, by path. Without a declaration any name may be used, with a value of any of the types. */
export function searchAttributeIssues(
  values: Readonly<Record<string, unknown>>,
  declared: SearchAttributeSchema | undefined,
): ArgumentIssue[] {
  const issues: ArgumentIssue[] = [];
  const names = Object.keys(values);
  if (names.length > 100) issues.push({ path: 'searchAttributes', message: 'must not be more than 100' });
  for (const name of names) {
    const path = `searchAttributes.${name}`;
    const value = values[name];
    if (value === null || value === undefined) continue;
    if (name.length > 128) issues.push({ path, message: 'its name must not be longer than 128 characters' });
    const type = declared?.[name];
    if (declared && Object.keys(declared).length > 0 && type === undefined) {
      issues.push({ path, message: `is not declared; declared are ${Object.keys(declared).join(', ')}` });
    } else if (
      type !== undefined ? !checks[type](value) : !Object.values(checks).some((fits) => fits(value))
    ) {
      issues.push({
        path,
        message:
          type === undefined
            ? 'must be a string, number, boolean, Date or list of strings, of bounded length'
            : `must be of type ${type}`,
      });
    }
  }
  return issues;
}

/** The values of a run, as they were given. */
export function attributeValues({ attributes, runId }: RunRecord): Record<string, unknown> {
  let stored: ReadonlyMap<string, AttributeValue>;
  try {
    stored = readAttributes(attributes);
  } catch (cause) {
    throw new StorageError(
      'storage_corrupt',
      `The search attributes of run ${runId} cannot be read: they were changed from outside, or the medium is damaged`,
      { retryable: false, outcome: 'not-applied' },
      { cause },
    );
  }
  return Object.fromEntries(
    Array.from(stored, ([name, value]) => [name, isMoment(value) ? new Date(value.at) : value]),
  );
}
