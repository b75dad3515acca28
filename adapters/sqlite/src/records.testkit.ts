import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { NewRun, RunChanges, TaskRecord, Write } from '@perdure/core/storage';

/** A path of its own for each call, in a folder that goes with the test file. */
export function temporaryFiles(): () => string {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-sqlite-'));
  let files = 0;
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return () => join(folder, `${(files += 1)}.db`);
}

export const changes = (closedAt: number | null = null): RunChanges => ({
  status: closedAt === null ? 'running' : 'completed',
  isCurrent: true,
  buildId: null,
  closedAt,
  progressAt: 1,
  body: '{}',
});

export const newRun = (runId: string): NewRun => ({
  namespace: 'default',
  runId,
  workflowId: `workflow-${runId}`,
  runNumber: 1,
  workflowType: 'Order',
  taskQueue: 'main',
  startedAt: 1,
  start: '{}',
  attributes: '{}',
  archivedAt: null,
  ...changes(),
});

export const newTask = (taskId: string, given: Partial<TaskRecord> = {}): TaskRecord => ({
  taskId,
  namespace: 'default',
  kind: 'workflow',
  queue: 'main',
  type: 'Order',
  runId: taskId,
  buildId: null,
  priority: 5,
  fairnessKey: '',
  fairnessWeight: 1,
  visibleAt: 0,
  attempt: 0,
  token: 0,
  leaseOwner: null,
  leaseUntil: 0,
  body: '',
  ...given,
});

export const insert = (runId: string, events: readonly string[] = ['started']): Write => ({
  kind: 'insert-run',
  run: newRun(runId),
  events,
});

export const advance = (runId: string, fromSeq: number, events: readonly string[]): Write => ({
  kind: 'advance-run',
  runId,
  fromSeq,
  events,
  changes: changes(),
});

export const all = (writes: readonly Write[]) => [{ expect: [], writes }];

export const claimAll = (owner: string, now: number) => ({
  namespace: 'default',
  owner,
  now,
  buildId: null,
  wants: [{ kind: 'workflow' as const, queues: ['main'], types: null, limit: 100, leaseMs: 1_000_000 }],
});
