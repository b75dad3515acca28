import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidArgumentError, type ArgumentIssue } from '../model/errors.js';

/** A schema of any Standard Schema library. */
export type StandardSchema = StandardSchemaV1;

/** The value as the schema gives it back. Throws `InvalidArgumentError` with a path for each issue. Schemas must be synchronous: replay is. */
export function validateSync(schema: StandardSchema, value: unknown, what: string): unknown {
  const result = schema['~standard'].validate(value);
  if ('then' in result) {
    result.then(undefined, () => undefined); // its outcome comes too late to count
    throw new InvalidArgumentError(`${what} cannot be checked`, [
      { path: '', message: 'the schema is asynchronous; workflows need one that answers at once' },
    ]);
  }
  if (result.issues) throw new InvalidArgumentError(`${what} is not valid`, result.issues.map(issueOf));
  return result.value;
}

function issueOf(issue: StandardSchemaV1.Issue): ArgumentIssue {
  let path = '';
  for (const segment of issue.path ?? []) {
    const key = typeof segment === 'object' ? segment.key : segment;
    path += typeof key === 'number' ? `[${key}]` : `${path === '' ? '' : '.'}${String(key)}`;
  }
  return { path, message: issue.message };
}
