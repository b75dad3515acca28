import type { Namespace, RunId, Seq, TaskId, WorkerId } from '../model/ids.js';
import type { WorkflowStatus } from '../model/status.js';
import type { EpochMs } from '../model/time.js';
import type { RunFilter } from './filter.js';
import type {
  KeyRecord,
  MessageRecord,
  NewMessage,
  NewRun,
  RunChanges,
  RunRecord,
  TaskKind,
  TaskRecord,
} from './records.js';

/**
 * The storage port: one atomic write, one atomic claim, a few bounded reads, one hint.
 *
 * The core computes what should change; an adapter proves that the expectations still hold and applies the writes.
 * Bracketed ids are laws; the conformance kit tests each under its id.
 */

/** What an adapter's factory returns and applications hand around. Each engine and client opens a handle of its own. */
export interface Storage {
  /** Name of the adapter, as in `memory` or `sqlite`. */
  readonly kind: string;
  /** Opens the store, creating or migrating it first [S1]. Rejects with `StorageError` or `PlatformError`. */
  open(): Promise<StorageHandle>;
}

export interface StorageTraits {
  /** Version of this contract that the adapter implements. */
  readonly contract: 1;
  /** Who shares the data: this value, this browser origin, this computer, or many machines. */
  readonly reach: 'process' | 'origin' | 'host' | 'network';
  /** What a commit survives: nothing, the death of the process (`relaxed`), or a power cut as well (`strict`) [A6]. */
  readonly durability: 'none' | 'relaxed' | 'strict';
  /** Made when the store was created; another one means that it was created anew. */
  readonly instanceId: string;
}

export interface StorageHandle {
  readonly traits: StorageTraits;

  /**
   * Applies batches in order [A3]; each one whole or not at all, also across a crash [A1]. A refused batch changes
   * nothing, and leaves the others as they are [A2]. The result has one entry a batch. All batches of a call share one
   * physical transaction where the store allows; then a failure of the call (a rejection with `StorageError`) means
   * that none was applied (`not-applied`) or that any prefix may have been (`unknown`).
   * Serial across all handles in reach [A4]; a read that begins after the promise resolved sees it [A5].
   */
  commit(batches: readonly Batch[]): Promise<readonly CommitResult[]>;

  /**
   * Leases claimable tasks: `visibleAt <= now`, `leaseUntil <= now`. Each one's token and attempt grow by one, and its
   * `leaseUntil` becomes `now + leaseMs`, in the same atomic step [C1, C2]. Order: priority, then `visibleAt`, then
   * `taskId` by code unit. The result holds the tasks as they are now, of all wants in one list, in that order.
   */
  claim(request: ClaimRequest): Promise<readonly TaskRecord[]>;

  /** Ends the leases that a worker holds: the tasks can be claimed at once, tokens stay. Resolves to how many. */
  releaseLeases(owner: WorkerId): Promise<number>;

  /** Announces a worker until `leave` or `close`, so that others in reach can learn of its death sooner than its leases end. */
  join(worker: WorkerId): Promise<void>;
  leave(worker: WorkerId): Promise<void>;
  /**
   * Releases the leases of announced workers that the platform knows to be dead; resolves to how many leases. A store
   * without such knowledge resolves to 0. Never releases a lease of a worker that may live.
   */
  reapDeadWorkers(): Promise<number>;

  readRun(runId: RunId): Promise<RunRecord | undefined>;
  /** For each request the run, its events after `afterSeq`, and its inbox, as of one moment. Undefined for an unknown run. */
  loadRuns(requests: readonly LoadRequest[]): Promise<readonly (LoadedRun | undefined)[]>;
  /** Bodies of the events with `from <= seq`, in order, at most `limit`. */
  readEvents(runId: RunId, range: { readonly from: Seq; readonly limit: number }): Promise<readonly string[]>;
  /** Messages after `afterPosition`, in order of arrival, at most `limit`. */
  readInbox(
    runId: RunId,
    range: { readonly afterPosition: number; readonly limit: number },
  ): Promise<readonly MessageRecord[]>;
  /** All tasks of a run, ordered by `taskId`. */
  readTasks(runId: RunId): Promise<readonly TaskRecord[]>;
  readTask(taskId: TaskId): Promise<TaskRecord | undefined>;
  readKey(namespace: Namespace, key: string): Promise<KeyRecord | undefined>;
  /** Runs that match, newest `startedAt` first, then greatest `runId`, or the other way round; at most `limit` [Q1]. */
  listRuns(query: RunQuery, page: RunPage): Promise<readonly RunRecord[]>;
  countRuns(query: RunQuery): Promise<number>;
  /**
   * When the next task of these kinds may be claimed: the least of max(`visibleAt`, `leaseUntil`), or null where there
   * is none before `NEVER`. May be early, never late [W1].
   */
  nextWakeAt(request: {
    readonly namespace: Namespace;
    readonly wants: readonly TaskWant[];
  }): Promise<EpochMs | null>;

  /**
   * Tells that something may have changed, in any handle in reach. A hint: late, merged, duplicated, spurious or lost,
   * but never before the change can be read, and never from inside the transaction [N1]. A listener's error is its own.
   */
  watch(listener: (hint: ChangeHint) => void): Unwatch;

  /** Finishes what is under way and lets go. Afterwards every call rejects with `storage_closed`, `close` excepted [L1]. */
  close(): Promise<void>;
}

export type Unwatch = () => void;

// ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Batch {
  readonly expect: readonly Expectation[];
  readonly writes: readonly Write[];
}

/** A fact that must hold when the batch is applied. */
export type Expectation =
  /** The run exists and is not closed (`closedAt` is null). */
  | { readonly kind: 'run-open'; readonly runId: RunId }
  /** The run exists and has exactly `seq` events. */
  | { readonly kind: 'run-at'; readonly runId: RunId; readonly seq: Seq }
  /** The task exists and its newest token is this one: nobody has claimed it since. Whether the lease has run out does not matter [C2, C3]. */
  | { readonly kind: 'token'; readonly taskId: TaskId; readonly token: number }
  /** The key has this value; null: there is no such key. */
  | {
      readonly kind: 'key';
      readonly namespace: Namespace;
      readonly key: string;
      readonly value: string | null;
    }
  /** The run's inbox holds no message after this position (0: no message at all). */
  | { readonly kind: 'inbox-read'; readonly runId: RunId; readonly through: number };

export type Write =
  /** A new run with its first events. Refused (`run-exists`) where the id is known. */
  | { readonly kind: 'insert-run'; readonly run: NewRun; readonly events: readonly string[] }
  /**
   * Appends events `fromSeq + 1 …` and, where given, replaces the run's changing part. Refused (`run-unknown`,
   * `run-closed`, `run-moved`) unless the run exists, is open, and has exactly `fromSeq` events [A7].
   */
  | {
      readonly kind: 'advance-run';
      readonly runId: RunId;
      readonly fromSeq: Seq;
      readonly events: readonly string[];
      readonly changes?: RunChanges;
    }
  /** Replaces the changing part of a run, open or closed, without an event. Refused (`run-unknown`) where there is none. */
  | { readonly kind: 'amend-run'; readonly runId: RunId; readonly changes: RunChanges }
  /** Adds or replaces a task as given, token and lease included. */
  | { readonly kind: 'put-task'; readonly task: TaskRecord }
  /** Removes a task, if it is there. */
  | { readonly kind: 'drop-task'; readonly taskId: TaskId }
  /** Removes all tasks of a run. */
  | { readonly kind: 'drop-tasks'; readonly runId: RunId }
  /** Makes a task visible at `at`, if it is there and would be visible later. */
  | { readonly kind: 'wake-task'; readonly taskId: TaskId; readonly at: EpochMs }
  /** Adds a message at the end of the run's inbox; nothing happens where (run, kind, messageId) is there already. */
  | { readonly kind: 'put-message'; readonly message: NewMessage }
  /** Removes the messages up to and including this position. */
  | { readonly kind: 'drop-messages'; readonly runId: RunId; readonly through: number }
  /** Adds or replaces a key. */
  | { readonly kind: 'put-key'; readonly record: KeyRecord }
  | { readonly kind: 'drop-key'; readonly namespace: Namespace; readonly key: string }
  /** Removes a run and everything that belongs to it: events, tasks, inbox, keys [P1]. */
  | { readonly kind: 'purge-run'; readonly runId: RunId };

export type CommitResult = { readonly ok: true } | { readonly ok: false; readonly refusal: Refusal };

/** Why a batch was refused: the first expectation or write, in order (expectations first), that did not hold. */
export interface Refusal {
  readonly reason: Expectation['kind'] | 'run-exists' | 'run-unknown' | 'run-closed' | 'run-moved';
  /** Index into `expect` or `writes`, by `of`. */
  readonly of: 'expect' | 'writes';
  readonly index: number;
}

// ── claiming ────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface TaskWant {
  readonly kind: TaskKind;
  readonly queues: readonly string[];
  /** Null: any type. */
  readonly types: readonly string[] | null;
}

export interface ClaimRequest {
  readonly namespace: Namespace;
  readonly owner: WorkerId;
  readonly now: EpochMs;
  /** Tasks that ask for a build are claimed only where this is it. */
  readonly buildId: string | null;
  readonly wants: readonly (TaskWant & { readonly limit: number; readonly leaseMs: number })[];
}

// ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface LoadRequest {
  readonly runId: RunId;
  readonly afterSeq: Seq;
}
export interface LoadedRun {
  readonly run: RunRecord;
  readonly events: readonly string[];
  readonly inbox: readonly MessageRecord[];
}

/** All given conditions must hold. Comparisons of strings are by code unit, case-sensitive, the same in every adapter. */
export interface RunQuery {
  readonly namespace: Namespace;
  readonly workflowType?: string;
  readonly workflowId?: string;
  readonly workflowIdPrefix?: string;
  readonly statuses?: readonly WorkflowStatus[];
  readonly taskQueue?: string;
  /** The bounds themselves do not match: later than `after`, earlier than `before`. */
  readonly startedAfter?: EpochMs;
  readonly startedBefore?: EpochMs;
  readonly closedAfter?: EpochMs;
  readonly closedBefore?: EpochMs;
  /** Leaves out runs that a newer one of the same workflow id has followed. */
  readonly currentOnly?: boolean;
  /** True: only runs that were archived; false: only others. */
  readonly archived?: boolean;
  /** Only runs of which this is true, as `matchesFilter` has it. */
  readonly where?: RunFilter;
}

export interface RunPage {
  readonly after: RunCursor | null;
  readonly limit: number;
  /** Turns the order round: least `startedAt` first, then least `runId`. */
  readonly oldestFirst?: boolean;
}

/** Where a page ended: the next one begins behind it, whatever was added since. */
export interface RunCursor {
  readonly startedAt: EpochMs;
  readonly runId: RunId;
}

// ── hints ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export type ChangeHint =
  /** These runs changed (events, projection, inbox or tasks), and tasks in these queues may have become claimable. */
  | { readonly kind: 'changed'; readonly runs: readonly RunId[]; readonly queues: readonly string[] }
  /** Anything may have changed. */
  | { readonly kind: 'unknown' }
  /** A worker in reach has died or left; `reapDeadWorkers` may find its leases. */
  | { readonly kind: 'worker-gone' }
  /** The handle is of no more use: the store is being deleted, upgraded by newer code, or was lost. */
  | { readonly kind: 'lost'; readonly error: Error };
