import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidArgumentError, type ArgumentIssue } from '../model/errors.js';
import { encodeFailure } from './failures.js';

/** A schema of any Standard Schema library. */
export type StandardSchema = StandardSchemaV1;

/** The value as the schema gives it back. Throws `InvalidArgumentError` with a path for each issue. Schemas must be synchronous: replay is. */
export function validateSync(schema: StandardSchema, value: unknown, what: string): unknown {
  let answer: Answer;
  try {
    answer = answerOf(schema, value);
  } catch (cause) {
    answer = { none: `the schema threw: ${encodeFailure(cause).message}`, cause };
  }
  if ('none' in answer) {
    const { none, cause } = answer;
    throw new InvalidArgumentError(`${what} cannot be checked`, [{ path: '', message: none }], { cause });
  }
  if (answer.issues) throw new InvalidArgumentError(`${what} is not valid`, answer.issues);
  return answer.value;
}

type Answer =
  | { readonly issues?: readonly ArgumentIssue[]; readonly value?: unknown }
  /** Why there is no answer. */
  | { readonly none: string; readonly cause?: unknown };

function answerOf(schema: StandardSchema, given: unknown): Answer {
  const result: unknown = schema['~standard'].validate(given);
  if (typeof result !== 'object' || result === null) return { none: 'the schema gave no answer' };
  if ('then' in result) {
    Promise.resolve(result).catch(() => undefined); // its outcome comes too late to count
    return { none: 'the schema is asynchronous; workflows need one that answers at once' };
  }
  const { issues, value } = result as Partial<StandardSchemaV1.FailureResult> & { readonly value?: unknown };
  return issues ? { issues: issues.map(issueOf) } : { value };
}

function issueOf(issue: StandardSchemaV1.Issue): ArgumentIssue {
  let path = '';
  for (const segment of issue.path ?? []) {
    const key = typeof segment === 'object' ? segment.key : segment;
    path += typeof key === 'number' ? `[${key}]` : `${path === '' ? '' : '.'}${String(key)}`;
  }
  return { path, message: issue.message };
}
