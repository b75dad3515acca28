import { encodeEvent } from '../../codec/events.js';
import { StorageError } from '../../model/errors.js';
import type { RunEvent } from '../../model/events.js';
import type { RunId } from '../../model/ids.js';
import type { Json } from '../../model/payload.js';
import { NEVER, type EpochMs } from '../../model/time.js';
import { explained } from '../../replay/explanation.js';
import type { Blockage } from '../../replay/recorder.js';
import type { Expectation, Write } from '../../storage/port.js';
import type { RunChanges, RunRecord, TaskRecord } from '../../storage/records.js';
import type { Core, RunBirth } from '../core.js';
import type { WorkflowRecord } from '../definitions.js';
import { encodeBody } from '../run-projection.js';
import { silent } from '../silent-log.js';
import type { Shown } from './run-body.js';
import type { RunHost } from './run-host.js';

export function foreignAwait(workflowType: string): Blockage {
  return {
    code: 'foreign_await',
    message: `Workflow '${workflowType}' waits for something that is not durable (fetch, setTimeout, a promise of its own): nothing that is recorded could ever continue it. Do such work in an activity or a ctx.step, or wait with ctx.sleep, ctx.waitSignal or ctx.waitCondition.`,
  };
}

/** What a replay was blocked for, with all that can be said of it. */
export function explainedHere(
  { core, executor }: RunHost,
  workflow: WorkflowRecord,
  blockage: Blockage,
  events: readonly RunEvent[],
): Promise<Blockage> {
  const { namespace, limits, registry } = core;
  const host = {
    ...{ namespace, log: silent, limits, workflows: registry.workflows, activities: registry.activities },
    onForeign: () => undefined,
  };
  return explained(blockage, workflow, events, host, (step) => executor.through(step));
}

/** A run whose events do not begin with its start. */
export function historyGone({ runId, seq }: Pick<RunRecord, 'runId' | 'seq'>): StorageError {
  return new StorageError(
    'storage_corrupt',
    `The history of run ${runId} should have ${seq} events and does not begin with the first: it was changed from outside, or the medium is damaged. Restore the store from a backup, or terminate the run`,
    { retryable: false, outcome: 'not-applied' },
  );
}

export function suspectedPoison(claims: number): Blockage {
  return {
    code: 'suspected_poison',
    message: `${claims} workers in a row claimed this run and never wrote anything: its code may be what stops them. It is tried again when the workflow's code changes.`,
  };
}

/**
 * Takes a run out of the queue: open, its history untouched. Without a blockage it is as blocked as it was, and goes
 * back to sleep.
 */
export function planBlock(input: {
  readonly core: Core;
  readonly runId: RunId;
  readonly task: TaskRecord;
  readonly birth: RunBirth | undefined;
  readonly blockage: Blockage | undefined;
  readonly fingerprint: string;
  readonly buildId: string | null;
  readonly isCurrent: boolean;
  readonly shown: Shown | undefined;
  /** The build that can go on with it. */
  readonly handBack?: string | undefined;
  readonly now: EpochMs;
}): { readonly expect: Expectation[]; readonly writes: Write[]; readonly start: [] } {
  const { runId, task, birth, blockage, handBack, now } = input;
  const attempt = blockage?.code === 'suspected_poison' ? task.attempt : 0;
  const parked: Write = {
    kind: 'put-task',
    task: {
      ...task,
      ...(handBack !== undefined && { buildId: handBack }),
      attempt,
      visibleAt: handBack === undefined ? NEVER : now,
      leaseOwner: null,
      leaseUntil: 0,
    },
  };
  const expect: Expectation[] = birth
    ? [...birth.expect]
    : [{ kind: 'token', taskId: task.taskId, token: task.token }];
  if (!blockage) return { expect, writes: [parked], start: [] };
  const { code, message, details } = blockage;
  const changes: RunChanges = {
    status: 'blocked',
    isCurrent: input.isCurrent,
    buildId: input.buildId,
    closedAt: null,
    progressAt: now,
    body: encodeBody({
      ...input.shown,
      blocked: {
        code,
        message,
        fingerprint: input.fingerprint,
        ...(details !== undefined && { details: details as Json }),
      },
    }),
  };
  const write: Write[] = birth
    ? [
        { kind: 'insert-run', run: { ...birth.run, ...changes }, events: [encodeEvent(birth.started)] },
        ...birth.writes,
      ]
    : [{ kind: 'amend-run', runId, changes }];
  return { expect, writes: [...write, parked], start: [] };
}
