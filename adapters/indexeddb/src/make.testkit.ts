import type { Batch, NewRun, StorageHandle, TaskRecord, Write } from '@perdure/core/storage';
import { expect } from 'vitest';

export function newRun(runId: string, more: Partial<NewRun> = {}): NewRun {
  return {
    ...{
      namespace: 'default',
      runId,
      workflowId: `workflow of ${runId}`,
      runNumber: 1,
      workflowType: 'order',
    },
    ...{
      taskQueue: 'main',
      startedAt: 1_000,
      start: 'start',
      attributes: '{}',
      archivedAt: null,
      ...running,
    },
    ...more,
  };
}

/** The changing part of a run that goes on. */
export const running = {
  status: 'running',
  isCurrent: true,
  buildId: null,
  closedAt: null,
  progressAt: 1_000,
  body: 'projection',
} as const;

export function newTask(taskId: string, runId: string, more: Partial<TaskRecord> = {}): TaskRecord {
  return {
    ...{
      taskId,
      runId,
      namespace: 'default',
      kind: 'activity',
      queue: 'main',
      type: 'charge',
      buildId: null,
    },
    ...{ priority: 5, fairnessKey: '', fairnessWeight: 1, visibleAt: 0, attempt: 0, token: 0 },
    ...{ leaseOwner: null, leaseUntil: 0, body: 'task' },
    ...more,
  };
}

/** A task that a worker is at. */
export const leased = { leaseOwner: 'worker', leaseUntil: 60_000, token: 1, attempt: 1 } as const;

export function start(runId: string, ...more: readonly Write[]): Batch {
  return { expect: [], writes: [{ kind: 'insert-run', run: newRun(runId), events: ['started'] }, ...more] };
}

/** A sequential step: activity `k` has ended, `k + 1` begins, leased. */
export function step(runId: string, k: number): Batch {
  const fromSeq = 1 + 2 * k;
  return {
    expect: [
      { kind: 'run-at', runId, seq: fromSeq },
      { kind: 'token', taskId: `${runId}/${String(k)}`, token: 1 },
    ],
    writes: [
      {
        kind: 'advance-run',
        runId,
        fromSeq,
        events: [`completed ${String(k)}`, `scheduled ${String(k + 1)}`],
        changes: running,
      },
      { kind: 'drop-task', taskId: `${runId}/${String(k)}` },
      { kind: 'put-task', task: newTask(`${runId}/${String(k + 1)}`, runId, leased) },
    ],
  };
}

export async function applied(handle: StorageHandle, ...batches: readonly Batch[]): Promise<void> {
  expect(await handle.commit(batches)).toEqual(batches.map(() => ({ ok: true })));
}
