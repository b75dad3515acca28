import type { NewRun, RunCursor, RunQuery, StorageHandle } from '@perdure/core/storage';
import { law, type Draft } from '../case.js';
import { equal, holds } from '../check.js';
import { amend, insert, namespace, newRun, purge } from '../make.js';
import { Random } from '../../random.js';
import { apply, everyPage } from '../steps.js';

async function listed(store: StorageHandle, query: Partial<RunQuery> = {}): Promise<readonly string[]> {
  return (await store.listRuns({ namespace, ...query }, everyPage)).map(({ runId }) => runId);
}

/** Runs of all pages, each page begun behind the last run of the one before. */
async function paged(
  store: StorageHandle,
  limit: number,
  between: (page: number) => Promise<void> = () => Promise.resolve(),
  query: Partial<RunQuery> = {},
): Promise<readonly string[]> {
  const seen: string[] = [];
  let after: RunCursor | null = null;
  for (let page = 0; ; page++) {
    const runs = await store.listRuns({ namespace, ...query }, { after, limit });
    holds(runs.length <= limit, `a page of at most ${limit}`, runs.length);
    const last = runs.at(-1);
    if (last === undefined) return seen;
    seen.push(...runs.map(({ runId }) => runId));
    after = { startedAt: last.startedAt, runId: last.runId };
    await between(page);
  }
}

const put = (store: StorageHandle, ...runs: readonly NewRun[]): Promise<void> =>
  apply(store, ...runs.map((run) => insert(run)));

const at = (runId: string, startedAt: number): NewRun => newRun(runId, { startedAt });

/** Order, pages and numbers. What a query matches is tested in `search.ts`. */
export const listCases: readonly Draft[] = [
  law('Q1', 'the newest start comes first', async (store) => {
    await put(store, at('a', 20), at('b', 40), at('c', 10), at('d', 30));
    equal(await listed(store), ['b', 'd', 'a', 'c'], 'runs');
  }),
  law('Q1', 'of one start the greatest run id comes first, by code unit', async (store) => {
    const ids = ['a', 'b', 'B', '10', '9', 'ab', 'é', 'z', '_', 'a/1', 'a-1'];
    await put(store, ...ids.map((id) => at(id, 100)));
    equal(await listed(store), [...ids].sort().reverse(), 'runs');
  }),
  law('Q1', 'run ids are compared by code unit, not by code point', async (store) => {
    await put(store, ...['\u{1f600}', '\uffff', '\ue000', '\ud7ff', 'z'].map((id) => at(id, 100)));
    equal(await listed(store), ['\uffff', '\ue000', '\u{1f600}', '\ud7ff', 'z'], 'runs');
    const page = { after: { startedAt: 100, runId: '\u{1f600}' }, limit: 10 };
    const behind = await store.listRuns({ namespace }, page);
    equal(
      behind.map(({ runId }) => runId),
      ['\ud7ff', 'z'],
      'runs behind U+1F600',
    );
  }),
  law('Q1', 'starts from 0 to the last moment are in order', async (store) => {
    const moments = [0, 1, 9, 10, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER];
    await put(store, ...new Random(3).shuffled(moments).map((moment) => at(`${moment}`, moment)));
    equal(await listed(store), moments.map(String).reverse(), 'runs');
    equal(await paged(store, 3), moments.map(String).reverse(), 'runs of pages of 3');
  }),
  law('Q1', 'a limit is held', async (store) => {
    await put(store, at('a', 1), at('b', 2), at('c', 3));
    const first = async (limit: number): Promise<readonly string[]> =>
      (await store.listRuns({ namespace }, { after: null, limit })).map(({ runId }) => runId);
    equal(await first(0), [], 'limit 0');
    equal(await first(1), ['c'], 'limit 1');
    equal(await first(2), ['c', 'b'], 'limit 2');
    equal(await first(3), ['c', 'b', 'a'], 'limit 3');
    equal(await first(1_000_000), ['c', 'b', 'a'], 'limit 1,000,000');
  }),
  law('Q1', 'pages of any size make the whole list', async (store) => {
    const random = new Random(5);
    await put(store, ...Array.from({ length: 60 }, (_, n) => at(`r${n}`, random.below(12))));
    const whole = await listed(store);
    equal(whole.length, 60, 'runs');
    for (const limit of [1, 2, 7, 59, 60, 61]) equal(await paged(store, limit), whole, `pages of ${limit}`);
  }),
  law('Q1', 'pages go through runs of one moment', async (store) => {
    const ids = Array.from({ length: 25 }, (_, n) => `r${String(n).padStart(2, '0')}`);
    await put(store, ...ids.map((id) => at(id, 777)));
    equal(await paged(store, 4), [...ids].reverse(), 'runs of pages of 4');
  }),
  law('Q1', 'newer runs that come between pages change no later page', async (store) => {
    await put(store, ...Array.from({ length: 20 }, (_, n) => at(`r${n}`, n)));
    const whole = await listed(store);
    const more = (page: number): Promise<void> => put(store, at(`new${page}`, 1_000 + page));
    equal(await paged(store, 3, more), whole, 'runs of pages of 3, one run more between each two');
  }),
  law('Q1', 'runs that come behind the cursor are on a later page, once', async (store) => {
    await put(store, ...Array.from({ length: 10 }, (_, n) => at(`r${n}`, 100 + n)));
    const seen = await paged(store, 4, async (page) => {
      if (page === 0) await put(store, at('older', 50), at('before the cursor', 108));
    });
    equal(
      seen,
      ['r9', 'r8', 'r7', 'r6', 'r5', 'r4', 'r3', 'r2', 'r1', 'r0', 'older'],
      'runs of pages of 4; one came behind the first page, one before its end',
    );
  }),
  law('Q1', 'a cursor holds when its run is gone', async (store) => {
    await put(store, ...Array.from({ length: 9 }, (_, n) => at(`r${n}`, n)));
    const seen = await paged(store, 3, async (page) => {
      await apply(store, purge(`r${6 - page * 3}`));
    });
    equal(
      seen,
      ['r8', 'r7', 'r6', 'r5', 'r4', 'r3', 'r2', 'r1', 'r0'],
      'runs of pages whose last run was purged',
    );
  }),
  law('Q1', 'a cursor need not be a run', async (store) => {
    await put(store, at('a', 10), at('b', 20), at('c', 30), at('d', 30));
    const behind = async (after: RunCursor): Promise<readonly string[]> =>
      (await store.listRuns({ namespace }, { after, limit: 10 })).map(({ runId }) => runId);
    equal(await behind({ startedAt: 25, runId: 'x' }), ['b', 'a'], 'behind a moment between two');
    equal(await behind({ startedAt: 30, runId: 'cc' }), ['c', 'b', 'a'], 'behind a run id between two');
    equal(await behind({ startedAt: 30, runId: '' }), ['b', 'a'], 'behind the least run id');
    equal(await behind({ startedAt: 99, runId: '' }), ['d', 'c', 'b', 'a'], 'behind a later moment');
    equal(await behind({ startedAt: 10, runId: 'a' }), [], 'behind the last');
    equal(await behind({ startedAt: 0, runId: 'z' }), [], 'behind an earlier moment');
  }),
  law('Q1', 'pages of a query hold what the query matches', async (store) => {
    const type = (n: number): string => (n % 3 === 0 ? 'A' : 'B');
    await put(
      store,
      ...Array.from({ length: 40 }, (_, n) => newRun(`r${n}`, { startedAt: n, workflowType: type(n) })),
    );
    const query = { workflowType: 'A' };
    equal(await paged(store, 4, undefined, query), await listed(store, query), 'runs of pages of 4');
    equal((await listed(store, query)).length, 14, 'runs that match');
  }),
  law('Q1', 'a count is the length of the list', async (store) => {
    const random = new Random(9);
    const statuses = ['pending', 'running', 'completed', 'failed'] as const;
    const run = (n: number): NewRun =>
      newRun(`r${n}`, {
        startedAt: random.below(50),
        status: random.pick([...statuses]),
        workflowId: `w${random.below(9)}`,
        isCurrent: random.chance(0.5),
        closedAt: random.chance(0.5) ? random.below(99) : null,
        namespace: random.pick([namespace, 'other']),
      });
    await put(store, ...Array.from({ length: 80 }, (_, n) => run(n)));
    const queries: readonly Partial<RunQuery>[] = [
      {},
      { namespace: 'other' },
      { namespace: 'unknown' },
      { statuses: ['running', 'failed'] },
      { statuses: [] },
      { workflowIdPrefix: 'w', startedAfter: 20 },
      { workflowId: 'w3', currentOnly: true },
      { closedBefore: 50, startedBefore: 40 },
      { closedAfter: 50, taskQueue: 'main' },
    ];
    for (const query of queries) {
      const whole = await listed(store, query);
      equal(
        await store.countRuns({ namespace, ...query }),
        whole.length,
        `count for ${JSON.stringify(query)}`,
      );
    }
  }),
  law('A5', 'the list shows runs as they are now', async (store) => {
    await put(store, at('a', 1), at('b', 2));
    await apply(store, amend('a', { status: 'failed', closedAt: 9, body: 'later' }));
    const runs = await store.listRuns({ namespace }, everyPage);
    equal(runs[1], await store.readRun('a'), 'a run of the list, and the run as it is read');
    equal(
      [runs[1]?.status, runs[1]?.body, runs[1]?.version],
      ['failed', 'later', 2],
      'status, body and version',
    );
    equal(await listed(store, { statuses: ['failed'] }), ['a'], 'runs by their status now');
    equal(await listed(store, { statuses: ['running'] }), ['b'], 'runs by their status before');
  }),
  law('Q1', 'a namespace lists its own runs', async (store) => {
    await put(store, newRun('a'), newRun('b', { namespace: 'other' }), newRun('c', { namespace: 'Default' }));
    equal(await listed(store), ['a'], 'runs of default');
    equal(await listed(store, { namespace: 'other' }), ['b'], 'runs of other');
    equal(await listed(store, { namespace: 'defaul_' }), [], 'runs of a name with a wildcard');
    equal(await store.countRuns({ namespace: 'Default' }), 1, 'number of runs of Default');
  }),
  law('Q1', 'thousands of runs are paged to the end', async (store) => {
    const ids = Array.from({ length: 2_000 }, (_, n) => `r${n}`);
    await put(store, ...ids.map((id, n) => at(id, n >> 2)));
    const seen = await paged(store, 300);
    equal([seen.length, new Set(seen).size], [2_000, 2_000], 'runs of all pages, and how many are different');
    equal(await store.countRuns({ namespace }), 2_000, 'count');
  }),
];
