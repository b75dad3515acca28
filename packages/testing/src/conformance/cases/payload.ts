import { NEVER, type StorageHandle } from '@perdure/core/storage';
import { law, type Draft } from '../case.js';
import { equal } from '../check.js';
import {
  advance,
  amend,
  changes,
  insert,
  keyIs,
  namespace,
  newKey,
  newMessage,
  newRun,
  newTask,
  putKey,
  putMessage,
  putTask,
  runAt,
  token,
  want,
} from '../make.js';
import {
  apply,
  applies,
  asRecord,
  attempt,
  batch,
  claim,
  claimOne,
  eventsOf,
  everyPage,
  idsOf,
  inboxOf,
  loaded,
  runOf,
} from '../steps.js';
import { bodies, ids } from './strings.js';

/** Through everything that has a body, and back, in one handle and in another. */
async function roundTrip(store: StorageHandle, other: StorageHandle, text: string): Promise<void> {
  const run = newRun('r', { start: text, body: text });
  const task = newTask('r', { body: text });
  const message = newMessage('r', 'm', { body: text });
  const key = newKey('k', { value: text });
  await apply(store, insert(run, [text, 'between', text]), putTask(task), putMessage(message), putKey(key));
  for (const reader of [store, other]) {
    equal(await reader.readRun('r'), asRecord(run, [text, 'between', text], 1), 'start and body of a run');
    equal(await eventsOf(reader, 'r'), [text, 'between', text], 'events');
    equal(await reader.readTask('r'), task, 'body of a task');
    equal((await inboxOf(reader, 'r'))[0]?.body, text, 'body of a message');
    equal(await reader.readKey(namespace, 'k'), key, 'value of a key');
  }
  await apply(store, advance('r', 3, [text], changes({ body: `${text}!` })));
  const { run: later, events } = await loaded(other, 'r', 3);
  equal([later.body, events], [`${text}!`, [text]], 'body and event after one more');
  await applies(store, batch([], [keyIs('k', text)]), 'the value of the key, as an expectation');
}

const bodyCases = Object.entries(bodies).map(([title, text]) =>
  law('O1', `a body of ${title} comes back`, async (store, lab) => {
    await roundTrip(store, await lab.open(), text);
  }),
);

export const payloadCases: readonly Draft[] = [
  ...bodyCases,
  law('O1', 'a body of a million characters comes back', async (store, lab) => {
    const text = 'abcdefghij'.repeat(100_000);
    await roundTrip(store, await lab.open(), text);
  }),
  law('O1', 'a body of two million bytes that are few characters comes back', async (store) => {
    const text = '\u{1f600}é'.repeat(350_000);
    await apply(store, insert(newRun('r', { body: text }), [text]));
    const run = await runOf(store, 'r');
    equal([run.body === text, run.historyBytes], [true, 1_050_000], 'body as it was, and historyBytes');
    equal((await eventsOf(store, 'r'))[0] === text, true, 'event as it was');
  }),
  law('O1', 'bodies of every length around a power of two come back', async (store) => {
    const lengths = [
      0, 1, 2, 127, 128, 255, 256, 1_023, 1_024, 1_025, 4_095, 4_096, 8_191, 8_193, 65_535, 65_537,
    ];
    await apply(store, insert(newRun('r'), []));
    const texts = lengths.map((length) => 'é'.repeat(length));
    for (const [seq, text] of texts.entries()) {
      const task = newTask(`r/${seq}`, { runId: 'r', body: text });
      await apply(store, advance('r', seq, [text], changes({ body: text })), putTask(task));
      equal((await runOf(store, 'r')).body, text, 'body of the run');
    }
    equal(await eventsOf(store, 'r'), texts, 'events');
    for (const [seq, text] of texts.entries())
      equal((await store.readTask(`r/${seq}`))?.body, text, 'body of a task');
  }),
  law('O1', 'empty events are events', async (store, lab) => {
    await apply(store, insert(newRun('r'), ['', '', 'x', '']));
    await apply(store, advance('r', 4, ['']));
    await apply(store, advance('r', 5, ['', '']));
    const expected = ['', '', 'x', '', '', '', ''];
    equal(await eventsOf(store, 'r'), expected, 'events');
    equal((await loaded(await lab.open(), 'r', 3)).events, expected.slice(3), 'events after 3');
    const { seq, historyBytes } = await runOf(store, 'r');
    equal([seq, historyBytes], [7, 1], 'seq and historyBytes');
  }),
  law(
    'O1',
    'every body comes back after a reopening',
    async (store, lab) => {
      const texts = Object.values(bodies);
      await apply(store, insert(newRun('r'), texts));
      await apply(store, ...texts.map((text, n) => putMessage(newMessage('r', `${n}`, { body: text }))));
      const again = await lab.reopen();
      equal(await eventsOf(again, 'r'), texts, 'events');
      equal(
        (await inboxOf(again, 'r')).map(({ body }) => body),
        texts,
        'bodies of messages',
      );
    },
    ['reopen'],
  ),
  law('O1', 'run ids of every kind lead to their runs', async (store) => {
    await apply(store, ...ids.map((id, n) => insert(newRun(id, { startedAt: n, workflowId: id }), [`${n}`])));
    for (const [n, id] of ids.entries()) {
      equal((await loaded(store, id)).events, [`${n}`], 'events of a run');
      await applies(store, batch([advance(id, 1, ['more'])], [runAt(id, 1)]), 'its next event');
      equal((await runOf(store, id)).runId, id, 'its id');
    }
    const list = await store.listRuns({ namespace }, everyPage);
    equal(
      list.map(({ runId }) => runId),
      [...ids].reverse(),
      'the list',
    );
    for (const id of ids)
      equal(await store.countRuns({ namespace, workflowId: id }), 1, 'runs of a workflow id');
  }),
  law('O1', 'task ids of every kind lead to their tasks', async (store) => {
    await apply(store, ...ids.map((id) => putTask(newTask(id, { runId: 'r', body: id }))));
    equal(idsOf(await store.readTasks('r')), [...ids].sort(), 'tasks of the run');
    equal(idsOf(await claim(store, 1_000, { wants: [want({ limit: 1_000 })] })), [...ids].sort(), 'claimed');
    for (const id of ids) {
      equal((await store.readTask(id))?.body, id, 'body of a task');
      await applies(store, batch([], [token(id, 1)]), 'its token');
    }
  }),
  law('O1', 'namespaces, queues and types of every kind are told apart', async (store) => {
    await apply(
      store,
      ...ids.map((name, n) =>
        putTask(newTask(`t${n}`, { namespace: name, queue: name, type: name, runId: name })),
      ),
    );
    for (const [n, name] of ids.entries()) {
      const request = { namespace: name, wants: [want({ queues: [name], types: [name] })] };
      equal((await store.nextWakeAt(request)) === null, false, 'nextWakeAt must not be null');
      equal(idsOf(await claim(store, 1_000, request)), [`t${n}`], 'claimed');
      equal(idsOf(await store.readTasks(name)), [`t${n}`], 'tasks of the run of that name');
    }
  }),
  law('O1', 'build ids, fairness keys and owners of every kind come back', async (store) => {
    for (const [n, name] of ids.entries()) {
      const put = newTask(`t${n}`, { buildId: name, fairnessKey: name });
      await apply(store, putTask(put));
      const task = await claimOne(store, 1_000, { buildId: name, owner: name });
      const leased = { ...put, attempt: 1, token: 1, leaseOwner: name, leaseUntil: 1_100 };
      equal(task, leased, 'the task');
      equal(await store.releaseLeases(name), 1, 'leases of that owner');
      await apply(store, { kind: 'drop-task', taskId: `t${n}` });
    }
  }),
  law('O1', 'keys of every kind are told apart', async (store) => {
    await apply(store, ...ids.map((id, n) => putKey(newKey(id, { value: `${n}`, runId: id }))));
    for (const [n, id] of ids.entries()) {
      equal(await store.readKey(namespace, id), newKey(id, { value: `${n}`, runId: id }), 'a key');
      await applies(store, batch([], [keyIs(id, `${n}`), keyIs(id, null, 'other')]), 'as an expectation');
    }
  }),
  law('O1', 'message ids and kinds of every kind are told apart', async (store) => {
    await apply(store, ...ids.map((id) => putMessage(newMessage('r', id, { kind: id, body: id }))));
    await apply(store, ...ids.map((id) => putMessage(newMessage('r', id, { kind: id, body: 'duplicate' }))));
    const seen = (await inboxOf(store, 'r')).map(({ kind, messageId, body }) => [kind, messageId, body]);
    equal(
      seen,
      ids.map((id) => [id, id, id]),
      'kind, id and body of each message',
    );
  }),
  law('O1', 'the last integer is kept in every number', async (store) => {
    const numbers = {
      visibleAt: NEVER,
      leaseUntil: NEVER,
      attempt: NEVER,
      token: NEVER - 1,
      leaseOwner: 'w',
    };
    const task = newTask('t', numbers);
    await apply(store, putTask(task), putMessage(newMessage('r', 'm', { at: NEVER })));
    equal(await store.readTask('t'), task, 'the task');
    equal((await inboxOf(store, 'r'))[0]?.at, NEVER, 'moment of the message');
    await applies(store, batch([], [token('t', NEVER - 1)]), 'its token');
  }),
  law('O1', 'a weight need not be an integer', async (store) => {
    for (const fairnessWeight of [0, 0.1, 1 / 3, 1.5, 1_000_000.25]) {
      await apply(store, putTask(newTask('t', { fairnessWeight })));
      equal((await store.readTask('t'))?.fairnessWeight, fairnessWeight, 'fairnessWeight');
    }
  }),
  law('O1', 'null, the empty string and 0 are three things', async (store) => {
    await apply(store, insert(newRun('r', { buildId: '', closedAt: null, start: '', body: '' })));
    const first = await runOf(store, 'r');
    equal([first.buildId, first.closedAt, first.start, first.body], ['', null, '', ''], 'of a run');
    await apply(store, amend('r', { buildId: null, closedAt: 0 }));
    const second = await runOf(store, 'r');
    equal([second.buildId, second.closedAt, second.start], [null, 0, ''], 'of the amended run');
    await apply(store, putTask(newTask('t', { buildId: '', leaseOwner: '' })));
    const task = await store.readTask('t');
    equal([task?.buildId, task?.leaseOwner], ['', ''], 'of a task');
  }),
  law('O1', 'records of large and small bodies mixed come back in their places', async (store) => {
    const text = (n: number): string => `${n}:${'x'.repeat(n % 5 === 0 ? 50_000 : n)}`;
    await apply(store, insert(newRun('r'), []));
    for (let n = 0; n < 40; n++) {
      const result = await attempt(store, batch([advance('r', n, [text(n)], changes({ body: text(n) }))]));
      equal(result, { ok: true }, 'an append');
    }
    equal(
      await eventsOf(store, 'r'),
      Array.from({ length: 40 }, (_, n) => text(n)),
      'events',
    );
    equal(
      await store.readEvents('r', { from: 18, limit: 5 }),
      [17, 18, 19, 20, 21].map((n) => text(n)),
      'five events from 18 on',
    );
  }),
];
