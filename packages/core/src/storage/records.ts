import type { Namespace, RunId, Seq, TaskId, WorkerId, WorkflowId } from '../model/ids.js';
import type { WorkflowStatus } from '../model/status.js';
import type { EpochMs } from '../model/time.js';

/**
 * What a store keeps: a few columns that it may index, and a `body` that it never looks into.
 *
 * Bodies and ids are well-formed Unicode strings without U+0000, of any length, and come back exactly as they went in
 * (law O1). Moments are whole milliseconds from 0 to `NEVER` (2^53 − 1).
 */

/** One execution of a workflow, and where it stands: the projection that lists and descriptions are made from. */
export interface RunRecord extends RunChanges {
  readonly namespace: Namespace;
  readonly runId: RunId;
  readonly workflowId: WorkflowId;
  /** Place in the chain of runs of one workflow id, from 1. */
  readonly runNumber: number;
  readonly workflowType: string;
  readonly taskQueue: string;
  readonly startedAt: EpochMs;
  /** What never changes after the start and is worth keeping out of every commit. */
  readonly start: string;
  readonly attributes: string;
  readonly archivedAt: EpochMs | null;
  /** Events so far: the `seq` of the newest. Kept by the store. */
  readonly seq: Seq;
  /** Length of all event bodies, in UTF-16 units. Kept by the store. */
  readonly historyBytes: number;
  /** Writes of this record so far (insert, advance, amend). Kept by the store; only grows. */
  readonly version: number;
}

/** The part of a run that its owner rewrites. */
export interface RunChanges {
  readonly status: WorkflowStatus;
  /** Whether this is the newest run of its workflow id. */
  readonly isCurrent: boolean;
  readonly buildId: string | null;
  readonly closedAt: EpochMs | null;
  readonly progressAt: EpochMs;
  readonly body: string;
  /** Search attributes as `writeAttributes` gives them, which filters look into. Absent: they stay as they are. */
  readonly attributes?: string;
  /** When a closed run was put out of sight, or null. Absent: it stays as it is. */
  readonly archivedAt?: EpochMs | null;
}

/** What a run is born with; the store fills in the rest. */
export type NewRun = Omit<RunRecord, 'seq' | 'historyBytes' | 'version'>;

export type TaskKind = 'workflow' | 'activity' | 'query' | 'outbox';

/** Something a worker can claim. It can be claimed when `visibleAt` and `leaseUntil` have both come. */
export interface TaskRecord {
  readonly taskId: TaskId;
  readonly namespace: Namespace;
  readonly kind: TaskKind;
  readonly queue: string;
  /** Workflow or activity type: what a worker must know to do it. */
  readonly type: string;
  readonly runId: RunId;
  /** Only workers of this build may claim it; null: any. */
  readonly buildId: string | null;
  /** 0 (first) … 9 (last). */
  readonly priority: number;
  readonly fairnessKey: string;
  readonly fairnessWeight: number;
  readonly visibleAt: EpochMs;
  /** Claims since the owner last set it back to 0. */
  readonly attempt: number;
  /** Fencing token of the newest lease; 0 before the first. Only grows while the task exists. */
  readonly token: number;
  readonly leaseOwner: WorkerId | null;
  /** 0 where nobody holds it. */
  readonly leaseUntil: EpochMs;
  readonly body: string;
}

/** A message from outside for a run, not yet history. */
export interface NewMessage {
  readonly namespace: Namespace;
  readonly runId: RunId;
  readonly kind: string;
  /** Unique by run and kind. */
  readonly messageId: string;
  readonly at: EpochMs;
  readonly body: string;
}
export interface MessageRecord extends NewMessage {
  /** Place in the run's order of arrival: grows, never used twice, gaps allowed. Given by the store. */
  readonly position: number;
}

/** A unique name: the current run of a workflow id, a request already served, a message already sent. */
export interface KeyRecord {
  readonly namespace: Namespace;
  readonly key: string;
  readonly value: string;
  /** Purged with this run. */
  readonly runId: RunId;
}
