/** Where a run stands. The first four are open, the others closed. */
export type WorkflowStatus =
  | 'pending'
  | 'running'
  | 'waiting'
  | 'blocked'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'terminated'
  | 'timed_out'
  | 'continued_as_new';

export type OpenStatus = Extract<WorkflowStatus, 'pending' | 'running' | 'waiting' | 'blocked'>;
export type ClosedStatus = Exclude<WorkflowStatus, OpenStatus>;
export type StatusBucket = 'running' | 'completed' | 'failed';

const buckets: Record<WorkflowStatus, StatusBucket> = {
  pending: 'running',
  running: 'running',
  waiting: 'running',
  blocked: 'running',
  completed: 'completed',
  continued_as_new: 'completed',
  failed: 'failed',
  cancelled: 'failed',
  terminated: 'failed',
  timed_out: 'failed',
};

export const statusBuckets = [...new Set(Object.values(buckets))];
export const workflowStatuses = Object.keys(buckets) as readonly WorkflowStatus[];

export function statusBucket(status: WorkflowStatus): StatusBucket {
  return buckets[status];
}

export function statusesIn(bucket: StatusBucket): readonly WorkflowStatus[] {
  return workflowStatuses.filter((status) => buckets[status] === bucket);
}

export function isOpen(status: WorkflowStatus): status is OpenStatus {
  return buckets[status] === 'running';
}

/** What people write for our words. */
const aliases: Readonly<Record<string, WorkflowStatus>> = {
  canceled: 'cancelled',
  timedout: 'timed_out',
  timeout: 'timed_out',
  open: 'running',
  success: 'completed',
  succeeded: 'completed',
  continuedasnew: 'continued_as_new',
};

/** Help for somebody who wrote what is no status. */
export function statusHint(written: string): string {
  const lower = written.toLowerCase();
  const meant =
    workflowStatuses.find((status) => status === lower) ??
    (Object.hasOwn(aliases, lower) ? aliases[lower] : undefined);
  return meant === undefined ? `there are ${workflowStatuses.join(', ')}` : `did you mean '${meant}'?`;
}
