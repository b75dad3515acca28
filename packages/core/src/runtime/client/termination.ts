import { encodeEvent } from '../../codec/events.js';
import { InvalidArgumentError } from '../../model/errors.js';
import { NEVER } from '../../model/time.js';
import type { Batch, Write } from '../../storage/port.js';
import type { RunRecord } from '../../storage/records.js';
import type { Core } from '../core.js';
import { outboxTask } from '../outbox/outbox-task.js';
import { tellParent } from '../outbox/tell-run.js';
import { decodeBody, decodeStart, encodeBody } from '../run-projection.js';
import { atOnce } from './at-once.js';

/** Ends an open run by force, at the head that was read: whoever owns it is refused from then on. */
export function terminationBatch(
  core: Core,
  run: RunRecord,
  reason: string | undefined,
  isCurrent: boolean,
): Promise<Batch> {
  const event = { type: 'WorkflowTerminated' as const, ...(reason !== undefined && { reason }) };
  return endBatch(core, run, event, isCurrent);
}

/** Ends a run that no worker has begun: there is nobody to ask, and nothing to clean up. */
export function cancellationBatch(core: Core, run: RunRecord, reason: string | undefined): Promise<Batch> {
  const event = { type: 'WorkflowCancelled' as const, ...(reason !== undefined && { reason }) };
  return endBatch(core, run, event, run.isCurrent);
}

async function endBatch(
  core: Core,
  run: RunRecord,
  event: { readonly type: 'WorkflowTerminated' | 'WorkflowCancelled'; readonly reason?: string },
  isCurrent: boolean,
): Promise<Batch> {
  const { runId, seq, buildId } = run;
  const at = Math.max(core.clock.now(), run.progressAt);
  const { state, memo, children, blocked } = decodeBody(run);
  const { parent, inherits } = decodeStart(run);
  const closed = { seq: seq + 1, at, ...event };
  const { expect, writes } = await tellParent(core, runId, parent, closed);
  const { namespace, taskQueue: queue, workflowType: type } = run;
  const errand = outboxTask({ namespace, queue, type, priority: 5 }, { runId, seq: closed.seq }, atOnce(at));
  const end: Write[] = [
    {
      kind: 'advance-run',
      runId,
      fromSeq: seq,
      events: [encodeEvent(closed)],
      changes: {
        status: event.type === 'WorkflowTerminated' ? 'terminated' : 'cancelled',
        isCurrent,
        buildId,
        closedAt: at,
        progressAt: at,
        body: encodeBody({
          ...(state && { state }),
          ...(memo && { memo }),
          ...(event.reason !== undefined && { closedReason: event.reason }),
        }),
      },
    },
    { kind: 'drop-tasks', runId },
    { kind: 'drop-messages', runId, through: NEVER },
  ];
  // A blocked run does not show its children; whoever does the errand reads them from its history.
  if (children || inherits || blocked) end.push({ kind: 'put-task', task: errand });
  return { expect: [{ kind: 'run-at', runId, seq }, ...expect], writes: [...end, ...writes] };
}

/** A run that was ended may have work under way here, and a parent that waits for it. */
export function pokeAll({ worker }: Core, run: RunRecord): void {
  worker?.poke(run.runId);
  const { parent } = decodeStart(run);
  if (parent) worker?.poke(parent.runId);
}

/** A reason is one line for people, kept in the event, the projection and every error made of it. Throws `InvalidArgumentError`. */
export function checkReason(reason: unknown): void {
  if (reason === undefined || (typeof reason === 'string' && reason.length <= longestReason)) return;
  throw new InvalidArgumentError('The run cannot be ended', [
    { path: 'reason', message: `must be a string of at most ${longestReason} characters` },
  ]);
}

const longestReason = 4_096;
