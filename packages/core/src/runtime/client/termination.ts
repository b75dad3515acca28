import { encodeEvent } from '../../codec/events.js';
import { InvalidArgumentError } from '../../model/errors.js';
import { NEVER, type EpochMs } from '../../model/time.js';
import type { Write } from '../../storage/port.js';
import type { RunRecord } from '../../storage/records.js';
import { decodeBody, encodeBody } from '../run-projection.js';

/** What ends an open run by force, at the head that was read: whoever owns it is refused from then on. */
export function terminationOf(
  run: RunRecord,
  reason: string | undefined,
  now: EpochMs,
  isCurrent: boolean,
): readonly Write[] {
  const event = { type: 'WorkflowTerminated' as const, ...(reason !== undefined && { reason }) };
  return endOf(run, event, now, isCurrent);
}

/** What ends a run that no worker has begun: there is nobody to ask, and nothing to clean up. */
export function cancellationOf(run: RunRecord, reason: string | undefined, now: EpochMs): readonly Write[] {
  const event = { type: 'WorkflowCancelled' as const, ...(reason !== undefined && { reason }) };
  return endOf(run, event, now, run.isCurrent);
}

function endOf(
  run: RunRecord,
  event: { readonly type: 'WorkflowTerminated' | 'WorkflowCancelled'; readonly reason?: string },
  now: EpochMs,
  isCurrent: boolean,
): readonly Write[] {
  const { runId, seq, buildId } = run;
  const at = Math.max(now, run.progressAt);
  const { state, memo } = decodeBody(run);
  return [
    {
      kind: 'advance-run',
      runId,
      fromSeq: seq,
      events: [encodeEvent({ seq: seq + 1, at, ...event })],
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
}

/** A reason is one line for people, kept in the event, the projection and every error made of it. Throws `InvalidArgumentError`. */
export function checkReason(reason: unknown): void {
  if (reason === undefined || (typeof reason === 'string' && reason.length <= longestReason)) return;
  throw new InvalidArgumentError('The run cannot be ended', [
    { path: 'reason', message: `must be a string of at most ${longestReason} characters` },
  ]);
}

const longestReason = 4_096;
