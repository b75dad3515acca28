import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidArgumentError, type ArgumentIssue } from '../model/errors.js';

/** A schema of any Standard Schema library. */
export type StandardSchema = StandardSchemaV1;

/** The value as the schema gives it back. Throws `InvalidArgumentError` with a path for each issue. Schemas must be synchronous: replay is. */
export function validateSync(schema: StandardSchema, value: unknown, what: string): unknown {
  const result = resultOf(schema, value, what);
  if ('then' in result) {
    result.then(undefined, () => undefined); // its outcome comes too late to count
    const message = 'the schema is asynchronous; workflows need one that answers at once';
    throw new InvalidArgumentError(`${what} cannot be checked`, [{ path: '', message }]);
  }
  if (result.issues) throw new InvalidArgumentError(`${what} is not valid`, result.issues.map(issueOf));
  return result.value;
}

type Result = ReturnType<StandardSchemaV1['~standard']['validate']>;

function resultOf(schema: StandardSchema, value: unknown, what: string): Result {
  let cause: unknown;
  try {
    const result: unknown = schema['~standard'].validate(value);
    if (typeof result === 'object' && result !== null) return result as Result;
  } catch (error) {
    cause = error;
  }
  const message = cause instanceof Error ? `the schema threw: ${cause.message}` : 'the schema gave no answer';
  throw new InvalidArgumentError(`${what} cannot be checked`, [{ path: '', message }], { cause });
}

function issueOf(issue: StandardSchemaV1.Issue): ArgumentIssue {
  let path = '';
  for (const segment of issue.path ?? []) {
    const key = typeof segment === 'object' ? segment.key : segment;
    path += typeof key === 'number' ? `[${key}]` : `${path === '' ? '' : '.'}${String(key)}`;
  }
  return { path, message: issue.message };
}
