import { parseDuration, type Duration } from '../model/duration.js';
import { freezeRetryPolicy, type RetryPolicy } from '../model/retry.js';
import { isSearchAttributeType, type SearchAttributeSchema } from '../model/search-attributes.js';
import { carrier, type Carries } from './carries.js';
import type { WorkflowContext } from './context.js';
import { DefinitionCheck, isSchema } from './definition-check.js';
import type { Messages } from './messages.js';
import type { WorkflowType } from './workflow-type.js';
import { checking, type Schema, type SchemaOut } from './schema.js';

/** What callers of a workflow may rely on, and how its runs are to be run. */
export interface WorkflowContract<IS, OS, M extends Messages, SA extends SearchAttributeSchema, ST> {
  /** Checks what a run is started with. */
  input?: IS;
  output?: OS;
  /** Declared messages are checked at the door: an unknown name is refused. A type that declares none buffers any signal. */
  messages?: M;
  /** Attributes that a start may give, with their types; others are refused. */
  searchAttributes?: SA;
  /** The type of the value given to `ctx.setState`, seen in every snapshot. */
  state?: ST;
  /** Queue whose workers run it. Default `default`. */
  taskQueue?: string;
  /**
   * How runs in flight meet new code, where engines name their builds: `pinned` runs stay with the build that took them
   * first; `auto_upgrade` runs go on with any build, and where builds differ with the one that can follow what was
   * recorded. A run that continues as new is free again. Default `pinned`.
   */
  versioning?: 'pinned' | 'auto_upgrade';
  /** Limits the whole chain of runs. Default none. */
  executionTimeout?: Duration;
  /** Limits one run. Default none. */
  runTimeout?: Duration;
  /** When and how often a run that failed or timed out is tried again. Default never. */
  retry?: RetryPolicy;
}

/**
 * The code of a workflow. It may do anything that `ctx` offers and anything that only depends on what it was given:
 * no clock, no chance, no input or output of its own.
 */
export type WorkflowFn<I, O, M extends Messages, SA extends SearchAttributeSchema, S> = (
  ctx: WorkflowContext<M, SA, S>,
  input: I,
) => Promise<O>;

/** The contract of a workflow: what a caller needs, without its code. */
export interface WorkflowDefinition<
  I,
  O,
  M extends Messages = {},
  SA extends SearchAttributeSchema = {},
  S = unknown,
> extends WorkflowType<I, O, M> {
  readonly searchAttributes: SA;
  readonly state: Carries<S>;
  /** Gives the contract its code. The contract stays as it is. */
  implement(fn: WorkflowFn<I, O, M, SA, S>): WorkflowImplementation<I, O, M, SA, S>;
}
/** A workflow with its code: what an engine is given. */
export interface WorkflowImplementation<
  I,
  O,
  M extends Messages = {},
  SA extends SearchAttributeSchema = {},
  S = unknown,
> extends WorkflowDefinition<I, O, M, SA, S> {
  readonly fn: WorkflowFn<I, O, M, SA, S>;
}
/** Any workflow, whatever it takes and gives. */
export type AnyWorkflow = WorkflowDefinition<any, any, any, any, any>;

/**
 * Defines a workflow: an async function that survives crashes, reloads and deploys, because it is replayed from what it
 * has recorded.
 *
 * Names are 1 to 191 characters without control characters, and do not begin or end with a space. They are in every
 * history: renaming a workflow leaves its runs without code. Throws `InvalidArgumentError` for a bad name, contract or
 * code.
 *
 * A promise that rejects before the code looks at it is logged, and does not end the workflow: hand it to `ctx.all`, or
 * give it a `catch`.
 *
 * @example
 * ```ts
 * import { defineActivity, defineWorkflow } from '@perdure/core';
 *
 * const greet = defineActivity('greet', async (name: string) => `Hello, ${name}`);
 *
 * export const welcome = defineWorkflow('welcome', async (ctx, name: string) => {
 *   const greeting = await ctx.runActivity(greet, name);
 *   await ctx.sleep('1d');
 *   return greeting;
 * });
 * ```
 */
export function defineWorkflow<I = void, O = void>(
  name: string,
  fn: WorkflowFn<I, O, {}, {}, unknown>,
): WorkflowImplementation<I, O>;
/** Defines a workflow with messages, state or options, and its code. */
export function defineWorkflow<
  I = void,
  O = void,
  M extends Messages = {},
  const SA extends SearchAttributeSchema = {},
  ST extends Schema<any> = Schema<unknown>,
>(
  name: string,
  contract: WorkflowContract<never, never, M, SA, ST> & { input?: never; output?: never },
  fn: WorkflowFn<I, O, M, SA, SchemaOut<ST>>,
): WorkflowImplementation<I, O, M, SA, SchemaOut<ST>>;
/** Defines the contract of a workflow; `implement` gives it its code elsewhere. */
export function defineWorkflow<
  IS extends Schema<any>,
  OS extends Schema<any>,
  M extends Messages = {},
  const SA extends SearchAttributeSchema = {},
  ST extends Schema<any> = Schema<unknown>,
>(
  name: string,
  contract: WorkflowContract<IS, OS, M, SA, ST> & { input: IS; output: OS },
): WorkflowDefinition<SchemaOut<IS>, SchemaOut<OS>, M, SA, SchemaOut<ST>>;
export function defineWorkflow(
  name: string,
  contractOrFn:
    | WorkflowContract<Schema<unknown>, Schema<unknown>, Messages, SearchAttributeSchema, Schema<unknown>>
    | AnyFn,
  fn?: AnyFn,
): AnyWorkflow {
  const contract = typeof contractOrFn === 'function' ? {} : contractOrFn;
  const code = typeof contractOrFn === 'function' ? contractOrFn : fn;
  const check = new DefinitionCheck('workflow', name, contract);
  const {
    input,
    output,
    messages = {},
    searchAttributes = {},
    state,
    taskQueue,
    versioning,
    executionTimeout,
    runTimeout,
    retry,
  } = contract;
  check.require(code === undefined || typeof code === 'function', 'fn', 'must be a function');
  check.require(
    code !== undefined || (input !== undefined && output !== undefined),
    'fn',
    'a contract without code needs input and output',
  );
  check.require(isSchema(input), 'input', 'is no Standard Schema');
  check.require(isSchema(output), 'output', 'is no Standard Schema');
  check.require(isSchema(state), 'state', 'is no Standard Schema');
  for (const [key, message] of Object.entries(messages)) {
    check.require(key !== '', 'messages', 'a message needs a name');
    check.require(
      ['signal', 'query', 'update'].includes((message as { kind?: string } | undefined)?.kind ?? ''),
      `messages.${key}`,
      'must be made by signal(), query() or update()',
    );
  }
  for (const [key, type] of Object.entries(searchAttributes)) {
    check.require(isSearchAttributeType(type), `searchAttributes.${key}`, 'is no type of a search attribute');
  }
  check.require(
    versioning === undefined || versioning === 'pinned' || versioning === 'auto_upgrade',
    'versioning',
    "must be 'pinned' or 'auto_upgrade'",
  );
  check.dispatch({ taskQueue });
  check.known(contract, knownOptions);
  check.done();
  checkTimeouts(name, executionTimeout, runTimeout);
  const frozen = freezeRetryPolicy(retry);
  const definition = {
    name,
    messages: Object.freeze({ ...messages }),
    searchAttributes: Object.freeze({ ...searchAttributes }),
    input: carrier,
    output: carrier,
    state: carrier,
    inputSchema: checking(input),
    outputSchema: checking(output),
    taskQueue,
    versioning,
    executionTimeout,
    runTimeout,
    // Its own copy: what it was made of may change.
    retry: retry && frozen,
    implement(implementation: AnyFn) {
      const implemented = new DefinitionCheck('workflow', name, {});
      implemented.require(typeof implementation === 'function', 'fn', 'must be a function');
      implemented.done();
      return Object.freeze({ ...definition, fn: implementation });
    },
  };
  return Object.freeze(code ? { ...definition, fn: code } : definition) as unknown as AnyWorkflow;
}

type AnyFn = (ctx: never, input: never) => Promise<unknown>;

const knownOptions: ReadonlySet<string> = new Set<keyof WorkflowContract<never, never, {}, {}, never>>([
  'input',
  'output',
  'messages',
  'searchAttributes',
  'state',
  'taskQueue',
  'versioning',
  'executionTimeout',
  'runTimeout',
  'retry',
]);

function checkTimeouts(
  name: string,
  executionTimeout: Duration | undefined,
  runTimeout: Duration | undefined,
): void {
  const check = new DefinitionCheck('workflow', name, {});
  const execution =
    executionTimeout === undefined ? Infinity : parseDuration(executionTimeout, 'executionTimeout');
  const run = runTimeout === undefined ? undefined : parseDuration(runTimeout, 'runTimeout');
  check.require(execution > 0, 'executionTimeout', 'must be positive');
  check.require(run === undefined || run > 0, 'runTimeout', 'must be positive');
  check.require(
    run === undefined || run <= execution,
    'runTimeout',
    'must not be longer than executionTimeout',
  );
  check.done();
}
