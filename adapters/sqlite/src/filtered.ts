import {
  matchesFilter,
  type FilteredRun,
  type RunCursor,
  type RunFilter,
  type RunId,
  type RunPage,
  type RunQuery,
  type RunRecord,
} from '@perdure/core/storage';
import { listRuns, readRun, selectFiltered } from './reads.js';
import type { Sql } from './statements.js';

/** Rows looked at in one go: about 3 ms. */
const rowsAtOnce = 1_000;

type Read = <T>(work: (sql: Sql) => T) => Promise<T>;

/**
 * Filters are not made into SQL, so that they mean the same in every store and nobody's text comes near a statement.
 * Conditions on columns have been taken out of them before; what is left is looked at row by row, few at a time.
 */
export async function listFiltered(
  read: Read,
  query: RunQuery,
  where: RunFilter,
  page: RunPage,
): Promise<readonly RunRecord[]> {
  const found: RunId[] = [];
  if (page.limit > 0) {
    await scan(read, query, where, page, (runId) => found.push(runId) === page.limit);
  }
  return read((sql) => found.flatMap((runId) => readRun(sql, runId) ?? []));
}

export async function countFiltered(read: Read, query: RunQuery, where: RunFilter): Promise<number> {
  let count = 0;
  await scan(read, query, where, { after: null, limit: 0 }, () => {
    count++;
    return false;
  });
  return count;
}

/** Tells of each run that matches, until `take` has enough. */
async function scan(
  read: Read,
  query: RunQuery,
  where: RunFilter,
  page: RunPage,
  take: (runId: RunId) => boolean,
): Promise<void> {
  let { after } = page;
  for (;;) {
    const behind: RunPage = { ...page, after, limit: rowsAtOnce };
    const runs = await read((sql): readonly (FilteredRun & RunCursor)[] =>
      listRuns(sql, query, behind, selectFiltered),
    );
    for (const run of runs) if (matchesFilter(run, where) && take(run.runId)) return;
    after = runs.at(-1) ?? null;
    if (runs.length < rowsAtOnce) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
