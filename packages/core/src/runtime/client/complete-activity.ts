import { decodeEvent } from '../../codec/events.js';
import { encodeFailure } from '../../codec/failures.js';
import { validateSync } from '../../codec/schema.js';
import { ActivityNotActiveError, InvalidArgumentError } from '../../model/errors.js';
import type { ActivityCompleted, ActivityFailed, ActivityScheduled, RunEvent } from '../../model/events.js';
import { runTaskId } from '../../model/ids.js';
import { NEVER } from '../../model/time.js';
import type { Batch } from '../../storage/port.js';
import type { TaskRecord } from '../../storage/records.js';
import { afterFailure, forgottenBatch, outcomeBatch, whenLate } from '../activity-end.js';
import { decodeActivityTask, encodeActivityTask, type ActivityTaskBody } from '../activity-task.js';
import { eventsOf, sealFailure, sealPayload } from '../worker/sealing.js';
import { attemptCommit, gaveUp, mostRounds } from './attempt-commit.js';
import { encodeFor } from './encode.js';
import type { OpenCore } from './open-core.js';

/** Completes an attempt that was left to be completed later. Rejects with `ActivityNotActiveError`, `InvalidArgumentError`, `PayloadError`. */
export async function completeActivity(core: OpenCore, token: string, result: unknown): Promise<void> {
  await settle(core, token, async (task, body) => {
    const { activityId, activityType } = body;
    const schema = core.registry.activities.get(activityType)?.outputSchema;
    const accepted = schema ? validateSync(schema, result, `Output of activity '${activityType}'`) : result;
    const payload = encodeFor(core, accepted, `The result of activity '${activityType}'`);
    if (body.detached) return forgottenBatch(task);
    const outcome = {
      type: 'ActivityCompleted' as const,
      activityId,
      attempt: task.attempt,
      result: payload,
    };
    return outcomeBatch(core, outcome, task);
  });
}

/** Fails such an attempt, as if its code had thrown: its retry policy decides whether there is another one. */
export async function failActivity(core: OpenCore, token: string, error: unknown): Promise<void> {
  const failure = encodeFailure(error);
  await settle(core, token, async (task, { later: _later, ...body }) => {
    const scheduled = await scheduledOf(core, task, body);
    const next = afterFailure(core, { scheduled, task, body }, { kind: 'failed', failure });
    if ('outcome' in next)
      return body.detached ? forgottenBatch(task) : outcomeBatch(core, next.outcome, task);
    const { retryAt: visibleAt } = next;
    const lastFailure = await sealFailure(core, failure);
    const { expect, writes } = rewrite(task, {
      // This attempt is over, also for its own code where that still runs.
      token: task.token + 1,
      visibleAt,
      leaseOwner: null,
      leaseUntil: 0,
      body: encodeActivityTask({ ...body, queuedAt: visibleAt, finished: body.finished + 1, lastFailure }),
    });
    const { scheduleToStart } = scheduled.timeouts;
    if (scheduleToStart === undefined) return { expect, writes };
    // Its wait in the queue is for the run to look after, which has slept through the attempt.
    const at = Math.min(visibleAt + scheduleToStart, NEVER);
    return { expect, writes: [...writes, { kind: 'wake-task', taskId: runTaskId(task.runId), at }] };
  });
}

/** Records progress of such an attempt, and that it lives. While its own code still runs, that code says so itself. */
export async function heartbeatActivity(core: OpenCore, token: string, details: unknown): Promise<void> {
  const heartbeat = await sealPayload(core, encodeFor(core, details, 'The details of a heartbeat'));
  await settle(core, token, async (task, body) => {
    if (!body.later)
      return { expect: [{ kind: 'token', taskId: task.taskId, token: task.token }], writes: [] };
    const heartbeatAt = core.clock.now();
    const scheduled = await scheduledOf(core, task, body);
    const { visibleAt, late } = whenLate(scheduled, body.startedAt ?? heartbeatAt, heartbeatAt);
    return rewrite(task, {
      visibleAt,
      body: encodeActivityTask({ ...body, heartbeat, heartbeatAt, later: late }),
    });
  });
}

function rewrite(task: TaskRecord, changes: Partial<TaskRecord>): Batch {
  return {
    expect: [{ kind: 'token', taskId: task.taskId, token: task.token }],
    writes: [{ kind: 'put-task', task: { ...task, ...changes } }],
  };
}

async function scheduledOf(
  core: OpenCore,
  { runId }: TaskRecord,
  { scheduledSeq }: ActivityTaskBody,
): Promise<ActivityScheduled> {
  const bodies = await core.storage.readEvents(runId, { from: scheduledSeq, limit: 1 });
  const [scheduled] = (await eventsOf(core, bodies)) as readonly ActivityScheduled[];
  if (!scheduled) throw notActive();
  return scheduled;
}

/** Writes what becomes of the attempt that a token stands for, if it still stands for one. */
async function settle(
  core: OpenCore,
  token: string,
  plan: (task: TaskRecord, body: ActivityTaskBody) => Promise<Batch>,
): Promise<void> {
  const named = readTaskToken(token);
  let unknown: { readonly task: TaskRecord; readonly batch: Batch } | undefined;
  for (let round = 0; round < mostRounds; round++) {
    const task = await core.storage.readTask(named.taskId);
    if (task?.token !== named.token || task.namespace !== core.namespace || task.kind !== 'activity') {
      if (unknown && (await wasApplied(core, unknown.task, unknown.batch, task))) return;
      throw notActive();
    }
    const batch = await plan(task, decodeActivityTask(task));
    const attempted = await attemptCommit(core, batch);
    if (attempted !== 'unknown' && attempted.ok) {
      for (const write of batch.writes)
        if (write.kind === 'put-task') core.worker?.claimableAt(write.task.visibleAt);
      core.worker?.poke(task.runId);
      return;
    }
    if (attempted !== 'unknown' && attempted.refusal.reason === 'run-open') throw notActive();
    if (attempted === 'unknown') unknown = { task, batch };
  }
  throw gaveUp('The end of an activity');
}

/**
 * Whether a commit of unknown outcome was applied, now that its token counts no more: that may as well be because the
 * attempt has timed out. Its outcome is in the inbox or the history then, or its failure in the task of the next attempt.
 */
async function wasApplied(
  core: OpenCore,
  { runId, attempt }: TaskRecord,
  { writes }: Batch,
  task: TaskRecord | undefined,
): Promise<boolean> {
  for (const write of writes) {
    if (write.kind === 'put-task') {
      const [asked, now] = [write.task, task].map((one) => one && decodeActivityTask(one).lastFailure);
      return now !== undefined && JSON.stringify(now) === JSON.stringify(asked);
    }
    if (write.kind !== 'put-message') continue;
    const { kind, messageId } = write.message;
    const [loaded] = await core.storage.loadRuns([{ runId, afterSeq: 0 }]);
    const { inbox = [], events = [] } = loaded ?? {};
    if (inbox.some((message) => message.kind === kind && message.messageId === messageId)) return true;
    const [activityId] = messageId.split(':');
    return events
      .map(decodeEvent)
      .some((event) => isOutcome(event) && event.activityId === activityId && event.attempt === attempt);
  }
  return true; // nobody waits for what it has ended
}

function isOutcome(event: RunEvent): event is ActivityCompleted | ActivityFailed {
  return event.type === 'ActivityCompleted' || event.type === 'ActivityFailed';
}

/** Stands for one attempt of one activity. */
export function taskToken({ taskId, token }: TaskRecord): string {
  return `${taskId}#${token}`;
}

function readTaskToken(token: unknown): { readonly taskId: string; readonly token: number } {
  const [, taskId = '', number = ''] =
    typeof token === 'string' && token.length <= 1_000 ? (/^([\w.:/-]+)#(\d{1,15})$/.exec(token) ?? []) : [];
  if (taskId === '')
    throw new InvalidArgumentError('The activity cannot be completed', [
      { path: 'token', message: 'must be what activity.info.taskToken was' },
    ]);
  return { taskId, token: Number(number) };
}

function notActive(): ActivityNotActiveError {
  return new ActivityNotActiveError(
    'This token counts no more: its activity has ended, was cancelled or timed out, or was attempted again, or its run is closed',
  );
}
