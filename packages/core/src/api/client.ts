import type { HistoryBundle } from '../codec/bundle.js';
import { requireObject } from '../model/argument-check.js';
import { InvalidArgumentError } from '../model/errors.js';
import { observeClient, type ClientView } from '../observe/client-view.js';
import type { NamespaceEvent } from '../observe/event-stream.js';
import type { LiveStream } from '../observe/live-stream.js';
import type { BatchAction, BatchProgress } from '../runtime/client/batch.js';
import { asCalled } from '../runtime/client/encode.js';
import { beginningOf, type WorkflowReference } from '../runtime/client/beginning.js';
import type { DeclaredMessages } from '../runtime/client/declared-messages.js';
import type { ListFilter, Page, WorkflowDescription } from '../runtime/client/description.js';
import { importRun, type ImportOptions } from '../runtime/client/import-history.js';
import { countRuns, listRuns } from '../runtime/client/list.js';
import type { OpenCore } from '../runtime/client/open-core.js';
import { ClientReads } from '../runtime/client/reads.js';
import type { StartOptions } from '../runtime/client/start-options.js';
import { startRun } from '../runtime/client/start.js';
import { limitsOf } from '../runtime/client/update.js';
import { outcomeOfUpdate } from '../runtime/client/update-outcome.js';
import { signalWithStart, updateWithStart } from '../runtime/client/with-start.js';
import { openCore, type CoreSeams } from '../runtime/open.js';
import { checkCoreOptions, type CoreOptions } from '../runtime/open-options.js';
import { ClientActivities, type StandaloneActivities } from './activities.js';
import type { Args } from './carries.js';
import type { WorkflowDefinition } from './define-workflow.js';
import { RunHandle, type WaitOptions, type WorkflowHandle } from './handle.js';
import type { ArgOf, Messages, Named, ResultOf } from './messages.js';
import { searchAttributeAdmin, type SearchAttributeAdmin } from './search-attribute-admin.js';

export type { BatchAction, BatchProgress, ListFilter, Page, StartOptions, WorkflowDescription };
/** What opens a client. */
export type ClientOptions = CoreOptions;

/**
 * The control plane: starts, watches and steers workflows of one namespace of one store, whoever runs them. Every method
 * rejects with `EngineClosedError` once `close` was called, and with `StorageError` where the store cannot answer.
 */
export interface Client {
  readonly namespace: string;

  /**
   * Starts a workflow: by its definition, or by its name without types. It is durable when this resolves.
   *
   * Rejects with `WorkflowAlreadyStartedError` where the id is taken and the duplicate policy does not allow another run,
   * `UnknownWorkflowError` for a name that this engine does not have, `InvalidArgumentError` for an input that its schema
   * refuses or options that are not valid, `PayloadError` and `PayloadTooLargeError` for an input that cannot be stored.
   *
   * @example
   * ```ts
   * import { defineWorkflow, type Client } from '@perdure/core';
   * const welcome = defineWorkflow('welcome', async (ctx, name: string) => `Hello, ${name}`);
   * export async function greet(client: Client): Promise<string> {
   *   const handle = await client.start(welcome, 'Ada', { id: 'welcome-ada', duplicatePolicy: 'use_existing' });
   *   return handle.result();
   * }
   * ```
   */
  start<I, O, M extends Messages, S>(
    workflow: WorkflowDefinition<I, O, M, any, S>,
    ...args: Args<I, StartOptions>
  ): Promise<WorkflowHandle<O, M, S>>;
  start(workflow: string, input?: unknown, options?: StartOptions): Promise<WorkflowHandle<any>>;
  /**
   * Signals the open run of a workflow id; where there is none, starts one that finds the signal waiting. One commit
   * either way, so the signal is never lost between the two. With a `requestId`, or a `signalId`, the signal is applied
   * once, however often this is called. A `duplicatePolicy` that is given decides as it does for `start`; left out, an open
   * run is what the signal is for (not `reject`, as there), and a closed one is followed by the next.
   *
   * Rejects as `start` and `signal` do.
   *
   * @example
   * ```ts
   * import { defineWorkflow, signal, type Client } from '@perdure/core';
   * const cart = defineWorkflow('cart', { messages: { add: signal<string>() } }, async (ctx, owner: string) => {
   *   while (await ctx.waitSignal('add', { timeout: '1d' })) continue;
   * });
   * export async function add(client: Client, owner: string, sku: string): Promise<void> {
   *   await client.signalWithStart(cart, { id: `cart-${owner}`, input: owner, signal: 'add', payload: sku });
   * }
   * ```
   */
  signalWithStart<I, O, M extends Messages, S, K extends Named<M, 'signal'>>(
    workflow: WorkflowDefinition<I, O, M, any, S>,
    request: { input: I; signal: K; payload: ArgOf<M, K>; signalId?: string } & StartOptions,
  ): Promise<WorkflowHandle<O, M, S>>;
  /**
   * Sends an update to the open run of a workflow id; where there is none, starts one that finds the update waiting. One
   * commit either way. Resolves to the outcome of the update. With a `requestId`, or an `updateId`, it is applied once
   * and has one outcome. A `duplicatePolicy` is as for `signalWithStart`. Rejects as `start` and `update` do.
   */
  updateWithStart<I, O, M extends Messages, S, K extends Named<M, 'update'>>(
    workflow: WorkflowDefinition<I, O, M, any, S>,
    request: { input: I; update: K; payload: ArgOf<M, K>; updateId?: string } & StartOptions & WaitOptions,
  ): Promise<ResultOf<M, K>>;
  /** `start`, then `result`. */
  execute<I, O>(
    workflow: WorkflowDefinition<I, O, any, any, any>,
    ...args: Args<I, StartOptions & WaitOptions>
  ): Promise<O>;
  execute(workflow: string, input?: unknown, options?: StartOptions & WaitOptions): Promise<any>;
  /** A handle of a workflow that is there already, or will be. No round trip. */
  handle<O, M extends Messages, S>(
    workflow: WorkflowDefinition<any, O, M, any, S>,
    workflowId: string,
    runId?: string,
  ): WorkflowHandle<O, M, S>;
  handle(workflowId: string, runId?: string): WorkflowHandle<any>;

  /**
   * One page of runs, newest first. The next one begins behind it, whatever was started since. Rejects with
   * `InvalidArgumentError` for a bad filter, and for a token that this list did not give.
   * A run that is damaged in the store is left out and logged; `describe` says what is wrong with it.
   *
   * @example
   * ```ts
   * import type { Client } from '@perdure/core';
   * export async function stuck(client: Client): Promise<readonly string[]> {
   *   const { items } = await client.list({ status: 'blocked', pageSize: 100 });
   *   return items.map((run) => run.workflowId);
   * }
   * ```
   */
  list(filter?: ListFilter & { pageToken?: string | null }): Promise<Page<WorkflowDescription>>;
  /** All runs that match, newest first, read in pages while you go. */
  iterate(filter?: ListFilter): AsyncIterable<WorkflowDescription>;
  count(filter?: ListFilter): Promise<number>;
  /** The first page of what `list` gives, and again whenever it is another. Completes when the client is closed. */
  list$(filter?: ListFilter): LiveStream<readonly WorkflowDescription[]>;
  /** What `count` gives, and each other number after it. Completes when the client is closed. */
  count$(filter?: ListFilter): LiveStream<number>;
  /**
   * Signals, cancels or terminates every open run that matches, ten at a time, and tells how far it is after each ten;
   * completes when it is through. Begins with the subscription, once for each; unsubscribing stops it where it is. Runs
   * that start after it began are left alone. One that refuses is counted as failed, and the others go on. Fails with
   * `InvalidArgumentError` for a bad filter or action, before anything is done.
   *
   * @example
   * ```ts
   * import type { Client } from '@perdure/core';
   * export async function stopAll(client: Client): Promise<void> {
   *   const progress = client.batch({ query: "city = 'Paris'" }, { cancel: true, reason: 'strike' });
   *   for await (const { done, matched } of progress) console.log(`${done} of ${matched}`);
   * }
   * ```
   */
  batch(filter: ListFilter, action: BatchAction): LiveStream<BatchProgress>;
  /**
   * Takes a run in from an exported history, which is checked and, where its code is here, replayed first: a closed run
   * as a record of what it was; an open one only with `takeOver`, to go on with it here. With `id` it comes in as a copy
   * under another workflow id, and says where it is from. Runs of one workflow id may come in any order.
   *
   * Rejects with `InvalidArgumentError` for what is no sound history of a format that this release reads,
   * `NondeterminismError` where its code does not fit it, `WorkflowNotClosedError` for an open run that is not to be
   * taken over, `WorkflowAlreadyStartedError` where its ids are taken. Nothing is written then.
   */
  importHistory(bundle: HistoryBundle, options?: ImportOptions): Promise<WorkflowHandle>;
  /** StandaloneActivities that others complete. */
  readonly activities: StandaloneActivities;
  /** What runs can be searched by, besides what every run has. */
  readonly searchAttributes: SearchAttributeAdmin;
  /** Every event of the namespace that is committed from the subscription on, in order within its run, and once. Completes when the client is closed. */
  readonly events$: LiveStream<NamespaceEvent>;

  /** Refuses calls from now on, rejects waits with `EngineClosedError`, and lets go of the store. Idempotent. Runs are not touched. */
  close(): Promise<void>;
}

/** What clients and engines have in common. */
export class CoreClient implements Omit<Client, 'close'> {
  readonly #core: OpenCore;
  readonly activities: StandaloneActivities;
  readonly #view: ClientView;

  constructor(core: OpenCore) {
    this.#core = core;
    this.activities = new ClientActivities(core);
    this.#view = observeClient(core, new ClientReads(core));
  }

  get namespace(): string {
    return this.#core.namespace;
  }

  async start(workflow: unknown, input?: unknown, options?: StartOptions): Promise<RunHandle> {
    const reference = referenceOf(workflow);
    const target = await this.#core.command(() =>
      startRun(this.#core, beginningOf(this.#core, reference, input, options)),
    );
    return new RunHandle(this.#core, target, declaredBy(reference));
  }

  async signalWithStart(
    workflow: unknown,
    request: MessageRequest & { signal: string; signalId?: string },
  ): Promise<any> {
    const { input, signal, payload, signalId, ...options } = requireObject(request, 'request');
    const reference = referenceOf(workflow);
    const message = { name: signal, payload: asCalled(this.#core, payload), id: signalId };
    const target = await this.#core.command(() =>
      signalWithStart(this.#core, reference, input, options, message),
    );
    return new RunHandle(this.#core, target, declaredBy(reference));
  }

  async updateWithStart(
    workflow: unknown,
    request: MessageRequest & { update: string; updateId?: string } & WaitOptions,
  ): Promise<any> {
    const { input, update, payload, updateId, timeout, signal, ...options } = requireObject(
      request,
      'request',
    );
    const core = this.#core;
    const reference = referenceOf(workflow);
    const limits = limitsOf(core, { ...(timeout !== undefined && { timeout }), ...(signal && { signal }) });
    const message = { name: update, payload: asCalled(core, payload), id: updateId };
    const sent = await core.command(() => updateWithStart(core, reference, input, options, message));
    return outcomeOfUpdate(core, sent, limits);
  }

  async execute(workflow: unknown, input?: unknown, options: StartOptions & WaitOptions = {}): Promise<any> {
    const { timeout, signal, ...start } = requireObject(options, 'options');
    signal?.throwIfAborted();
    const handle = await this.start(workflow, input, start);
    return handle.result({ ...(timeout !== undefined && { timeout }), ...(signal && { signal }) });
  }

  handle(workflow: unknown, ...ids: (string | undefined)[]): RunHandle {
    const [workflowId, runId] = typeof workflow === 'string' ? [workflow, ids[0]] : ids;
    if (typeof workflowId !== 'string') {
      throw new InvalidArgumentError('A handle needs a workflow id', [
        { path: 'workflowId', message: 'must be a string' },
      ]);
    }
    const declared = typeof workflow === 'string' ? undefined : declaredBy(referenceOf(workflow));
    return new RunHandle(this.#core, { workflowId, runId }, declared);
  }

  get searchAttributes(): SearchAttributeAdmin {
    return searchAttributeAdmin(this.#core);
  }

  async list(given: ListFilter & { pageToken?: string | null } = {}): Promise<Page<WorkflowDescription>> {
    const { pageToken, ...filter } = requireObject(given, 'filter');
    return this.#core.command(() => listRuns(this.#core, filter, pageToken));
  }

  async *iterate(filter: ListFilter = {}): AsyncGenerator<WorkflowDescription> {
    let pageToken: string | null = null;
    do {
      const page: Page<WorkflowDescription> = await this.list({
        ...requireObject(filter, 'filter'),
        pageToken,
      });
      yield* page.items;
      pageToken = page.nextPageToken;
    } while (pageToken !== null);
  }

  count(filter: ListFilter = {}): Promise<number> {
    return this.#core.command(() => countRuns(this.#core, filter));
  }

  list$(filter?: ListFilter): LiveStream<readonly WorkflowDescription[]> {
    return this.#view.list$(filter);
  }
  count$(filter?: ListFilter): LiveStream<number> {
    return this.#view.count$(filter);
  }
  async importHistory(bundle: HistoryBundle, options?: ImportOptions): Promise<RunHandle> {
    const target = await this.#core.command(() => importRun(this.#core, bundle, options));
    return new RunHandle(this.#core, target, undefined);
  }

  batch(filter: ListFilter, action: BatchAction): LiveStream<BatchProgress> {
    return this.#view.batch(filter, action);
  }
  get events$(): LiveStream<NamespaceEvent> {
    return this.#view.events$;
  }
}

type MessageRequest = StartOptions & { input?: unknown; payload?: unknown };

function referenceOf(workflow: unknown): WorkflowReference {
  if (typeof workflow === 'string') return workflow;
  const given = workflow as Partial<Exclude<WorkflowReference, string>> | null | undefined;
  if (typeof given?.name === 'string' && given.messages) return given as Exclude<WorkflowReference, string>;
  throw new InvalidArgumentError('A workflow is named by its definition or its name', [
    { path: 'workflow', message: 'must be what defineWorkflow returned, or a string' },
  ]);
}

function declaredBy(reference: WorkflowReference): DeclaredMessages | undefined {
  return typeof reference === 'string' ? undefined : reference.messages;
}

class StandaloneClient extends CoreClient implements Client {
  readonly #close: () => Promise<void>;

  constructor(core: OpenCore, close: () => Promise<void>) {
    super(core);
    this.#close = close;
  }

  close(): Promise<void> {
    return this.#close();
  }
}

/**
 * Opens a client: it starts and watches work that other processes or tabs run. Rejects with `InvalidArgumentError` for
 * bad options, `StorageError` and `PlatformError` where the store cannot be opened.
 *
 * @example
 * ```ts
 * import { createClient } from '@perdure/core';
 * import { memory } from '@perdure/memory';
 *
 * const client = await createClient({ storage: memory() });
 * const open = await client.count({ statusBucket: 'running' });
 * await client.close();
 * ```
 */
export async function createClient(options: ClientOptions): Promise<Client> {
  return openClient(options);
}

/** The same, on a host of the caller's: for tests. */
export async function openClient(options: ClientOptions, seams?: CoreSeams): Promise<Client> {
  checkCoreOptions(options);
  const opened = await openCore(options, undefined, seams);
  return new StandaloneClient(opened.core, () => opened.close());
}
