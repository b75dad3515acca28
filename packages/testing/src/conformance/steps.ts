import type {
  Batch,
  ClaimRequest,
  CommitResult,
  Expectation,
  LoadedRun,
  MessageRecord,
  NewRun,
  Refusal,
  RunRecord,
  StorageHandle,
  TaskRecord,
  Write,
} from '@perdure/core/storage';
import { ConformanceError, equal, holds } from './check.js';
import { claimAt, namespace } from './make.js';
import { show } from './show.js';

/** What most cases do. */

export const everyPage = { after: null, limit: 10_000 };

export const batch = (writes: readonly Write[], expect: readonly Expectation[] = []): Batch => ({
  expect,
  writes,
});

/** Commits one batch, which must go through. */
export async function apply(store: StorageHandle, ...writes: readonly Write[]): Promise<void> {
  const result = await attempt(store, batch(writes));
  if (!result.ok)
    throw new ConformanceError(`a batch with nothing to refuse it for was refused: ${show(result)}`);
}

export async function attempt(store: StorageHandle, one: Batch): Promise<CommitResult> {
  const results = await store.commit([one]);
  const [result] = results;
  holds(results.length === 1 && result !== undefined, 'commit must resolve to one result a batch', results);
  return result;
}

export async function applies(store: StorageHandle, one: Batch, about: string): Promise<void> {
  equal(await attempt(store, one), { ok: true }, about);
}

/** The batch must be refused for just this. */
export async function refuses(
  store: StorageHandle,
  one: Batch,
  reason: Refusal['reason'],
  of: Refusal['of'],
  index: number,
  about: string,
): Promise<void> {
  equal(await attempt(store, one), { ok: false, refusal: { reason, of, index } }, about);
}

export async function runOf(store: StorageHandle, runId: string): Promise<RunRecord> {
  const run = await store.readRun(runId);
  holds(run !== undefined, `run ${show(runId)} must be there, and is not`);
  return run;
}

export async function taskOf(store: StorageHandle, taskId: string): Promise<TaskRecord> {
  const task = await store.readTask(taskId);
  holds(task !== undefined, `task ${show(taskId)} must be there, and is not`);
  return task;
}

export async function loaded(store: StorageHandle, runId: string, afterSeq = 0): Promise<LoadedRun> {
  const [run] = await store.loadRuns([{ runId, afterSeq }]);
  holds(run !== undefined, `run ${show(runId)} must be loaded, and is not`);
  return run;
}

export function eventsOf(store: StorageHandle, runId: string): Promise<readonly string[]> {
  return store.readEvents(runId, { from: 1, limit: 100_000 });
}

export function inboxOf(store: StorageHandle, runId: string): Promise<readonly MessageRecord[]> {
  return store.readInbox(runId, { afterPosition: 0, limit: 100_000 });
}

export async function claim(
  store: StorageHandle,
  now: number,
  over: Partial<ClaimRequest> = {},
): Promise<readonly TaskRecord[]> {
  return store.claim(claimAt(now, over));
}

/** Claims one task that must be there. */
export async function claimOne(
  store: StorageHandle,
  now: number,
  over: Partial<ClaimRequest> = {},
): Promise<TaskRecord> {
  const tasks = await claim(store, now, over);
  const [task] = tasks;
  holds(tasks.length === 1 && task !== undefined, `one task must be claimed at ${now}`, tasks);
  return task;
}

export const idsOf = (tasks: readonly TaskRecord[]): readonly string[] => tasks.map(({ taskId }) => taskId);

/** A run as the store must show it. */
export const asRecord = (run: NewRun, events: readonly string[], version: number): RunRecord => ({
  ...run,
  seq: events.length,
  historyBytes: events.reduce((sum, event) => sum + event.length, 0),
  version,
});

/** All that a store shows of some runs and keys: for `nothing has changed`. */
export async function stateOf(
  store: StorageHandle,
  runIds: readonly string[],
  keys: readonly string[] = [],
): Promise<unknown> {
  const query = { namespace };
  return {
    runs: await store.loadRuns(runIds.map((runId) => ({ runId, afterSeq: 0 }))),
    tasks: await Promise.all(runIds.map((runId) => store.readTasks(runId))),
    inboxes: await Promise.all(runIds.map((runId) => inboxOf(store, runId))),
    keys: await Promise.all(keys.map((key) => store.readKey(namespace, key))),
    list: await store.listRuns(query, everyPage),
    count: await store.countRuns(query),
  };
}
