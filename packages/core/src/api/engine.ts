import { ArgumentCheck } from '../model/argument-check.js';
import type { Duration } from '../model/duration.js';
import type { LiveStream } from '../observe/live-stream.js';
import { observeWorker } from '../observe/worker-status.js';
import type { OpenCore } from '../runtime/client/open-core.js';
import { openEngineCore, type OpenedEngine, type WorkOptions } from '../runtime/open-engine.js';
import type { CoreSeams } from '../runtime/open.js';
import type { WorkerStatus } from '../runtime/worker/worker.js';
import { CoreClient, type Client } from './client.js';
import { registeredCode } from './code.js';
import type { ActivityImplementation } from './define-activity.js';
import type { WorkflowImplementation } from './define-workflow.js';

/** What opens an engine. */
export interface EngineOptions extends WorkOptions {
  /** Workflows that this engine runs. Names must be unique. */
  workflows?: readonly WorkflowImplementation<any, any, any, any, any>[];
  /** Activities that this engine runs. Names must be unique. */
  activities?: readonly ActivityImplementation<any, any>[];
}

/** A client that also works: it runs what it was given. */
export interface Engine extends Client {
  readonly worker: EngineWorker;
  /**
   * Stops claiming, lets running activities finish within `grace` (default 30 s), stops what is left, releases leases
   * and closes the storage. Idempotent. Whatever was not finished goes on in another engine, or in the next one.
   */
  close(options?: { grace?: Duration }): Promise<void>;
}

/** The part of an engine that works. */
export interface EngineWorker {
  /** Owner of its leases. */
  readonly id: string;
  /** What it does, now and whenever that changes. Completes when it has stopped or failed. */
  readonly status$: LiveStream<WorkerStatus>;
  /** Claims nothing new; resolves when the activities under way have ended. */
  drain(): Promise<void>;
}

class LocalEngine extends CoreClient implements Engine {
  readonly worker: EngineWorker;
  readonly #opened: OpenedEngine;

  constructor(opened: OpenedEngine) {
    super(opened.core);
    this.#opened = opened;
    const { worker } = opened;
    this.worker = { id: worker.id, status$: observeWorker(worker).status$, drain: () => worker.drain() };
  }

  async close(options: { readonly grace?: Duration } = {}): Promise<void> {
    const check = new ArgumentCheck();
    check.options(options, ['grace']);
    check.done('The engine cannot be closed');
    return this.#opened.shutDown(options.grace);
  }
}

/** An engine and what it is made of, for a test engine. */
export interface OpenEngine {
  readonly engine: Engine;
  readonly core: OpenCore;
  readonly worker: OpenedEngine['worker'];
  /** Lets go of everything at once, as a crash would: calls under way are never answered. */
  abandon(): void;
}

export async function openEngine(options: EngineOptions, seams?: CoreSeams): Promise<OpenEngine> {
  const opened = await openEngineCore(options, registeredCode(options), seams);
  const { core, worker } = opened;
  return {
    engine: new LocalEngine(opened),
    core,
    worker,
    abandon: () => {
      opened.abandon();
    },
  };
}

/**
 * Opens an engine and lets it begin: what is due in its queues starts at once. Rejects with `InvalidArgumentError` for
 * bad options, among them two workflows or activities of one name; `StorageError` and `PlatformError` where the store
 * cannot be opened.
 *
 * @example
 * ```ts
 * import { createEngine, defineWorkflow } from '@perdure/core';
 * import { memory } from '@perdure/memory';
 *
 * const welcome = defineWorkflow('welcome', async (ctx, name: string) => `Hello, ${name}`);
 *
 * const engine = await createEngine({ storage: memory(), workflows: [welcome] });
 * const greeting = await engine.execute(welcome, 'Ada');
 * await engine.close();
 * ```
 */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { engine } = await openEngine(options);
  return engine;
}
