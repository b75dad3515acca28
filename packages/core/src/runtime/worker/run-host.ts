import type { ActivityScheduled } from '../../model/events.js';
import type { WorkerId } from '../../model/ids.js';
import type { EpochMs } from '../../model/time.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import type { Core } from '../core.js';
import type { ActivityRecord, WorkflowRecord } from '../definitions.js';
import type { Executor } from '../executor.js';
import type { ActivityLoop } from './activity-loop.js';
import type { OwnedRun } from './owned-run.js';

/** What an owned run needs of the worker that owns it. */
export interface RunHost {
  readonly core: Core;
  readonly workerId: WorkerId;
  readonly buildId: string | null;
  readonly executor: Executor;
  readonly activities: ActivityLoop;
  /** How long a claim on a run lasts. Milliseconds. */
  readonly runLeaseMs: number;
  fingerprintOf(workflow: WorkflowRecord): string;
  /** Whether this worker may run such an activity itself. */
  takesActivity(scheduled: ActivityScheduled): boolean;
  /** The code of an activity: registered, or the closure of a step. */
  codeOf(scheduled: ActivityScheduled, instance: WorkflowInstance | undefined): ActivityRecord | undefined;
  /** A task may be claimable from then on. */
  claimableAt(at: EpochMs): void;
  /** The run has nothing under way here any more. */
  rested(run: OwnedRun): void;
  forget(run: OwnedRun): void;
}
