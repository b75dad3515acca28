import type { Duration } from '../model/duration.js';
import type { CancellationScope } from '../replay/structure.js';
import type { ChildOptions as CallOptions } from '../replay/child-call.js';
import type { Task } from '../replay/task.js';
import type { SearchAttributes, SearchAttributeSchema } from '../model/search-attributes.js';
import type { Logger } from '../runtime/core.js';
import type { Arg, Args } from './carries.js';
import type { ActivityContext, ActivityDefinition, ActivityOptions, AnyActivity } from './define-activity.js';
import type { ArgOf, Messages, Named, ResultOf } from './messages.js';
import type { WorkflowType } from './workflow-type.js';

/** Which task of `ctx.race` came first, with its value. */
export type RaceResult<R extends Record<string, PromiseLike<any>>> = {
  [K in keyof R]: { readonly key: K; readonly value: Awaited<R[K]> };
}[keyof R];

/** Activities as functions: what `ctx.activities` makes. */
export type ActivityStubs<A extends Record<string, AnyActivity>> = {
  [K in keyof A]: A[K] extends ActivityDefinition<infer I, infer O>
    ? (...args: Args<I, ActivityOptions>) => Task<O>
    : never;
};

/** How a child is to be run. */
export interface ChildOptions extends Omit<CallOptions, 'searchAttributes'> {
  searchAttributes?: SearchAttributes;
}

/** What a workflow knows of its own run. */
export interface WorkflowInfo {
  readonly namespace: string;
  readonly taskQueue: string;
  readonly workflowType: string;
  readonly workflowId: string;
  readonly runId: string;
  /** The run that started this one as its child. */
  readonly parent?: { readonly workflowId: string; readonly runId: string };
  /** From 1; more where the run's retry policy has tried again. */
  readonly attempt: number;
  /** Place in the chain of runs of this workflow id, from 1. */
  readonly runNumber: number;
  readonly startedAt: Date;
  /** When the run times out; absent where nothing limits it. */
  readonly deadline?: Date;
  /** Events so far. */
  readonly historyLength: number;
  readonly historyBytes: number;
  /** True once the history is long, 10,000 events or 5 MiB, or the run waits for 200 things at once. Then `continueAsNew` is advised. */
  readonly continueAsNewSuggested: boolean;
  /** Accepted updates whose handlers are not done. */
  readonly unfinishedUpdates: number;
  /** Whether this is being replayed. For logs; nothing may depend on it. */
  readonly replaying: boolean;
}

/**
 * What workflow code may use. Everything here is replay-safe. Native Promise combinators over these tasks work too;
 * only `ctx.race` and `ctx.any` cancel the losers.
 *
 * Used after the run has ended, after waiting for something that is not durable (`fetch`, `setTimeout`), or inside a
 * step, a method blocks the run until the code changes, and throws `ForeignAwaitError`; what returns nothing, such as
 * `setState` and `onSignal`, only blocks it.
 */
export interface WorkflowContext<
  M extends Messages = {},
  SA extends SearchAttributeSchema = {},
  S = unknown,
> {
  readonly info: WorkflowInfo;

  // ── work

  /**
   * Schedules an activity. The task rejects with `ActivityError` when it fails for good, times out or is cancelled; its
   * `cause` is the activity's own error. Throws `InvalidArgumentError`, `PayloadError`, `PayloadTooLargeError`.
   *
   * @example
   * ```ts
   * import { defineActivity, defineWorkflow } from '@perdure/core';
   * const charge = defineActivity('charge', async (amount: number) => ({ paid: amount }));
   * export const order = defineWorkflow('order', async (ctx, amount: number) => {
   *   const { paid } = await ctx.runActivity(charge, amount, { startToCloseTimeout: '30s' });
   *   return paid;
   * });
   * ```
   */
  runActivity<I, O>(activity: ActivityDefinition<I, O>, ...args: Args<I, ActivityOptions>): Task<O>;
  /**
   * The same by name, without types, with the options of the definition that this engine has of that name. Its schema is
   * not applied: what the code does must not depend on which worker it runs on.
   */
  runActivity(name: string, input?: unknown, options?: ActivityOptions): Task<any>;
  /**
   * Activities as functions, with common options.
   *
   * @example
   * ```ts
   * import { defineActivity, defineWorkflow } from '@perdure/core';
   * const reserve = defineActivity('reserve', async (sku: string) => `reserved ${sku}`);
   * const ship = defineActivity('ship', async (sku: string) => `shipped ${sku}`);
   * export const order = defineWorkflow('order', async (ctx, sku: string) => {
   *   const act = ctx.activities({ reserve, ship }, { startToCloseTimeout: '1m' });
   *   await act.reserve(sku);
   *   return act.ship(sku);
   * });
   * ```
   */
  activities<A extends Record<string, AnyActivity>>(
    definitions: A,
    defaults?: ActivityOptions,
  ): ActivityStubs<A>;
  /** An inline activity: a named closure run in a process that holds this run, its result recorded. Rejects like `runActivity`. */
  step<O>(name: string, fn: (step: ActivityContext) => O | Promise<O>, options?: ActivityOptions): Task<O>;

  /**
   * Starts another workflow as a child of this run. The task resolves to what it returns, at the end of its chain, and
   * rejects with `ChildWorkflowError`, whose `cause` is the child's own error, or says why it could not be started. Started
   * after this activation is committed; an id whose runs are all closed gives the next run of that id, an open one is
   * refused. `cancel` asks the child to stop and rejects at once; so does the cancellation of the scope that it was begun
   * in. What becomes of an open child when this run ends, its `parentClosePolicy` says.
   *
   * Throws `InvalidArgumentError`, also with 2,000 children open; `PayloadError`, `PayloadTooLargeError`.
   *
   * @example
   * ```ts
   * import { ChildWorkflowError, defineWorkflow } from '@perdure/core';
   * const ship = defineWorkflow('ship', async (ctx, sku: string) => `shipped ${sku}`);
   * export const order = defineWorkflow('order', async (ctx, skus: string[]) => {
   *   const parcels = skus.map((sku) => ctx.runChild(ship, sku, { executionTimeout: '2d' }));
   *   try {
   *     return await ctx.all(parcels);
   *   } catch (error) {
   *     if (error instanceof ChildWorkflowError) return [error.workflowId, error.kind];
   *     throw error;
   *   }
   * });
   * ```
   */
  runChild<I, O, CM extends Messages>(
    workflow: WorkflowType<I, O, CM>,
    ...args: Args<I, ChildOptions>
  ): ChildTask<O, CM>;
  /** The same by name, without types. A name that is not known here is refused, unless a queue is given. */
  runChild(workflow: string, input?: unknown, options?: ChildOptions): ChildTask<any, Messages>;
  /**
   * Another workflow, not a child: the run that is current when the request arrives, or a certain one. A request resolves
   * once it is recorded there, and rejects with `WorkflowNotFoundError`, `WorkflowNotActiveError` or
   * `SignalRejectedError`. Each is applied once, whatever crashes; requests of a run arrive in their order.
   */
  external(workflowId: string, runId?: string): ExternalWorkflow;

  // ── time

  /** A durable timer. Negative counts as 0; 0 is recorded all the same. */
  sleep(duration: Duration): Task<void>;
  /** A durable timer until a moment; one that has passed counts as now. */
  sleepUntil(when: Date): Task<void>;
  /** The time of the newest event that this run has seen: the same on every replay. */
  now(): Date;

  // ── messages

  /** FIFO per name; each wait takes exactly one; signals sent earlier are buffered. */
  waitSignal<K extends Named<M, 'signal'>>(name: K): Task<ArgOf<M, K>>;
  /** With a timeout: undefined when it elapses. */
  waitSignal<K extends Named<M, 'signal'>>(
    name: K,
    options: { timeout: Duration },
  ): Task<ArgOf<M, K> | undefined>;
  /** Calls back for each signal of a name, in order, those sent earlier included. An error of the handler fails the workflow. */
  onSignal<K extends Named<M, 'signal'>>(name: K, handler: (arg: ArgOf<M, K>) => void | Promise<void>): void;
  /**
   * Answers queries of a name. The handler is synchronous, may look and not act: no `ctx` calls, no changes. It is asked
   * of a copy of the run, replayed from its history, so what it changes never reaches the run, though later queries may
   * see it; and it may be asked twice. A query whose second answer would be another one, or that makes a condition true,
   * is refused with `QueryRejectedError`.
   */
  onQuery<K extends Named<M, 'query'>>(name: K, handler: (arg: ArgOf<M, K>) => ResultOf<M, K>): void;
  /**
   * Handles updates of a name. The validator is asked first, once what came before is written; what it throws refuses
   * the update, which then leaves no trace. It is synchronous, may look and not act, and is asked of a copy of the run,
   * replayed from its history, so what it changes never reaches the run, though validators after it may see it; where it
   * makes a condition true, the update is refused. It is not asked again at replay. What the handler returns, or throws, is the outcome of the update; the
   * workflow goes on either way. Handlers may be async, and interleave.
   *
   * An update that comes before its handler is registered waits for it: register handlers before the first await. One
   * that comes once the workflow's function has returned and before the run is closed is handled as well; what the
   * function has returned stays. A run that ends fails what its handlers have not done: wait for
   * `ctx.info.unfinishedUpdates === 0` where that matters.
   *
   * Where the run continues as new, or is tried again, an accepted update that is not done goes to the next run and is
   * handled there anew, from the beginning, without its validator: its sender gets the outcome of the chain. A handler
   * that calls `ctx.continueAsNew` itself ends its update with an error of code `continued_as_new`.
   */
  onUpdate<K extends Named<M, 'update'>>(
    name: K,
    handler: (arg: ArgOf<M, K>) => ResultOf<M, K> | Promise<ResultOf<M, K>>,
    options?: { validate?: (arg: ArgOf<M, K>) => void },
  ): void;
  /**
   * Waits until the predicate holds; it is looked at after every event. Waiters are woken one at a time, in the order
   * they asked. The predicate is synchronous and may not use `ctx`.
   */
  waitCondition(predicate: () => boolean): Task<true>;
  /** With a timeout: false when it elapses. */
  waitCondition(predicate: () => boolean, options: { timeout: Duration }): Task<boolean>;

  // ── structure

  /** Like `Promise.all`: the first failure in history order rejects. Cancelling it cancels its tasks. */
  all<const T extends readonly PromiseLike<any>[]>(
    tasks: T,
  ): Task<{ -readonly [K in keyof T]: Awaited<T[K]> }>;
  /** Like `Promise.allSettled`. */
  allSettled<const T extends readonly PromiseLike<any>[]>(
    tasks: T,
  ): Task<{ -readonly [K in keyof T]: PromiseSettledResult<Awaited<T[K]>> }>;
  /**
   * The first task to settle, with its key; the others are cancelled. Rejects where the first one failed. A plain promise,
   * such as an async function gives, cannot be cancelled: hand over `ctx.scope(async () => …)`.
   *
   * @example
   * ```ts
   * import { defineWorkflow, signal } from '@perdure/core';
   * export const approval = defineWorkflow('approval', { messages: { decide: signal<boolean>() } }, async (ctx) => {
   *   const first = await ctx.race({ decision: ctx.waitSignal('decide'), tooLate: ctx.sleep('3d') });
   *   return first.key === 'decision' ? first.value : false;
   * });
   * ```
   */
  race<const R extends Record<string, PromiseLike<any>>>(tasks: R): Task<RaceResult<R>>;
  /** The first task to fulfil; the others are cancelled. Rejects with an `AggregateError` when all have failed. */
  any<const T extends readonly PromiseLike<any>[]>(tasks: T): Task<Awaited<T[number]>>;
  /** Maps with at most `concurrency` items under way (default: all); results in the order of the items. The first failure stops the rest. */
  map<I, O>(
    items: readonly I[],
    fn: (item: I, index: number) => PromiseLike<O>,
    options?: { concurrency?: number },
  ): Task<O[]>;

  /**
   * Runs a body in a scope of its own, which can be cancelled without the rest of the workflow. It settles as the body
   * does; cancelling the task cancels the scope.
   *
   * Cancelling a scope rejects everything pending in it and in the scopes inside it, in the order in which it began, with
   * `CancelledError`. From then on every operation of `ctx` there that waits rejects at once, so a broad `catch` cannot
   * lose it; cleanup belongs into `nonCancellable`. Nothing outside is touched, unless the body lets the error out.
   *
   * An operation counts to the scope whose code makes it, however many awaits of tasks lie between. Only where code goes
   * on after a plain promise that another scope resolves (`new Promise`, an async function called there) does it count to
   * that scope from then on: wait with `ctx.waitCondition` or `ctx.all` instead.
   *
   * @example
   * ```ts
   * import { defineWorkflow, signal } from '@perdure/core';
   * export const lamp = defineWorkflow('lamp', { messages: { off: signal() } }, async (ctx) => {
   *   const blinking = ctx.scope(async (scope) => {
   *     ctx.onSignal('off', () => scope.cancel('switched off'));
   *     for (;;) await ctx.sleep('1s');
   *   });
   *   return blinking.catch((error: Error) => error.message);
   * });
   * ```
   */
  scope<O>(body: (scope: CancellationScope) => PromiseLike<O>): Task<O>;
  /**
   * Runs a body that no cancellation from outside reaches: for cleanup. Cancelling the task does nothing. To wait in it for
   * plain promises that were begun outside, use `ctx.all` or `ctx.allSettled` (see `scope`).
   */
  nonCancellable<O>(body: () => PromiseLike<O>): Task<O>;
  /**
   * Runs a body in a scope that is cancelled when time is up. Then it rejects with `ScopeTimeoutError` as soon as the body
   * has ended, even where the body goes on to return a value. The timer ends with the body. 0 gives the body until its
   * first wait; negative counts as 0.
   *
   * @example
   * ```ts
   * import { defineActivity, defineWorkflow } from '@perdure/core';
   * const quote = defineActivity('quote', async (supplier: string) => supplier.length);
   * export const best = defineWorkflow('best', async (ctx, suppliers: string[]) =>
   *   ctx.withTimeout('10s', () => ctx.map(suppliers, (supplier) => ctx.runActivity(quote, supplier))),
   * );
   * ```
   */
  withTimeout<O>(timeout: Duration, body: () => PromiseLike<O>): Task<O>;
  /**
   * When the body fails or is cancelled, runs the undo steps that it has registered, the newest first, one at a time, in
   * a scope that cannot be cancelled; then rejects with what the body threw. An undo step that fails does not stop the
   * others: then it rejects with an `AggregateError` of these failures, whose `cause` is what the body threw. Nothing is
   * undone where the body continues as a new run.
   *
   * @example
   * ```ts
   * import { defineActivity, defineWorkflow } from '@perdure/core';
   * const book = defineActivity('book', async (trip: string) => `booking of ${trip}`);
   * const cancel = defineActivity('cancel', async (booking: string) => void booking);
   * export const travel = defineWorkflow('travel', async (ctx, trips: string[]) =>
   *   ctx.saga(async (undo) => {
   *     for (const trip of trips) {
   *       const booking = await ctx.runActivity(book, trip);
   *       undo(() => ctx.runActivity(cancel, booking));
   *     }
   *   }),
   * );
   * ```
   */
  saga<O>(body: (undo: (step: () => PromiseLike<unknown>) => void) => PromiseLike<O>): Task<O>;
  /**
   * Aborts when the run is asked to cancel. Queries and predicates may look at it. A listener is workflow code: it runs in
   * the scope in which it was added, and an error of it fails the workflow.
   */
  readonly signal: AbortSignal;

  // ── recorded values

  /** Runs a synchronous function once and records what it returned or threw. It may not use `ctx`. */
  sideEffect<T>(fn: () => T): T;
  /** 0 ≤ x < 1, seeded by the run id: the same on every replay. */
  random(): number;
  /** A random uuid, the same on every replay. */
  uuid4(): string;
  /** A uuid that sorts by time, the same on every replay. */
  uuid7(): string;

  /**
   * Whether this run goes the new way at a change: true where it gets here for the first time, false where it was past
   * this point before the change was made. The answer for a change id is recorded, and the same to the end of the run.
   * Once no open run is older than the change, `deprecatePatch` takes its place; once no open run was started with
   * `patched`, that goes as well. Throws `InvalidArgumentError` for a bad id.
   *
   * @example
   * ```ts
   * import { defineActivity, defineWorkflow } from '@perdure/core';
   * const bill = defineActivity('bill', async (order: string) => order);
   * const billWithTax = defineActivity('billWithTax', async (order: string) => order);
   * export const order = defineWorkflow('order', (ctx, id: string) =>
   *   ctx.patched('tax') ? ctx.runActivity(billWithTax, id) : ctx.runActivity(bill, id),
   * );
   * ```
   */
  patched(changeId: string): boolean;
  /** Keeps runs replayable that `patched` has marked, after the old way has gone from the code; runs that went the old way are blocked. */
  deprecatePatch(changeId: string): void;
  /**
   * The version of a change that this run goes by: `maxSupported` where it gets here for the first time, what was
   * recorded after that, −1 where it was past this point before the change was made. One that is not between
   * `minSupported` and `maxSupported` blocks the run with `VersionNotSupportedError`, until code that supports it runs.
   * `patched(id)` is `getVersion(id, -1, 1) === 1`. Throws `InvalidArgumentError` for a bad id or range.
   */
  getVersion(changeId: string, minSupported: number, maxSupported: number): number;

  // ── what others see

  /** Replaces the state that descriptions and `state$` show. */
  setState(state: S): void;
  /**
   * Sets search attributes, which lists are filtered by; null removes one, the others stay. Declared ones take values of
   * their type only; where the workflow declares none, any name takes any type, and keeps to it. What is registered in
   * the namespace (`client.searchAttributes`) takes values of its type in every workflow. At most 100, with names
   * of 128 characters, keywords of 255, texts of 2048, 64 KiB in all. Throws `InvalidArgumentError`,
   * `PayloadTooLargeError`.
   */
  upsertSearchAttributes(attributes: SearchAttributes<SA>): void;
  /**
   * Sets members of the memo, which descriptions show; null removes one, the others stay. At most 100, with names of 128
   * characters, 10 KiB each, 256 KiB in all. Throws `InvalidArgumentError`, `PayloadError`, `PayloadTooLargeError`.
   */
  upsertMemo(memo: Record<string, unknown>): void;
  /** Silent during replay. */
  readonly log: Logger;

  // ── the next run

  /**
   * Ends this run and goes on as a new one of the same workflow id, with a fresh history and its own input. Timeouts,
   * retry policy, memo, search attributes, priority and parent carry over; signals that no code has taken yet are the new
   * run's, in order. The run has ended when this throws, and catching what it throws changes nothing: activities that are
   * still pending are cancelled, children go on. Without a `workflow` it is the same one, by default on the same queue.
   *
   * Throws `CancelledError` once cancellation was requested, `InvalidArgumentError`, `PayloadError`,
   * `PayloadTooLargeError`; then the run goes on.
   *
   * @example
   * ```ts
   * import { defineWorkflow, signal } from '@perdure/core';
   * export const counter = defineWorkflow('counter', { messages: { add: signal<number>() } }, async (ctx, total: number) => {
   *   while (!ctx.info.continueAsNewSuggested) total += await ctx.waitSignal('add');
   *   return ctx.continueAsNew(total);
   * });
   * ```
   */
  continueAsNew(input?: unknown, options?: ContinueAsNewOptions): never;
}

/** A child under way. Await it for its result; nobody has to. */
export interface ChildTask<O, M extends Messages> extends Task<O> {
  readonly workflowId: string;
  /** Resolves once the child is durably started; rejects with `ChildWorkflowError` where it could not be. */
  readonly started: Task<{ readonly runId: string }>;
  /** Sends a signal to the child. Resolves and rejects as the signals of `ctx.external` do. */
  signal<K extends Named<M, 'signal'>>(name: K, ...arg: Arg<ArgOf<M, K>>): Task<void>;
}

/** Another workflow, as `ctx.external` gives it. */
export interface ExternalWorkflow {
  signal(name: string, payload?: unknown): Task<void>;
  /** Asks it to cancel. */
  cancel(reason?: string): Task<void>;
}

/** Where `ctx.continueAsNew` goes on. */
export interface ContinueAsNewOptions {
  /** Another workflow: its definition or its name. Default: the same one. */
  workflow?: WorkflowType<any, any, any> | string;
  /** Default: that of the given definition, else the queue of this run. */
  taskQueue?: string;
}
