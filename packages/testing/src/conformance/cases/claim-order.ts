import { law, type Draft } from '../case.js';
import { equal, holds } from '../check.js';
import { newTask, putTask, want } from '../make.js';
import { Random } from '../../random.js';
import { apply, claim, idsOf, taskOf } from '../steps.js';

/** In which order, and how many. */
export const claimOrderCases: readonly Draft[] = [
  law('C1', 'the most urgent priority goes first', async (store) => {
    const priorities = [5, 9, 0, 3, 7, 1, 8, 2, 6, 4];
    await apply(
      store,
      ...priorities.map((priority) =>
        putTask(newTask(`p${priority}`, { priority, visibleAt: 900 - priority })),
      ),
    );
    const first = await claim(store, 1_000, { wants: [want({ limit: 3 })] });
    equal(idsOf(first), ['p0', 'p1', 'p2'], 'claimed with limit 3');
    const ids = idsOf(await claim(store, 1_000));
    equal(ids, ['p3', 'p4', 'p5', 'p6', 'p7', 'p8', 'p9'], 'the others');
  }),
  law('C1', 'of one priority the one that has waited longest goes first', async (store) => {
    const moments = [300, 100, 900, 0, 1_000, 20, 5];
    await apply(store, ...moments.map((visibleAt) => putTask(newTask(`at ${visibleAt}`, { visibleAt }))));
    const ids = idsOf(await claim(store, 1_000));
    equal(ids, ['at 0', 'at 5', 'at 20', 'at 100', 'at 300', 'at 900', 'at 1000'], 'claimed');
  }),
  law('C1', 'of one moment the least task id goes first, by code unit', async (store) => {
    const ids = ['b', 'a', 'B', '10', '9', 'á', 'ab', 'a/1', 'a-1', 'a/10', 'a/2', 'Z', '_', ''];
    await apply(store, ...ids.map((id) => putTask(newTask(id))));
    equal(idsOf(await claim(store, 1_000)), [...ids].sort(), 'claimed');
  }),
  law('C1', 'task ids are compared by code unit, not by code point', async (store) => {
    // In UTF-8 and by code point U+1F600 is the greatest; its first code unit, U+D83D, is less than U+E000 and U+FFFF.
    const ids = ['\u{1f600}', '\uffff', '\ue000', '\ud7ff', 'z', 'x\u{1f600}', 'x\uffff'];
    await apply(store, ...ids.map((id) => putTask(newTask(id))));
    equal(
      idsOf(await claim(store, 1_000, { wants: [want({ limit: 2 })] })),
      ['x\u{1f600}', 'x\uffff'],
      'the first two',
    );
    equal(idsOf(await claim(store, 1_000)), ['z', '\ud7ff', '\u{1f600}', '\ue000', '\uffff'], 'the others');
  }),
  law('C1', 'the end of an old lease does not change the order', async (store) => {
    const leased = { leaseOwner: 'w0', token: 1 };
    await apply(
      store,
      putTask(newTask('b', { ...leased, visibleAt: 100, leaseUntil: 990 })),
      putTask(newTask('a', { ...leased, visibleAt: 200, leaseUntil: 300 })),
      putTask(newTask('c', { visibleAt: 150 })),
    );
    equal(idsOf(await claim(store, 1_000)), ['b', 'c', 'a'], 'claimed');
  }),
  law('C1', 'one order goes through all queues and types of a want', async (store) => {
    await apply(
      store,
      putTask(newTask('1', { queue: 'b', type: 'Y', visibleAt: 10 })),
      putTask(newTask('2', { queue: 'a', type: 'X', visibleAt: 20 })),
      putTask(newTask('3', { queue: 'b', type: 'X', visibleAt: 30 })),
      putTask(newTask('4', { queue: 'a', type: 'Y', visibleAt: 40 })),
      putTask(newTask('0', { queue: 'a', type: 'Y', visibleAt: 50, priority: 1 })),
    );
    const wants = [want({ queues: ['a', 'b'], types: ['X', 'Y'], limit: 4 })];
    equal(idsOf(await claim(store, 1_000, { wants })), ['0', '1', '2', '3'], 'claimed');
  }),
  law('C1', 'one order goes through builds', async (store) => {
    await apply(
      store,
      putTask(newTask('1', { visibleAt: 10, buildId: 'b1' })),
      putTask(newTask('2', { visibleAt: 20 })),
      putTask(newTask('3', { visibleAt: 30, buildId: 'b1' })),
      putTask(newTask('x', { visibleAt: 5, buildId: 'b2' })),
    );
    equal(
      idsOf(await claim(store, 1_000, { buildId: 'b1', wants: [want({ limit: 2 })] })),
      ['1', '2'],
      'claimed',
    );
  }),
  law('C1', 'the tasks of all wants come in one order', async (store) => {
    await apply(
      store,
      putTask(newTask('a', { visibleAt: 30 })),
      putTask(newTask('b', { visibleAt: 20, kind: 'activity' })),
      putTask(newTask('c', { visibleAt: 10 })),
      putTask(newTask('d', { visibleAt: 40, priority: 1, kind: 'activity' })),
      putTask(newTask('e', { visibleAt: 20 })),
    );
    const wants = [want(), want({ kind: 'activity' })];
    equal(idsOf(await claim(store, 1_000, { wants })), ['d', 'c', 'b', 'e', 'a'], 'claimed by two wants');
  }),
  law('C1', 'a limit is held, and takes the first in order', async (store) => {
    await apply(store, ...['c', 'a', 'e', 'b', 'd'].map((id) => putTask(newTask(id))));
    equal(
      idsOf(await claim(store, 1_000, { wants: [want({ limit: 2 })] })),
      ['a', 'b'],
      'claimed with limit 2',
    );
    equal((await taskOf(store, 'c')).token, 0, 'token of a task that the limit left');
    equal(idsOf(await claim(store, 1_000, { wants: [want({ limit: 1 })] })), ['c'], 'claimed with limit 1');
  }),
  law('C1', 'limit 0 takes nothing', async (store) => {
    await apply(store, putTask(newTask('t')));
    equal(await claim(store, 1_000, { wants: [want({ limit: 0 })] }), [], 'claimed');
    equal((await taskOf(store, 't')).token, 0, 'token');
  }),
  law('C1', 'a limit above what is there takes what is there', async (store) => {
    await apply(store, putTask(newTask('t')));
    const wants = [want({ limit: 1_000_000 })];
    equal(idsOf(await claim(store, 1_000, { wants })), ['t'], 'claimed');
  }),
  law('C1', 'each want has a limit of its own', async (store) => {
    const ids = ['a', 'b', 'c'];
    await apply(store, ...ids.map((id) => putTask(newTask(`w${id}`))));
    await apply(store, ...ids.map((id) => putTask(newTask(`x${id}`, { kind: 'activity' }))));
    const wants = [
      want({ limit: 0 }),
      want({ kind: 'activity', limit: 2 }),
      want({ kind: 'query', limit: 5 }),
    ];
    equal(idsOf(await claim(store, 1_000, { wants })), ['xa', 'xb'], 'claimed');
  }),
  law('C1', 'a limit is not used up by tasks that do not fit', async (store) => {
    await apply(
      store,
      ...Array.from({ length: 40 }, (_, n) => putTask(newTask(`b${n}`, { buildId: 'other' }))),
    );
    await apply(store, ...Array.from({ length: 40 }, (_, n) => putTask(newTask(`c${n}`, { type: 'Other' }))));
    await apply(
      store,
      ...Array.from({ length: 40 }, (_, n) =>
        putTask(newTask(`l${n}`, { leaseOwner: 'w0', leaseUntil: 2_000 })),
      ),
    );
    await apply(store, putTask(newTask('t', { visibleAt: 900 })));
    equal(
      idsOf(await claim(store, 1_000, { wants: [want({ limit: 1, types: ['Order'] })] })),
      ['t'],
      'claimed',
    );
  }),
  law('C1', 'claims of a hundred take a thousand tasks once each, in order', async (store) => {
    const random = new Random(7);
    const tasks = Array.from({ length: 1_000 }, (_, n) =>
      newTask(`t${n}`, { priority: random.below(3), visibleAt: random.below(50) }),
    );
    await apply(store, ...tasks.map(putTask));
    const ids: string[] = [];
    for (let page = 0; page < 10; page++) ids.push(...idsOf(await claim(store, 1_000)));
    const expected = [...tasks].sort(
      (a, b) => a.priority - b.priority || a.visibleAt - b.visibleAt || (a.taskId < b.taskId ? -1 : 1),
    );
    equal(ids, idsOf(expected), 'ten claims of a hundred');
    equal(await claim(store, 1_000), [], 'the eleventh');
  }),
  law('C1', '16 claimers at once share tasks without one in common', async (store, lab) => {
    await claimedOnce(store, [store], lab.fixture.name);
  }),
  law(
    'C1',
    '16 claimers through handles of one storage share tasks without one in common',
    async (store, lab) => {
      const handles = [store, await lab.open(), await lab.open(), await lab.open()];
      await claimedOnce(store, handles, lab.fixture.name);
    },
  ),
  law(
    'C1',
    '16 claimers through connections of their own share tasks without one in common',
    async (store, lab) => {
      const handles = [store, await lab.second(), await lab.second(), await lab.second()];
      await claimedOnce(store, handles, lab.fixture.name);
    },
    ['second'],
  ),
];

type Handles = readonly Parameters<typeof claim>[0][];

async function claimedOnce(
  store: Parameters<typeof claim>[0],
  handles: Handles,
  name: string,
): Promise<void> {
  const tasks = Array.from({ length: 120 }, (_, n) => newTask(`t${n}`));
  await apply(store, ...tasks.map(putTask));
  const claims = Array.from({ length: 16 }, (_, n) =>
    claim(handles[n % handles.length] ?? store, 1_000, { owner: `w${n}`, wants: [want({ limit: 10 })] }),
  );
  const claimed = (await Promise.all(claims)).flat();
  holds(
    new Set(idsOf(claimed)).size === claimed.length,
    `${name}: a task was leased to two workers`,
    idsOf(claimed),
  );
  equal(claimed.length, 120, 'tasks claimed by all');
  for (const task of claimed) equal(await store.readTask(task.taskId), task, 'a task, as its claimer got it');
}
