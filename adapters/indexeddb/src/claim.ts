import { NEVER, type ClaimRequest, type TaskRecord, type TaskWant } from '@perdure/core/storage';
import { isBase, type Base, type Spill } from './layout.js';
import { claimKey, dueOf, isLeasedGroup, isWanted, marksOf, prefixOf } from './marks.js';
import { groupsOf, pageOf, TaskReader } from './scan.js';
import type { Progress, Session } from './session.js';
import { changeTask } from './tasks.js';
import { taskStores, transact } from './transact.js';
import type { View } from './view.js';

/** Records read at once, at most. */
const page = 256;

export async function claim(
  session: Session,
  request: ClaimRequest,
  progress: Progress,
): Promise<readonly TaskRecord[]> {
  const { result } = await transact(session, progress, taskStores, async ({ tx }, view) => {
    const reader = new TaskReader(tx, view);
    // What fits two wants goes to the first: the later one looks further by as many as may be gone.
    let count = 0;
    const found = await Promise.all(
      request.wants.map(async (want) => {
        count += want.limit;
        return want.limit > 0 ? candidates(reader, view, request, want, count) : [];
      }),
    );
    const leased = request.wants.flatMap((want, index) => lease(view, request, want, found[index] ?? []));
    return inOrder(new Map(leased.map((task) => [claimKey(task), task])));
  });
  return result;
}

function lease(
  view: View,
  { owner, now }: ClaimRequest,
  want: ClaimRequest['wants'][number],
  found: readonly TaskRecord[],
): readonly TaskRecord[] {
  const free = found.filter((task) => view.task(task.taskId) === task);
  return free.slice(0, want.limit).map((task) => {
    const leased: TaskRecord = {
      ...task,
      attempt: task.attempt + 1,
      token: task.token + 1,
      leaseOwner: owner,
      leaseUntil: Math.min(now + want.leaseMs, NEVER),
    };
    changeTask(view, leased);
    return leased;
  });
}

/** The first `count` tasks that fit a want, in the order of claims. */
async function candidates(
  reader: TaskReader,
  view: View,
  request: ClaimRequest,
  want: TaskWant,
  count: number,
): Promise<readonly TaskRecord[]> {
  const found = new Map<string, TaskRecord>();
  for (const queue of new Set(want.queues)) {
    const prefix = prefixOf(request.namespace, want.kind, queue);
    const search: Search = { reader, view, request, want: { ...want, queues: [queue] }, prefix, count };
    for (const [key, task] of await candidatesIn(search)) found.set(key, task);
  }
  return inOrder(found).slice(0, count);
}

interface Search {
  readonly reader: TaskReader;
  readonly view: View;
  readonly request: ClaimRequest;
  readonly want: TaskWant;
  readonly prefix: string;
  readonly count: number;
}

async function candidatesIn(search: Search): Promise<ReadonlyMap<string, TaskRecord>> {
  const { reader, view, request, want, prefix, count } = search;
  const found = new Map<string, TaskRecord>();
  const enough = (mark: string): boolean => {
    if (found.size < count) return false;
    let before = 0;
    for (const key of found.keys()) if (prefix + key <= mark) before++;
    return before >= count;
  };
  for (const { name: group, due } of await groupsOf(reader.tx, prefix)) {
    if (due > request.now) continue;
    // Marks of leases are in the order of their ends, which says nothing of the order of claims: all of them count.
    const leased = isLeasedGroup(group);
    let behind: string | null = group;
    while (behind !== null && (leased || !enough(behind))) {
      const records = await pageOf(reader.tx, group, request.now, behind, Math.min(count, page));
      const tasks = await Promise.all(records.map(({ record }) => reader.tasksOf(record)));
      for (const task of tasks.flat()) if (fits(task, want, request)) found.set(claimKey(task), task);
      for (const { record } of records) correct(view, record, group, request.now);
      behind = records.length < Math.min(count, page) ? null : (records.at(-1)?.mark ?? null);
    }
  }
  return found;
}

function fits(task: TaskRecord, want: TaskWant, { namespace, now, buildId }: ClaimRequest): boolean {
  return (
    dueOf(task) <= now &&
    task.namespace === namespace &&
    (task.buildId === null || task.buildId === buildId) &&
    isWanted(task, want)
  );
}

/** A journal has left the marks behind: nothing of the group is due, and it must not look as if it were for ever. */
function correct(view: View, record: Base | Spill, group: string, now: number): void {
  if (!isBase(record) || record.era === '') return;
  const run = view.runs.get(record.runId);
  if (run === undefined) return;
  const due = run.base.tasks.some((task) => dueOf(task) <= now && marksOf([task]).has(group));
  if (!due) run.dirty = true;
}

function inOrder(found: ReadonlyMap<string, TaskRecord>): readonly TaskRecord[] {
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, task]) => task);
}
