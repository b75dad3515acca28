import { NEVER } from '@perdure/core/storage';
import { law, type Draft } from '../case.js';
import { equal } from '../check.js';
import { advance, dropTask, insert, newRun, newTask, putTask, token, wake, want } from '../make.js';
import { applies, apply, batch, claim, claimOne, idsOf, refuses, runOf, taskOf } from '../steps.js';

/** Leases, tokens and clocks. */
export const leaseCases: readonly Draft[] = [
  law('C1', 'a leased task is hidden until its lease ends, and not a millisecond longer', async (store) => {
    await apply(store, putTask(newTask('t')));
    await claimOne(store, 1_000);
    equal(await claim(store, 1_000), [], 'claimed at once');
    equal(await claim(store, 1_099), [], 'claimed one millisecond before the end');
    equal((await claimOne(store, 1_100, { owner: 'w2' })).leaseOwner, 'w2', 'owner after the end');
  }),
  law('C2', 'token and attempt grow by one with each claim', async (store) => {
    await apply(store, putTask(newTask('t')));
    for (let n = 1; n <= 5; n++) {
      const task = await claimOne(store, n * 1_000);
      equal([task.token, task.attempt], [n, n], `token and attempt after claim ${n}`);
    }
  }),
  law('C2', 'a stale token is fenced', async (store) => {
    await apply(store, insert(newRun('t')), putTask(newTask('t')));
    const first = await claimOne(store, 1_000);
    const second = await claimOne(store, 2_000, { owner: 'w2' });
    const stale = batch([advance('t', 1)], [token('t', first.token)]);
    await refuses(store, stale, 'token', 'expect', 0, 'a commit with the token of an older lease');
    equal((await runOf(store, 't')).seq, 1, 'seq of the run');
    await applies(
      store,
      batch([advance('t', 1)], [token('t', second.token)]),
      'a commit with the newest token',
    );
  }),
  law('C2', 'a token that nobody was given is refused', async (store) => {
    await apply(store, putTask(newTask('t')));
    const { token: newest } = await claimOne(store, 1_000);
    await refuses(
      store,
      batch([], [token('t', newest + 1)]),
      'token',
      'expect',
      0,
      'a token from the future',
    );
  }),
  law('C2', 'token 0 holds until the first claim', async (store) => {
    await apply(store, putTask(newTask('t')));
    await applies(store, batch([], [token('t', 0)]), 'token 0 of a task that nobody claimed');
    await claimOne(store, 1_000);
    await refuses(store, batch([], [token('t', 0)]), 'token', 'expect', 0, 'token 0 after a claim');
  }),
  law('C2', 'a task that is not there has no token', async (store) => {
    await refuses(store, batch([], [token('t', 0)]), 'token', 'expect', 0, 'token 0 of an unknown task');
    await apply(store, putTask(newTask('t')));
    const { token: newest } = await claimOne(store, 1_000);
    await apply(store, dropTask('t'));
    await refuses(
      store,
      batch([], [token('t', newest)]),
      'token',
      'expect',
      0,
      'the token of a dropped task',
    );
  }),
  law('C3', 'a lease that has run out still commits, until another takes it', async (store) => {
    await apply(store, insert(newRun('t')), putTask(newTask('t')));
    const { token: newest } = await claimOne(store, 1_000, { wants: [want({ leaseMs: 1 })] });
    equal(await claim(store, 1_000), [], 'claimed before the end');
    const late = batch([advance('t', 1, ['two'], undefined)], [token('t', newest)]);
    await applies(store, late, 'a commit after the lease has run out');
  }),
  law('C3', 'a clock that goes back steals no lease', async (store) => {
    await apply(store, putTask(newTask('t', { visibleAt: 100 })));
    await claimOne(store, 10_000);
    equal(await claim(store, 500), [], 'claimed by a clock that is behind');
    equal((await taskOf(store, 't')).token, 1, 'token');
    equal((await claimOne(store, 10_100)).token, 2, 'token after the end');
  }),
  law('C3', 'a lease that a faster clock saw end has not ended for a slower one', async (store) => {
    const leased = { leaseOwner: 'w0', token: 1, leaseUntil: 5_000 };
    await apply(store, putTask(newTask('a', leased)), putTask(newTask('b', leased)));
    equal(
      idsOf(await claim(store, 9_000, { wants: [want({ limit: 1 })] })),
      ['a'],
      'claimed by the faster clock',
    );
    equal(await claim(store, 4_999), [], 'claimed by the slower clock');
    equal(idsOf(await claim(store, 5_000)), ['b'], 'claimed when the end has come for it');
  }),
  law('C3', 'a clock that is ahead costs the owner its lease, never the history', async (store) => {
    await apply(store, insert(newRun('t')), putTask(newTask('t')));
    const mine = await claimOne(store, 1_000);
    const theirs = await claimOne(store, 900_000, { owner: 'w2' });
    await applies(store, batch([advance('t', 1)], [token('t', theirs.token)]), 'a commit of the new owner');
    await refuses(
      store,
      batch([advance('t', 2)], [token('t', mine.token)]),
      'token',
      'expect',
      0,
      'the old owner',
    );
  }),
  law('C3', 'a slower clock gives a shorter lease and a greater token', async (store) => {
    await apply(store, putTask(newTask('t')));
    await claimOne(store, 5_000);
    await store.releaseLeases('w1');
    const task = await claimOne(store, 1_000);
    equal([task.token, task.leaseUntil], [2, 1_100], 'token and end of the lease');
  }),
  law('C2', 'a heartbeat extends the lease', async (store) => {
    await apply(store, putTask(newTask('t')));
    const task = await claimOne(store, 1_000);
    const beat = batch([putTask({ ...task, leaseUntil: 1_500, body: 'progress' })], [token('t', task.token)]);
    await applies(store, beat, 'a heartbeat');
    equal(await claim(store, 1_499), [], 'claimed before the new end');
    const next = await claimOne(store, 1_500, { owner: 'w2' });
    equal([next.token, next.body], [2, 'progress'], 'token and body at the new end');
  }),
  law('C2', 'a heartbeat with an old token does nothing', async (store) => {
    await apply(store, putTask(newTask('t')));
    const old = await claimOne(store, 1_000);
    const newer = await claimOne(store, 2_000, { owner: 'w2' });
    const beat = batch([putTask({ ...old, leaseUntil: 9_000 })], [token('t', old.token)]);
    await refuses(store, beat, 'token', 'expect', 0, 'a heartbeat with an old token');
    equal(await store.readTask('t'), newer, 'the task');
  }),
  law('C2', 'an owner may set attempts back; the token grows on', async (store) => {
    await apply(store, putTask(newTask('t')));
    const task = await claimOne(store, 1_000);
    await apply(store, putTask({ ...task, attempt: 0, leaseOwner: null, leaseUntil: 0 }));
    const next = await claimOne(store, 1_001);
    equal([next.attempt, next.token], [1, 2], 'attempt and token of the next claim');
  }),
  law('C2', 'a task may be put with a lease, and is hidden until it ends', async (store) => {
    const leased = newTask('t', { token: 1, attempt: 1, leaseOwner: 'w1', leaseUntil: 1_500 });
    await apply(store, putTask(leased));
    equal(await store.readTask('t'), leased, 'the task');
    equal(await claim(store, 1_499), [], 'claimed before the end');
    await applies(store, batch([], [token('t', 1)]), 'its token');
    equal((await claimOne(store, 1_500)).token, 2, 'token after the end');
  }),
  law('C2', 'waking a task does not end its lease', async (store) => {
    await apply(store, putTask(newTask('t', { visibleAt: 900 })));
    const leased = await claimOne(store, 1_000);
    await apply(store, wake('t', 10));
    equal(await store.readTask('t'), { ...leased, visibleAt: 10 }, 'the task');
    equal(await claim(store, 1_050), [], 'claimed before the lease has ended');
  }),
  law(
    'C2',
    'the token grows over a reopening, and the lease holds',
    async (store, lab) => {
      await apply(store, putTask(newTask('t')));
      const leased = await claimOne(store, 1_000);
      const again = await lab.reopen();
      equal(await again.readTask('t'), leased, 'the task, after opening again');
      equal(await claim(again, 1_099), [], 'claimed before the lease has ended');
      equal((await claimOne(again, 1_100)).token, 2, 'token of the next claim');
    },
    ['reopen'],
  ),
  law('C2', 'a token given before a release is not given again', async (store) => {
    await apply(store, putTask(newTask('t')));
    const tokens: number[] = [];
    for (let n = 0; n < 4; n++) {
      tokens.push((await claimOne(store, 1_000)).token);
      await store.releaseLeases('w1');
    }
    equal(tokens, [1, 2, 3, 4], 'tokens of four claims with releases between');
    equal((await taskOf(store, 't')).attempt, 4, 'attempts');
  }),
  law('C1', 'a release makes the tasks of a worker claimable at once, and says how many', async (store) => {
    await apply(store, ...['a', 'b', 'c'].map((id) => putTask(newTask(id))));
    const [a] = await claim(store, 1_000, { wants: [want({ limit: 2 })] });
    equal(await store.releaseLeases('w1'), 2, 'leases released');
    equal(await store.readTask('a'), { ...a, leaseOwner: null, leaseUntil: 0 }, 'a task after the release');
    equal(idsOf(await claim(store, 1_000, { owner: 'w2' })), ['a', 'b', 'c'], 'claimed by another worker');
  }),
  law('C1', 'a release leaves the leases of others', async (store) => {
    await apply(store, ...['a', 'b'].map((id) => putTask(newTask(id))));
    for (const owner of ['w1', 'W1']) await claim(store, 1_000, { owner, wants: [want({ limit: 1 })] });
    equal(await store.releaseLeases('w'), 0, 'leases of a worker whose name begins like theirs');
    equal(await store.releaseLeases('W1'), 1, 'leases of the second worker');
    equal(idsOf(await claim(store, 1_000)), ['b'], 'claimed after that');
  }),
  law('C1', 'a release without leases releases none', async (store) => {
    await apply(store, putTask(newTask('t')));
    equal(await store.releaseLeases('nobody'), 0, 'leases of a worker that nobody knows');
    await claimOne(store, 1_000);
    await store.releaseLeases('w1');
    equal(await store.releaseLeases('w1'), 0, 'leases released the second time');
  }),
  law('C1', 'a release covers every namespace, kind and queue', async (store) => {
    await apply(
      store,
      putTask(newTask('a')),
      putTask(newTask('b', { namespace: 'other' })),
      putTask(newTask('c', { kind: 'activity', queue: 'slow', priority: 0, buildId: 'b1' })),
    );
    await claim(store, 1_000);
    await claim(store, 1_000, { namespace: 'other' });
    await claim(store, 1_000, { buildId: 'b1', wants: [want({ kind: 'activity', queues: ['slow'] })] });
    equal(await store.releaseLeases('w1'), 3, 'leases released');
    equal((await taskOf(store, 'c')).leaseUntil, 0, 'leaseUntil of the third');
  }),
  law('C1', 'a release leaves a task that sleeps asleep', async (store) => {
    await apply(store, putTask(newTask('t')));
    const task = await claimOne(store, 1_000);
    await apply(store, putTask({ ...task, visibleAt: 5_000 }));
    equal(await store.releaseLeases('w1'), 1, 'leases released');
    equal(await claim(store, 4_999), [], 'claimed before its moment');
    equal((await claimOne(store, 5_000)).token, 2, 'token at its moment');
  }),
  law('C1', 'tasks that were dropped or taken over are not counted by a release', async (store) => {
    await apply(store, ...['a', 'b', 'c'].map((id) => putTask(newTask(id))));
    await claim(store, 1_000);
    await apply(store, dropTask('a'));
    await claim(store, 2_000, { owner: 'w2', wants: [want({ limit: 1 })] });
    equal(await store.releaseLeases('w1'), 1, 'leases of the first worker');
    equal((await taskOf(store, 'b')).leaseOwner, 'w2', 'owner of the task that was taken over');
  }),
  law('C3', 'a lease ends at the last moment that there is, at the latest', async (store) => {
    await apply(store, putTask(newTask('t')));
    const task = await claimOne(store, 1_000, { wants: [want({ leaseMs: NEVER })] });
    equal(task.leaseUntil, NEVER, 'leaseUntil of a lease that would end after the last moment');
    equal(await claim(store, NEVER - 1), [], 'claimed before the last moment');
  }),
  law('C1', 'workers that live keep their leases when the dead are reaped', async (store, lab) => {
    const other = await lab.open();
    await store.join('w1');
    await other.join('w2');
    await apply(store, ...['a', 'b', 'c'].map((id) => putTask(newTask(id))));
    for (const owner of ['w1', 'w2', 'w3']) await claim(store, 1_000, { owner, wants: [want({ limit: 1 })] });
    equal(await store.reapDeadWorkers(), 0, 'leases reaped: two workers live, the third never joined');
    equal(await other.reapDeadWorkers(), 0, 'the same, asked through the other handle');
    equal(await claim(store, 1_050), [], 'claimed after that');
  }),
  law('C1', 'a worker may join and leave as often as it likes', async (store) => {
    for (let times = 0; times < 3; times++) {
      await store.join('w1');
      await store.leave('w1');
    }
    await store.leave('never joined');
    await Promise.all([store.join('w1'), store.join('w2'), store.join('w3')]);
    equal(await store.reapDeadWorkers(), 0, 'leases reaped');
  }),
];
