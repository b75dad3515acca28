import type { Namespace, RunId, Seq, TaskId } from '../../model/ids.js';
import type { EpochMs } from '../../model/time.js';
import type { TaskRecord } from '../../storage/records.js';

/** What an errand is about: the event of a run whose effect is on other runs. */
export interface OutboxBody {
  readonly runId: RunId;
  readonly seq: Seq;
}

/** Tasks of the outbox belong to this, not to their run: they outlive its end. */
export function outboxOf(runId: RunId): RunId {
  return `outbox/${runId}`;
}

/** Sorts by the order of the events: errands of a run are done one after the other. */
function outboxTaskId({ runId, seq }: OutboxBody): TaskId {
  return `${outboxOf(runId)}/${String(seq).padStart(9, '0')}`;
}

export interface OutboxLease {
  readonly leaseOwner: string | null;
  readonly leaseUntil: EpochMs;
}

/** An errand as a task: for whoever claims it, or leased as it is written. */
export function outboxTask(
  of: {
    readonly namespace: Namespace;
    readonly queue: string;
    readonly type: string;
    readonly priority: number;
  },
  body: OutboxBody,
  visibleAt: EpochMs,
  lease: OutboxLease = { leaseOwner: null, leaseUntil: 0 },
): TaskRecord {
  const claims = lease.leaseOwner === null ? 0 : 1;
  const { namespace, queue, type, priority } = of;
  return {
    taskId: outboxTaskId(body),
    namespace,
    kind: 'outbox',
    queue,
    type,
    runId: outboxOf(body.runId),
    buildId: null,
    priority,
    fairnessKey: '',
    fairnessWeight: 1,
    visibleAt,
    attempt: claims,
    token: claims,
    ...lease,
    body: JSON.stringify({ runId: body.runId, seq: body.seq }),
  };
}
