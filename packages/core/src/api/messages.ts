import { InvalidArgumentError } from '../model/errors.js';
import { carrier, type Carries } from './carries.js';
import { isSchema } from './definition-check.js';
import { checking, type Schema } from './schema.js';

/** A message that a workflow type declares. Made by `signal`, `query` and `update`. */
export interface Message<Kind extends 'signal' | 'query' | 'update', A, R> {
  readonly kind: Kind;
  readonly arg: Carries<A>;
  readonly result: Carries<R>;
}
/** Declared messages by name. */
export type Messages = Record<string, Message<any, any, any>>;

/** The argument of a declared message; any where it is not known. */
export type ArgOf<M extends Messages, K extends string> = K extends keyof M
  ? M[K] extends Message<any, infer A, any>
    ? A
    : any
  : any;
/** The answer of a declared message; any where it is not known. */
export type ResultOf<M extends Messages, K extends string> = K extends keyof M
  ? M[K] extends Message<any, any, infer R>
    ? R
    : any
  : any;
type Declared<M extends Messages, Kind extends string> = {
  [K in keyof M]: M[K]['kind'] extends Kind ? K : never;
}[keyof M] &
  string;
/** The declared names of one kind; any string where the type declares no messages at all, or is not known. */
export type Named<M extends Messages, Kind extends string> = keyof M extends never
  ? string
  : string extends keyof M
    ? string
    : Declared<M, Kind>;

/**
 * Declares a signal: a value sent to a run, recorded before the sender goes on, with no answer. With a schema the value
 * is checked at the door.
 *
 * @example
 * ```ts
 * import { defineWorkflow, signal } from '@perdure/core';
 *
 * export const approval = defineWorkflow('approval', { messages: { approve: signal<{ by: string }>() } }, async (ctx) => {
 *   const { by } = await ctx.waitSignal('approve');
 *   return by;
 * });
 * ```
 */
export function signal<A = void>(schema?: Schema<A>): Message<'signal', A, void> {
  return message('signal', schema);
}

/**
 * Declares a query: a question about a run, answered from what it has recorded, leaving no trace. Answers are given by
 * `ctx.onQuery`.
 *
 * @example
 * ```ts
 * import { defineWorkflow, query } from '@perdure/core';
 *
 * export const counter = defineWorkflow('counter', { messages: { count: query<number>() } }, async (ctx) => {
 *   let count = 0;
 *   ctx.onQuery('count', () => count);
 *   for (; count < 10; count++) await ctx.sleep('1h');
 * });
 * ```
 */
export function query<R, A = void>(schema?: Schema<A>): Message<'query', A, R> {
  return message('query', schema);
}

/**
 * Declares an update: a request to a run that changes it and gives an answer. It may be refused before it leaves any
 * trace, is applied once for each id, and has one outcome. Handled by `ctx.onUpdate`.
 *
 * @example
 * ```ts
 * import { defineWorkflow, update } from '@perdure/core';
 *
 * export const basket = defineWorkflow('basket', { messages: { add: update<number, string>() } }, async (ctx) => {
 *   const items: string[] = [];
 *   ctx.onUpdate('add', (item) => items.push(item), {
 *     validate: (item) => {
 *       if (items.includes(item)) throw new Error(`${item} is there already`);
 *     },
 *   });
 *   await ctx.waitCondition(() => items.length === 3);
 *   return items;
 * });
 * ```
 */
export function update<R, A = void>(schema?: Schema<A>): Message<'update', A, R> {
  return message('update', schema);
}

function message<Kind extends 'signal' | 'query' | 'update', A, R>(
  kind: Kind,
  schema: Schema<A> | undefined,
): Message<Kind, A, R> {
  if (!isSchema(schema)) {
    throw new InvalidArgumentError(`A ${kind} takes a schema or nothing`, [
      { path: 'schema', message: 'is no Standard Schema' },
    ]);
  }
  const checked = checking(schema);
  return Object.freeze({ kind, arg: carrier, result: carrier, ...(checked && { schema: checked }) });
}
