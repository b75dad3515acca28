import type { NewMessage, RunId, TaskId, TaskRecord } from '@perdure/core/storage';
import { afterStep, homeOf, isBase, stepsOf, under, type Base, type Spill } from './layout.js';
import { marksOf } from './marks.js';
import type { Needs } from './needs.js';
import type { AnyTx } from './schema.js';
import { identityOf, keyName, workOn, type Run, type View } from './view.js';

/**
 * Reads what is needed and not yet known into the view. All requests that do not wait for another are made at once.
 * Nothing but this transaction's own requests may be awaited here: at the first other wait it would commit.
 */
export async function load(tx: AnyTx, needs: Needs, view: View): Promise<void> {
  const waits: Promise<unknown>[] = [];
  const runs = new Map<RunId, Promise<void>>();
  for (const runId of needs.runs) {
    if (view.runs.has(runId)) continue;
    runs.set(
      runId,
      readRun(tx, runId).then((run) => void view.runs.set(runId, run)),
    );
  }
  for (const taskId of needs.tasks) {
    const find = (): Promise<void> | undefined => findSpill(tx, view, taskId);
    waits.push(runs.get(homeOf(taskId))?.then(find) ?? Promise.resolve(find()));
  }
  for (const runId of needs.tasksOf)
    waits.push(
      spillsOf(tx, runId).then((tasks) => {
        learn(view, tasks);
      }),
    );
  for (const home of needs.spillsUnder) {
    waits.push(
      spillsUnder(tx, home).then((tasks) => {
        learn(view, tasks);
        view.orphans.set(home, tasks.length);
      }),
    );
  }
  for (const [name, { namespace, key }] of needs.keys) {
    waits.push(
      tx
        .objectStore('keys')
        .get([namespace, key])
        .then((record) => view.keys.set(name, record)),
    );
  }
  for (const runId of needs.keysOf) {
    waits.push(
      tx
        .objectStore('keys')
        .index('run')
        .getAll(runId)
        .then((records) => {
          for (const record of records) view.keys.set(keyName(record.namespace, record.key), record);
        }),
    );
  }
  for (const [runId, messages] of needs.inboxes) {
    if (!view.inboxes.has(runId)) waits.push(loadInbox(tx, view, runId, messages));
  }
  if (needs.spillsUnder.size + needs.inboxes.size > 0) {
    waits.push(
      tx
        .objectStore('meta')
        .get('floor')
        .then((floor) => (view.floor = (floor ?? 0) as number)),
    );
  }
  await Promise.all([...waits, ...runs.values()]);
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

function learn(view: View, tasks: readonly TaskRecord[]): void {
  for (const task of tasks) view.spills.set(task.taskId, task);
}

function findSpill(tx: AnyTx, view: View, taskId: TaskId): Promise<void> | undefined {
  const home = view.runs.get(homeOf(taskId));
  if (
    home !== undefined &&
    (home.base.spilled === 0 || home.base.tasks.some((task) => task.taskId === taskId))
  )
    return undefined;
  return readSpill(tx, taskId).then((task) => void view.spills.set(taskId, task));
}

export async function readSpill(tx: AnyTx, taskId: TaskId): Promise<TaskRecord | undefined> {
  const spill = await tx.objectStore('live').get([homeOf(taskId), taskId]);
  return spill !== undefined && !isBase(spill) ? spill.task : undefined;
}

async function loadInbox(
  tx: AnyTx,
  view: View,
  runId: RunId,
  messages: readonly NewMessage[],
): Promise<void> {
  const store = tx.objectStore('inbox');
  const known = new Map<string, number>();
  const identities = messages.map(async ({ kind, messageId }) => {
    const key = await store.index('identity').getKey([runId, kind, messageId]);
    if (key !== undefined) known.set(identityOf({ kind, messageId }), key[1]);
  });
  const [newest] = await Promise.all([store.openKeyCursor(under(runId), 'prev'), ...identities]);
  view.inboxes.set(runId, { top: newest?.primaryKey[1] ?? 0, dropped: 0, added: [], known });
}
