import type { EpochMs, RunId, TaskRecord } from '@perdure/core/storage';
import { digits, isBase, type Base, type Spill } from './layout.js';
import { withJournal } from './load.js';
import { dueIn, isLeasedGroup, lastGroup } from './marks.js';
import type { AnyTx } from './schema.js';
import type { View } from './view.js';

/** What the index leads to. */
export type Marked = Base | Spill;

/** A group of marks, and when its first one is due. */
export interface Group {
  readonly name: string;
  readonly due: EpochMs;
}

/** The groups behind a prefix, found by leaping from each to the next: one request a group, however many marks. */
export async function groupsOf(tx: AnyTx, prefix: string): Promise<readonly Group[]> {
  const groups: Group[] = [];
  const range = IDBKeyRange.bound(prefix, prefix + lastGroup);
  let cursor = await tx.objectStore('live').index('marks').openKeyCursor(range);
  while (cursor !== null) {
    const mark = cursor.key;
    const name = mark.slice(0, prefix.length + 1);
    groups.push({ name, due: dueIn(mark, name) });
    if (isLeasedGroup(name)) break;
    // Digits are below U+FFFF, so this is the first place behind the group.
    cursor = await cursor.continue(`${name}\uffff`);
  }
  return groups;
}

/** The tasks of records that an index led to, as they are now: the journals of runs folded in, each read once. */
export class TaskReader {
  readonly tx: AnyTx;
  readonly #view: View;
  readonly #runs = new Map<RunId, Promise<readonly TaskRecord[]>>();

  constructor(tx: AnyTx, view: View) {
    this.tx = tx;
    this.#view = view;
  }

  tasksOf(record: Marked): Promise<readonly TaskRecord[]> {
    if (!isBase(record)) {
      const known = this.#view.spills.get(record.task.taskId) ?? record.task;
      this.#view.spills.set(known.taskId, known);
      return Promise.resolve([known]);
    }
    let tasks = this.#runs.get(record.runId);
    if (tasks === undefined) {
      tasks = withJournal(this.tx, record).then((run) => {
        this.#view.runs.set(record.runId, run);
        return run.base.tasks;
      });
      this.#runs.set(record.runId, tasks);
    }
    return tasks;
  }
}

/** The next records of a group in the order of their marks, up to a moment, behind a mark. */
export async function pageOf(
  tx: AnyTx,
  group: string,
  until: EpochMs,
  behind: string,
  size: number,
): Promise<readonly { readonly record: Marked; readonly mark: string }[]> {
  // Behind the moment comes U+0000 and the task's id.
  const upper = `${group}${digits(until)}\u0001`;
  if (behind >= upper) return [];
  const range = IDBKeyRange.bound(behind, upper, true, true);
  const records = await tx.objectStore('live').index('marks').getAll(range, size);
  return (records as Marked[]).map((record) => ({
    record,
    mark: record.marks.find((mark) => mark.startsWith(group)) ?? '',
  }));
}
