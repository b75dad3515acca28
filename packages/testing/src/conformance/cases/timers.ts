import { NEVER, type StorageHandle, type TaskRecord } from '@perdure/core/storage';
import { law, type Draft } from '../case.js';
import { equal, holds } from '../check.js';
import { dropTask, insert, namespace, newRun, newTask, purge, putTask, wake, want } from '../make.js';
import { Random } from '../../random.js';
import { apply, claim, claimOne, idsOf, taskOf } from '../steps.js';

type Wants = readonly ReturnType<typeof want>[];

const ask = (store: StorageHandle, wants: Wants = [want()], of: string = namespace): Promise<number | null> =>
  store.nextWakeAt({ namespace: of, wants });

/** What `nextWakeAt` says may be early, never late; null is null. */
function notLate(seen: number | null, exact: number | null, about: string): void {
  if (exact === null) return equal(seen, null, about);
  holds(
    seen !== null && seen <= exact && seen >= 0,
    `${about}: must be ${exact} or earlier, never later`,
    seen,
  );
}

/** Early is allowed; to be early for ever is not: who claims at the moment it names and asks again gets on. */
async function comesTo(store: StorageHandle, exact: number, about: string): Promise<void> {
  for (let times = 0; times < 20; times++) {
    const at = await ask(store);
    notLate(at, exact, about);
    if (at === exact) return;
    equal(await claim(store, at ?? 0), [], `${about}: claimed at ${at ?? 0}, before anything is due`);
  }
  notLate(null, exact, `${about}: asked 20 times, with a claim after each`);
}

const never = { visibleAt: NEVER } as const;

export const timerCases: readonly Draft[] = [
  law('W1', 'without tasks there is nothing to wake for', async (store) => {
    equal(await ask(store), null, 'nextWakeAt of an empty store');
    equal(await ask(store, []), null, 'nextWakeAt for no wants');
    equal(await ask(store, [want({ queues: [] })]), null, 'nextWakeAt for no queues');
  }),
  law('W1', 'the earliest task is what to wake for', async (store) => {
    await apply(
      store,
      ...[5_000, 3_000, 9_000].map((visibleAt) => putTask(newTask(`${visibleAt}`, { visibleAt }))),
    );
    await comesTo(store, 3_000, 'nextWakeAt with tasks at 3,000, 5,000 and 9,000');
  }),
  law('W1', 'a task that is due already is due', async (store) => {
    await apply(store, putTask(newTask('t', { visibleAt: 7 })), putTask(newTask('u', { visibleAt: 9_000 })));
    notLate(await ask(store), 7, 'nextWakeAt with a task at 7');
  }),
  law('W1', 'a task at 0 is not taken for none', async (store) => {
    await apply(store, putTask(newTask('t', { visibleAt: 0 })));
    equal(await ask(store), 0, 'nextWakeAt with a task at 0');
  }),
  law('W1', 'a leased task is due when its lease ends', async (store) => {
    await apply(store, putTask(newTask('t')));
    await claimOne(store, 1_000);
    await comesTo(store, 1_100, 'nextWakeAt with a lease until 1,100');
  }),
  law('W1', 'a leased task that sleeps longer is due at its moment', async (store) => {
    await apply(store, putTask(newTask('t')));
    const task = await claimOne(store, 1_000);
    await apply(store, putTask({ ...task, visibleAt: 8_000 }));
    await comesTo(store, 8_000, 'nextWakeAt with a lease until 1,100 and a moment at 8,000');
  }),
  law('W1', 'a task that never comes is nothing to wake for', async (store) => {
    await apply(
      store,
      putTask(newTask('t', never)),
      putTask(newTask('u', { leaseOwner: 'w0', leaseUntil: NEVER })),
    );
    equal(await ask(store), null, 'nextWakeAt with tasks at NEVER only');
    await apply(store, putTask(newTask('v', { visibleAt: NEVER - 1 })));
    await comesTo(store, NEVER - 1, 'nextWakeAt with a task at NEVER − 1');
  }),
  law('W1', 'only tasks that are wanted count', async (store) => {
    await apply(
      store,
      putTask(newTask('t', { kind: 'activity', queue: 'slow', type: 'Pay', visibleAt: 100 })),
    );
    const fits = want({ kind: 'activity', queues: ['slow'] });
    notLate(await ask(store, [fits]), 100, 'nextWakeAt for its kind and queue');
    notLate(await ask(store, [{ ...fits, types: ['Pay'] }]), 100, 'nextWakeAt for its type');
    equal(await ask(store, [{ ...fits, kind: 'workflow' }]), null, 'nextWakeAt for another kind');
    equal(await ask(store, [{ ...fits, queues: ['Slow', 'main'] }]), null, 'nextWakeAt for other queues');
    equal(await ask(store, [{ ...fits, types: ['pay'] }]), null, 'nextWakeAt for another type');
    equal(await ask(store, [{ ...fits, types: [] }]), null, 'nextWakeAt for no type');
    equal(await ask(store, [fits], 'other'), null, 'nextWakeAt in another namespace');
  }),
  law('W1', 'of several wants the least counts', async (store) => {
    await apply(
      store,
      putTask(newTask('a', { visibleAt: 900 })),
      putTask(newTask('b', { visibleAt: 500, kind: 'activity' })),
      putTask(newTask('c', { visibleAt: 700, queue: 'slow' })),
    );
    const wants = [want(), want({ queues: ['x', 'slow'] }), want({ kind: 'activity' })];
    notLate(await ask(store, wants), 500, 'nextWakeAt for three wants');
    notLate(await ask(store, wants.slice(0, 2)), 700, 'nextWakeAt for the first two');
    notLate(await ask(store, [want({ queues: ['slow', 'main'] })]), 700, 'nextWakeAt for two queues');
  }),
  law('W1', 'an urgent task that sleeps does not hide one that is due', async (store) => {
    await apply(
      store,
      putTask(newTask('a', { priority: 0, visibleAt: 9_000 })),
      putTask(newTask('b', { visibleAt: 5 })),
    );
    notLate(await ask(store), 5, 'nextWakeAt');
    equal(idsOf(await claim(store, 1_000)), ['b'], 'claimed');
  }),
  law('W1', 'when the earliest was claimed the next one counts', async (store) => {
    await apply(store, putTask(newTask('a', { visibleAt: 10 })), putTask(newTask('b', { visibleAt: 1_050 })));
    await claimOne(store, 1_000);
    await comesTo(store, 1_050, 'nextWakeAt after the claim');
  }),
  law('W1', 'when the earliest was dropped the next one counts', async (store) => {
    await apply(store, putTask(newTask('a', { visibleAt: 10 })), putTask(newTask('b', { visibleAt: 2_000 })));
    await apply(store, dropTask('a'));
    await comesTo(store, 2_000, 'nextWakeAt after the drop');
    await apply(store, dropTask('b'));
    equal(await ask(store), null, 'nextWakeAt after the last drop');
  }),
  law('W1', 'when a task was put off it is due later', async (store) => {
    await apply(store, putTask(newTask('t', { visibleAt: 10 })));
    await apply(store, putTask(newTask('t', { visibleAt: 4_000 })));
    equal(await claim(store, 3_999), [], 'claimed before its new moment');
    await comesTo(store, 4_000, 'nextWakeAt after it was put off');
  }),
  law('W1', 'a release makes tasks due again at once', async (store) => {
    await apply(store, putTask(newTask('t', { visibleAt: 400 })));
    await claimOne(store, 1_000);
    await store.releaseLeases('w1');
    notLate(await ask(store), 400, 'nextWakeAt after the release');
  }),
  law('W1', 'a purge takes its tasks from what is due', async (store) => {
    await apply(
      store,
      insert(newRun('r')),
      putTask(newTask('r', { visibleAt: 5 })),
      putTask(newTask('t', never)),
    );
    await apply(store, purge('r'));
    equal(await ask(store), null, 'nextWakeAt after the purge');
  }),
  law(
    'W1',
    'what is due is known after a reopening',
    async (store, lab) => {
      await apply(
        store,
        putTask(newTask('a')),
        putTask(newTask('b', { visibleAt: 5_000 })),
        putTask(newTask('c', never)),
      );
      await claimOne(store, 1_000);
      const again = await lab.reopen();
      await comesTo(again, 1_100, 'nextWakeAt with a lease until 1,100');
      equal(idsOf(await claim(again, 5_000)), ['a', 'b'], 'claimed at 5,000');
    },
    ['reopen'],
  ),
  law('W1', 'what one handle puts off or wakes, another knows', async (store, lab) => {
    const [one = store, two = store] = await lab.clients(2);
    await apply(one, putTask(newTask('t', { visibleAt: 5_000 })));
    notLate(await ask(two), 5_000, 'nextWakeAt through the other handle');
    await apply(two, wake('t', 300));
    notLate(await ask(one), 300, 'nextWakeAt after it was woken through the other handle');
    equal(idsOf(await claim(one, 300)), ['t'], 'claimed then');
    await comesTo(two, 400, 'nextWakeAt after that claim');
  }),
  law('W1', 'waking makes a task visible earlier, and changes nothing else', async (store) => {
    const task = newTask('t', { visibleAt: 5_000, token: 3, attempt: 2, body: 'kept', buildId: 'b1' });
    await apply(store, putTask(task));
    await apply(store, wake('t', 2_000));
    equal(await store.readTask('t'), { ...task, visibleAt: 2_000 }, 'the task');
    await comesTo(store, 2_000, 'nextWakeAt');
  }),
  law('W1', 'waking never makes a task visible later', async (store) => {
    const task = newTask('t', { visibleAt: 2_000 });
    await apply(store, putTask(task));
    await apply(store, wake('t', 2_000), wake('t', 2_001), wake('t', NEVER));
    equal(await store.readTask('t'), task, 'the task');
    await comesTo(store, 2_000, 'nextWakeAt');
  }),
  law('W1', 'waking wakes what would never come', async (store) => {
    await apply(store, putTask(newTask('t', never)), putTask(newTask('u', never)));
    await apply(store, wake('t', 0), wake('u', NEVER - 1));
    equal((await taskOf(store, 'u')).visibleAt, NEVER - 1, 'visibleAt');
    equal(await ask(store), 0, 'nextWakeAt');
    equal(idsOf(await claim(store, 0)), ['t'], 'claimed at 0');
  }),
  law('W1', 'waking what is not there makes nothing', async (store) => {
    await apply(store, wake('t', 5));
    equal(await store.readTask('t'), undefined, 'the task');
    equal(await ask(store), null, 'nextWakeAt');
  }),
  law('W1', 'of several wakings the earliest counts', async (store) => {
    await apply(store, putTask(newTask('t', never)));
    await apply(store, wake('t', 500), wake('t', 300), wake('t', 400));
    equal((await taskOf(store, 't')).visibleAt, 300, 'visibleAt');
  }),
  law('C1', 'moments far ahead are kept to the millisecond', async (store) => {
    const moments = [2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40 + 1, 8_640_000_000_000_001, NEVER - 1];
    await apply(store, ...moments.map((visibleAt) => putTask(newTask(`${visibleAt}`, { visibleAt }))));
    for (const at of moments) {
      equal((await taskOf(store, `${at}`)).visibleAt, at, 'visibleAt');
      equal(
        await claim(store, at - 1, { wants: [want({ leaseMs: NEVER })] }),
        [],
        `claimed a millisecond before ${at}`,
      );
      equal(
        idsOf(await claim(store, at, { wants: [want({ leaseMs: NEVER })] })),
        [`${at}`],
        `claimed at ${at}`,
      );
    }
  }),
  law('C1', 'several thousand timers that are due at once are all claimed', async (store) => {
    const tasks = Array.from({ length: 3_000 }, (_, n) => newTask(`t${n}`, { visibleAt: 1_000 + (n % 7) }));
    await apply(store, ...tasks.map(putTask));
    notLate(await ask(store), 1_000, 'nextWakeAt');
    const seen = new Set<string>();
    for (;;) {
      const page = await claim(store, 2_000, { wants: [want({ limit: 500 })] });
      if (page.length === 0) break;
      for (const { taskId } of page) seen.add(taskId);
    }
    equal(seen.size, 3_000, 'different tasks claimed');
    notLate(await ask(store), 2_100, 'nextWakeAt after that');
  }),
  law('W1', 'over two hundred changes it is never late', async (store, lab) => {
    const clients = await lab.clients(3);
    const random = new Random(11);
    const tasks = new Map<string, TaskRecord>();
    for (let n = 0; n < 200; n++) {
      const client = clients[n % 3] ?? store;
      const taskId = `t${random.below(12)}`;
      if (random.chance(0.25)) {
        tasks.delete(taskId);
        await apply(client, dropTask(taskId));
      } else {
        const leased = random.chance(0.3) ? { leaseOwner: 'w0', leaseUntil: 1 + random.below(900) } : {};
        const task = newTask(taskId, { priority: random.below(3), visibleAt: random.below(900), ...leased });
        tasks.set(taskId, task);
        await apply(client, putTask(task));
      }
      const due = [...tasks.values()].map(({ visibleAt, leaseUntil }) => Math.max(visibleAt, leaseUntil));
      notLate(
        await ask(clients[(n + 1) % 3] ?? store),
        due.length === 0 ? null : Math.min(...due),
        `change ${n}`,
      );
    }
  }),
];
