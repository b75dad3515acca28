import type { NewRun, RunQuery, StorageHandle } from '@perdure/core/storage';
import { law, type Draft } from '../case.js';
import { equal } from '../check.js';
import { amend, insert, namespace, newRun } from '../make.js';
import { apply, everyPage } from '../steps.js';

/** Asks for the runs that match, whatever their order, and for their number. */
async function matches(
  store: StorageHandle,
  query: Partial<RunQuery>,
  expected: readonly string[],
): Promise<void> {
  const runs = await store.listRuns({ namespace, ...query }, everyPage);
  const about = `runs that match ${JSON.stringify(query)}`;
  equal(runs.map(({ runId }) => runId).sort(), [...expected].sort(), about);
  equal(await store.countRuns({ namespace, ...query }), expected.length, `the number of ${about}`);
}

const put = (store: StorageHandle, runs: Readonly<Record<string, Partial<NewRun>>>): Promise<void> =>
  apply(store, ...Object.entries(runs).map(([runId, over]) => insert(newRun(runId, over))));

/** One run an id, named by it. */
const byWorkflowId = (store: StorageHandle, ids: readonly string[]): Promise<void> =>
  apply(store, ...ids.map((id) => insert(newRun(`run ${id}`, { workflowId: id }))));

const runsOf = (ids: readonly string[]): readonly string[] => ids.map((id) => `run ${id}`);

const statuses = [
  'pending',
  'running',
  'waiting',
  'blocked',
  'completed',
  'failed',
  'cancelled',
  'terminated',
  'timed_out',
  'continued_as_new',
] as const;

/** What strings come from outside; none is more than a string. */
const hostile = [
  "' OR '1'='1",
  "'; DROP TABLE runs; --",
  '" OR ""="',
  '%',
  '_',
  '*',
  '\\',
  '\\%',
  '.*',
  '[a-z]*',
  '$1',
  '?1',
  ':id',
  'NULL',
  '__proto__',
  'constructor',
];

const nearlyAlike = [
  'order',
  'Order',
  'ORDER',
  'order ',
  'o_der',
  'o%',
  'ordér',
  'order\u0301',
  'ordei',
  'ord\u0131',
];

export const searchCases: readonly Draft[] = [
  law('Q1', 'a query by workflow type', async (store) => {
    await put(store, { a: { workflowType: 'A' }, b: { workflowType: 'B' }, c: { workflowType: 'A' } });
    await matches(store, { workflowType: 'A' }, ['a', 'c']);
    await matches(store, { workflowType: 'a' }, []);
    await matches(store, { workflowType: '' }, []);
  }),
  law('Q1', 'a query by workflow id', async (store) => {
    await put(store, {
      a: { workflowId: 'w' },
      b: { workflowId: 'w2' },
      c: { workflowId: 'w', runNumber: 2 },
    });
    await matches(store, { workflowId: 'w' }, ['a', 'c']);
    await matches(store, { workflowId: '' }, []);
  }),
  law('Q1', 'a query by task queue', async (store) => {
    await put(store, { a: { taskQueue: 'main' }, b: { taskQueue: 'slow' }, c: { taskQueue: 'Main' } });
    await matches(store, { taskQueue: 'main' }, ['a']);
    await matches(store, { taskQueue: 'ma' }, []);
  }),
  law('Q1', 'a query by one status, for each status', async (store) => {
    await put(store, Object.fromEntries(statuses.map((status) => [status, { status }])));
    for (const status of statuses) await matches(store, { statuses: [status] }, [status]);
  }),
  law('Q1', 'a query by several statuses', async (store) => {
    await put(store, Object.fromEntries(statuses.map((status) => [status, { status }])));
    await matches(store, { statuses: ['failed', 'running', 'failed'] }, ['running', 'failed']);
    await matches(store, { statuses }, statuses);
  }),
  law('Q1', 'a query by no status matches nothing', async (store) => {
    await put(store, { a: {} });
    await matches(store, { statuses: [] }, []);
    await matches(store, { statuses: [], workflowType: 'Order' }, []);
  }),
  law('Q1', 'startedAfter and startedBefore leave out their own moments', async (store) => {
    await put(store, { a: { startedAt: 10 }, b: { startedAt: 20 }, c: { startedAt: 30 } });
    await matches(store, { startedAfter: 10 }, ['b', 'c']);
    await matches(store, { startedBefore: 30 }, ['a', 'b']);
    await matches(store, { startedAfter: 10, startedBefore: 30 }, ['b']);
    await matches(store, { startedAfter: 20, startedBefore: 21 }, []);
    await matches(store, { startedAfter: 30, startedBefore: 10 }, []);
  }),
  law('Q1', 'a bound of 0 is a bound', async (store) => {
    await put(store, { a: { startedAt: 0, closedAt: 0 }, b: { startedAt: 1, closedAt: 1 } });
    await matches(store, { startedAfter: 0 }, ['b']);
    await matches(store, { startedBefore: 0 }, []);
    await matches(store, { closedAfter: 0 }, ['b']);
    await matches(store, { closedBefore: 0 }, []);
  }),
  law('Q1', 'closedAfter and closedBefore leave out their own moments, and open runs', async (store) => {
    await put(store, { open: {}, a: { closedAt: 10 }, b: { closedAt: 20 }, c: { closedAt: 30 } });
    await matches(store, { closedAfter: 10 }, ['b', 'c']);
    await matches(store, { closedBefore: 30 }, ['a', 'b']);
    await matches(store, { closedAfter: 10, closedBefore: 30 }, ['b']);
    await matches(store, { closedBefore: Number.MAX_SAFE_INTEGER }, ['a', 'b', 'c']);
  }),
  law('Q1', 'a run that closes is found by its moment from then on', async (store) => {
    await put(store, { a: {} });
    await matches(store, { closedAfter: 5 }, []);
    await apply(store, amend('a', { closedAt: 9, status: 'failed' }));
    await matches(store, { closedAfter: 5 }, ['a']);
    await apply(store, amend('a', { closedAt: null }));
    await matches(store, { closedAfter: 5 }, []);
  }),
  law('Q1', 'currentOnly leaves out runs that were followed', async (store) => {
    await put(store, { a: { isCurrent: false }, b: { isCurrent: true } });
    await matches(store, { currentOnly: true }, ['b']);
    await matches(store, { currentOnly: false }, ['a', 'b']);
    await apply(store, amend('b', { isCurrent: false }), amend('a', { isCurrent: true }));
    await matches(store, { currentOnly: true }, ['a']);
  }),
  law('Q1', 'all conditions must hold', async (store) => {
    const fits = {
      workflowType: 'A',
      workflowId: 'order-1',
      taskQueue: 'q',
      startedAt: 50,
      closedAt: 60,
    } as const;
    await put(store, {
      fits: { ...fits, status: 'failed' },
      type: { ...fits, status: 'failed', workflowType: 'B' },
      id: { ...fits, status: 'failed', workflowId: 'other-1' },
      queue: { ...fits, status: 'failed', taskQueue: 'r' },
      early: { ...fits, status: 'failed', startedAt: 40 },
      late: { ...fits, status: 'failed', closedAt: 70 },
      status: { ...fits, status: 'completed' },
      followed: { ...fits, status: 'failed', isCurrent: false },
      elsewhere: { ...fits, status: 'failed', namespace: 'other' },
    });
    const query: Partial<RunQuery> = {
      workflowType: 'A',
      workflowIdPrefix: 'order-',
      statuses: ['failed', 'cancelled'],
      taskQueue: 'q',
      startedAfter: 40,
      startedBefore: 51,
      closedAfter: 59,
      closedBefore: 70,
      currentOnly: true,
    };
    await matches(store, query, ['fits']);
    await matches(store, { ...query, workflowId: 'order-1' }, ['fits']);
    await matches(store, { ...query, workflowId: 'order-2' }, []);
  }),
  law('Q1', 'a workflow id is compared exactly', async (store) => {
    await byWorkflowId(store, nearlyAlike);
    for (const id of nearlyAlike) await matches(store, { workflowId: id }, runsOf([id]));
  }),
  law('Q1', 'a prefix matches what begins with it', async (store) => {
    await byWorkflowId(store, [
      'order',
      'order-1',
      'order-2',
      'orders',
      'my order-1',
      'orde',
      'Order-1',
      'ORDER-1',
    ]);
    await matches(store, { workflowIdPrefix: 'order-' }, runsOf(['order-1', 'order-2']));
    await matches(store, { workflowIdPrefix: 'order' }, runsOf(['order', 'order-1', 'order-2', 'orders']));
    await matches(store, { workflowIdPrefix: 'order-1' }, runsOf(['order-1']));
    await matches(store, { workflowIdPrefix: 'order-1 ' }, []);
  }),
  law('Q1', 'an empty prefix matches everything', async (store) => {
    const ids = ['', 'a', 'Z', '%', '\u{1f600}', '\uffff'];
    await byWorkflowId(store, ids);
    await matches(store, { workflowIdPrefix: '' }, runsOf(ids));
  }),
  law('Q1', 'a prefix with % or _ means just these', async (store) => {
    await byWorkflowId(store, ['a%b', 'a%', 'axb', 'a_b', 'a_', 'ab', '%', '_', '100%', '100 percent']);
    await matches(store, { workflowIdPrefix: 'a%' }, runsOf(['a%b', 'a%']));
    await matches(store, { workflowIdPrefix: 'a_' }, runsOf(['a_b', 'a_']));
    await matches(store, { workflowIdPrefix: '%' }, runsOf(['%']));
    await matches(store, { workflowIdPrefix: '_' }, runsOf(['_']));
    await matches(store, { workflowIdPrefix: '100%' }, runsOf(['100%']));
  }),
  law('Q1', 'a prefix with a pattern of any kind means just its characters', async (store) => {
    const ids = hostile.map((text) => `${text} and more`);
    await byWorkflowId(store, [...ids, 'a', 'ab', 'a.b']);
    for (const [n, prefix] of hostile.entries()) {
      const fitting = ids.filter((id) => id.startsWith(prefix));
      await matches(store, { workflowIdPrefix: prefix }, runsOf(fitting));
      await matches(store, { workflowId: ids[n] ?? '' }, runsOf([ids[n] ?? '']));
    }
  }),
  law('Q1', 'a prefix reaches the last id that begins with it', async (store) => {
    const ids = [
      'a',
      'a\uffff',
      'a\uffff\uffff',
      'a\uffffz',
      'a\u{10ffff}',
      'a\u{1f600}',
      'b',
      'a\ue000',
      'a\ud7ff',
    ];
    await byWorkflowId(store, ids);
    await matches(store, { workflowIdPrefix: 'a' }, runsOf(ids.filter((id) => id !== 'b')));
    await matches(store, { workflowIdPrefix: 'a\uffff' }, runsOf(['a\uffff', 'a\uffff\uffff', 'a\uffffz']));
    await matches(store, { workflowIdPrefix: 'a\u{10ffff}' }, runsOf(['a\u{10ffff}']));
    await matches(store, { workflowIdPrefix: 'a\u{1f600}' }, runsOf(['a\u{1f600}']));
  }),
  law('Q1', 'a prefix is not normalised', async (store) => {
    await byWorkflowId(store, ['café-1', 'cafe\u0301-1', 'cafe-1']);
    await matches(store, { workflowIdPrefix: 'café' }, runsOf(['café-1']));
    await matches(store, { workflowIdPrefix: 'cafe\u0301' }, runsOf(['cafe\u0301-1']));
    await matches(store, { workflowIdPrefix: 'cafe' }, runsOf(['cafe-1', 'cafe\u0301-1']));
  }),
  law('O1', 'strings of a query are never more than strings', async (store) => {
    await put(store, { a: {} });
    for (const text of hostile) {
      await matches(store, { workflowId: text }, []);
      await matches(store, { workflowType: text }, []);
      await matches(store, { taskQueue: text }, []);
      await matches(store, { namespace: text }, []);
      await matches(store, { statuses: [text as 'running'] }, []);
    }
    await matches(store, {}, ['a']);
  }),
];
