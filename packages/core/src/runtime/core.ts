import type { createSealer } from '../codec/byte-codecs.js';
import type { PayloadLimits } from '../codec/limits.js';
import type { RunEvent, WorkflowStarted } from '../model/events.js';
import type { Namespace, RunId } from '../model/ids.js';
import type { Payload } from '../model/payload.js';
import type { EpochMs } from '../model/time.js';
import type { MonotonicUuid7 } from '../model/uuid.js';
import type { ContextLogger } from '../replay/instance-host.js';
import type { WorkflowInstance } from '../replay/instance.js';
import type { CommitResult, Expectation, StorageHandle, Write } from '../storage/port.js';
import type { NewRun } from '../storage/records.js';
import type { Busy } from './busy.js';
import type { ChangeFeed } from './change-feed.js';
import type { Clock } from './clock.js';
import type { Committer } from './committer.js';
import type { Registry } from './definitions.js';
import type { Interceptors } from './interceptors.js';
import type { Platform } from './platform.js';
import type { KnownAttributes } from './search/known-attributes.js';

export type Logger = ContextLogger;

/** What every part of an open client or engine shares. */
export interface Core {
  readonly namespace: Namespace;
  readonly storage: StorageHandle;
  readonly platform: Platform;
  readonly clock: Clock;
  readonly busy: Busy;
  readonly committer: Committer;
  readonly feed: ChangeFeed;
  readonly registry: Registry;
  readonly sealer: ReturnType<typeof createSealer>;
  readonly limits: PayloadLimits;
  readonly log: Logger;
  readonly ids: MonotonicUuid7;
  readonly interceptors: Interceptors;
  readonly attributes: KnownAttributes;
  /** Replay after every commit and compare; drop every run after each activation. For tests. */
  readonly checks: { readonly shadowReplay: boolean; readonly alwaysEvict: boolean };
  /** The worker of this engine; a client has none. */
  readonly worker: LocalWorker | undefined;
  /** Throws `EngineClosedError` once close has begun. */
  assertOpen(): void;
}

/** A run about to be: what the caller decided, before anything is written. */
export interface RunBirth {
  readonly run: NewRun;
  readonly started: WorkflowStarted;
  /** What must hold, such as that the workflow id is free. */
  readonly expect: readonly Expectation[];
  /** What else the start writes, such as the keys of the workflow id and the request id. */
  readonly writes: readonly Write[];
  /** When the run's task becomes visible: now, or later with a start delay. */
  readonly visibleAt: number;
}

/** What a client may ask of the worker in the same process. */
export interface LocalWorker {
  readonly buildId: string | null;
  /** Whether this worker runs such workflows now. */
  serves(workflowType: string, taskQueue: string): boolean;
  /** Starts a run here: its first activation goes into the same commit. Only where `serves` says so and nothing delays it. */
  start(birth: RunBirth): Promise<CommitResult>;
  /** Whether this worker has the run in its hands, and will tell the feed when it lets go of it. */
  owns(runId: RunId): boolean;
  /** Whether something of the run is under way here, so that it is open as far as anybody here knows. */
  moves(runId: RunId): boolean;
  /** Something for this run was committed by this process: look at it now instead of waiting for a hint. */
  poke(runId: RunId): void;
  /** A task that this process has committed can be claimed from then on. */
  claimableAt(at: EpochMs): void;
  /** A run as it was after these events, for looking only. Undefined where this worker has no code of it. Rejects with `NondeterminismError`. */
  replay(
    workflowType: string,
    read: () => Promise<readonly RunEvent[]>,
  ): Promise<WorkflowInstance | undefined>;
  /** Answers a query from the run as recorded, where this worker has the workflow's code; else undefined. Rejects with `QueryRejectedError`. */
  query(runId: RunId, name: string, argument: Payload): Promise<Payload | undefined>;
}
