import type { StandardSchemaV1 } from '@standard-schema/spec';

/**
 * A schema of any Standard Schema library (Zod, Valibot, ArkType …) whose checks are synchronous. Never required:
 * `type<T>()` states a type and checks nothing.
 */
export type Schema<T> = StandardSchemaV1<any, T>;

/** What a schema lets through. */
export type SchemaOut<S, Fallback = unknown> = S extends Schema<infer O> ? O : Fallback;

const anything: Schema<never> = Object.freeze({
  '~standard': Object.freeze({
    version: 1,
    vendor: 'perdure',
    validate: (value: unknown) => ({ value: value as never }),
  }),
});

/**
 * A schema that checks nothing and only carries a type.
 *
 * @example
 * ```ts
 * import { defineWorkflow, type } from '@perdure/core';
 *
 * interface Order { readonly sku: string; readonly amount: number }
 * export const order = defineWorkflow('order', { input: type<Order>(), output: type<string>() });
 * ```
 */
export function type<T>(): Schema<T> {
  return anything;
}

/** The schema as far as there is anything to check. */
export function checking<S>(schema: S | undefined): S | undefined {
  return schema === anything ? undefined : schema;
}
