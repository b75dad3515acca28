import {
  NEVER,
  type EpochMs,
  type Hints,
  type RunId,
  type TaskId,
  type TaskRecord,
  type WorkerId,
} from '@perdure/core/storage';
import { behindPrefix, fromStored, toStored } from './order.js';
import type { Sql } from './statements.js';
import { dueAt, fromRow, isHeld, rowMarks, toRow } from './task-rows.js';

/** Where a task is. */
interface Place {
  readonly runId: RunId;
  readonly token: number;
  readonly held: boolean;
}

/** A lane, and when its first task can be claimed. */
export interface LaneHead {
  readonly lane: string;
  readonly dueAt: EpochMs;
}

/** Those few tasks of a run whose id does not begin with the run's; they have an index of their own. */
const oddlyNamed = 'substr(task_id, 1, length(run_id)) <> run_id';

const mostRemembered = 10_000;

/**
 * The tasks in two tables of one shape: `tasks` those that nobody holds, however many, indexed in the order of claims;
 * `leases` the few that somebody holds, without an index, because they come and go with each step and a page of an
 * index costs as much as a page of rows.
 */
export class Tasks {
  readonly #sql: Sql;
  readonly #hints: Hints;
  readonly #places = new Map<TaskId, Place>();
  /** No lease ends before this. */
  #firstEnd = 0;

  constructor(sql: Sql, hints: Hints) {
    this.#sql = sql;
    this.#hints = hints;
  }

  /** What is remembered may not be true any more. */
  forget(): void {
    this.#places.clear();
    this.#firstEnd = 0;
  }

  place(taskId: TaskId): Place | undefined {
    const known = this.#places.get(taskId);
    if (known !== undefined) return known;
    const id = toStored(taskId);
    const found = this.#sql(
      `select run_id, token, 1 from leases where task_id = ?
        union all select run_id, token, 0 from tasks where task_id = ?`,
      'raw',
    ).get(id, id) as readonly [runId: string, token: number, held: number] | undefined;
    return (
      found && this.#remember(taskId, { runId: fromStored(found[0]), token: found[1], held: found[2] === 1 })
    );
  }

  put(task: TaskRecord): void {
    const { taskId } = task;
    const held = isHeld(task);
    const before = this.place(taskId);
    if (before !== undefined && before.held !== held) this.#delete(taskId, before);
    this.#sql(held ? `replace into leases values ${rowMarks}` : `replace into tasks values ${rowMarks}`).run(
      ...toRow(task),
    );
    this.#remember(taskId, { runId: task.runId, token: task.token, held });
    if (held) this.#firstEnd = Math.min(this.#firstEnd, dueAt(task));
    this.#hints.task(task);
  }

  /** Takes the lease of a task that was just read; the task as it is then. */
  lease(task: TaskRecord, leaseOwner: WorkerId, leaseUntil: EpochMs): TaskRecord {
    this.#remember(task.taskId, { runId: task.runId, token: task.token, held: isHeld(task) });
    const leased = { ...task, attempt: task.attempt + 1, token: task.token + 1, leaseOwner, leaseUntil };
    this.put(leased);
    return leased;
  }

  drop(taskId: TaskId): void {
    const place = this.place(taskId);
    if (place === undefined) return;
    this.#delete(taskId, place);
    this.#places.delete(taskId);
    this.#hints.run(place.runId);
  }

  dropRun(runId: RunId): void {
    const id = toStored(runId);
    for (const table of ['tasks', 'leases']) {
      this.#sql(`delete from ${table} where task_id between ? and ? and run_id = ?`).run(
        id,
        behindPrefix(id),
        id,
      );
      this.#sql(`delete from ${table} where run_id = ? and ${oddlyNamed}`).run(id);
    }
    this.#places.clear();
    this.#hints.run(runId);
  }

  wake(taskId: TaskId, at: EpochMs): void {
    const task = this.read(taskId);
    if (task !== undefined && task.visibleAt > at) this.put({ ...task, visibleAt: at });
  }

  /** Ends the leases of a worker; how many. */
  release(owner: WorkerId): number {
    const held = this.#sql('select * from leases where lease_owner = ?', 'raw').all(owner).map(fromRow);
    for (const task of held) this.put({ ...task, leaseOwner: null, leaseUntil: 0 });
    return held.length;
  }

  read(taskId: TaskId): TaskRecord | undefined {
    const id = toStored(taskId);
    const row = this.#sql(
      'select * from leases where task_id = ? union all select * from tasks where task_id = ?',
      'raw',
    ).get(id, id);
    return row === undefined ? undefined : fromRow(row);
  }

  ofRun(runId: RunId): TaskRecord[] {
    const id = toStored(runId);
    const parts = ['tasks', 'leases'].map(
      (table) => `select * from ${table} where task_id between ? and ? and run_id = ?
        union all select * from ${table} where run_id = ? and ${oddlyNamed}`,
    );
    const values = [id, behindPrefix(id), id, id];
    return this.#sql(`${parts.join(' union all ')} order by 1`, 'raw')
      .all(...values, ...values)
      .map(fromRow);
  }

  /** The lanes that have leases ending by then, each with the first end. */
  leasedLanes(by: EpochMs): LaneHead[] {
    if (by < this.#firstEnd) return [];
    const heads = this.#sql(
      'select lane, min(due_at) as dueAt from leases group by lane',
    ).all() as LaneHead[];
    this.#firstEnd = Math.min(NEVER, ...heads.map((head) => head.dueAt));
    return heads.filter((head) => head.dueAt <= by);
  }

  #delete(taskId: TaskId, { held }: Place): void {
    this.#sql(held ? 'delete from leases where task_id = ?' : 'delete from tasks where task_id = ?').run(
      toStored(taskId),
    );
  }

  #remember(taskId: TaskId, place: Place): Place {
    if (this.#places.size > mostRemembered) this.#places.clear();
    this.#places.set(taskId, place);
    return place;
  }
}
