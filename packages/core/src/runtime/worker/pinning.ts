import type { RunId } from '../../model/ids.js';
import type { Blockage } from '../../replay/recorder.js';
import type { RunRecord, TaskRecord } from '../../storage/records.js';
import type { WorkflowRecord } from '../definitions.js';
import { isStepQueue } from '../activity-task.js';
import type { RunHost } from './run-host.js';

/**
 * Which build a run's task asks for, by the `versioning` of its workflow.
 *
 * - `pinned`: the build that moves a run on for the first time keeps it. Once no worker of that build is left it waits,
 *   and says so; `repair` frees it for whichever build takes it next. So does an engine that goes by the old build's name.
 * - `auto_upgrade`: any build may take it. Where an older one finds that it cannot follow what a newer one has recorded,
 *   it hands the run back to the build that moved it on last.
 * - A blocked run is one that its build cannot go on with: each engine that starts with other code has a try, and the
 *   first that can follow it keeps it.
 *
 * A run that goes on as a new one, or is tried again, is a new run: any build may take it. Engines without a build id
 * pin nothing, and take what asks for no build.
 */
export function pinOf({ buildId }: Pick<RunHost, 'buildId'>, { versioning }: WorkflowRecord): string | null {
  return versioning === 'auto_upgrade' ? null : buildId;
}

/** The build that a run goes back to where this one cannot follow what that one has recorded. */
export function handBackTo(
  host: RunHost,
  { versioning }: WorkflowRecord,
  run: RunRecord | undefined,
  { code }: Blockage,
): string | undefined {
  const cannotFollow = code === 'nondeterminism' || code === 'version_not_supported';
  const last = run?.buildId ?? host.buildId;
  return versioning === 'auto_upgrade' && cannotFollow && last !== null && last !== host.buildId
    ? last
    : undefined;
}

/** A run that comes from another build brings its steps along. */
export async function takeSteps({ core }: RunHost, runId: RunId, pin: string | null): Promise<void> {
  const now = core.clock.now();
  for (const task of await core.storage.readTasks(runId)) {
    if (!isStep(task) || task.buildId === pin || task.leaseUntil > now) continue;
    await core.committer.commit({
      expect: [{ kind: 'token', taskId: task.taskId, token: task.token }],
      writes: [{ kind: 'put-task', task: { ...task, buildId: pin } }],
    });
  }
}

function isStep({ kind, queue }: TaskRecord): boolean {
  return kind === 'activity' && isStepQueue(queue);
}
