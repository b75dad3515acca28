import {
  NEVER,
  type EpochMs,
  type Namespace,
  type TaskKind,
  type TaskRecord,
  type TaskWant,
  type WorkerId,
} from '@perdure/core/storage';
import { digits } from './layout.js';

/**
 * Marks are what the one index on live records holds: for each group of a record's tasks the first one, by when it can
 * be claimed, and each owner of a lease. A group is namespace, kind, queue, and the priority of tasks that nobody holds
 * (in the order of claims) or `L` for leases (by their end). So a claim looks at what is due and no more, however many
 * sleep. While a journal is open the marks are lower bounds: a record may come up too soon, never too late.
 */
export type Marks = ReadonlyMap<string, string>;

/** Behind every group of a prefix. */
export const lastGroup = 'M';
const leasedGroup = 'L';

export function prefixOf(namespace: Namespace, kind: TaskKind, queue: string): string {
  return `${namespace}\0${kind}\0${queue}\0`;
}

/** No namespace begins with U+0000. */
export function ownerMark(owner: WorkerId): string {
  return `\0${owner}`;
}

export function dueOf(task: TaskRecord): EpochMs {
  return Math.max(task.visibleAt, task.leaseUntil);
}

function groupOf(task: TaskRecord): string {
  const prefix = prefixOf(task.namespace, task.kind, task.queue);
  return prefix + (task.leaseUntil > task.visibleAt ? leasedGroup : String(task.priority));
}

/** Sorts as claims are made: priority, then `visibleAt`, then `taskId`. Behind a prefix, the mark of a free task. */
export function claimKey({ priority, visibleAt, taskId }: TaskRecord): string {
  return `${priority}${digits(visibleAt)}\0${taskId}`;
}

export function isWanted(task: TaskRecord, want: TaskWant): boolean {
  return (
    task.kind === want.kind &&
    want.queues.includes(task.queue) &&
    (want.types === null || want.types.includes(task.type))
  );
}

function markOf(task: TaskRecord): string {
  return `${groupOf(task)}${digits(dueOf(task))}\0${task.taskId}`;
}

/** The moment in a mark, given the group that it begins with. */
export function dueIn(mark: string, group: string): EpochMs {
  return Number.parseInt(mark.slice(group.length, group.length + 14), 16);
}

export function isLeasedGroup(group: string): boolean {
  return group.endsWith(leasedGroup);
}

export function marksOf(tasks: readonly TaskRecord[]): Marks {
  const marks = new Map<string, string>();
  for (const task of tasks) {
    if (task.leaseOwner !== null) marks.set(ownerMark(task.leaseOwner), ownerMark(task.leaseOwner));
    if (dueOf(task) >= NEVER) continue;
    const group = groupOf(task);
    const mark = markOf(task);
    const first = marks.get(group);
    if (first === undefined || mark < first) marks.set(group, mark);
  }
  return marks;
}

/** Whether a record with these marks is found in time for tasks that would have those. */
export function cover(bounds: Marks, marks: Marks): boolean {
  for (const [group, mark] of marks) {
    const bound = bounds.get(group);
    if (bound === undefined || bound > mark) return false;
  }
  return true;
}
