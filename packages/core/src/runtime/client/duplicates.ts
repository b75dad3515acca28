import { InvalidArgumentError, WorkflowAlreadyStartedError } from '../../model/errors.js';
import type { RunId, WorkflowId } from '../../model/ids.js';
import type { RunRecord } from '../../storage/records.js';
import type { PlannedStart } from './beginning.js';
import type { Origin } from './birth.js';
import { requestKey, workflowKey } from './keys.js';
import { findCurrentRun } from './read-run.js';
import type { Core } from '../core.js';
import type { DuplicatePolicy, StartPlan } from './start-options.js';
import { terminationBatch } from './termination.js';

export interface StartedRun {
  readonly workflowId: WorkflowId;
  readonly runId: RunId;
  readonly follow: true;
}

export type Decision =
  /** Begin, if what was read still stands. */
  | { readonly kind: 'begin'; readonly origin: Origin }
  | { readonly kind: 'existing'; readonly run: StartedRun };

/** The first run of an id that nobody has used. */
export function firstRun({ namespace }: Core, workflowId: WorkflowId): Origin {
  return {
    runNumber: 1,
    expect: [{ kind: 'key', namespace, key: workflowKey(workflowId), value: null }],
    writes: [],
  };
}

/** What a start has to do, by what stands under its ids now. Throws `WorkflowAlreadyStartedError` where nothing is allowed, `InvalidArgumentError` where the request id stands for another start. */
export async function decideDuplicate(
  core: Core,
  workflowId: WorkflowId,
  { workflowType, plan }: Pick<PlannedStart, 'workflowType' | 'plan'>,
): Promise<Decision> {
  const { storage, namespace } = core;
  if (plan.requestId !== undefined) {
    const requested = await storage.readKey(namespace, requestKey(plan.requestId));
    const run = requested && (await storage.readRun(requested.value));
    if (run) {
      checkSameStart(run, workflowType, plan);
      return existing(run);
    }
  }
  const run = await findCurrentRun(core, workflowId);
  if (!run) return { kind: 'begin', origin: firstRun(core, workflowId) };
  const open = run.closedAt === null;
  switch (plan.policy) {
    case 'use_existing':
      if (open) return existing(run);
      throw alreadyStarted(run, plan.policy);
    case 'join':
      return open ? existing(run) : { kind: 'begin', origin: nextRun(core, run) };
    case 'reject':
      throw alreadyStarted(run, plan.policy);
    case 'allow':
      if (open) throw alreadyStarted(run, plan.policy);
      return { kind: 'begin', origin: nextRun(core, run) };
    case 'terminate_existing':
      return { kind: 'begin', origin: open ? await afterTerminating(core, run) : nextRun(core, run) };
  }
}

function checkSameStart(run: RunRecord, workflowType: string, { workflowId, requestId }: StartPlan): void {
  const same = run.workflowType === workflowType && (workflowId ?? run.workflowId) === run.workflowId;
  if (same) return;
  throw new InvalidArgumentError('The workflow cannot be started', [
    {
      path: 'requestId',
      message: `'${requestId ?? ''}' stands for the start of workflow '${run.workflowId}' of type '${run.workflowType}': use another request id`,
    },
  ]);
}

function existing({ workflowId, runId }: RunRecord): Decision {
  return { kind: 'existing', run: { workflowId, runId, follow: true } };
}

/** Follows a closed run, which is the current one no longer. */
function nextRun(core: Core, run: RunRecord): Origin {
  const { runId, status, buildId, closedAt, progressAt, body } = run;
  return {
    ...following(core, run),
    writes: [
      {
        kind: 'amend-run',
        runId,
        changes: { status, isCurrent: false, buildId, closedAt, progressAt, body },
      },
    ],
  };
}

async function afterTerminating(core: Core, run: RunRecord): Promise<Origin> {
  const reason = 'Another run of the same workflow id was started';
  const { expect, writes } = await terminationBatch(core, run, reason, false);
  const origin = following(core, run);
  return { ...origin, expect: [...origin.expect, ...expect], writes };
}

function following(
  { namespace }: Core,
  { workflowId, runId, runNumber, seq }: RunRecord,
): Omit<Origin, 'writes'> {
  return {
    runNumber: runNumber + 1,
    expect: [
      { kind: 'key', namespace, key: workflowKey(workflowId), value: runId },
      { kind: 'run-at', runId, seq },
    ],
  };
}

const advice: Record<DuplicatePolicy, string> = {
  reject: "use another id, or duplicatePolicy 'allow', 'use_existing' or 'terminate_existing'",
  allow: "wait for its end, or use duplicatePolicy 'use_existing' or 'terminate_existing'",
  use_existing: "it cannot be used any more: use duplicatePolicy 'allow' for another run",
  terminate_existing: '',
};

function alreadyStarted(
  { workflowId, runId, status, closedAt }: RunRecord,
  policy: DuplicatePolicy,
): WorkflowAlreadyStartedError {
  const ways =
    policy === 'reject' && closedAt !== null
      ? "use another id, or duplicatePolicy 'allow' for another run"
      : advice[policy];
  return new WorkflowAlreadyStartedError(
    `Workflow id '${workflowId}' is taken: its run ${runId} is ${status}. With duplicatePolicy '${policy}', ${ways}`,
  );
}
