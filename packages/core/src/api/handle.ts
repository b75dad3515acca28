import type { HistoryBundle } from '../codec/bundle.js';
import type { Redact } from '../codec/redact.js';
import { ArgumentCheck, requireObject } from '../model/argument-check.js';
import { InvalidArgumentError } from '../model/errors.js';
import type { LiveStream } from '../observe/live-stream.js';
import { observeRun, type RunView } from '../observe/run-view.js';
import { archiveRun } from '../runtime/client/archive.js';
import { cancelRun, type CancelOptions } from '../runtime/client/cancel.js';
import type { DeclaredMessages } from '../runtime/client/declared-messages.js';
import { describeRun } from '../runtime/client/describe.js';
import { asCalled } from '../runtime/client/encode.js';
import type { HistoryEvent, PendingActivity, WorkflowDescription } from '../runtime/client/description.js';
import { exportRun } from '../runtime/client/export-history.js';
import { forkRun, type ForkOptions } from '../runtime/client/fork.js';
import { readHistory } from '../runtime/client/history.js';
import { listChain } from '../runtime/client/list.js';
import type { OpenCore } from '../runtime/client/open-core.js';
import { queryRun } from '../runtime/client/query.js';
import { readTarget } from '../runtime/client/read-run.js';
import { ClientReads } from '../runtime/client/reads.js';
import { repairRun, type RepairOutcome } from '../runtime/client/repair.js';
import type { RunTarget } from '../runtime/client/run-reads.js';
import { signalRun } from '../runtime/client/signal.js';
import {
  startUpdate,
  type StartUpdateOptions,
  type UpdateHandle,
  type UpdateOptions,
} from '../runtime/client/update.js';
import { terminateRun } from '../runtime/client/terminate.js';
import { runAt } from '../runtime/client/time-travel.js';
import { waitResult, type WaitOptions } from '../runtime/client/wait-result.js';
import type { Arg, Args } from './carries.js';
import type { ArgOf, Messages, Named, ResultOf } from './messages.js';

export type {
  CancelOptions,
  ForkOptions,
  RepairOutcome,
  StartUpdateOptions,
  UpdateHandle,
  UpdateOptions,
  WaitOptions,
};

/**
 * One workflow, as a caller sees it. Making one costs nothing and checks nothing. Every method rejects with
 * `WorkflowNotFoundError` where there is no such run, with `EngineClosedError` once the client is closed, and with
 * `StorageError` where the store cannot answer.
 */
export interface WorkflowHandle<O = unknown, M extends Messages = Messages, S = unknown> {
  readonly workflowId: string;
  /**
   * Absent: each call is about the run that is current then. The handle that `start` returns has the run it started
   * here, and follows it: once that run was continued as new or is tried again, calls are about the run that goes on in
   * its place. A handle made with a run id is about that run alone; only `result` and `result$` follow it.
   */
  readonly runId?: string;

  /**
   * Waits for the end of the run, and of those that go on in its place. Resolves to what the workflow returned. Rejects with `WorkflowFailedError`,
   * `WorkflowCancelledError`, `WorkflowTerminatedError` or `WorkflowTimedOutError`, by how it ended, and with
   * `WaitTimeoutError` where the wait was too long: then the workflow goes on.
   *
   * @example
   * ```ts
   * import { isPerdureError, type Client } from '@perdure/core';
   * export async function receipt(client: Client, id: string): Promise<unknown> {
   *   try {
   *     return await client.handle(id).result({ timeout: '10s' });
   *   } catch (error) {
   *     if (isPerdureError(error) && error.code === 'wait_timeout') return 'not yet';
   *     throw error;
   *   }
   * }
   * ```
   */
  result(options?: WaitOptions): Promise<O>;
  /** The run as it stands. */
  describe(): Promise<WorkflowDescription<S>>;
  /**
   * Sends a signal. It is recorded when this resolves, and survives whatever happens then. With an `id` it is applied
   * once, however often it is sent. A run that waits for its start delay begins.
   *
   * Rejects with `SignalRejectedError` where the type declares messages and not this one, or not with this value, and
   * with `WorkflowNotActiveError` where the run is closed.
   */
  signal<K extends Named<M, 'signal'>>(name: K, ...args: Args<ArgOf<M, K>, { id?: string }>): Promise<void>;
  /**
   * Asks the run, open or closed; one that has not begun answers as it will begin. Adds nothing to its history. Answered by a worker of this process, else by any that
   * serves its queue, within 10 s. Rejects with `QueryRejectedError`.
   */
  query<K extends Named<M, 'query'>>(name: K, ...arg: Arg<ArgOf<M, K>>): Promise<ResultOf<M, K>>;
  /**
   * Sends an update and waits for its outcome: what its handler returned. With an `id` it is applied once and has one
   * outcome, however often it is sent, also after the run has closed.
   *
   * Rejects with `UpdateRejectedError` where its validator, its schema or its type refuses it, or the run ends before it
   * has a handler for it; with `UpdateFailedError` where the handler throws; with `WorkflowNotActiveError` where the run
   * is closed, or closes before the handler is done; and with `WaitTimeoutError`: then the update goes on.
   *
   * @example
   * ```ts
   * import { defineWorkflow, update, type Client } from '@perdure/core';
   * const basket = defineWorkflow('basket', { messages: { add: update<number, string>() } }, async (ctx) => {
   *   const items: string[] = [];
   *   ctx.onUpdate('add', (item) => items.push(item));
   *   await ctx.waitCondition(() => items.length === 3);
   * });
   * export function add(client: Client, id: string, item: string): Promise<number> {
   *   return client.handle(basket, id).update('add', item, { id: `add-${item}`, timeout: '10s' });
   * }
   * ```
   */
  update<K extends Named<M, 'update'>>(
    name: K,
    ...args: Args<ArgOf<M, K>, UpdateOptions>
  ): Promise<ResultOf<M, K>>;
  /** Sends an update and goes on once it is accepted, or `completed` where `waitFor` says so. Rejects as `update` does. */
  startUpdate<K extends Named<M, 'update'>>(
    name: K,
    ...args: Args<ArgOf<M, K>, StartUpdateOptions>
  ): Promise<UpdateHandle<ResultOf<M, K>>>;
  /** Asks the workflow to stop; it may clean up first. One that never began ends at once. Nothing happens where it has ended or was asked before. */
  cancel(options?: CancelOptions): Promise<void>;
  /** Ends the run by force: none of its code runs any more. Rejects with `WorkflowNotActiveError` where it has ended otherwise. */
  terminate(reason?: string): Promise<void>;

  /**
   * Puts a closed run out of sight: lists leave it out unless they ask for archived runs. Nothing else of it changes.
   * Nothing happens where it is archived. Rejects with `WorkflowNotClosedError` where it is open.
   */
  archive(): Promise<void>;
  /**
   * Hands a run to the workers again that is blocked, that should have gone on and did not, or that has lost its place in
   * the queue; a blocked one is tried again even where its code has not changed. Says whether that was needed.
   */
  repair(): Promise<RepairOutcome>;

  /** All runs of this workflow id, oldest first. */
  runs(): Promise<readonly WorkflowDescription<S>[]>;
  /** What is recorded so far, in order, read in pages while you go. */
  history(options?: { fromSeq?: number; limit?: number }): AsyncIterable<HistoryEvent>;
  /**
   * The run as it was after an event, found by running its code again up to there, in this process, so that breakpoints
   * stop. Nothing is written. An event among those that an input caused stands for all of them: `historyLength` says how
   * far it went. Rejects with `InvalidArgumentError` for an event that there is not, `UnknownWorkflowError` where this
   * client has no code of the workflow (an engine that runs it has), `NondeterminismError` where the code no longer fits.
   *
   * @example
   * ```ts
   * import type { WorkflowHandle } from '@perdure/core';
   * export async function waitedFor(handle: WorkflowHandle, seq: number): Promise<string[]> {
   *   const { description } = await handle.at(seq);
   *   return description.waitingFor.map(({ kind }) => kind);
   * }
   * ```
   */
  at(seq: number): Promise<WorkflowAt<M, S>>;
  /**
   * Begins a new run with this run's events up to `seq`, which then goes on by itself, with the code of today; `seq` may
   * be any event but the last of a closed run. What was under way at that point begins anew: pending activities are
   * scheduled again, timers that are due fire. The time that timeouts leave counts from now. Random numbers and ids drawn
   * so far are the same; to its code the new run is this one (`ctx.info.workflowId`, `runId`, `parent`) as long as it is
   * in the copied part. It has no parent. This run is not touched, whether it is open or closed. Rejects with
   * `InvalidArgumentError`, and with `WorkflowAlreadyStartedError` where `id` is taken.
   *
   * @example
   * ```ts
   * import type { WorkflowHandle } from '@perdure/core';
   * export async function retryFrom(handle: WorkflowHandle, seq: number): Promise<unknown> {
   *   const again = await handle.fork({ seq, reason: 'with the fix of today' });
   *   return again.result();
   * }
   * ```
   */
  fork(options: ForkOptions): Promise<WorkflowHandle<O, M, S>>;
  /** The history in a file: what `replay` reads. Values in it are readable, codecs or not. */
  exportHistory(options?: ExportOptions): Promise<HistoryBundle>;

  // Streams are cold, emit only what is committed, start nothing, and cancel nothing when you leave. Without RxJS read
  // them with `for await`. They fail as the methods reject; a failed workflow is a value, but for `result$`.

  /**
   * The run as it stands, then after each commit (after several, where you are slow); completes after the last one.
   *
   * @example
   * ```ts
   * import type { WorkflowHandle } from '@perdure/core';
   * export async function follow(handle: WorkflowHandle): Promise<void> {
   *   for await (const { status, state } of handle.state$) console.log(status, state);
   * }
   * ```
   */
  readonly state$: LiveStream<WorkflowDescription<S>>;
  /** What `result()` gives, once; fails as it rejects. */
  readonly result$: LiveStream<O>;
  /** Every event once and in order, without gaps: what is recorded, then what comes; completes at the close of the run. */
  history$(options?: { fromSeq?: number }): LiveStream<HistoryEvent>;
  /** The answer now, and again whenever it is another; completes after the last. */
  query$<K extends Named<M, 'query'>>(name: K, ...arg: Arg<ArgOf<M, K>>): LiveStream<ResultOf<M, K>>;
  /** Pending activities with attempt and last heartbeat, whenever they change; completes with the run. */
  readonly activities$: LiveStream<readonly PendingActivity[]>;
  /** The newest value of `state$` while somebody has subscribed to it: for `useSyncExternalStore`. */
  snapshot(): WorkflowDescription<S> | undefined;
}

export interface ExportOptions {
  /**
   * Gives what stands in the bundle in place of each value: inputs, results, arguments of messages, memo and search
   * attributes as a whole, messages and details of failures, reasons and summaries. What it returns must be of the shape
   * that the workflow's code goes by, so that a replay takes the same way: it compares what was asked for, and the values
   * only of what was left as it was. Ids and names stay. The bundle says that it is redacted, and is not taken over.
   *
   * @example
   * ```ts
   * import type { HistoryBundle, WorkflowHandle } from '@perdure/core';
   * export function forReport(handle: WorkflowHandle): Promise<HistoryBundle> {
   *   return handle.exportHistory({ redact: (value) => (typeof value === 'string' ? '***' : value) });
   * }
   * ```
   */
  redact?: Redact;
}

/** One workflow as it was after an event. */
export interface WorkflowAt<M extends Messages = Messages, S = unknown> {
  /** Where it stood then, and what it waited for. Pending activities are shown without their attempts. */
  readonly description: WorkflowDescription<S>;
  /** The answer as it was then. What a query changes stays in this look at the run. Throws `QueryRejectedError`. */
  query<K extends Named<M, 'query'>>(name: K, ...arg: Arg<ArgOf<M, K>>): ResultOf<M, K>;
}

/** Events read at once. */
const historyPage = 500;

export class RunHandle implements WorkflowHandle {
  readonly workflowId: string;
  readonly runId?: string;
  readonly #core: OpenCore;
  readonly #target: RunTarget;
  readonly #declared: DeclaredMessages | undefined;
  #view: RunView | undefined;

  constructor(core: OpenCore, target: RunTarget, declared: DeclaredMessages | undefined) {
    this.#core = core;
    this.#target = target;
    this.#declared = declared;
    this.workflowId = target.workflowId;
    if (target.runId !== undefined) this.runId = target.runId;
  }

  result(options?: WaitOptions): Promise<any> {
    return waitResult(this.#core, this.#target, options);
  }

  describe(): Promise<WorkflowDescription<any>> {
    return this.#command(async (core) => describeRun(core, await readTarget(core, this.#target)));
  }

  async signal(name: string, argument?: unknown, options?: { readonly id?: string }): Promise<void> {
    const check = new ArgumentCheck();
    check.options(options, ['id']);
    check.done(`Signal '${name}' cannot be sent`);
    const given = asCalled(this.#core, argument);
    return this.#command((core) => signalRun(core, this.#target, this.#declared, name, given, options?.id));
  }

  async query(name: string, argument?: unknown): Promise<any> {
    const given = asCalled(this.#core, argument);
    const run = await this.#command((core) => readTarget(core, this.#target));
    return queryRun(this.#core, run, this.#declared, name, given);
  }

  async update(name: string, argument?: unknown, options: UpdateOptions = {}): Promise<any> {
    const { signal } = requireObject(options, 'options');
    const update = await this.startUpdate(name, argument, { ...options, waitFor: 'completed' });
    return update.result(signal && { signal });
  }

  startUpdate(name: string, argument?: unknown, options?: StartUpdateOptions): Promise<UpdateHandle<any>> {
    const given = asCalled(this.#core, argument);
    return startUpdate(this.#core, this.#target, this.#declared, name, given, options);
  }

  async cancel(options: CancelOptions = {}): Promise<void> {
    const check = new ArgumentCheck();
    check.options(options, ['reason', 'cancelQueuedActivities']);
    check.done('The run cannot be cancelled');
    return this.#command((core) => cancelRun(core, this.#target, options));
  }

  terminate(reason?: string): Promise<void> {
    return this.#command((core) => terminateRun(core, this.#target, reason));
  }

  archive(): Promise<void> {
    return this.#command((core) => archiveRun(core, this.#target));
  }

  repair(): Promise<RepairOutcome> {
    return this.#command((core) => repairRun(core, this.#target));
  }

  runs(): Promise<readonly WorkflowDescription<any>[]> {
    return this.#command((core) => listChain(core, this.workflowId));
  }

  async *history(
    options: { readonly fromSeq?: number; readonly limit?: number } = {},
  ): AsyncGenerator<HistoryEvent> {
    const check = new ArgumentCheck();
    check.options(options, ['fromSeq', 'limit']);
    check.done('The history cannot be read');
    const { fromSeq = 1, limit = Infinity } = options;
    check.require(Number.isInteger(fromSeq) && fromSeq >= 1, 'fromSeq', 'must be a whole number from 1');
    check.require(
      limit === Infinity || (Number.isInteger(limit) && limit >= 0),
      'limit',
      'must be a whole number from 0, or Infinity',
    );
    check.done('The history cannot be read');
    const { runId } = await this.#command((core) => readTarget(core, this.#target));
    let left = limit;
    for (let from = fromSeq; left > 0;) {
      const page = await this.#command((core) => readHistory(core, runId, from, Math.min(historyPage, left)));
      yield* page;
      if (page.length < Math.min(historyPage, left)) return;
      left -= page.length;
      from += page.length;
    }
  }

  at(seq: number): Promise<WorkflowAt<any, any>> {
    return this.#command((core) => runAt(core, this.#target, seq, this.#declared)) as Promise<
      WorkflowAt<any, any>
    >;
  }

  async fork(options: ForkOptions): Promise<RunHandle> {
    const target = await this.#command((core) => forkRun(core, this.#target, options));
    return new RunHandle(this.#core, target, this.#declared);
  }

  async exportHistory(options: ExportOptions = {}): Promise<HistoryBundle> {
    const check = new ArgumentCheck();
    check.options(options, ['redact']);
    check.done('The history cannot be exported');
    const { redact } = options;
    if (redact !== undefined && typeof redact !== 'function') {
      throw new InvalidArgumentError('The history cannot be exported', [
        { path: 'redact', message: 'must be a function' },
      ]);
    }
    return this.#command(async (core) =>
      exportRun(core, (await readTarget(core, this.#target)).runId, redact),
    );
  }

  get state$(): LiveStream<WorkflowDescription<any>> {
    return this.#observed.state$;
  }
  get result$(): LiveStream<any> {
    return this.#observed.result$;
  }
  get activities$(): LiveStream<readonly PendingActivity[]> {
    return this.#observed.activities$;
  }
  history$(options?: { readonly fromSeq?: number }): LiveStream<HistoryEvent> {
    const check = new ArgumentCheck();
    check.options(options, ['fromSeq']);
    check.done('The history cannot be read');
    return this.#observed.history$(options);
  }
  query$(name: string, argument?: unknown): LiveStream<any> {
    return this.#observed.query$(name, argument);
  }
  snapshot(): WorkflowDescription<any> | undefined {
    return this.#observed.snapshot();
  }

  /** One view for the life of the handle: its subscribers share reads, and its snapshot. */
  get #observed(): RunView {
    return (this.#view ??= observeRun(this.#core, new ClientReads(this.#core, this.#declared), this.#target));
  }

  #command<T>(work: (core: OpenCore) => Promise<T>): Promise<T> {
    return this.#core.command(() => work(this.#core));
  }
}
