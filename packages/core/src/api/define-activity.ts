import { freezeRetryPolicy } from '../model/retry.js';
import {
  activityOptions,
  freezeActivityCall,
  isSummary,
  summaryMessage,
  type ActivityOptions,
} from '../replay/activity-call.js';
import type { Logger } from '../runtime/core.js';
import { carrier, type Carries } from './carries.js';
import { DefinitionCheck, isSchema } from './definition-check.js';
import { checking, type Schema, type SchemaOut } from './schema.js';

export type { ActivityOptions };

/** What the code of an activity is given besides its input. */
export interface ActivityContext {
  readonly info: {
    readonly namespace: string;
    readonly taskQueue: string;
    readonly activityId: string;
    readonly activityType: string;
    /** 1 for the first attempt. */
    readonly attempt: number;
    /** Stands for this attempt: hand it to who completes it, see `completeLater`. */
    readonly taskToken: string;
    /** Undefined for a standalone activity, as are the next two. */
    readonly workflowId?: string;
    readonly runId?: string;
    readonly workflowType?: string;
    readonly scheduledAt: Date;
    /** When this attempt began. */
    readonly startedAt: Date;
    /** When this attempt times out; absent where nothing limits it. */
    readonly deadline?: Date;
  };
  /**
   * Aborts at once on cancellation, timeout, lease loss or shutdown; the reason says which, by its `code`:
   * `activity_cancelled` (and then `isCancelled(reason)` is true), `activity_timeout`, `lease_lost`, `worker_shutdown`.
   */
  readonly signal: AbortSignal;
  /** Same for every attempt of one activity: hand it to the outside system. */
  readonly idempotencyKey: string;
  /** Records progress and liveness. Throws the abort reason when the activity should stop. Throttled; the last details always reach the store. */
  heartbeat(details?: unknown): void;
  /** What the previous attempt last recorded, to go on from there. */
  lastHeartbeat<D = unknown>(): D | undefined;
  /**
   * Leaves it to somebody else to complete this attempt, by its token: `client.activities.complete`, `fail` and
   * `heartbeat`, from any process, also after this worker is gone. It throws, and so ends the code here: return it, and
   * let nothing catch it. Timeouts hold on; without `startToCloseTimeout`, `scheduleToCloseTimeout` or
   * `heartbeatTimeout` the activity waits for ever.
   *
   * @example
   * ```ts
   * import { defineActivity } from '@perdure/core';
   * declare function askForApproval(token: string): Promise<void>;
   * export const approval = defineActivity<void, { by: string }>(
   *   'approval',
   *   { startToCloseTimeout: '2d' },
   *   async (_, activity) => {
   *     await askForApproval(activity.info.taskToken);
   *     return activity.completeLater();
   *   },
   * );
   * ```
   */
  completeLater(): never;
  readonly log: Logger;
}

/** The code of an activity: any code, run outside of replay, at least once. Its result is recorded. */
export type ActivityFn<I, O> = (input: I, activity: ActivityContext) => O | Promise<O>;

/** The contract of an activity: safe to import where its code cannot run. */
export interface ActivityDefinition<I, O> {
  readonly name: string;
  readonly options: ActivityOptions;
  readonly input: Carries<I>;
  readonly output: Carries<O>;
  /** Gives the contract its code. The contract stays as it is. */
  implement(fn: ActivityFn<I, O>): ActivityImplementation<I, O>;
}
/** An activity with its code: what an engine is given. */
export interface ActivityImplementation<I, O> extends ActivityDefinition<I, O> {
  readonly fn: ActivityFn<I, O>;
}
/** Any activity, whatever it takes and gives. */
export type AnyActivity = ActivityDefinition<any, any>;

/**
 * Defines an activity: work in the outside world, tried again by its retry policy, its result recorded.
 *
 * Names are 1 to 191 characters without control characters, and do not begin or end with a space. They are in every
 * history: renaming an activity breaks runs in flight. Throws `InvalidArgumentError` for a bad name, options or code.
 *
 * @example
 * ```ts
 * import { defineActivity } from '@perdure/core';
 *
 * export const charge = defineActivity('charge', { startToCloseTimeout: '30s' }, async (order: { id: string }) => {
 *   return { receipt: `receipt of ${order.id}` };
 * });
 * ```
 */
export function defineActivity<I = void, O = void>(
  name: string,
  fn: ActivityFn<I, O>,
): ActivityImplementation<I, O>;
/** Defines an activity with options and its code. */
export function defineActivity<I = void, O = void>(
  name: string,
  options: ActivityOptions,
  fn: ActivityFn<I, O>,
): ActivityImplementation<I, O>;
/** Defines the contract of an activity; `implement` gives it its code elsewhere. */
export function defineActivity<IS extends Schema<any>, OS extends Schema<any>>(
  name: string,
  contract: ActivityOptions & { input: IS; output: OS },
): ActivityDefinition<SchemaOut<IS>, SchemaOut<OS>>;
export function defineActivity(
  name: string,
  optionsOrFn: (ActivityOptions & { input?: Schema<unknown>; output?: Schema<unknown> }) | AnyFn,
  fn?: AnyFn,
): AnyActivity {
  const given = typeof optionsOrFn === 'function' ? {} : optionsOrFn;
  const code = typeof optionsOrFn === 'function' ? optionsOrFn : fn;
  const check = new DefinitionCheck('activity', name, given);
  const { input, output, ...options } = given;
  check.require(code === undefined || typeof code === 'function', 'fn', 'must be a function');
  check.require(
    code !== undefined || (input !== undefined && output !== undefined),
    'fn',
    'a contract without code needs input and output',
  );
  check.require(isSchema(input), 'input', 'is no Standard Schema');
  check.require(isSchema(output), 'output', 'is no Standard Schema');
  check.dispatch(options);
  check.known(options, activityOptions);
  check.require(isSummary(options.summary), 'summary', summaryMessage);
  check.done();
  checkFrozen(options);
  const definition = {
    name,
    // Its own copy: what it was made of may change.
    options: Object.freeze({ ...options, ...(options.retry && { retry: freezeRetryPolicy(options.retry) }) }),
    input: carrier,
    output: carrier,
    inputSchema: checking(input),
    outputSchema: checking(output),
    implement(implementation: AnyFn) {
      const implemented = new DefinitionCheck('activity', name, {});
      implemented.require(typeof implementation === 'function', 'fn', 'must be a function');
      implemented.done();
      return Object.freeze({ ...definition, fn: implementation });
    },
  };
  return Object.freeze(code ? { ...definition, fn: code } : definition);
}

type AnyFn = ActivityFn<any, any>;

/** Freezes the options as a call would, so that what a call would be refused for is refused here. */
function checkFrozen(options: ActivityOptions): void {
  const anywhere = { taskQueue: 'default', priority: 5, fairnessKey: '', fairnessWeight: 1 };
  freezeActivityCall(
    '',
    { name: '', options },
    () => ({ codec: '', text: '' }),
    undefined,
    undefined,
    anywhere,
    false,
  );
}
