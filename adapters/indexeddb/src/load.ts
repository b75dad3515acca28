import type { NewMessage, RunId, TaskId, TaskRecord } from '@perdure/core/storage';
import { afterStep, homeOf, isBase, isGhost, isSpill, stepsOf, under, type Base } from './layout.js';
import type { KeyName, Needs } from './needs.js';
import type { AnyTx } from './schema.js';
import { workOn, type Run } from './run.js';
import { identityOf, inboxWith, keyName, type Inbox, type View } from './view.js';

/**
 * Reads what is needed and not yet known into the view. All requests that do not wait for another are made at once.
 * Nothing but this transaction's own requests may be awaited here: at the first other wait it would commit.
 */
export async function load(tx: AnyTx, needs: Needs, view: View): Promise<void> {
  const loadRun = async (runId: RunId): Promise<void> => {
    if (view.runs.has(runId)) return;
    const record = await tx.objectStore('live').get(runId);
    if (record !== undefined && isGhost(record)) view.ghosts.set(runId, record);
    view.runs.set(runId, record !== undefined && isBase(record) ? await withJournal(tx, record) : undefined);
  };
  const runs = new Map(Array.from(needs.runs, (runId) => [runId, loadRun(runId)] as const));
  const loadTask = async (taskId: TaskId): Promise<void> => {
    await runs.get(homeOf(taskId));
    const home = view.runs.get(homeOf(taskId))?.base ?? view.ghost(homeOf(taskId));
    if (home.spilled === 0 || view.task(taskId) !== undefined) return;
    view.spills.set(taskId, await readSpill(tx, taskId));
  };
  const loadTasksOf = async (runId: RunId): Promise<void> => {
    await runs.get(runId);
    const { spilled, strays } = view.runs.get(runId)?.base ?? view.ghost(runId);
    if (spilled === 0 && !strays) return;
    const tasks = await spillsOf(tx, runId);
    for (const task of tasks) view.spills.set(task.taskId, task);
    // Their homes keep count of them.
    await Promise.all(tasks.map(({ taskId }) => loadRun(homeOf(taskId))));
  };
  const loadKey = async ([name, { namespace, key }]: readonly [string, KeyName]): Promise<void> => {
    if (view.assumedKeys.has(name)) return;
    view.keys.set(name, await tx.objectStore('keys').get([namespace, key]));
  };
  const loadKeysOf = async (runId: RunId): Promise<void> => {
    for (const record of await tx.objectStore('keys').index('run').getAll(runId)) {
      view.keys.set(keyName(record), record);
    }
  };
  const loadFloor = async (): Promise<void> => {
    view.floor = ((await tx.objectStore('meta').get('floor')) ?? 0) as number;
  };
  const loadMessages = async ([runId, messages]: readonly [RunId, readonly NewMessage[]]): Promise<void> => {
    if (view.inboxes.has(runId)) return;
    await runs.get(runId);
    const [inbox] = await Promise.all([
      readInboxOf(tx, runId, messages),
      messages.length > 0 || view.runs.get(runId) === undefined || needs.keysOf.has(runId)
        ? loadFloor()
        : null,
    ]);
    view.inboxes.set(runId, inbox);
  };
  await Promise.all([
    ...runs.values(),
    ...Array.from(needs.tasks, loadTask),
    ...Array.from(needs.tasksOf, loadTasksOf),
    ...Array.from(needs.keys, loadKey),
    ...Array.from(needs.keysOf, loadKeysOf),
    ...Array.from(needs.inboxes, loadMessages),
  ]);
}

/** A run with its journal folded in, as a transaction works on it. */
export async function readRun(tx: AnyTx, runId: RunId): Promise<Run | undefined> {
  const base = await tx.objectStore('live').get(runId);
  return base !== undefined && isBase(base) ? withJournal(tx, base) : undefined;
}

export async function withJournal(tx: AnyTx, base: Base): Promise<Run> {
  const run = workOn(base);
  if (base.era === '') return run;
  for (const step of await tx.objectStore('steps').getAll(stepsOf(base.runId, base.era))) {
    if (step === null) continue;
    run.step++;
    run.chars += step.events.length;
    run.base = afterStep(run.base, base.tasks, step);
  }
  return run;
}

/** A run's columns and tasks as they are now; the events that its journal has are left out. */
export async function latest(tx: AnyTx, base: Base): Promise<Base> {
  if (base.era === '') return base;
  const newest = await tx.objectStore('steps').openCursor(stepsOf(base.runId, base.era), 'prev');
  const step = newest?.value ?? null;
  return step === null ? base : afterStep(base, base.tasks, { ...step, events: '', count: 0 });
}

export async function readLatest(tx: AnyTx, runId: RunId): Promise<Base | undefined> {
  const base = await tx.objectStore('live').get(runId);
  return base !== undefined && isBase(base) ? latest(tx, base) : undefined;
}

/** All spilled tasks that belong to a run. */
export async function spillsOf(tx: AnyTx, runId: RunId): Promise<readonly TaskRecord[]> {
  const live = tx.objectStore('live');
  const records = await Promise.all([live.getAll(under(runId)), live.index('stray').getAll(runId)]);
  const tasks = records.flat().flatMap((record) => (isSpill(record) ? [record.task] : []));
  return tasks.filter((task) => task.runId === runId);
}

export async function readSpill(tx: AnyTx, taskId: TaskId): Promise<TaskRecord | undefined> {
  const spill = await tx.objectStore('live').get([homeOf(taskId), taskId]);
  return spill !== undefined && isSpill(spill) ? spill.task : undefined;
}

async function readInboxOf(tx: AnyTx, runId: RunId, messages: readonly NewMessage[]): Promise<Inbox> {
  const store = tx.objectStore('inbox');
  const known = new Map<string, number>();
  const look = async ({ kind, messageId }: NewMessage): Promise<void> => {
    const key = await store.index('identity').getKey([runId, kind, messageId]);
    if (key !== undefined) known.set(identityOf({ kind, messageId }), key[1]);
  };
  const [newest] = await Promise.all([store.openKeyCursor(under(runId), 'prev'), ...messages.map(look)]);
  return inboxWith(newest?.primaryKey[1] ?? 0, known);
}
