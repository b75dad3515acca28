import { NEVER, type EpochMs, type Namespace, type TaskWant } from '@perdure/core/storage';
import { dueIn, dueOf, isWanted, prefixOf } from './marks.js';
import { groupsOf, pageOf, TaskReader } from './scan.js';
import { readTx, type Session } from './session.js';
import { View } from './view.js';

export async function nextWakeAt(
  session: Session,
  namespace: Namespace,
  wants: readonly TaskWant[],
): Promise<EpochMs | null> {
  const tx = readTx(session, ['live', 'steps']);
  const reader = new TaskReader(tx, new View());
  const moments = await Promise.all(
    wants.flatMap((want) => want.queues.map((queue) => earliest(reader, namespace, want, queue))),
  );
  const at = Math.min(NEVER, ...moments);
  return at === NEVER ? null : at;
}

async function earliest(
  reader: TaskReader,
  namespace: Namespace,
  want: TaskWant,
  queue: string,
): Promise<EpochMs> {
  let earliest = NEVER;
  for (const { name: group, due } of await groupsOf(reader.tx, prefixOf(namespace, want.kind, queue))) {
    if (due >= earliest) continue;
    let behind: string | null = group;
    // Nearly always the first one is it: another type, or a journal that is ahead of its marks, makes it look on.
    for (let size = 1; behind !== null; size = Math.min(size * 4, 256)) {
      const records = await pageOf(reader.tx, group, earliest, behind, size);
      const tasks = await Promise.all(records.map(({ record }) => reader.tasksOf(record)));
      for (const task of tasks.flat()) {
        if (task.namespace === namespace && isWanted(task, want)) earliest = Math.min(earliest, dueOf(task));
      }
      const last = records.length < size ? undefined : records.at(-1)?.mark;
      behind = last === undefined || dueIn(last, group) >= earliest ? null : last;
    }
  }
  return earliest;
}
