import type { EpochMs, TaskRecord } from '@perdure/core/storage';
import type { Value } from './driver.js';
import { laneFields, laneOf } from './lane.js';
import { fromStored, toStored } from './order.js';

/** Of both tables, in the order of their columns. */
type Row = readonly [
  taskId: string,
  runId: string,
  lane: string,
  dueAt: EpochMs,
  fairnessKey: string,
  fairnessWeight: number,
  visibleAt: EpochMs,
  attempt: number,
  token: number,
  leaseOwner: string | null,
  leaseUntil: EpochMs,
  body: string,
];

export const rowMarks = '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';

export function toRow(task: TaskRecord): readonly Value[] & Row {
  return [
    toStored(task.taskId),
    toStored(task.runId),
    laneOf(task),
    dueAt(task),
    task.fairnessKey,
    task.fairnessWeight,
    task.visibleAt,
    task.attempt,
    task.token,
    task.leaseOwner,
    task.leaseUntil,
    task.body,
  ];
}

export function fromRow(row: unknown): TaskRecord {
  const [
    id,
    run,
    lane,
    ,
    fairnessKey,
    fairnessWeight,
    visibleAt,
    attempt,
    token,
    leaseOwner,
    leaseUntil,
    body,
  ] = row as Row;
  const { namespace, kind, queue, type, buildId, priority } = laneFields(lane);
  return {
    taskId: fromStored(id),
    namespace,
    kind,
    queue,
    type,
    runId: fromStored(run),
    buildId,
    priority,
    fairnessKey,
    fairnessWeight,
    visibleAt,
    attempt,
    token,
    leaseOwner,
    leaseUntil,
    body,
  };
}

/** When it can be claimed. */
export function dueAt({ visibleAt, leaseUntil }: Pick<TaskRecord, 'visibleAt' | 'leaseUntil'>): EpochMs {
  return Math.max(visibleAt, leaseUntil);
}

/** Whether it belongs to `leases`: somebody holds it, or nobody can say so yet because the time has still to come. */
export function isHeld(task: TaskRecord): boolean {
  return task.leaseOwner !== null || task.leaseUntil > task.visibleAt;
}
