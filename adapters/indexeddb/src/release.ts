import type { TaskRecord, WorkerId } from '@perdure/core/storage';
import { ownerMark } from './marks.js';
import { TaskReader, type Marked } from './scan.js';
import type { StoreName } from './schema.js';
import type { Progress, Session, Writing } from './session.js';
import { changeTask, touchTask } from './tasks.js';
import { taskStores, transact } from './transact.js';
import type { View } from './view.js';

/** Ends every lease of an owner, and where it is dead, its announcement with them. */
export async function release(
  session: Session,
  owner: WorkerId,
  progress: Progress,
  dead = false,
): Promise<{ readonly result: number; readonly view: View }> {
  const stores: StoreName[] = [...taskStores];
  if (dead) stores.push('workers');
  return transact(session, progress, stores, async (writing: Writing, view) => {
    const records = await writing.tx.objectStore('live').index('marks').getAll(ownerMark(owner));
    const reader = new TaskReader(writing.tx, view);
    const tasks = await Promise.all(records.map((record) => reader.tasksOf(record as Marked)));
    const held = tasks.flat().filter((task: TaskRecord) => task.leaseOwner === owner);
    for (const task of held) {
      const free = { ...task, leaseOwner: null, leaseUntil: 0 };
      changeTask(view, free);
      touchTask(view, free);
    }
    if (dead) writing.store('workers').delete(owner);
    return held.length;
  });
}
