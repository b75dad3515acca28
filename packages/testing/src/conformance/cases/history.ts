import { law, type Draft } from '../case.js';
import { equal, holds } from '../check.js';
import {
  advance,
  amend,
  changes,
  close,
  insert,
  newMessage,
  newRun,
  newTask,
  putMessage,
  putTask,
} from '../make.js';
import { applies, apply, asRecord, attempt, batch, eventsOf, refuses, runOf, stateOf } from '../steps.js';

/** What the store keeps of a run by itself. */
export const historyCases: readonly Draft[] = [
  law('A7', 'events are appended behind one another', async (store) => {
    await apply(store, insert(newRun('r'), ['one']));
    await apply(store, advance('r', 1, ['two', 'three']));
    await apply(store, advance('r', 3, ['four']));
    equal(await eventsOf(store, 'r'), ['one', 'two', 'three', 'four'], 'events');
    equal((await runOf(store, 'r')).seq, 4, 'seq');
  }),
  law('A7', 'an append of a seq that is taken is refused, and overwrites nothing', async (store) => {
    await apply(store, insert(newRun('r'), ['one', 'two']));
    const state = await stateOf(store, ['r']);
    for (const from of [0, 1]) {
      await refuses(
        store,
        batch([advance('r', from, ['other'])]),
        'run-moved',
        'writes',
        0,
        `from ${from} of 2`,
      );
    }
    equal(await stateOf(store, ['r']), state, 'the run, after the refusals');
  }),
  law('A7', 'an append that would leave a gap is refused', async (store) => {
    await apply(store, insert(newRun('r'), ['one']));
    for (const from of [2, 100]) {
      await refuses(
        store,
        batch([advance('r', from, ['far'])]),
        'run-moved',
        'writes',
        0,
        `from ${from} of 1`,
      );
    }
    equal(await eventsOf(store, 'r'), ['one'], 'events');
  }),
  law('A7', 'an append without events asks for the head all the same', async (store) => {
    await apply(store, insert(newRun('r'), ['one']));
    const moved = advance('r', 0, [], changes({ body: 'moved' }));
    await refuses(store, batch([moved]), 'run-moved', 'writes', 0, 'no events from 0 of 1');
    await applies(store, batch([advance('r', 1, [], changes({ body: 'moved' }))]), 'no events from 1 of 1');
    const run = newRun('r', { body: 'moved' });
    equal(await store.readRun('r'), asRecord(run, ['one'], 2), 'the run');
    equal(await eventsOf(store, 'r'), ['one'], 'events');
  }),
  law('A7', 'an append of nothing with no changes is a write all the same', async (store) => {
    await apply(store, insert(newRun('r'), ['one']));
    await apply(store, advance('r', 1, []));
    equal(await store.readRun('r'), asRecord(newRun('r'), ['one'], 2), 'the run');
  }),
  law('A7', 'a repeat of the same commit is refused and changes nothing', async (store) => {
    await apply(store, insert(newRun('r'), ['one']));
    const step = batch([advance('r', 1, ['two'], changes({ body: 'two' })), putTask(newTask('r/1'))]);
    await applies(store, step, 'the commit');
    const state = await stateOf(store, ['r']);
    await refuses(store, step, 'run-moved', 'writes', 0, 'the same commit again');
    equal(await stateOf(store, ['r']), state, 'the run, after the repeat');
  }),
  law('A7', 'a closed run takes no events, not even none', async (store) => {
    await apply(store, insert(newRun('r')));
    await apply(store, close('r', 1));
    const state = await stateOf(store, ['r']);
    await refuses(store, batch([advance('r', 2)]), 'run-closed', 'writes', 0, 'an event for a closed run');
    await refuses(
      store,
      batch([advance('r', 2, [])]),
      'run-closed',
      'writes',
      0,
      'no event for a closed run',
    );
    await refuses(store, batch([advance('r', 1)]), 'run-closed', 'writes', 0, 'an event behind its head');
    equal(await stateOf(store, ['r']), state, 'the run, after the refusals');
  }),
  law('A7', 'a batch that closes a run takes no events for it after that', async (store) => {
    await apply(store, insert(newRun('r')));
    await refuses(
      store,
      batch([close('r', 1), advance('r', 2)]),
      'run-closed',
      'writes',
      1,
      'an event after a close',
    );
    equal((await runOf(store, 'r')).closedAt, null, 'closedAt of the run');
  }),
  law('A7', 'an unknown run takes no events', async (store) => {
    await refuses(store, batch([advance('r', 0)]), 'run-unknown', 'writes', 0, 'an event for an unknown run');
    equal(await store.readRun('r'), undefined, 'the run');
    equal(await eventsOf(store, 'r'), [], 'its events');
  }),
  law('A1', 'changes replace the whole changing part, and nothing else', async (store) => {
    const run = newRun('r', { buildId: 'b1', isCurrent: true });
    await apply(store, insert(run, ['one']));
    const next = changes({ status: 'blocked', isCurrent: false, buildId: null, progressAt: 7, body: '' });
    await apply(store, advance('r', 1, ['two'], next));
    equal(await store.readRun('r'), asRecord({ ...run, ...next }, ['one', 'two'], 2), 'the run');
  }),
  law('A1', 'events without changes leave the changing part', async (store) => {
    const run = newRun('r', { status: 'waiting', buildId: 'b1', progressAt: 77, body: 'kept' });
    await apply(store, insert(run, ['one']), advance('r', 1, ['two']));
    equal(await store.readRun('r'), asRecord(run, ['one', 'two'], 2), 'the run');
  }),
  law('A1', 'an amendment changes a run, open or closed, without an event', async (store) => {
    await apply(store, insert(newRun('r'), ['one']), amend('r', { body: 'first' }));
    equal(await store.readRun('r'), asRecord(newRun('r', { body: 'first' }), ['one'], 2), 'the open run');
    const closed = { status: 'completed', closedAt: 2_000 } as const;
    await apply(store, amend('r', closed), amend('r', { ...closed, isCurrent: false }));
    const expected = asRecord(newRun('r', { ...closed, isCurrent: false }), ['one'], 4);
    equal(await store.readRun('r'), expected, 'the closed run');
  }),
  law('A1', 'an amendment of an unknown run is refused', async (store) => {
    await refuses(store, batch([amend('r')]), 'run-unknown', 'writes', 0, 'an amendment of an unknown run');
  }),
  law('A7', 'a run that an amendment opened takes events again', async (store) => {
    await apply(store, insert(newRun('r')), close('r', 1));
    await apply(store, amend('r', { closedAt: null }));
    await applies(store, batch([advance('r', 2)]), 'an event for a run that is open again');
    equal((await runOf(store, 'r')).seq, 3, 'seq');
  }),
  law('A1', 'historyBytes counts UTF-16 units', async (store) => {
    const events = ['', 'abc', 'é', '😀', '\uffff'];
    await apply(store, insert(newRun('r'), events));
    equal((await runOf(store, 'r')).historyBytes, 0 + 3 + 1 + 2 + 1, 'historyBytes of the first events');
    await apply(store, advance('r', 5, ['😀😀', '']));
    equal((await runOf(store, 'r')).historyBytes, 11, 'historyBytes after two more');
  }),
  law('A1', 'version counts the writes that touch a run', async (store) => {
    await apply(store, insert(newRun('r'), []));
    const versions: number[] = [(await runOf(store, 'r')).version];
    for (const write of [advance('r', 0), amend('r'), advance('r', 1, []), amend('r')]) {
      await apply(store, write);
      versions.push((await runOf(store, 'r')).version);
    }
    equal(versions, [1, 2, 3, 4, 5], 'versions after insert, advance, amend, advance, amend');
  }),
  law('A1', 'version never falls, whatever is written beside the run', async (store) => {
    await apply(store, insert(newRun('r')));
    const first = (await runOf(store, 'r')).version;
    await apply(store, putTask(newTask('r')), putMessage(newMessage('r', 'm')));
    await attempt(store, batch([amend('r'), advance('r', 9)]));
    const second = (await runOf(store, 'r')).version;
    await apply(store, amend('r'));
    const third = (await runOf(store, 'r')).version;
    holds(first <= second && second < third, 'version must grow with each write of the run', [
      first,
      second,
      third,
    ]);
  }),
  law('A7', '10,000 events in one batch', async (store) => {
    const events = Array.from({ length: 10_000 }, (_, n) => `event ${n + 1}`);
    await apply(store, insert(newRun('r'), ['started']));
    await apply(store, advance('r', 1, events));
    const { seq, historyBytes } = await runOf(store, 'r');
    equal([seq, historyBytes], [10_001, 7 + events.join('').length], 'seq and historyBytes');
    const read = await eventsOf(store, 'r');
    equal(
      [read.length, read[0], read[10_000]],
      [10_001, 'started', 'event 10000'],
      'number, first and last of events',
    );
    await applies(store, batch([advance('r', 10_001)]), 'one more');
  }),
];
