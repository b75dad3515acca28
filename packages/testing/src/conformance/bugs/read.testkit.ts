import {
  matchesFilter,
  type RunCursor,
  type RunFilter,
  type RunQuery,
  type RunRecord,
  type StorageHandle,
  type Write,
} from '@perdure/core/storage';
import { everyPage } from '../steps.js';
import { batches, bug, writes, type Bug } from './bug.testkit.js';

/** Lists by a query and an order of its own. */
function listing(
  matches: (run: RunRecord, query: RunQuery) => boolean,
  over: {
    readonly order?: (a: RunRecord, b: RunRecord) => number;
    readonly after?: (run: RunRecord, cursor: RunCursor) => boolean;
  },
) {
  return () => (handle: StorageHandle) => {
    const all = async (
      { workflowIdPrefix: _, ...query }: RunQuery,
      prefix?: string,
    ): Promise<readonly RunRecord[]> => {
      const runs = await handle.listRuns(query, everyPage);
      const asked = prefix === undefined ? query : { ...query, workflowIdPrefix: prefix };
      return runs.filter((run) => matches(run, asked));
    };
    return {
      listRuns: async (query, { after, limit }) => {
        const runs = [...(await all(query, query.workflowIdPrefix))];
        if (over.order) runs.sort(over.order);
        return runs.filter((run) => after === null || (over.after ?? behind)(run, after)).slice(0, limit);
      },
      countRuns: async (query) => (await all(query, query.workflowIdPrefix)).length,
    } satisfies Partial<StorageHandle>;
  };
}

const behind = (run: RunRecord, cursor: RunCursor): boolean =>
  run.startedAt < cursor.startedAt || (run.startedAt === cursor.startedAt && run.runId < cursor.runId);

const hasPrefix = (run: RunRecord, { workflowIdPrefix = '' }: RunQuery): boolean =>
  run.workflowId.startsWith(workflowIdPrefix);

/** As SQL's LIKE: `%` and `_` are wildcards, capitals and small letters are the same. */
function like(run: RunRecord, { workflowIdPrefix = '' }: RunQuery): boolean {
  const pattern = workflowIdPrefix
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/%/g, '.*')
    .replace(/_/g, '.');
  return new RegExp(`^${pattern}`, 'isu').test(run.workflowId);
}

const caseless = (run: RunRecord, query: RunQuery): boolean =>
  run.workflowId.toLowerCase().startsWith((query.workflowIdPrefix ?? '').toLowerCase());

/** Order of UTF-8 bytes. */
function byCodePoint(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (const [at, one] of left.entries()) {
    const difference = (one.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? -1);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function twoValued(run: RunRecord, where: RunFilter): boolean {
  return where.kind === 'not' ? !twoValued(run, where.of) : matchesFilter(run, where);
}

const queries = (change: (query: RunQuery) => RunQuery) => () => (handle: StorageHandle) => ({
  listRuns: ((query, page) => handle.listRuns(change(query), page)) satisfies StorageHandle['listRuns'],
  countRuns: (query: RunQuery) => handle.countRuns(change(query)),
});

const events = (change: (events: readonly string[]) => readonly string[]) =>
  writes((write): readonly Write[] =>
    write.kind === 'insert-run' || write.kind === 'advance-run'
      ? [{ ...write, events: change(write.events) }]
      : [write],
  );

export const readBugs: readonly Bug[] = [
  bug('Q1', 'a prefix is a LIKE pattern', listing(like, {})),
  bug('Q1', 'a prefix does not tell capitals from small letters', listing(caseless, {})),
  bug(
    'Q1',
    'runs are ordered by code point',
    listing(hasPrefix, { order: (a, b) => b.startedAt - a.startedAt || byCodePoint(b.runId, a.runId) }),
  ),
  bug(
    'Q1',
    'of one moment the least run id comes first',
    listing(hasPrefix, {
      order: (a, b) => b.startedAt - a.startedAt || (a.runId < b.runId ? -1 : 1),
      after: (run, cursor) =>
        run.startedAt < cursor.startedAt || (run.startedAt === cursor.startedAt && run.runId > cursor.runId),
    }),
  ),
  bug(
    'Q1',
    'a cursor knows the moment only',
    listing(hasPrefix, { after: (run, cursor) => run.startedAt < cursor.startedAt }),
  ),
  bug(
    'Q1',
    'a page begins with the run the last one ended with',
    listing(hasPrefix, { after: (run, cursor) => behind(run, cursor) || run.runId === cursor.runId }),
  ),
  bug(
    'Q1',
    'no status means any status',
    queries(({ statuses, ...query }) =>
      statuses?.length === 0 ? query : { ...query, ...(statuses && { statuses }) },
    ),
  ),
  bug(
    'Q1',
    'a bound of 0 is none',
    queries(({ startedAfter, ...query }) => (startedAfter ? { ...query, startedAfter } : query)),
  ),
  bug(
    'Q1',
    'a bound matches its own moment',
    queries(({ startedBefore, ...query }) =>
      startedBefore === undefined ? query : { ...query, startedBefore: startedBefore + 1 },
    ),
  ),
  bug('Q1', 'the count does not look at the query', () => (handle) => ({
    countRuns: ({ namespace }) => handle.countRuns({ namespace }),
  })),
  bug('Q1', 'the count does not look at the filter', () => (handle) => ({
    countRuns: ({ where: _, ...query }) => handle.countRuns(query),
  })),
  bug('Q1', 'what is not set is unequal', () => (handle) => ({
    listRuns: async ({ where, ...query }, page) => {
      const runs = await handle.listRuns(query, page);
      return where ? runs.filter((run) => twoValued(run, where)) : runs;
    },
  })),
  bug('Q1', 'a filter looks at the first thousand runs only', () => (handle) => ({
    listRuns: async ({ where, ...query }, page) => {
      const runs = await handle.listRuns(query, { ...page, limit: 1_000 });
      return runs.filter((run) => !where || matchesFilter(run, where)).slice(0, page.limit);
    },
  })),
  bug('Q1', 'oldest first is the newest page turned round', () => (handle) => ({
    listRuns: async (query, { after, limit }) =>
      [...(await handle.listRuns(query, { after, limit }))].reverse(),
  })),
  bug(
    'O1',
    'changes without attributes take them away',
    writes((write) =>
      write.kind === 'advance-run' && write.changes
        ? [{ ...write, changes: { attributes: '{}', ...write.changes } }]
        : [write],
    ),
  ),
  bug(
    'O1',
    'whoever amends a run takes it out of the archive',
    writes((write) =>
      write.kind === 'amend-run' ? [{ ...write, changes: { archivedAt: null, ...write.changes } }] : [write],
    ),
  ),
  bug('Q1', 'a page of events is one too long', () => (handle) => ({
    readEvents: (runId, { from, limit }) => handle.readEvents(runId, { from, limit: limit + 1 }),
  })),
  bug('A5', 'unknown runs are left out of what is loaded', () => (handle) => ({
    loadRuns: async (requests) => (await handle.loadRuns(requests)).filter((run) => run !== undefined),
  })),
  bug(
    'O1',
    'an empty event is none',
    events((all) => all.filter((event) => event !== '')),
  ),
  bug(
    'O1',
    'text is normalised',
    events((all) => all.map((event) => event.normalize('NFC'))),
  ),
  bug(
    'O1',
    'blanks at either end are cut off',
    events((all) => all.map((event) => event.trim())),
  ),
  bug(
    'O1',
    'U+FFFF is replaced',
    events((all) => all.map((event) => event.replaceAll('\uffff', '\ufffd'))),
  ),
  bug(
    'O1',
    'an empty build id is none',
    writes((write) =>
      write.kind === 'put-task'
        ? [
            {
              ...write,
              task: { ...write.task, buildId: write.task.buildId === '' ? null : write.task.buildId },
            },
          ]
        : [write],
    ),
  ),
  bug(
    'C1',
    'moments are kept in 32 bits',
    writes((write) =>
      write.kind === 'put-task'
        ? [{ ...write, task: { ...write.task, visibleAt: Math.min(write.task.visibleAt, 2 ** 31 - 1) } }]
        : [write],
    ),
  ),
  bug(
    'O1',
    'ids are cut after 255 characters',
    batches(({ expect, writes: those }) => ({
      expect,
      writes: those.map((write) =>
        write.kind === 'insert-run'
          ? { ...write, run: { ...write.run, runId: write.run.runId.slice(0, 255) } }
          : write,
      ),
    })),
  ),
];
