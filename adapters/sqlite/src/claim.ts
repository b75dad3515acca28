import {
  NEVER,
  type ClaimRequest,
  type EpochMs,
  type Namespace,
  type TaskId,
  type TaskRecord,
  type TaskWant,
} from '@perdure/core/storage';
import { isWanted, laneFields, lanePrefix } from './lane.js';
import type { Sql } from './statements.js';
import { fromRow } from './task-rows.js';
import type { LaneHead, Tasks } from './tasks.js';

interface NextRequest {
  readonly namespace: Namespace;
  readonly wants: readonly TaskWant[];
}

export function nextWakeAt(sql: Sql, tasks: Tasks, { namespace, wants }: NextRequest): EpochMs | null {
  const earliest = (least: EpochMs, { dueAt }: LaneHead): EpochMs => Math.min(least, dueAt);
  const heads = wants.flatMap((want) => openLanes(sql, namespace, want));
  const open = heads.reduce(earliest, NEVER);
  // Leases matter only where one ends before that.
  const leased = tasks
    .leasedLanes(open - 1)
    .filter(({ lane }) => wants.some((want) => isWanted(lane, namespace, want)));
  const at = leased.reduce(earliest, open);
  return at === NEVER ? null : at;
}

/** Whether there is anything to claim: asked without a transaction, so that an idle worker never takes the lock. */
export function anyDue(sql: Sql, tasks: Tasks, request: ClaimRequest): boolean {
  return request.wants.some((want) => want.limit > 0 && dueLanes(sql, tasks, request, want).length > 0);
}

/** Inside a write transaction. */
export function claim(sql: Sql, tasks: Tasks, request: ClaimRequest): readonly TaskRecord[] {
  const claimed = new Map<TaskId, TaskRecord>();
  for (const want of request.wants) {
    const leaseUntil = Math.min(request.now + want.leaseMs, NEVER);
    let left = want.limit;
    // A lease of no length leaves a task claimable; it is still given out once a call.
    for (const task of candidates(sql, tasks, request, want, want.limit + claimed.size)) {
      if (left === 0) break;
      if (claimed.has(task.taskId)) continue;
      claimed.set(task.taskId, tasks.lease(task, request.owner, leaseUntil));
      left--;
    }
  }
  return [...claimed.values()].sort(claimOrder);
}

/** The first tasks in the order of claims. */
function candidates(
  sql: Sql,
  tasks: Tasks,
  request: ClaimRequest,
  want: TaskWant,
  most: number,
): TaskRecord[] {
  const due = dueLanes(sql, tasks, request, want)
    .map((head) => ({ ...head, priority: laneFields(head.lane).priority }))
    .sort((a, b) => a.priority - b.priority);
  const found: TaskRecord[] = [];
  for (const { lane, leased, priority } of due) {
    const last = found.at(-1);
    if (last !== undefined && found.length >= most && last.priority < priority) break;
    const first = leased
      ? sql('select * from leases where lane = ? and due_at <= ? order by visible_at, task_id limit ?', 'raw')
      : sql('select * from tasks where lane = ? and due_at <= ? order by due_at, task_id limit ?', 'raw');
    for (const row of first.all(lane, request.now, most)) found.push(fromRow(row));
  }
  return found.sort(claimOrder).slice(0, most);
}

interface DueLane extends LaneHead {
  readonly leased: boolean;
}

function dueLanes(sql: Sql, tasks: Tasks, request: ClaimRequest, want: TaskWant): DueLane[] {
  const { namespace, now, buildId } = request;
  const open = openLanes(sql, namespace, want).filter(({ dueAt }) => dueAt <= now);
  return [
    ...open.map((head) => ({ ...head, leased: false })),
    ...tasks.leasedLanes(now).map((head) => ({ ...head, leased: true })),
  ].filter(({ lane }) => isWanted(lane, namespace, want, buildId));
}

/** The lanes of a wish, each with its first task: one step of the index a lane, however many tasks there are. */
function openLanes(sql: Sql, namespace: Namespace, want: TaskWant): LaneHead[] {
  const heads = sql(
    `with recursive each (lane) as (
      select min(lane) from tasks where lane > ? and lane < ?
      union all
      select (select min(lane) from tasks where lane > each.lane and lane < ?) from each where lane is not null
    )
    select lane, (select min(due_at) from tasks where tasks.lane = each.lane) as dueAt from each where lane is not null`,
  );
  return want.queues.flatMap((queue) => {
    const prefix = lanePrefix(namespace, want.kind, queue);
    // `0` follows `/`.
    const behind = prefix.slice(0, -1) + '0';
    const found = heads.all(prefix, behind, behind) as LaneHead[];
    return found.filter(({ lane }) => isWanted(lane, namespace, want));
  });
}

function claimOrder(a: TaskRecord, b: TaskRecord): number {
  return a.priority - b.priority || a.visibleAt - b.visibleAt || (a.taskId < b.taskId ? -1 : 1);
}
