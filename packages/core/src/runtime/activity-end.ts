import type { ActivityScheduled, ActivityTimeoutKind } from '../model/events.js';
import type { FailureRecord } from '../model/failure.js';
import { runTaskId } from '../model/ids.js';
import { mayRetry, retryDelay } from '../model/retry.js';
import { NEVER, type EpochMs } from '../model/time.js';
import type { Batch } from '../storage/port.js';
import type { TaskRecord } from '../storage/records.js';
import type { ActivityTaskBody } from './activity-task.js';
import { atOnce } from './client/at-once.js';
import type { Core } from './core.js';
import { encodeOutcome, type ActivityOutcome } from './messages.js';
import { sealFailure, sealPayload } from './worker/sealing.js';

/** An attempt, with all that decides what its end leads to. */
export interface AttemptRecord {
  readonly task: TaskRecord;
  readonly body: ActivityTaskBody;
  readonly scheduled: ActivityScheduled;
}
export type AttemptFailure =
  | { readonly kind: 'failed'; readonly failure: FailureRecord }
  | { readonly kind: 'timed_out'; readonly timeout: ActivityTimeoutKind };

/** What an attempt that did not complete leads to: another one, or the end of the activity. */
export function afterFailure(
  core: Core,
  { scheduled, task, body }: AttemptRecord,
  end: AttemptFailure,
): { readonly retryAt: EpochMs } | { readonly outcome: ActivityOutcome } {
  const { activityId, retry, timeouts } = scheduled;
  const failure = end.kind === 'failed' ? end.failure : undefined;
  const about = { activityId, attempt: task.attempt };
  const timedOut = (timeout: ActivityTimeoutKind, last: FailureRecord | undefined) => ({
    outcome: { type: 'ActivityTimedOut' as const, ...about, timeout, ...(last && { failure: last }) },
  });
  const ended = body.finished + 1;
  const over = end.kind === 'timed_out' && end.timeout === 'schedule_to_close';
  if (!over && mayRetry(retry, ended, failure ?? { name: 'TimeoutError' })) {
    const retryAt = core.clock.now() + retryDelay(retry, ended, core.platform.randomUint32() / 0x1_0000_0000);
    const { scheduleToClose } = timeouts;
    if (scheduleToClose === undefined || retryAt < scheduled.at + scheduleToClose) return { retryAt };
    return timedOut('schedule_to_close', failure);
  }
  if (end.kind === 'timed_out') return timedOut(end.timeout, body.lastFailure);
  return { outcome: { type: 'ActivityFailed', ...about, failure: end.failure } };
}

/** Puts an outcome into the inbox of its run, and makes the run visible. Refused where it no longer counts. */
export async function outcomeBatch(
  core: Core,
  outcome: ActivityOutcome,
  { namespace, runId, taskId, token }: TaskRecord,
): Promise<Batch> {
  const at = core.clock.now();
  const messageId = `${outcome.activityId}:${token}`;
  const body = encodeOutcome(await sealOutcome(core, outcome));
  return {
    expect: [
      { kind: 'token', taskId, token },
      { kind: 'run-open', runId },
    ],
    writes: [
      { kind: 'drop-task', taskId },
      { kind: 'put-message', message: { namespace, runId, kind: 'activity', messageId, at, body } },
      { kind: 'wake-task', taskId: runTaskId(runId), at: atOnce(at) },
    ],
  };
}

/** The end of an activity that nobody waits for any more. */
export function forgottenBatch({ taskId, token }: TaskRecord): Batch {
  return { expect: [{ kind: 'token', taskId, token }], writes: [{ kind: 'drop-task', taskId }] };
}

async function sealOutcome(core: Core, outcome: ActivityOutcome): Promise<ActivityOutcome> {
  if (!core.sealer.active) return outcome;
  if (outcome.type === 'ActivityCompleted')
    return { ...outcome, result: await sealPayload(core, outcome.result) };
  if ('failure' in outcome && outcome.failure)
    return { ...outcome, failure: await sealFailure(core, outcome.failure) };
  return outcome;
}

/**
 * An attempt that somebody else will complete holds no lease: its task becomes visible when it has timed out, and whoever
 * claims it then finds in it which timeout that was.
 */
export function whenLate(
  { timeouts: { startToClose = Infinity, heartbeat = Infinity } }: ActivityScheduled,
  startedAt: EpochMs,
  lastHeartbeat: EpochMs,
): { readonly visibleAt: EpochMs; readonly late: ActivityTimeoutKind } {
  const [closeBy, beatBy] = [startedAt + startToClose, lastHeartbeat + heartbeat];
  return {
    visibleAt: Math.min(closeBy, beatBy, NEVER),
    late: beatBy < closeBy ? 'heartbeat' : 'start_to_close',
  };
}
