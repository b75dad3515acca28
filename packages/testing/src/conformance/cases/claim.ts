import { law, type Draft } from '../case.js';
import { equal } from '../check.js';
import { claimAt, dropTask, newTask, putTask, want } from '../make.js';
import { apply, claim, claimOne, idsOf, taskOf } from '../steps.js';

/** Which tasks a claim takes. */
export const claimCases: readonly Draft[] = [
  law('C1', 'a due task is claimed, and comes back as it is now', async (store) => {
    const task = newTask('t', {
      kind: 'activity',
      queue: 'slow',
      type: 'Pay',
      runId: 'r',
      buildId: 'b1',
      priority: 3,
      fairnessKey: 'customer',
      fairnessWeight: 2,
      visibleAt: 900,
      attempt: 4,
      token: 7,
      body: '{"input":1}',
    });
    await apply(store, putTask(task));
    const wants = [want({ kind: 'activity', queues: ['slow'], leaseMs: 250 })];
    const leased = { ...task, attempt: 5, token: 8, leaseOwner: 'w1', leaseUntil: 1_250 };
    equal(await claim(store, 1_000, { buildId: 'b1', wants }), [leased], 'what the claim resolves to');
    equal(await store.readTask('t'), leased, 'the task, read after the claim');
  }),
  law('C1', 'where nothing is due nothing is claimed', async (store) => {
    equal(await claim(store, 1_000), [], 'claimed from an empty store');
    await apply(store, putTask(newTask('t', { visibleAt: 5_000 })));
    equal(await claim(store, 1_000), [], 'claimed while the only task sleeps');
    equal(await store.readTask('t'), newTask('t', { visibleAt: 5_000 }), 'the task, after the claim');
  }),
  law('C1', 'a task is claimed at its moment and not a millisecond before', async (store) => {
    await apply(store, putTask(newTask('t', { visibleAt: 1_000 })));
    equal(await claim(store, 999), [], 'claimed one millisecond before');
    equal(idsOf(await claim(store, 1_000)), ['t'], 'claimed at the moment');
  }),
  law('C1', 'visibleAt and leaseUntil must both have come', async (store) => {
    const leased = { leaseOwner: 'w0', token: 1 };
    await apply(
      store,
      putTask(newTask('lease last', { ...leased, visibleAt: 1_000, leaseUntil: 2_000 })),
      putTask(newTask('lease first', { ...leased, visibleAt: 2_000, leaseUntil: 1_000 })),
    );
    equal(await claim(store, 1_999), [], 'claimed when only one of the two has come');
    equal(idsOf(await claim(store, 2_000)), ['lease last', 'lease first'], 'claimed when both have come');
  }),
  law('C1', 'only the kind that is wanted is claimed', async (store) => {
    const kinds = ['workflow', 'activity', 'query'] as const;
    await apply(store, ...kinds.map((kind) => putTask(newTask(kind, { kind }))));
    for (const kind of kinds) {
      equal(idsOf(await claim(store, 1_000, { wants: [want({ kind })] })), [kind], `claimed as ${kind}`);
    }
  }),
  law('C1', 'only queues that are wanted are claimed from', async (store) => {
    const queues = ['a', 'b', 'c', 'd'];
    await apply(store, ...queues.map((queue) => putTask(newTask(queue, { queue }))));
    const wants = [want({ queues: ['d', 'x', 'b'] })];
    equal(idsOf(await claim(store, 1_000, { wants })), ['b', 'd'], 'claimed from b and d');
    equal((await taskOf(store, 'a')).token, 0, 'token of a task of a queue that was not wanted');
  }),
  law('C1', 'a claim without queues takes nothing', async (store) => {
    await apply(store, putTask(newTask('t')), putTask(newTask('u', { queue: '' })));
    equal(await claim(store, 1_000, { wants: [want({ queues: [] })] }), [], 'claimed');
  }),
  law('C1', 'a claim without wants takes nothing', async (store) => {
    await apply(store, putTask(newTask('t')));
    equal(await claim(store, 1_000, { wants: [] }), [], 'claimed');
  }),
  law('C1', 'a queue that is named twice gives its tasks once', async (store) => {
    await apply(store, putTask(newTask('t')), putTask(newTask('u')));
    const wants = [want({ queues: ['main', 'main'] })];
    equal(idsOf(await claim(store, 1_000, { wants })), ['t', 'u'], 'claimed');
    equal((await taskOf(store, 't')).token, 1, 'token');
  }),
  law('C1', 'types null takes any type', async (store) => {
    await apply(store, putTask(newTask('t', { type: 'A' })), putTask(newTask('u', { type: '' })));
    equal(idsOf(await claim(store, 1_000)), ['t', 'u'], 'claimed');
  }),
  law('C1', 'types given take those and no others', async (store) => {
    await apply(store, ...['A', 'B', 'C'].map((type) => putTask(newTask(type, { type }))));
    equal(
      idsOf(await claim(store, 1_000, { wants: [want({ types: ['C', 'A', 'X'] })] })),
      ['A', 'C'],
      'claimed',
    );
  }),
  law('C1', 'types empty take nothing', async (store) => {
    await apply(store, putTask(newTask('t')), putTask(newTask('u', { type: '' })));
    equal(await claim(store, 1_000, { wants: [want({ types: [] })] }), [], 'claimed');
  }),
  law('C1', 'names of queues and types are compared exactly', async (store) => {
    const names = [
      'main',
      'Main',
      'MAIN',
      'main ',
      'mai_',
      'mai%',
      'main/1',
      'ma\u0131n',
      'máin',
      'ma\u0301in',
    ];
    await apply(store, ...names.map((name) => putTask(newTask(name, { queue: name }))));
    await apply(
      store,
      ...names.map((name) => putTask(newTask(`type ${name}`, { queue: 'types', type: name }))),
    );
    for (const name of names) {
      const wants = [want({ queues: [name] }), want({ queues: ['types'], types: [name] })];
      equal(
        idsOf(await claim(store, 1_000, { wants })),
        [name, `type ${name}`],
        `claimed by the name ${name}`,
      );
    }
  }),
  law('C1', 'a task that asks for a build goes to that build only', async (store) => {
    await apply(
      store,
      putTask(newTask('any')),
      putTask(newTask('b1', { buildId: 'b1' })),
      putTask(newTask('b2', { buildId: 'b2' })),
      putTask(newTask('empty', { buildId: '' })),
    );
    equal(
      idsOf(await claim(store, 1_000, { buildId: 'b2' })),
      ['any', 'b2'],
      'claimed by a worker of build b2',
    );
    equal(await claim(store, 1_000, { buildId: 'B1' }), [], 'claimed by a worker of build B1');
    equal(idsOf(await claim(store, 1_000, { buildId: '' })), ['empty'], 'claimed by a worker of build ""');
    equal(idsOf(await claim(store, 1_000, { buildId: 'b1' })), ['b1'], 'claimed by a worker of build b1');
  }),
  law('C1', 'a worker without a build takes only tasks that ask for none', async (store) => {
    await apply(
      store,
      putTask(newTask('any')),
      putTask(newTask('b1', { buildId: 'b1' })),
      putTask(newTask('named null', { buildId: 'null' })),
    );
    equal(idsOf(await claim(store, 1_000)), ['any'], 'claimed without a build');
  }),
  law('C1', 'a claim stays in its namespace', async (store) => {
    await apply(store, putTask(newTask('t')), putTask(newTask('u', { namespace: 'other' })));
    equal(idsOf(await claim(store, 1_000, { namespace: 'other' })), ['u'], 'claimed in the other namespace');
    equal(await claim(store, 1_000, { namespace: 'third' }), [], 'claimed in a namespace without tasks');
    equal(idsOf(await claim(store, 1_000)), ['t'], 'claimed in the first namespace');
  }),
  law('C1', 'namespace and queue are not run together', async (store) => {
    await apply(
      store,
      putTask(newTask('one', { namespace: 'a', queue: 'b/c' })),
      putTask(newTask('two', { namespace: 'a/b', queue: 'c' })),
      putTask(newTask('three', { namespace: 'a:b', queue: 'c' })),
    );
    const one = await claim(store, 1_000, { namespace: 'a/b', wants: [want({ queues: ['c'] })] });
    equal(idsOf(one), ['two'], 'claimed');
  }),
  law('C1', 'a task that was dropped is not claimed', async (store) => {
    await apply(store, putTask(newTask('t')), putTask(newTask('u')));
    await apply(store, dropTask('t'));
    equal(idsOf(await claim(store, 1_000)), ['u'], 'claimed');
  }),
  law('C1', 'a task that was put elsewhere is claimed there only', async (store) => {
    await apply(store, putTask(newTask('t')));
    await apply(store, putTask(newTask('t', { queue: 'slow', priority: 1, type: 'B', kind: 'query' })));
    equal(await claim(store, 1_000), [], 'claimed where it was');
    const wants = [want({ queues: ['slow'], kind: 'query', types: ['B'] })];
    equal(idsOf(await claim(store, 1_000, { wants })), ['t'], 'claimed where it is');
  }),
  law('C1', 'a task that was moved to another namespace is claimed there only', async (store) => {
    await apply(store, putTask(newTask('t')));
    await apply(store, putTask(newTask('t', { namespace: 'other' })));
    equal(await claim(store, 1_000), [], 'claimed where it was');
    equal(idsOf(await claim(store, 1_000, { namespace: 'other' })), ['t'], 'claimed where it is');
  }),
  law('C1', 'two wants are served in one claim', async (store) => {
    await apply(store, putTask(newTask('t')), putTask(newTask('u', { kind: 'activity', queue: 'slow' })));
    const wants = [want({ leaseMs: 10 }), want({ kind: 'activity', queues: ['slow'], leaseMs: 20 })];
    const tasks = await claim(store, 1_000, { wants });
    const leases = tasks.map(({ taskId, leaseUntil }) => [taskId, leaseUntil]);
    equal(
      leases,
      [
        ['t', 1_010],
        ['u', 1_020],
      ],
      'tasks and the end of their leases',
    );
  }),
  law('C1', 'a task that two wants ask for is leased once', async (store) => {
    await apply(store, putTask(newTask('t')), putTask(newTask('u')));
    const wants = [want({ types: ['Order'] }), want({ types: null }), want({ queues: ['x', 'main'] })];
    equal(idsOf(await claim(store, 1_000, { wants })), ['t', 'u'], 'claimed');
    equal((await taskOf(store, 't')).token, 1, 'token of a task that three wants asked for');
    equal((await taskOf(store, 't')).attempt, 1, 'attempt of the same');
  }),
  law('C1', 'what the limit of one want leaves goes to the next', async (store) => {
    await apply(store, ...['a', 'b', 'c', 'd'].map((id) => putTask(newTask(id))));
    const wants = [want({ limit: 1, leaseMs: 10 }), want({ limit: 2, leaseMs: 20 })];
    const tasks = await claim(store, 1_000, { wants });
    equal(
      tasks.map(({ leaseUntil }) => leaseUntil),
      [1_010, 1_020, 1_020],
      'ends of the leases',
    );
    equal(idsOf(tasks), ['a', 'b', 'c'], 'claimed');
  }),
  law('C1', 'a lease of no length is not claimed twice in one claim', async (store) => {
    await apply(store, putTask(newTask('t')));
    const wants = [want({ leaseMs: 0 }), want({ leaseMs: 0 })];
    const [task, ...more] = await claim(store, 1_000, { wants });
    equal([task?.token, task?.leaseUntil, more], [1, 1_000, []], 'token and lease of the one task claimed');
    equal((await claimOne(store, 1_000)).token, 2, 'token when it is claimed again at once');
  }),
  law('C1', 'a claim names its worker', async (store) => {
    await apply(store, putTask(newTask('t')));
    const [task] = await store.claim(claimAt(1_000, { owner: "worker 'ü' 😀" }));
    equal(task?.leaseOwner, "worker 'ü' 😀", 'leaseOwner');
  }),
];
