import type { StorageHandle } from '@perdure/core/storage';
import { law, type Draft } from '../case.js';
import { equal, holds } from '../check.js';
import {
  advance,
  changes,
  insert,
  keyIs,
  namespace,
  newKey,
  newRun,
  newTask,
  putKey,
  putTask,
  token,
} from '../make.js';
import { apply, attempt, batch, claim, eventsOf, loaded, runOf } from '../steps.js';
import { pause } from '../wait.js';

export const concurrencyCases: readonly Draft[] = [
  law('A4', 'of appends at once from one head one goes through', async (store) => {
    await racedAppends(store, [store, store, store, store]);
  }),
  law('A4', 'of appends at once through several handles one goes through', async (store, lab) => {
    await racedAppends(store, await lab.clients(6));
  }),
  law('A4', 'handles that take turns at a run build one history', async (store, lab) => {
    const clients = await lab.clients(4);
    await apply(store, insert(newRun('r'), []));
    for (let n = 0; n < 40; n++) {
      const client = clients[n % 4] ?? store;
      await apply(client, advance('r', n, [`event ${n}`], changes({ body: `after ${n}` })));
      equal(
        (await runOf(clients[(n + 1) % 4] ?? store, 'r')).body,
        `after ${n}`,
        'body, read through the next handle',
      );
    }
    const expected = Array.from({ length: 40 }, (_, n) => `event ${n}`);
    for (const client of clients) equal(await eventsOf(client, 'r'), expected, 'events, through each handle');
  }),
  law('A4', 'a handle that has not looked for long still finds its head refused', async (store, lab) => {
    const [one = store, two = store] = await lab.clients(2);
    await apply(one, insert(newRun('r'), ['one']));
    await apply(two, advance('r', 1, ['two']));
    await apply(two, advance('r', 2, ['three']));
    equal((await attempt(one, batch([advance('r', 1, ['stale'])]))).ok, false, 'an append from an old head');
    equal(
      (await attempt(one, batch([advance('r', 3, ['four'])]))).ok,
      true,
      'an append from the newest head',
    );
    equal(await eventsOf(two, 'r'), ['one', 'two', 'three', 'four'], 'events');
  }),
  law('A4', 'commits at once to different runs all go through', async (store, lab) => {
    const clients = await lab.clients(4);
    const ids = Array.from({ length: 32 }, (_, n) => `r${n}`);
    await apply(store, ...ids.map((id) => insert(newRun(id), [])));
    for (let round = 0; round < 3; round++) {
      const commits = ids.map((id, n) => attempt(clients[n % 4] ?? store, batch([advance(id, round, [id])])));
      equal((await Promise.all(commits)).filter(({ ok }) => ok).length, 32, 'appends that went through');
    }
    equal((await runOf(store, 'r31')).seq, 3, 'seq of the last run');
  }),
  law('A4', 'eight clients lose no increment of one key', async (store, lab) => {
    const clients = await lab.clients(8);
    await apply(store, putKey(newKey('count', { value: '0' })));
    const increments = clients.map(async (client) => {
      for (let done = 0; done < 6;) {
        const { value } = (await client.readKey(namespace, 'count')) ?? { value: '0' };
        const next = putKey(newKey('count', { value: String(Number(value) + 1) }));
        if ((await attempt(client, batch([next], [keyIs('count', value)]))).ok) done++;
      }
    });
    await Promise.all(increments);
    equal((await store.readKey(namespace, 'count'))?.value, '48', 'the key after 8 × 6 increments');
  }),
  law('A4', 'eight clients lose no event of one run', async (store, lab) => {
    const clients = await lab.clients(8);
    await apply(store, insert(newRun('r'), []));
    const appends = clients.map(async (client, n) => {
      for (let done = 0; done < 5;) {
        const { seq } = await runOf(client, 'r');
        if ((await attempt(client, batch([advance('r', seq, [`${n}.${done}`])]))).ok) done++;
      }
    });
    await Promise.all(appends);
    const events = await eventsOf(store, 'r');
    equal([events.length, new Set(events).size], [40, 40], 'events, and how many are different');
    for (let n = 0; n < 8; n++) {
      const own = events.filter((event) => event.startsWith(`${n}.`));
      equal(
        own,
        [0, 1, 2, 3, 4].map((done) => `${n}.${done}`),
        'events of one client, in its order',
      );
    }
  }),
  law('A4', 'a claim and a commit of the old owner never both win', async (store, lab) => {
    const [one = store, two = store] = await lab.clients(2);
    const ids = Array.from({ length: 30 }, (_, n) => `r${n}`);
    await apply(store, ...ids.flatMap((id) => [insert(newRun(id), []), putTask(newTask(id))]));
    const mine = await claim(one, 1_000);
    const [results, theirs] = await Promise.all([
      one.commit(
        mine.map((task) => batch([advance(task.runId, 0, ['mine'])], [token(task.taskId, task.token)])),
      ),
      claim(two, 9_000, { owner: 'w2' }),
    ]);
    equal([mine.length, theirs.length], [30, 30], 'tasks claimed first, and taken over');
    for (const [n, task] of mine.entries()) {
      const events = await eventsOf(store, task.runId);
      equal(events.length, results[n]?.ok === true ? 1 : 0, 'events of a run, by the result of its commit');
    }
    const late = await one.commit(mine.map((task) => batch([], [token(task.taskId, task.token)])));
    equal(late.filter(({ ok }) => ok).length, 0, 'commits of the old owner after the takeover');
  }),
  law('A5', 'a commit is read at once through the same handle', async (store) => {
    for (let n = 0; n < 20; n++) {
      await apply(store, insert(newRun(`r${n}`), [`event ${n}`]), putKey(newKey('k', { value: `${n}` })));
      equal((await loaded(store, `r${n}`)).events, [`event ${n}`], 'events just committed');
      equal((await store.readKey(namespace, 'k'))?.value, `${n}`, 'key just committed');
      equal(await store.countRuns({ namespace }), n + 1, 'runs');
    }
  }),
  law('A5', 'a commit is read at once through another handle', async (store, lab) => {
    await readElsewhere(store, await lab.open());
  }),
  law(
    'A5',
    'a commit is read at once through another connection',
    async (store, lab) => {
      const other = await lab.second();
      await readElsewhere(store, other);
      await apply(other, insert(newRun('back'), ['from the other']));
      equal(await eventsOf(store, 'back'), ['from the other'], 'events that the other connection committed');
    },
    ['second'],
  ),
  law('A1', 'nobody sees half of a batch', async (store, lab) => {
    const clients = await lab.clients(4);
    const [writer = store, ...readers] = clients;
    await apply(store, insert(newRun('a', { body: '0' }), []), insert(newRun('b', { body: '0' }), []));
    let writing = true;
    const write = async (): Promise<void> => {
      for (let n = 1; n <= 40; n++) {
        const body = changes({ body: `${n}` });
        await apply(writer, advance('a', n - 1, ['x'], body), advance('b', n - 1, ['x'], body));
      }
      writing = false;
    };
    const read = async (reader: StorageHandle): Promise<void> => {
      while (writing) {
        await pause(0); // A store whose reads take no time must not keep the writer from its turn.
        const [a, b] = await reader.loadRuns(['a', 'b'].map((runId) => ({ runId, afterSeq: 0 })));
        const seen = [a?.run.body, a?.events.length, b?.run.body, b?.events.length];
        holds(
          seen[0] === seen[2] && seen[1] === seen[3],
          'two runs of one batch, read while it is committed',
          seen,
        );
      }
    };
    await Promise.all([write(), ...readers.map(read)]);
  }),
];

async function racedAppends(store: StorageHandle, clients: readonly StorageHandle[]): Promise<void> {
  await apply(store, insert(newRun('r'), []));
  for (let seq = 0; seq < 8; seq++) {
    const appends = clients.map((client, n) =>
      attempt(client, batch([advance('r', seq, [`${seq} by ${n}`], changes({ body: `${n}` }))])),
    );
    const winners = (await Promise.all(appends)).flatMap(({ ok }, n) => (ok ? [n] : []));
    equal(winners.length, 1, `appends from head ${seq} that went through`);
    equal(
      (await runOf(store, 'r')).body,
      `${winners[0] ?? -1}`,
      'body of the run: the winner has written it',
    );
    equal((await eventsOf(store, 'r')).at(-1), `${seq} by ${winners[0] ?? -1}`, 'the newest event');
  }
}

async function readElsewhere(store: StorageHandle, other: StorageHandle): Promise<void> {
  for (let n = 0; n < 10; n++) {
    equal(await other.readRun(`r${n}`), undefined, 'a run that is not there yet');
    equal(await other.readTask(`r${n}`), undefined, 'a task that is not there yet');
    await apply(store, insert(newRun(`r${n}`), [`event ${n}`]), putTask(newTask(`r${n}`)));
    equal((await runOf(other, `r${n}`)).seq, 1, 'seq, read through another handle');
    equal(await eventsOf(other, `r${n}`), [`event ${n}`], 'events just committed through another handle');
    equal((await other.readTask(`r${n}`))?.taskId, `r${n}`, 'task just committed through another handle');
    equal(await other.countRuns({ namespace }), n + 1, 'runs, counted through another handle');
    await apply(store, advance(`r${n}`, 1, ['more']));
    equal((await runOf(other, `r${n}`)).seq, 2, 'seq, read through another handle');
  }
}
