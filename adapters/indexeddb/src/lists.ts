import { matchesFilter, type RunPage, type RunQuery, type RunRecord } from '@perdure/core/storage';
import { isBase, type Base } from './layout.js';
import { latest } from './load.js';
import { withStart } from './reads.js';
import type { ReadTx } from './schema.js';
import { readTx, type Session } from './session.js';

type Place = readonly [index: 'started' | 'workflow' | 'status', first: readonly string[]];

/** Columns that lists look at are those of the record itself: a journal's steps never change them. */
export async function listRuns(
  session: Session,
  query: RunQuery,
  page: RunPage,
): Promise<readonly RunRecord[]> {
  const { limit, oldestFirst = false } = page;
  if (limit <= 0) return [];
  const tx = readTx(session, ['live', 'steps', 'chunks']);
  const found = await Promise.all(places(query).map((place) => firstOf(tx, place, query, page)));
  const sorted = found.flat().sort(newestFirst);
  if (oldestFirst) sorted.reverse();
  return Promise.all(sorted.slice(0, limit).map(async (base) => withStart(tx, await latest(tx, base))));
}

export async function countRuns(session: Session, query: RunQuery): Promise<number> {
  const tx = readTx(session, ['live']);
  const counts = await Promise.all(places(query).map((place) => count(tx, place, query)));
  return counts.reduce((sum, one) => sum + one, 0);
}

/** Where to look: the narrowest index, once for each status where it is by status. */
function places(query: RunQuery): readonly Place[] {
  const { namespace, workflowId, statuses } = query;
  if (workflowId !== undefined) return [['workflow', [namespace, workflowId]]];
  if (statuses !== undefined) return [...new Set(statuses)].map((status) => ['status', [namespace, status]]);
  return [['started', [namespace]]];
}

function rangeOf([, first]: Place, query: RunQuery, page: Partial<RunPage>): IDBKeyRange | null {
  const { startedAfter, startedBefore } = query;
  let lower: IDBValidKey = startedAfter === undefined ? [...first] : [...first, startedAfter, []];
  let upper: IDBValidKey = startedBefore === undefined ? [...first, []] : [...first, startedBefore];
  if (page.after) {
    const cursor = [...first, page.after.startedAt, page.after.runId];
    if (page.oldestFirst === true) lower = indexedDB.cmp(cursor, lower) > 0 ? cursor : lower;
    else if (indexedDB.cmp(cursor, upper) < 0) upper = cursor;
  }
  return indexedDB.cmp(lower, upper) < 0 ? IDBKeyRange.bound(lower, upper, true, true) : null;
}

async function firstOf(tx: ReadTx, place: Place, query: RunQuery, page: RunPage): Promise<readonly Base[]> {
  const found: Base[] = [];
  const range = rangeOf(place, query, page);
  if (range === null) return found;
  const direction = page.oldestFirst === true ? 'next' : 'prev';
  let cursor = await tx.objectStore('live').index(place[0]).openCursor(range, direction);
  while (cursor !== null) {
    if (isBase(cursor.value) && matches(cursor.value, query) && found.push(cursor.value) === page.limit)
      break;
    cursor = await cursor.continue();
  }
  return found;
}

async function count(tx: ReadTx, place: Place, query: RunQuery): Promise<number> {
  const index = tx.objectStore('live').index(place[0]);
  const range = rangeOf(place, query, {});
  if (range === null) return 0;
  // Those that the index has no part in.
  const { workflowType, workflowIdPrefix, taskQueue, closedAfter, closedBefore, currentOnly } = query;
  const { archived, where } = query;
  const others = [workflowType, workflowIdPrefix, taskQueue, closedAfter, closedBefore, archived, where];
  const isCovered =
    others.every((condition) => condition === undefined) &&
    currentOnly !== true &&
    (query.workflowId === undefined || query.statuses === undefined);
  if (isCovered) return index.count(range);
  let matching = 0;
  let cursor = await index.openCursor(range);
  while (cursor !== null) {
    if (isBase(cursor.value) && matches(cursor.value, query)) matching++;
    cursor = await cursor.continue();
  }
  return matching;
}

function matches(run: Base, query: RunQuery): boolean {
  const { closedAt } = run;
  return (
    (query.workflowType === undefined || run.workflowType === query.workflowType) &&
    (query.workflowIdPrefix === undefined || run.workflowId.startsWith(query.workflowIdPrefix)) &&
    (query.taskQueue === undefined || run.taskQueue === query.taskQueue) &&
    (query.statuses === undefined || query.statuses.includes(run.status)) &&
    (query.closedAfter === undefined || (closedAt !== null && closedAt > query.closedAfter)) &&
    (query.closedBefore === undefined || (closedAt !== null && closedAt < query.closedBefore)) &&
    (query.currentOnly !== true || run.isCurrent) &&
    (query.archived === undefined || query.archived === (run.archivedAt !== null)) &&
    (query.where === undefined || matchesFilter(run, query.where))
  );
}

function newestFirst(a: Base, b: Base): number {
  return a.startedAt === b.startedAt ? (a.runId > b.runId ? -1 : 1) : b.startedAt - a.startedAt;
}
