import type { ActivityScheduled } from '../../model/events.js';
import type { RunId, WorkerId } from '../../model/ids.js';
import type { EpochMs } from '../../model/time.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import type { Core } from '../core.js';
import type { ActivityRecord, WorkflowRecord } from '../definitions.js';
import type { Executor } from '../executor.js';
import type { EndedRun } from '../run-projection.js';
import type { Outbox } from '../outbox/outbox.js';
import type { RunLimits } from './run-limits.js';
import type { ActivityLoop } from './activity-loop.js';

/** A run in the hands of a worker, as the worker's table sees it. */
export interface HeldRun {
  readonly runId: RunId;
  /** Nothing moves it now. */
  readonly resting: boolean;
  /** Drops the instance; its frames are abandoned, and no `finally` of theirs ever runs. */
  cool(): void;
}

/** What an owned run needs of the worker that owns it. */
export interface RunHost {
  readonly core: Core;
  readonly workerId: WorkerId;
  readonly buildId: string | null;
  readonly runLimits: Required<RunLimits>;
  readonly executor: Executor;
  readonly activities: ActivityLoop;
  readonly outbox: Outbox;
  /** How long a claim on a run lasts. Milliseconds. */
  readonly runLeaseMs: number;
  fingerprintOf(workflow: WorkflowRecord): string;
  /** Whether this worker may run such an activity itself. */
  takesActivity(scheduled: ActivityScheduled): boolean;
  /** The code of an activity: registered, or the closure of a step. */
  codeOf(scheduled: ActivityScheduled, instance: WorkflowInstance | undefined): ActivityRecord | undefined;
  /** A task may be claimable from then on. */
  claimableAt(at: EpochMs): void;
  /** The run has something under way here, until it has `rested`. */
  moved(): void;
  rested(run: HeldRun): void;
  /** `ended`: how the run has ended, where it has. */
  forget(run: HeldRun, ended: EndedRun | undefined): void;
}
