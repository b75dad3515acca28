import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidArgumentError } from '../model/errors.js';
export type StandardSchema = StandardSchemaV1;
export function validateSync(schema: StandardSchema, value: unknown, what: string): unknown {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) throw new InvalidArgumentError(`${what}: async schema`, []);
  if (result.issues) throw new InvalidArgumentError(`${what} is not valid`, result.issues.map((i) => ({ path: String(i.path ?? ''), message: i.message })));
  return result.value;
}
