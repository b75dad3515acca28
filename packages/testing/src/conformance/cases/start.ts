import { NEVER } from '@perdure/core/storage';
import { law, type Draft } from '../case.js';
import { equal, holds } from '../check.js';
import {
  advance,
  amend,
  close,
  dropKey,
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
} from '../make.js';
import {
  apply,
  applies,
  asRecord,
  attempt,
  batch,
  claim,
  eventsOf,
  everyPage,
  idsOf,
  inboxOf,
  refuses,
  runOf,
  stateOf,
} from '../steps.js';

/** A start as an engine makes it: the name must be free. */
const start = (runId: string, key: string) =>
  batch(
    [
      insert(newRun(runId, { workflowId: key })),
      putTask(newTask(runId)),
      putKey(newKey(key, { value: runId, runId })),
      putMessage(newMessage(runId, 'first signal')),
    ],
    [keyIs(key, null)],
  );

export const startCases: readonly Draft[] = [
  law('A5', 'a new run is read as it was given, and what the store keeps is filled in', async (store) => {
    const run = newRun('r', {
      workflowId: 'order-1',
      runNumber: 7,
      workflowType: 'Order',
      taskQueue: 'slow',
      startedAt: 1_234,
      start: '{"input":1}',
      status: 'pending',
      isCurrent: false,
      buildId: 'b1',
      progressAt: 4_321,
      body: '{"projection":1}',
    });
    await apply(store, insert(run, ['one', 'three']));
    equal(await store.readRun('r'), asRecord(run, ['one', 'three'], 1), 'the run');
    equal(await eventsOf(store, 'r'), ['one', 'three'], 'its events');
  }),
  law('A7', 'a run without events is at seq 0', async (store) => {
    const run = newRun('r');
    await apply(store, insert(run, []));
    equal(await store.readRun('r'), asRecord(run, [], 1), 'the run');
    equal(await eventsOf(store, 'r'), [], 'its events');
    await apply(store, advance('r', 0));
    equal((await runOf(store, 'r')).seq, 1, 'its seq after the first event');
  }),
  law('O1', 'the least and the greatest moments are kept', async (store) => {
    const late = newRun('late', { startedAt: NEVER, progressAt: NEVER, closedAt: NEVER, runNumber: NEVER });
    const early = newRun('early', { startedAt: 0, progressAt: 0, closedAt: 0, runNumber: 1 });
    await apply(store, insert(late), insert(early));
    equal(await store.readRun('late'), asRecord(late, ['started'], 1), 'a run of the greatest moments');
    equal(await store.readRun('early'), asRecord(early, ['started'], 1), 'a run of moment 0');
  }),
  law('A1', 'a run id that is known is refused, and its run stays as it was', async (store) => {
    await apply(store, insert(newRun('r'), ['one']));
    const before = await stateOf(store, ['r']);
    const again = batch([insert(newRun('r', { body: 'other', startedAt: 5 }), ['other', 'events'])]);
    await refuses(store, again, 'run-exists', 'writes', 0, 'a second run of one id');
    equal(await stateOf(store, ['r']), before, 'the first run, after the refusal');
  }),
  law('A1', 'a run id is known after its run has closed', async (store) => {
    await apply(store, insert(newRun('r')), close('r', 1));
    await refuses(
      store,
      batch([insert(newRun('r'))]),
      'run-exists',
      'writes',
      0,
      'a second run of a closed id',
    );
  }),
  law('A1', 'a run id is known in every namespace', async (store) => {
    await apply(store, insert(newRun('r')));
    const elsewhere = batch([insert(newRun('r', { namespace: 'other' }))]);
    await refuses(store, elsewhere, 'run-exists', 'writes', 0, 'the same run id in another namespace');
    equal((await runOf(store, 'r')).namespace, namespace, 'namespace of the run');
  }),
  law('A1', 'the same run twice in one batch is refused at the second', async (store) => {
    const twice = batch([insert(newRun('r')), putTask(newTask('r')), insert(newRun('r'))]);
    await refuses(store, twice, 'run-exists', 'writes', 2, 'one run id twice in a batch');
    equal(await store.readRun('r'), undefined, 'the run, after the refusal');
  }),
  law('A1', 'run, task, key and first message appear together', async (store) => {
    await applies(store, start('r', 'k'), 'a start');
    equal((await runOf(store, 'r')).version, 1, 'version of the run');
    equal(idsOf(await store.readTasks('r')), ['r'], 'its tasks');
    equal(await store.readKey(namespace, 'k'), newKey('k', { value: 'r', runId: 'r' }), 'the key');
    equal((await inboxOf(store, 'r')).length, 1, 'messages in its inbox');
  }),
  law('A1', 'a start whose name is taken leaves nothing behind', async (store) => {
    await applies(store, start('r', 'k'), 'the first start');
    const before = await stateOf(store, ['r', 's'], ['k']);
    await refuses(store, start('s', 'k'), 'key', 'expect', 0, 'a start under a name that is taken');
    equal(await stateOf(store, ['r', 's'], ['k']), before, 'the store, after the refusal');
    equal(await inboxOf(store, 's'), [], 'inbox of the run that was not started');
  }),
  law('A1', 'a run may begin closed, and takes no events', async (store) => {
    await apply(store, insert(newRun('r', { status: 'failed', closedAt: 1_000 })));
    await refuses(
      store,
      batch([advance('r', 1)]),
      'run-closed',
      'writes',
      0,
      'an event for a run that began closed',
    );
  }),
  law('A3', 'a run takes events and messages in the batch that makes it', async (store) => {
    await apply(
      store,
      insert(newRun('r'), ['one']),
      putMessage(newMessage('r', 'm')),
      advance('r', 1, ['two']),
    );
    equal(await eventsOf(store, 'r'), ['one', 'two'], 'its events');
    equal((await runOf(store, 'r')).version, 2, 'its version: two writes touched it');
    equal((await inboxOf(store, 'r')).length, 1, 'messages in its inbox');
  }),
  law('A4', '50 starts at once under one name make one run', async (store) => {
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, n) => attempt(store, start(`r${n}`, 'k'))),
    );
    equal(results.filter(({ ok }) => ok).length, 1, 'starts that went through');
    equal(await store.countRuns({ namespace }), 1, 'runs');
  }),
  law('A4', '50 starts at once through several handles make one run', async (_store, lab) => {
    const clients = await lab.clients(5);
    const starts = Array.from({ length: 50 }, (_, n) =>
      attempt(clients[n % 5] ?? _store, start(`r${n}`, 'k')),
    );
    equal((await Promise.all(starts)).filter(({ ok }) => ok).length, 1, 'starts that went through');
    const [run] = await _store.listRuns({ namespace }, everyPage);
    equal((await _store.readKey(namespace, 'k'))?.value, run?.runId, 'the run that the name leads to');
    equal(await _store.countRuns({ namespace }), 1, 'runs');
  }),
  law('A4', '50 starts at once under names of their own make 50 runs', async (_store, lab) => {
    const clients = await lab.clients(4);
    const starts = Array.from({ length: 50 }, (_, n) =>
      attempt(clients[n % 4] ?? _store, start(`r${n}`, `k${n}`)),
    );
    equal((await Promise.all(starts)).filter(({ ok }) => ok).length, 50, 'starts that went through');
    equal(await _store.countRuns({ namespace }), 50, 'runs');
  }),
  law('A2', 'a start that is refused does not disturb the starts beside it', async (store) => {
    await applies(store, start('r', 'k'), 'the first start');
    const results = await store.commit([start('s', 'l'), start('t', 'k'), start('u', 'm')]);
    equal(
      results.map(({ ok }) => ok),
      [true, false, true],
      'three starts, the second under a name that is taken',
    );
    equal(await store.countRuns({ namespace }), 3, 'runs');
  }),
  law('A3', 'a name can be handed on within one call', async (store) => {
    const handOn = (from: string, to: string) =>
      batch([insert(newRun(to)), putKey(newKey('k', { value: to, runId: to }))], [keyIs('k', from)]);
    const results = await store.commit([
      start('a', 'k'),
      handOn('a', 'b'),
      handOn('a', 'c'),
      handOn('b', 'd'),
    ]);
    equal(
      results.map(({ ok }) => ok),
      [true, true, false, true],
      'four batches that hand one name on; the third expects an owner that was replaced',
    );
    equal((await store.readKey(namespace, 'k'))?.value, 'd', 'owner of the name');
  }),
  law('C1', 'a delayed start waits for its moment', async (store) => {
    await apply(store, insert(newRun('r')), putTask(newTask('r', { visibleAt: 2_000 })));
    equal(await claim(store, 1_999), [], 'claimed one millisecond before');
    equal(idsOf(await claim(store, 2_000)), ['r'], 'claimed at the moment');
  }),
  law('A5', 'keys of one name in two namespaces are two', async (store) => {
    await apply(store, putKey(newKey('k')), putKey(newKey('k', { namespace: 'other', value: 'other' })));
    equal((await store.readKey(namespace, 'k'))?.value, 'value', 'the key in the first namespace');
    equal((await store.readKey('other', 'k'))?.value, 'other', 'the key in the other');
    await apply(store, dropKey('k'));
    equal(await store.readKey(namespace, 'k'), undefined, 'the key that was dropped');
    equal((await store.readKey('other', 'k'))?.value, 'other', 'the key in the other namespace');
  }),
  law('A5', 'runs of one workflow id in two namespaces are apart', async (store) => {
    await apply(
      store,
      insert(newRun('r', { workflowId: 'w' })),
      insert(newRun('s', { workflowId: 'w', namespace: 'other' })),
    );
    const list = await store.listRuns({ namespace: 'other', workflowId: 'w' }, everyPage);
    equal(
      list.map(({ runId }) => runId),
      ['s'],
      'runs of the other namespace',
    );
  }),
  law('O1', 'namespaces and keys that end in one another are not taken for one another', async (store) => {
    const keys: readonly (readonly [string, string])[] = [
      ['a', 'b:c'],
      ['a:b', 'c'],
      ['a/b', 'c'],
      ['a', 'b/c'],
      ['a,b', 'c'],
      ['a', 'b,c'],
      ['a\u0001b', 'c'],
      ['a', 'b\u0001c'],
      ['', 'abc'],
      ['abc', ''],
    ];
    const put = keys.map(([inNamespace, key], n) =>
      putKey(newKey(key, { namespace: inNamespace, value: `${n}` })),
    );
    await apply(store, ...put);
    for (const [n, [inNamespace, key]] of keys.entries()) {
      const record = await store.readKey(inNamespace, key);
      equal(record, newKey(key, { namespace: inNamespace, value: `${n}` }), 'a key');
    }
  }),
  law('O1', 'run ids that look alike are different runs', async (store) => {
    const ids = [
      'a',
      'a:b',
      'a%',
      'a_',
      'A',
      'a/b',
      'a/',
      'a ',
      ' a',
      'a.b',
      'ab',
      'á',
      'a\u0301',
      '%',
      '_',
      '*',
      '?',
    ];
    for (const id of ids) await apply(store, insert(newRun(id), [`event of ${id}`]), putTask(newTask(id)));
    for (const id of ids) {
      equal((await runOf(store, id)).workflowId, `workflow of ${id}`, 'workflow id of a run');
      equal(await eventsOf(store, id), [`event of ${id}`], 'events of a run');
      equal(idsOf(await store.readTasks(id)), [id], 'tasks of a run');
    }
  }),
  law('A3', 'a key is replaced whole, its run too', async (store) => {
    await apply(store, putKey(newKey('k', { value: 'one', runId: 'r' })));
    await apply(store, putKey(newKey('k', { value: 'two', runId: 's' })));
    equal(await store.readKey(namespace, 'k'), newKey('k', { value: 'two', runId: 's' }), 'the key');
  }),
  law('A3', 'a key that was dropped can be put again', async (store) => {
    await apply(store, dropKey('unknown'), putKey(newKey('k')), dropKey('k'));
    equal(await store.readKey(namespace, 'k'), undefined, 'the key, put and dropped in one batch');
    await applies(
      store,
      batch([putKey(newKey('k', { value: 'again' }))], [keyIs('k', null)]),
      'putting it again',
    );
    equal((await store.readKey(namespace, 'k'))?.value, 'again', 'its value');
  }),
  law('A5', 'amending a run does not need a task, a key or an event of it', async (store) => {
    await apply(store, insert(newRun('r'), []), amend('r', { body: 'amended' }));
    const run = await runOf(store, 'r');
    holds(
      run.body === 'amended' && run.seq === 0 && run.version === 2,
      'a run amended right after its start',
      run,
    );
  }),
];
