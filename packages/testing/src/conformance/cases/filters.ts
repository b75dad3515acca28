import type { RunFilter, RunQuery, StorageHandle } from '@perdure/core/storage';
import { law, type Draft } from '../case.js';
import { equal } from '../check.js';
import { advance, amend, changes, insert, namespace, newRun } from '../make.js';
import { apply, everyPage, runOf } from '../steps.js';

type Comparison = Extract<RunFilter, { readonly kind: 'compare' }>;

const compare = (
  field: string,
  is: Comparison['is'],
  value: string | number | boolean,
  at?: number,
): RunFilter => ({
  kind: 'compare',
  field: { attribute: field },
  is,
  value,
  ...(at === undefined ? {} : { at }),
});
const column = (
  name: 'workflowId' | 'runId' | 'status' | 'buildId' | 'startedAt' | 'closedAt',
  is: Comparison['is'],
  value: string | number,
): RunFilter => ({ kind: 'compare', field: { column: name }, is, value });
const isSet = (attribute: string): RunFilter => ({ kind: 'set', field: { attribute } });
const not = (of: RunFilter): RunFilter => ({ kind: 'not', of });
const all = (...of: readonly RunFilter[]): RunFilter => ({ kind: 'and', of });
const any = (...of: readonly RunFilter[]): RunFilter => ({ kind: 'or', of });

async function finds(
  store: StorageHandle,
  where: RunFilter,
  expected: readonly string[],
  query: Partial<RunQuery> = {},
): Promise<void> {
  const runs = await store.listRuns({ namespace, where, ...query }, everyPage);
  const about = `runs where ${JSON.stringify(where)}`;
  equal(runs.map(({ runId }) => runId).sort(), [...expected].sort(), about);
  equal(await store.countRuns({ namespace, where, ...query }), expected.length, `the number of ${about}`);
}

const put = (
  store: StorageHandle,
  runs: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): Promise<void> =>
  apply(
    store,
    ...Object.entries(runs).map(([runId, values], n) =>
      insert(newRun(runId, { startedAt: 1_000 + n, attributes: JSON.stringify(values) })),
    ),
  );

/** Runs `n00`, `n01` …, each with its number. */
const numbered = (store: StorageHandle, count: number): Promise<void> =>
  put(
    store,
    Object.fromEntries(
      Array.from({ length: count }, (_, n) => [`n${String(n).padStart(5, '0')}`, { n, even: n % 2 === 0 }]),
    ),
  );

export const filterCases: readonly Draft[] = [
  law('O1', 'attributes come back as they were written, until they are changed', async (store) => {
    const text = JSON.stringify({ 'a "b"': 1, é: '\u{1f600}', 'x.y': ['$', "'"], at: { at: 5 } });
    await apply(store, insert(newRun('r', { attributes: text })));
    equal((await runOf(store, 'r')).attributes, text, 'attributes of a new run');
    await apply(store, advance('r', 1, ['event'], changes({ status: 'waiting' })));
    equal((await runOf(store, 'r')).attributes, text, 'attributes after changes without any');
    await apply(store, advance('r', 2, ['event'], changes({ attributes: '{"a":2}' })));
    equal((await runOf(store, 'r')).attributes, '{"a":2}', 'attributes after changes with some');
    await apply(store, amend('r', { attributes: '{}' }));
    equal((await runOf(store, 'r')).attributes, '{}', 'attributes after they were taken away');
  }),
  law('O1', 'archivedAt stays until it is changed, and is found', async (store) => {
    await apply(store, insert(newRun('r')), insert(newRun('s', { archivedAt: 5 })));
    const lists = async (archived: boolean | undefined): Promise<readonly string[]> => {
      const query = { namespace, ...(archived === undefined ? {} : { archived }) };
      const runs = await store.listRuns(query, everyPage);
      equal(await store.countRuns(query), runs.length, 'the number of them');
      return runs.map(({ runId }) => runId).sort();
    };
    equal(await lists(false), ['r'], 'runs that are not archived');
    equal(await lists(true), ['s'], 'archived runs');
    equal(await lists(undefined), ['r', 's'], 'all runs');
    await apply(store, amend('r', { archivedAt: 0 }), amend('s', { body: 'other' }));
    equal(await lists(true), ['r', 's'], 'archived runs, after one was and the other changed');
    equal((await runOf(store, 'r')).archivedAt, 0, 'the moment');
    await apply(store, amend('s', { archivedAt: null }));
    equal(await lists(true), ['r'], 'archived runs, after one was taken back');
  }),
  law('Q1', 'a filter compares numbers', async (store) => {
    await put(store, { a: { n: -1.5 }, b: { n: 0 }, c: { n: 10 }, d: { n: 9 }, text: { n: '9' }, none: {} });
    await finds(store, compare('n', '=', 9), ['d']);
    await finds(store, compare('n', '<', 9), ['a', 'b']);
    await finds(store, compare('n', '<=', 9), ['a', 'b', 'd']);
    await finds(store, compare('n', '>', 9), ['c']);
    await finds(store, compare('n', '>=', 9), ['c', 'd']);
    await finds(store, compare('n', '=', '9'), ['text']);
    await finds(store, compare('n', '=', true), []);
  }),
  law('Q1', 'a filter compares strings by code unit, capitals apart', async (store) => {
    await put(store, {
      a: { s: 'b' },
      b: { s: 'B' },
      c: { s: 'ba' },
      d: { s: '' },
      e: { s: '\uffff' },
      f: { s: '\u{1f600}' },
    });
    await finds(store, compare('s', '=', 'b'), ['a']);
    await finds(store, compare('s', '<', 'b'), ['b', 'd']);
    await finds(store, compare('s', '>', 'b'), ['c', 'e', 'f']);
    await finds(store, compare('s', '<', '\uffff'), ['a', 'b', 'c', 'd', 'f']);
    await finds(store, compare('s', 'starts', 'b'), ['a', 'c']);
    await finds(store, compare('s', 'starts', ''), ['a', 'b', 'c', 'd', 'e', 'f']);
    await finds(store, compare('s', 'starts', '%'), []);
  }),
  law('Q1', 'a filter compares truth values: false is before true', async (store) => {
    await put(store, { yes: { b: true }, no: { b: false }, one: { b: 1 }, none: {} });
    await finds(store, compare('b', '=', true), ['yes']);
    await finds(store, compare('b', '=', false), ['no']);
    await finds(store, compare('b', '<', true), ['no']);
  }),
  law('Q1', 'a filter compares moments only with moments', async (store) => {
    await put(store, {
      early: { t: { at: 5 } },
      late: { t: { at: 9 } },
      number: { t: 5 },
      text: { t: 'when' },
    });
    await finds(store, compare('t', '<', 'when', 9), ['early']);
    await finds(store, compare('t', '=', 'when', 5), ['early', 'text']);
    await finds(store, compare('t', '=', 'when'), ['text']);
    await finds(store, compare('t', '=', 5), ['number']);
  }),
  law('Q1', 'a list of strings equals what one of its items does', async (store) => {
    await put(store, { a: { l: ['red', 'blue'] }, b: { l: ['blue-ish'] }, c: { l: [] }, d: { l: 'blue' } });
    await finds(store, compare('l', '=', 'blue'), ['a', 'd']);
    await finds(store, compare('l', 'starts', 'blue'), ['a', 'b', 'd']);
    await finds(store, not(compare('l', '=', 'blue')), ['b', 'c']);
    await finds(store, compare('l', '<', 'c'), ['d']);
  }),
  law('Q1', 'what is not set is neither equal nor unequal', async (store) => {
    await put(store, { a: { n: 1 }, b: { n: 2 }, none: {}, text: { n: 'x' } });
    await finds(store, not(compare('n', '=', 1)), ['b']);
    await finds(store, not(not(compare('n', '=', 1))), ['a']);
    await finds(store, isSet('n'), ['a', 'b', 'text']);
    await finds(store, not(isSet('n')), ['none']);
    await finds(store, any(compare('n', '=', 1), not(isSet('n'))), ['a', 'none']);
    await finds(store, not(all(compare('n', '=', 1), isSet('m'))), ['a', 'b', 'none', 'text']);
    await finds(store, not(any(compare('n', '=', 1), isSet('m'))), ['b']);
  }),
  law('Q1', 'an empty conjunction holds, an empty disjunction does not', async (store) => {
    await put(store, { a: {} });
    await finds(store, all(), ['a']);
    await finds(store, any(), []);
    await finds(store, not(any()), ['a']);
  }),
  law('Q1', 'names of attributes are never more than names', async (store) => {
    const names = [
      'a.b',
      'a"b',
      "a'b",
      '$',
      '[0]',
      '__proto__',
      'constructor',
      '',
      'é',
      '"; drop table runs; --',
    ];
    await put(store, Object.fromEntries(names.map((name, n) => [`r${n}`, Object.fromEntries([[name, n]])])));
    for (const [n, name] of names.entries()) {
      await finds(store, compare(name, '>=', 0), [`r${n}`]);
      await finds(store, isSet(name), [`r${n}`]);
    }
    await finds(store, isSet('toString'), []);
  }),
  law('Q1', 'a filter looks at columns', async (store) => {
    await apply(
      store,
      insert(newRun('a', { workflowId: 'order-1', startedAt: 10, buildId: 'b1' })),
      insert(newRun('b', { workflowId: 'order-2', startedAt: 20, closedAt: 30, status: 'failed' })),
    );
    await finds(store, column('workflowId', 'starts', 'order-'), ['a', 'b']);
    await finds(store, column('runId', '=', 'b'), ['b']);
    await finds(store, not(column('status', '=', 'failed')), ['a']);
    await finds(store, column('startedAt', '<=', 10), ['a']);
    await finds(store, column('closedAt', '>', 5), ['b']);
    await finds(store, not(column('closedAt', '>', 5)), []);
    await finds(store, not({ kind: 'set', field: { column: 'closedAt' } }), ['a']);
    await finds(store, column('buildId', '=', 'b1'), ['a']);
  }),
  law('A5', 'a filter sees what the newest commit has changed', async (store) => {
    await apply(store, insert(newRun('r', { attributes: '{"n":1}', buildId: 'old' })));
    await apply(store, advance('r', 1, ['e'], changes({ attributes: '{"n":2}', buildId: 'new' })));
    await finds(store, compare('n', '=', 1), []);
    await finds(store, compare('n', '=', 2), ['r']);
    await finds(store, column('buildId', '=', 'new'), ['r']);
  }),
  law('Q1', 'a filter and the other conditions must all hold', async (store) => {
    await numbered(store, 10);
    await finds(store, compare('n', '>', 6), ['n00007', 'n00008', 'n00009']);
    await finds(store, compare('n', '>', 6), ['n00008'], { startedAfter: 1_007, startedBefore: 1_009 });
    await finds(store, compare('n', '>', 6), [], { statuses: ['failed'] });
    await finds(store, compare('n', '>', 6), [], { statuses: [] });
  }),
  law(
    'Q1',
    'pages of a filter go on where the last one ended, among many that do not match',
    async (store) => {
      await numbered(store, 1_200);
      const query = { namespace, where: any(compare('n', '<', 3), compare('n', '>=', 1_198)) };
      const first = await store.listRuns(query, { after: null, limit: 3 });
      equal(
        first.map(({ runId }) => runId),
        ['n01199', 'n01198', 'n00002'],
        'the first page',
      );
      const last = first.at(-1);
      const after = last ? { startedAt: last.startedAt, runId: last.runId } : null;
      await apply(store, insert(newRun('new', { startedAt: 9_999, attributes: '{"n":1}' })));
      const second = await store.listRuns(query, { after, limit: 3 });
      equal(
        second.map(({ runId }) => runId),
        ['n00001', 'n00000'],
        'the second page',
      );
      equal(await store.countRuns(query), 6, 'the count');
      equal(await store.listRuns(query, { after: null, limit: 0 }), [], 'a page of nothing');
    },
  ),
  law('Q1', 'oldest first is newest first turned round, page by page', async (store) => {
    for (const [n, runId] of ['b', 'a', 'd', 'c', 'e'].entries())
      await apply(store, insert(newRun(runId, { startedAt: n < 3 ? 10 : 20 })));
    for (const query of [
      { namespace },
      { namespace, statuses: ['running'] as const },
      { namespace, where: all() },
    ]) {
      const newest = await store.listRuns(query, everyPage);
      const oldest = await store.listRuns(query, { ...everyPage, oldestFirst: true });
      equal(
        oldest.map(({ runId }) => runId),
        ['a', 'b', 'd', 'c', 'e'],
        'oldest first',
      );
      equal([...oldest].reverse(), newest, 'turned round');
      const paged: string[] = [];
      for (let after: { startedAt: number; runId: string } | null = null; ;) {
        const page: readonly { readonly startedAt: number; readonly runId: string }[] = await store.listRuns(
          query,
          { after, limit: 2, oldestFirst: true },
        );
        paged.push(...page.map(({ runId }) => runId));
        const last = page.at(-1);
        if (page.length < 2 || last === undefined) break;
        after = { startedAt: last.startedAt, runId: last.runId };
      }
      equal(paged, ['a', 'b', 'd', 'c', 'e'], 'page by page');
      const behindGone = { after: { startedAt: 10, runId: 'c' }, limit: 9, oldestFirst: true };
      equal(
        (await store.listRuns(query, behindGone)).map(({ runId }) => runId),
        ['d', 'c', 'e'],
        'behind a place where no run is',
      );
    }
  }),
];
