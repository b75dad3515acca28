import type { Failure } from '../../model/failure.js';
import type { StatusBucket, WorkflowStatus } from '../../model/status.js';

/** A run as it stands: a snapshot of what was committed, with every value decoded. */
export interface WorkflowDescription<S = unknown> {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly workflowType: string;
  readonly taskQueue: string;
  readonly status: WorkflowStatus;
  /** `running`: open. `completed`: ended well. `failed`: ended otherwise. */
  readonly statusBucket: StatusBucket;
  /** Place in the chain of runs of this workflow id, from 1. */
  readonly runNumber: number;
  /** Runs of this workflow id so far. */
  readonly runCount: number;
  readonly isCurrentRun: boolean;
  /** The run that goes on in place of this one, which was continued as new or failed and is tried again. */
  readonly nextRunId?: string;
  /** Build of the worker that last moved the run on; absent where workers name none. */
  readonly buildId?: string;
  readonly input: unknown;
  /** What the workflow returned, once it has completed. */
  readonly output?: unknown;
  /** What the workflow threw, once it has failed. */
  readonly failure?: Failure;
  /** Newest value of `ctx.setState`; absent before the first. */
  readonly state?: S;
  readonly memo: Record<string, unknown>;
  readonly searchAttributes: Record<string, unknown>;
  readonly startedAt: Date;
  readonly closedAt?: Date;
  /** Why it was cancelled, terminated or timed out, where a reason was given. */
  readonly closedReason?: string;
  /** When an event was last recorded. */
  readonly lastProgressAt: Date;
  readonly executionDeadline?: Date;
  readonly runDeadline?: Date;
  /** What an open run waits for. */
  readonly waitingFor: readonly WaitingFor[];
  readonly pendingActivities: readonly PendingActivity[];
  /** Children that it has asked for and not heard the end of: at most 100. Without a run id: not started yet. */
  readonly pendingChildren: readonly {
    readonly workflowId: string;
    readonly workflowType: string;
    readonly runId?: string;
  }[];
  /** Number of events. */
  readonly historyLength: number;
  /** Size of the history as stored, in UTF-16 units. */
  readonly historyBytes: number;
  /**
   * In a list: why values of this run are left out, such as a codec that is not here; its input may be one of them, and
   * the memo is empty then. `describe` rejects instead.
   */
  readonly unreadable?: string;
  /** The run that started it as a child. */
  readonly parent?: { readonly workflowId: string; readonly runId: string };
  /** The run that this one was forked from, or imported as a copy of, and the last event that both have. */
  readonly origin?: {
    readonly workflowId: string;
    readonly runId: string;
    readonly seq: number;
    readonly reason?: string;
  };
  /** Why the run is blocked: recorded against produced command, the event, a hint. */
  readonly blocked?: { readonly code: string; readonly message: string; readonly details: unknown };
  /** When it was put out of sight, once it was. */
  readonly archivedAt?: Date;
  /** What a caller may do with it now. */
  readonly actions: readonly WorkflowAction[];
  /** Grows with every commit that touches the run. */
  readonly version: number;
}

export type WorkflowAction = 'signal' | 'update' | 'cancel' | 'terminate' | 'fork' | 'repair' | 'archive';

export type WaitingFor =
  | { readonly kind: 'activity'; readonly id: string; readonly name: string }
  | { readonly kind: 'timer'; readonly id: string; readonly dueAt: Date }
  | { readonly kind: 'signal'; readonly name: string }
  | { readonly kind: 'condition'; readonly id: string; readonly dueAt?: Date }
  | { readonly kind: 'child'; readonly workflowId: string }
  /** It could go on, and no worker has taken it yet; with `buildId` only one of that build may. */
  | { readonly kind: 'worker'; readonly taskQueue: string; readonly buildId?: string };

/** An activity that a run waits for. */
export interface PendingActivity {
  readonly activityId: string;
  readonly activityType: string;
  /** In the queue, in the hands of a worker, or waiting for its next attempt. */
  readonly state: 'scheduled' | 'started' | 'backing_off';
  /** Attempts begun so far. */
  readonly attempt: number;
  readonly lastHeartbeat?: unknown;
  readonly lastHeartbeatAt?: Date;
  readonly lastFailure?: Failure;
  /** Only while it waits for its next attempt. */
  readonly nextAttemptAt?: Date;
}

/** One recorded event, its values decoded. `seq` counts from 1 without gaps. */
export interface HistoryEvent {
  readonly seq: number;
  readonly type: string;
  readonly at: Date;
  readonly attributes: Record<string, unknown>;
}

/** Which runs: all given conditions must hold. Comparisons of strings are case-sensitive. */
export interface ListFilter {
  workflowType?: string;
  status?: WorkflowStatus | readonly WorkflowStatus[];
  /** Together with `status`: both must hold. */
  statusBucket?: StatusBucket;
  taskQueue?: string;
  workflowId?: string;
  workflowIdPrefix?: string;
  /** The bounds themselves do not match: later than `after`, earlier than `before`. */
  startedAfter?: Date;
  startedBefore?: Date;
  closedAfter?: Date;
  closedBefore?: Date;
  /**
   * A condition in words, on what every run has (WorkflowType, WorkflowId, RunId, Status, StartTime, CloseTime, TaskQueue,
   * BuildId, and FailureType: the names of what it failed with) and on search attributes: `Status = 'failed' AND total > 10 ORDER BY StartTime ASC`. Comparisons are `=`,
   * `!=`, `<`, `<=`, `>`, `>=`, `IN`, `BETWEEN`, `STARTS_WITH`, `IS NULL`, with `NOT`, `AND`, `OR` and parentheses. Text
   * stands in single quotes (`''` for one inside), a time as text like `'2026-01-31T09:30:00Z'`; a list of keywords
   * equals each of its items. As in SQL, a comparison with what a run has not set is neither true nor false. The order
   * is that of StartTime, the newest first unless ASC is written. At most 4,096 characters and 100 comparisons.
   */
  query?: string;
  /** Default false: archived runs are left out. True: only archived runs. */
  archived?: boolean;
  /** Default false: only the current run of each workflow id. */
  allRuns?: boolean;
  /** 1 … 1000, default 50. */
  pageSize?: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** For the next page; null at the end. Opaque. */
  readonly nextPageToken: string | null;
}
