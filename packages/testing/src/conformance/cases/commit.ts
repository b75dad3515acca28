import type { Write } from '@perdure/core/storage';
import { law, type Draft } from '../case.js';
import { equal } from '../check.js';
import {
  advance,
  amend,
  changes,
  dropKey,
  dropMessages,
  dropTask,
  dropTasks,
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
  wake,
} from '../make.js';
import { applies, apply, batch, eventsOf, inboxOf, refuses, runOf, stateOf, taskOf } from '../steps.js';

const runs = ['r', 's', 'gone', 'new'];
const keys = ['k', 'l', 'new'];

const before: readonly Write[] = [
  insert(newRun('r'), ['one']),
  insert(newRun('s'), ['one']),
  insert(newRun('gone'), ['one']),
  putTask(newTask('r')),
  putTask(newTask('r/1', { runId: 'r', visibleAt: 9_000 })),
  putTask(newTask('s')),
  putTask(newTask('s/1', { runId: 's' })),
  putTask(newTask('gone')),
  putMessage(newMessage('r', 'm1')),
  putMessage(newMessage('gone', 'm1')),
  putKey(newKey('k')),
  putKey(newKey('l', { runId: 'gone' })),
];

/** Every kind of write at once. */
const everything: readonly Write[] = [
  insert(newRun('new'), ['first', 'second']),
  advance('r', 1, ['two', 'three'], changes({ status: 'waiting', body: 'moved' })),
  amend('s', { body: 'amended' }),
  putTask(newTask('new')),
  putTask(newTask('r', { body: 'replaced' })),
  wake('r/1', 10),
  dropTask('s'),
  dropTasks('s'),
  putMessage(newMessage('new', 'm1')),
  putMessage(newMessage('r', 'm2')),
  dropMessages('r', 0),
  putKey(newKey('new', { runId: 'new' })),
  dropKey('k'),
  purge('gone'),
];

export const commitCases: readonly Draft[] = [
  law('A1', 'a batch of every kind of write is applied whole', async (store) => {
    await apply(store, ...before);
    await apply(store, ...everything);
    equal(await eventsOf(store, 'new'), ['first', 'second'], 'events of the new run');
    equal(await eventsOf(store, 'r'), ['one', 'two', 'three'], 'events of the run that moved');
    equal((await runOf(store, 'r')).status, 'waiting', 'its status');
    equal((await runOf(store, 's')).body, 'amended', 'body of the amended run');
    equal((await taskOf(store, 'r')).body, 'replaced', 'body of the replaced task');
    equal((await taskOf(store, 'r/1')).visibleAt, 10, 'moment of the task that was woken');
    equal(await store.readTasks('s'), [], 'tasks that were dropped');
    equal((await inboxOf(store, 'new')).length, 1, 'messages of the new run');
    equal((await inboxOf(store, 'r')).length, 2, 'messages of the run that moved');
    equal(await store.readKey(namespace, 'k'), undefined, 'the key that was dropped');
    equal((await store.readKey(namespace, 'new'))?.runId, 'new', 'run of the new key');
    equal(await store.readRun('gone'), undefined, 'the run that was purged');
    equal(await store.countRuns({ namespace }), 3, 'runs');
  }),
  law('A1', 'a batch that its last write refuses leaves no trace of any', async (store) => {
    await apply(store, ...before);
    const state = await stateOf(store, runs, keys);
    const refused = batch([...everything, advance('r', 1, ['again'])]);
    await refuses(store, refused, 'run-moved', 'writes', everything.length, 'a batch with a bad last write');
    equal(await stateOf(store, runs, keys), state, 'the store, after the refusal');
  }),
  law('A1', 'a batch that an expectation refuses leaves no trace', async (store) => {
    await apply(store, ...before);
    const state = await stateOf(store, runs, keys);
    await refuses(store, batch(everything, [runAt('r', 1), runAt('s', 9)]), 'run-at', 'expect', 1, 'a batch');
    equal(await stateOf(store, runs, keys), state, 'the store, after the refusal');
  }),
  law(
    'A1',
    'a refused batch leaves no trace for those who open the store later',
    async (store, lab) => {
      await apply(store, ...before);
      const state = await stateOf(store, runs, keys);
      await store.commit([batch([...everything, advance('s', 7)]), batch(everything, [runOpen('unknown')])]);
      equal(
        await stateOf(await lab.reopen(), runs, keys),
        state,
        'the store, after the refusal and a reopening',
      );
    },
    ['reopen'],
  ),
  law('A1', 'what a refused batch would have put can be put after it', async (store) => {
    const task = newTask('r', { body: 'later' });
    const refused = batch([
      insert(newRun('r')),
      putTask(newTask('r')),
      putMessage(newMessage('r', 'm')),
      amend('x'),
    ]);
    await refuses(store, refused, 'run-unknown', 'writes', 3, 'a batch that amends an unknown run');
    await apply(store, insert(newRun('r'), ['later']), putTask(task), putMessage(newMessage('r', 'm')));
    equal(await eventsOf(store, 'r'), ['later'], 'events');
    equal(await store.readTasks('r'), [task], 'tasks');
    equal((await inboxOf(store, 'r')).length, 1, 'messages');
  }),
  law('A2', 'a refused batch neither aborts nor reorders its neighbours', async (store) => {
    await apply(store, insert(newRun('r'), []));
    const results = await store.commit([
      batch([advance('r', 0, ['a'])]),
      batch([advance('r', 0, ['refused'])]),
      batch([advance('r', 1, ['b'])]),
      batch([advance('r', 2, ['refused'])], [keyIs('k', 'unknown')]),
      batch([advance('r', 2, ['c'])]),
    ]);
    const moved = { ok: false, refusal: { reason: 'run-moved', of: 'writes', index: 0 } };
    const key = { ok: false, refusal: { reason: 'key', of: 'expect', index: 0 } };
    equal(results, [{ ok: true }, moved, { ok: true }, key, { ok: true }], 'five results');
    equal(await eventsOf(store, 'r'), ['a', 'b', 'c'], 'events');
  }),
  law('A2', 'a call whose first batch is refused applies the others', async (store) => {
    const results = await store.commit([batch([amend('x')]), batch([insert(newRun('r'))])]);
    equal(
      results.map(({ ok }) => ok),
      [false, true],
      'results',
    );
    equal((await runOf(store, 'r')).seq, 1, 'seq of the run of the second batch');
  }),
  law('A2', 'a call whose last batch is refused applies the others', async (store) => {
    const results = await store.commit([batch([insert(newRun('r'))]), batch([amend('x')])]);
    equal(
      results.map(({ ok }) => ok),
      [true, false],
      'results',
    );
    equal((await runOf(store, 'r')).seq, 1, 'seq of the run of the first batch');
  }),
  law('A2', 'a call whose batches are all refused says so for each', async (store) => {
    const one = batch([insert(newRun('r')), amend('x')]);
    const refused = { ok: false, refusal: { reason: 'run-unknown', of: 'writes', index: 1 } };
    equal(await store.commit([one, one, one]), [refused, refused, refused], 'results');
    equal(await store.readRun('r'), undefined, 'the run');
  }),
  law('A1', 'no batches, no results', async (store) => {
    equal(await store.commit([]), [], 'a commit of nothing');
  }),
  law('A1', 'an empty batch is applied', async (store) => {
    equal(await store.commit([batch([]), batch([])]), [{ ok: true }, { ok: true }], 'two empty batches');
  }),
  law('A1', 'a batch that only asks is answered', async (store) => {
    await apply(store, insert(newRun('r')));
    await applies(store, batch([], [runOpen('r'), runAt('r', 1)]), 'expectations that hold');
    await refuses(
      store,
      batch([], [runOpen('r'), runAt('r', 2)]),
      'run-at',
      'expect',
      1,
      'one that does not',
    );
    equal((await runOf(store, 'r')).version, 1, 'version of the run: asking writes nothing');
  }),
  law('A1', 'dropping what is not there is no reason to refuse', async (store) => {
    await apply(
      store,
      dropTask('unknown'),
      dropTasks('unknown'),
      wake('unknown', 1),
      dropMessages('unknown', 5),
      dropKey('unknown'),
      purge('unknown'),
    );
    equal(await store.readTask('unknown'), undefined, 'the task that was woken without being there');
  }),
  law('A1', 'tasks, messages and keys need no run', async (store) => {
    await apply(
      store,
      putTask(newTask('t')),
      putMessage(newMessage('r', 'm')),
      putKey(newKey('k', { runId: 'r' })),
    );
    equal((await taskOf(store, 't')).runId, 't', 'run of the task');
    equal((await inboxOf(store, 'r')).length, 1, 'messages');
    await apply(store, insert(newRun('r')));
    equal((await inboxOf(store, 'r')).length, 1, 'messages when the run has come');
  }),
];
