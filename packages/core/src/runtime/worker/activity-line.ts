import type { ActivityScheduled } from '../../model/events.js';
import type { RunId, TaskId } from '../../model/ids.js';
import type { TaskRecord } from '../../storage/records.js';
import type { ActivityTaskBody } from '../activity-task.js';
import type { ActivityRecord } from '../definitions.js';

/** An activity that is leased to this worker. */
export interface LeasedActivity {
  readonly task: TaskRecord;
  readonly scheduled: ActivityScheduled;
  /** Undefined where this worker has no code of it. */
  readonly activity: ActivityRecord | undefined;
  readonly body: ActivityTaskBody;
}

/** So long may an activity wait here by what attempts have taken lately; and so many at the most. Milliseconds. */
const shortWait = 20;
const longestLine = 1_000;
/** What an attempt is taken to last at the least. Milliseconds. */
const leastAttempt = 0.1;

/** How long one may really wait before another worker gets its chance. Milliseconds. */
export const linePatience = 100;

/**
 * Activities that were scheduled here with their lease while every slot was taken. A lease in the commit that schedules
 * it saves an activity a claim, a transaction of its own; where attempts are short it waits for less than a claim takes.
 */
export class ActivityLine {
  readonly #waiting = new Map<TaskId, LeasedActivity>();
  /** What an attempt has taken lately, on average. Milliseconds. */
  #pace = Infinity;

  get size(): number {
    return this.#waiting.size;
  }

  /** How many may wait, by how soon these slots become free. */
  room(slots: number): number {
    return Math.min(longestLine, Math.floor((slots * shortWait) / Math.max(this.#pace, leastAttempt)));
  }

  /** An attempt has ended after so long. Milliseconds. */
  took(ms: number): void {
    this.#pace = this.#pace === Infinity ? ms : this.#pace + (ms - this.#pace) / 8;
  }

  join(leased: LeasedActivity): void {
    this.#waiting.set(leased.task.taskId, leased);
  }

  has(taskId: TaskId): boolean {
    return this.#waiting.has(taskId);
  }

  of(runId: RunId): readonly LeasedActivity[] {
    return [...this.#waiting.values()].filter(({ task }) => task.runId === runId);
  }

  /** The one that has waited longest. */
  next(): LeasedActivity | undefined {
    for (const leased of this.#waiting.values()) return this.leave(leased.task.taskId);
    return undefined;
  }

  leave(taskId: TaskId): LeasedActivity | undefined {
    const leased = this.#waiting.get(taskId);
    this.#waiting.delete(taskId);
    return leased;
  }

  /** Everybody leaves, and nobody joins until attempts have become short again. */
  dissolve(): readonly LeasedActivity[] {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#pace = linePatience;
    return all;
  }
}
