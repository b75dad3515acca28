import type { NewMessage, RunId, TaskId, TaskRecord } from '@perdure/core/storage';
import { afterStep, homeOf, isBase, stepsOf, under, type Base, type Spill } from './layout.js';
import { marksOf } from './marks.js';
import type { KeyName, Needs } from './needs.js';
import type { AnyTx } from './schema.js';
import { identityOf, keyName, workOn, type Inbox, type Run, type View } from './view.js';

/**
 * Reads what is needed and not yet known into the view. All requests that do not wait for another are made at once.
 * Nothing but this transaction's own requests may be awaited here: at the first other wait it would commit.
 */
export async function load(tx: AnyTx, needs: Needs, view: View): Promise<void> {
  const loadRun = async (runId: RunId): Promise<void> => {
    if (!view.runs.has(runId)) view.runs.set(runId, await readRun(tx, runId));
  };
  const runs = new Map(Array.from(needs.runs, (runId) => [runId, loadRun(runId)] as const));
  const loadTask = async (taskId: TaskId): Promise<void> => {
    await runs.get(homeOf(taskId));
    const home = view.runs.get(homeOf(taskId));
    if (home?.base.spilled === 0 || view.task(taskId) !== undefined) return;
    view.spills.set(taskId, await readSpill(tx, taskId));
  };
  const learn = (tasks: readonly TaskRecord[]): void => {
    for (const task of tasks) view.spills.set(task.taskId, task);
  };
  const loadTasksOf = async (runId: RunId): Promise<void> => {
    learn(await spillsOf(tx, runId));
  };
  const loadSpillsUnder = async (home: RunId): Promise<void> => {
    const tasks = await spillsUnder(tx, home);
    learn(tasks);
    view.orphans.set(home, tasks.length);
  };
  const loadKey = async ([name, { namespace, key }]: readonly [string, KeyName]): Promise<void> => {
    view.keys.set(name, await tx.objectStore('keys').get([namespace, key]));
  };
  const loadKeysOf = async (runId: RunId): Promise<void> => {
    for (const record of await tx.objectStore('keys').index('run').getAll(runId)) {
      view.keys.set(keyName(record), record);
    }
  };
  const loadMessages = async ([runId, messages]: readonly [RunId, readonly NewMessage[]]): Promise<void> => {
    if (!view.inboxes.has(runId)) view.inboxes.set(runId, await readInboxOf(tx, runId, messages));
  };
  const loadFloor = async (): Promise<void> => {
    if (needs.spillsUnder.size + needs.inboxes.size === 0) return;
    view.floor = ((await tx.objectStore('meta').get('floor')) ?? 0) as number;
  };
  await Promise.all([
    ...runs.values(),
    ...Array.from(needs.tasks, loadTask),
    ...Array.from(needs.tasksOf, loadTasksOf),
    ...Array.from(needs.spillsUnder, loadSpillsUnder),
    ...Array.from(needs.keys, loadKey),
    ...Array.from(needs.keysOf, loadKeysOf),
    ...Array.from(needs.inboxes, loadMessages),
    loadFloor(),
  ]);
}

/** A run with its journal folded in, as a transaction works on it. */
export async function readRun(tx: AnyTx, runId: RunId): Promise<Run | undefined> {
  const base = await tx.objectStore('live').get(runId);
  return base !== undefined && isBase(base) ? withJournal(tx, base) : undefined;
}

export async function withJournal(tx: AnyTx, base: Base): Promise<Run> {
  const run = workOn(base, { bounds: marksOf(base.tasks) });
  if (base.era === '') return run;
  for (const { columns } of await tx.objectStore('steps').getAll(stepsOf(base.runId, base.era))) {
    if (columns === undefined) continue;
    run.step++;
    run.chars += columns.events.length;
    run.base = afterStep(run.base, columns);
  }
  return run;
}

/** A run's columns and tasks as they are now; the events that its journal has are left out. */
export async function latest(tx: AnyTx, base: Base): Promise<Base> {
  if (base.era === '') return base;
  const newest = await tx.objectStore('steps').openCursor(stepsOf(base.runId, base.era), 'prev');
  return newest?.value.columns === undefined
    ? base
    : afterStep(base, { ...newest.value.columns, events: '', count: 0 });
}

export async function readLatest(tx: AnyTx, runId: RunId): Promise<Base | undefined> {
  const base = await tx.objectStore('live').get(runId);
  return base !== undefined && isBase(base) ? latest(tx, base) : undefined;
}

/** All spilled tasks that belong to a run. */
export async function spillsOf(tx: AnyTx, runId: RunId): Promise<readonly TaskRecord[]> {
  const [own, strays] = await Promise.all([
    spillsUnder(tx, runId),
    tx.objectStore('live').index('stray').getAll(runId),
  ]);
  return [...own.filter((task) => task.runId === runId), ...tasksIn(strays)];
}

async function spillsUnder(tx: AnyTx, home: RunId): Promise<readonly TaskRecord[]> {
  return tasksIn(await tx.objectStore('live').getAll(under(home)));
}

function tasksIn(records: readonly (Base | Spill)[]): readonly TaskRecord[] {
  return records.flatMap((record) => (isBase(record) ? [] : [record.task]));
}

export async function readSpill(tx: AnyTx, taskId: TaskId): Promise<TaskRecord | undefined> {
  const spill = await tx.objectStore('live').get([homeOf(taskId), taskId]);
  return spill !== undefined && !isBase(spill) ? spill.task : undefined;
}

async function readInboxOf(tx: AnyTx, runId: RunId, messages: readonly NewMessage[]): Promise<Inbox> {
  const store = tx.objectStore('inbox');
  const known = new Map<string, number>();
  const look = async ({ kind, messageId }: NewMessage): Promise<void> => {
    const key = await store.index('identity').getKey([runId, kind, messageId]);
    if (key !== undefined) known.set(identityOf({ kind, messageId }), key[1]);
  };
  const [newest] = await Promise.all([store.openKeyCursor(under(runId), 'prev'), ...messages.map(look)]);
  return { top: newest?.primaryKey[1] ?? 0, dropped: 0, added: [], known };
}
