import type { Batch } from '@perdure/core/storage';
import { law, type Draft } from '../case.js';
import { equal } from '../check.js';
import {
  advance,
  close,
  dropKey,
  dropMessages,
  dropTask,
  dropTasks,
  inboxRead,
  insert,
  keyIs,
  namespace,
  newKey,
  newMessage,
  newRun,
  newTask,
  purge,
  putKey,
  putMessage,
  putTask,
  runAt,
  runOpen,
  token,
  wake,
} from '../make.js';
import { apply, batch, eventsOf, idsOf, inboxOf, runOf } from '../steps.js';

export const batchOrderCases: readonly Draft[] = [
  law('A3', 'a later batch of a call sees the earlier ones', async (store) => {
    const results = await store.commit([
      batch([insert(newRun('r')), putTask(newTask('r', { token: 4 })), putKey(newKey('k', { value: '1' }))]),
      batch([advance('r', 1, ['two'])], [runOpen('r'), runAt('r', 1), token('r', 4), keyIs('k', '1')]),
      batch([putKey(newKey('k', { value: '2' })), dropTask('r')], [runAt('r', 2)]),
      batch([close('r', 2)], [keyIs('k', '2')]),
      batch([], [runOpen('r')]),
      batch([], [token('r', 4)]),
      batch([purge('r')], [runAt('r', 3)]),
      batch([insert(newRun('r'), [])]),
    ]);
    equal(
      results.map(({ ok }) => ok),
      [true, true, true, true, false, false, true, true],
      'eight batches that build on one another',
    );
    equal((await runOf(store, 'r')).seq, 0, 'seq of the run that was put in place of the purged one');
  }),
  law('A3', 'a later batch of a call sees the messages of the earlier ones', async (store) => {
    const results = await store.commit([
      batch([], [inboxRead('r', 0)]),
      batch([putMessage(newMessage('r', 'm'))]),
      batch([], [inboxRead('r', 0)]),
      batch([dropMessages('r', Number.MAX_SAFE_INTEGER)]),
      batch([], [inboxRead('r', 0)]),
    ]);
    equal(
      results.map(({ ok }) => ok),
      [true, true, false, true, true],
      'five batches about one inbox',
    );
  }),
  law('A3', 'the writes of a batch are applied in order', async (store) => {
    await apply(
      store,
      putTask(newTask('t', { visibleAt: 50, body: 'one' })),
      wake('t', 10),
      putTask(newTask('t', { visibleAt: 70, body: 'two' })),
      wake('t', 60),
      putTask(newTask('u')),
      dropTask('u'),
      dropTask('v'),
      putTask(newTask('v')),
      dropTasks('w'),
      putTask(newTask('w')),
      putTask(newTask('x')),
      dropTasks('x'),
    );
    equal(await store.readTask('t'), newTask('t', { visibleAt: 60, body: 'two' }), 'put, woken, put, woken');
    equal(await store.readTask('u'), undefined, 'put and dropped');
    equal((await store.readTask('v'))?.taskId, 'v', 'dropped and put');
    equal((await store.readTask('w'))?.taskId, 'w', 'all of its run dropped, and put');
    equal(await store.readTask('x'), undefined, 'put, and all of its run dropped');
  }),
  law('A3', 'keys of a batch are written in order', async (store) => {
    await apply(
      store,
      putKey(newKey('k', { value: '1' })),
      putKey(newKey('k', { value: '2' })),
      putKey(newKey('l')),
      dropKey('l'),
      dropKey('m'),
      putKey(newKey('m')),
    );
    equal((await store.readKey(namespace, 'k'))?.value, '2', 'put twice');
    equal(await store.readKey(namespace, 'l'), undefined, 'put and dropped');
    equal((await store.readKey(namespace, 'm'))?.value, 'value', 'dropped and put');
  }),
  law('A3', 'a purge in a batch spares what the batch puts after it', async (store) => {
    await apply(
      store,
      insert(newRun('r'), ['one']),
      putTask(newTask('r/1', { runId: 'r' })),
      putMessage(newMessage('r', 'm1')),
      putKey(newKey('k')),
    );
    await apply(
      store,
      purge('r'),
      insert(newRun('r', { body: 'second life' }), ['anew']),
      putTask(newTask('r', { body: 'second life' })),
      putMessage(newMessage('r', 'm1', { body: 'second life' })),
      putKey(newKey('k', { value: 'second life' })),
    );
    equal(await eventsOf(store, 'r'), ['anew'], 'events');
    const { seq, version, historyBytes, body } = await runOf(store, 'r');
    equal(
      { seq, version, historyBytes, body },
      { seq: 1, version: 1, historyBytes: 4, body: 'second life' },
      'run',
    );
    equal(await store.readTasks('r'), [newTask('r', { body: 'second life' })], 'tasks');
    equal(
      (await inboxOf(store, 'r')).map(({ body: text }) => text),
      ['second life'],
      'messages',
    );
    equal((await store.readKey(namespace, 'k'))?.value, 'second life', 'key');
  }),
  law('A3', 'hundreds of batches of a call keep their order', async (store) => {
    await apply(store, insert(newRun('r'), []));
    const batches: Batch[] = Array.from({ length: 300 }, (_, n) => batch([advance('r', n, [`event ${n}`])]));
    const results = await store.commit(batches);
    equal(results.length, 300, 'results');
    equal(results.filter(({ ok }) => !ok).length, 0, 'batches refused');
    const events = await eventsOf(store, 'r');
    equal([events.length, events[0], events[299]], [300, 'event 0', 'event 299'], 'events');
    equal((await runOf(store, 'r')).version, 301, 'version');
  }),
  law('A2', 'batches of hundreds of runs share a call', async (store) => {
    const ids = Array.from({ length: 300 }, (_, n) => `r${n}`);
    const results = await store.commit(
      ids.map((id) => batch([insert(newRun(id), [id]), putTask(newTask(id))])),
    );
    equal(results.filter(({ ok }) => ok).length, 300, 'batches applied');
    const loaded = await store.loadRuns(ids.map((runId) => ({ runId, afterSeq: 0 })));
    equal(
      loaded.map((run) => run?.events[0]),
      ids,
      'first event of each run',
    );
    equal(idsOf(await store.readTasks('r299')), ['r299'], 'tasks of the last');
  }),
];
