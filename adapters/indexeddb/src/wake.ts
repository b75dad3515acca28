import { NEVER, type EpochMs, type Namespace, type TaskRecord, type TaskWant } from '@perdure/core/storage';
import { isBase, type Base, type Spill } from './layout.js';
import { latest } from './load.js';
import { dueIn, dueOf, isWanted, prefixOf } from './marks.js';
import { groupsOf, pageOf } from './scan.js';
import type { ReadTx } from './schema.js';
import { readTx, type Session } from './session.js';

export async function nextWakeAt(
  session: Session,
  namespace: Namespace,
  wants: readonly TaskWant[],
): Promise<EpochMs | null> {
  const tx = readTx(session, ['live', 'steps']);
  const moments = await Promise.all(
    wants.flatMap((want) => want.queues.map((queue) => earliest(tx, namespace, want, queue))),
  );
  const at = Math.min(NEVER, ...moments);
  return at === NEVER ? null : at;
}

async function earliest(tx: ReadTx, namespace: Namespace, want: TaskWant, queue: string): Promise<EpochMs> {
  let earliest = NEVER;
  for (const { name: group, due } of await groupsOf(tx, prefixOf(namespace, want.kind, queue))) {
    if (due >= earliest) continue;
    if (want.types === null) {
      // Of a journal the mark may say it too soon; the claim that then finds nothing puts it right.
      earliest = due;
      continue;
    }
    let behind: string | null = group;
    // Nearly always the first one is it: another type, or a journal that is ahead of its marks, makes it look on.
    for (let size = 1; behind !== null; size = Math.min(size * 4, 256)) {
      const records = await pageOf(tx, group, earliest, behind, size);
      const tasks = await Promise.all(records.map(({ record }) => tasksOf(tx, record)));
      for (const task of tasks.flat()) {
        if (task.namespace === namespace && isWanted(task, want)) earliest = Math.min(earliest, dueOf(task));
      }
      const last = records.length < size ? undefined : records.at(-1)?.mark;
      behind = last === undefined || dueIn(last, group) >= earliest ? null : last;
    }
  }
  return earliest;
}

async function tasksOf(tx: ReadTx, record: Base | Spill): Promise<readonly TaskRecord[]> {
  return isBase(record) ? (await latest(tx, record)).tasks : [record.task];
}
