import type { StorageHandle } from '@perdure/core/storage';
import { law, type Draft } from '../case.js';
import { equal, holds } from '../check.js';
import {
  advance,
  changes,
  close,
  dropMessages,
  insert,
  namespace,
  newMessage,
  newRun,
  newTask,
  putMessage,
  putTask,
} from '../make.js';
import { apply, asRecord, attempt, batch, eventsOf, inboxOf, loaded } from '../steps.js';
import { pause } from '../wait.js';

const numbered = (from: number, to: number): readonly string[] =>
  Array.from({ length: Math.max(to - from + 1, 0) }, (_, n) => `event ${from + n}`);

export const readCases: readonly Draft[] = [
  law('A5', 'what is not there is read as undefined, or as nothing', async (store) => {
    await apply(store, insert(newRun('r')), putTask(newTask('r')));
    for (const id of ['x', 'R', 'r ', '', 'r%', '_']) {
      equal(await store.readRun(id), undefined, 'an unknown run');
      equal(await store.readTask(id), undefined, 'an unknown task');
      equal(await store.readTasks(id), [], 'tasks of an unknown run');
      equal(await store.readKey(namespace, id), undefined, 'an unknown key');
      equal(await eventsOf(store, id), [], 'events of an unknown run');
      equal(await inboxOf(store, id), [], 'inbox of an unknown run');
    }
  }),
  law('Q1', 'events are read from a seq on, that one too', async (store) => {
    await apply(store, insert(newRun('r'), numbered(1, 10)));
    equal(await store.readEvents('r', { from: 1, limit: 100 }), numbered(1, 10), 'from 1');
    equal(await store.readEvents('r', { from: 4, limit: 100 }), numbered(4, 10), 'from 4');
    equal(await store.readEvents('r', { from: 10, limit: 100 }), numbered(10, 10), 'from the last');
    equal(await store.readEvents('r', { from: 11, limit: 100 }), [], 'from behind the last');
    equal(await store.readEvents('r', { from: 0, limit: 100 }), numbered(1, 10), 'from 0');
    equal(await store.readEvents('r', { from: 0, limit: 1 }), numbered(1, 1), 'from 0, one');
  }),
  law('Q1', 'events are read up to a limit', async (store) => {
    await apply(store, insert(newRun('r'), numbered(1, 10)));
    equal(await store.readEvents('r', { from: 1, limit: 3 }), numbered(1, 3), 'three from 1');
    equal(await store.readEvents('r', { from: 5, limit: 1 }), numbered(5, 5), 'one from 5');
    equal(await store.readEvents('r', { from: 8, limit: 3 }), numbered(8, 10), 'three from 8');
    equal(await store.readEvents('r', { from: 1, limit: 0 }), [], 'none from 1');
  }),
  law('Q1', 'a long history is read in pages of any size', async (store) => {
    await apply(store, insert(newRun('r'), numbered(1, 400)));
    await apply(store, advance('r', 400, numbered(401, 401)));
    await apply(store, advance('r', 401, numbered(402, 1_000)));
    for (const limit of [1_000, 333, 128, 127]) {
      const seen: string[] = [];
      for (let from = 1; from <= 1_000; from += limit)
        seen.push(...(await store.readEvents('r', { from, limit })));
      equal(seen, numbered(1, 1_000), `all pages of ${limit}`);
    }
  }),
  law('Q1', 'a history of many small commits is read from every place', async (store, lab) => {
    const clients = await lab.clients(2);
    await apply(store, insert(newRun('r'), []));
    for (let n = 0; n < 260; n++)
      await apply(store, advance('r', n, numbered(n + 1, n + 1), changes({ body: `${n}` })));
    for (const client of clients) {
      for (const from of [1, 2, 99, 100, 101, 127, 128, 129, 200, 259, 260]) {
        equal(
          await store.readEvents('r', { from, limit: 7 }),
          numbered(from, Math.min(from + 6, 260)),
          `from ${from}`,
        );
        equal((await loaded(client, 'r', from)).events, numbered(from + 1, 260), `loaded after ${from}`);
      }
    }
  }),
  law('A5', 'a run is loaded with events and inbox', async (store) => {
    const run = newRun('r');
    await apply(
      store,
      insert(run, numbered(1, 3)),
      putMessage(newMessage('r', 'a')),
      putMessage(newMessage('r', 'b')),
    );
    const expected = {
      run: asRecord(run, numbered(1, 3), 1),
      events: numbered(1, 3),
      inbox: await inboxOf(store, 'r'),
    };
    equal(await store.loadRuns([{ runId: 'r', afterSeq: 0 }]), [expected], 'the run');
    equal(expected.inbox.length, 2, 'messages in its inbox');
  }),
  law('A5', 'a run is loaded from behind a seq', async (store) => {
    await apply(store, insert(newRun('r'), numbered(1, 5)));
    for (const afterSeq of [0, 1, 4, 5, 6, 1_000]) {
      const { run, events } = await loaded(store, 'r', afterSeq);
      equal(events, numbered(afterSeq + 1, 5), `events after ${afterSeq}`);
      equal(run.seq, 5, 'seq of the run, whatever was asked for');
    }
  }),
  law('A5', 'runs are loaded in the order in which they were asked for', async (store) => {
    await apply(store, ...['a', 'b', 'c'].map((id) => insert(newRun(id), [id, `${id}${id}`])));
    const answers = await store.loadRuns([
      { runId: 'c', afterSeq: 0 },
      { runId: 'unknown', afterSeq: 0 },
      { runId: 'a', afterSeq: 1 },
      { runId: 'c', afterSeq: 2 },
      { runId: 'c', afterSeq: 0 },
    ]);
    equal(
      answers.map((answer) => answer?.events),
      [['c', 'cc'], undefined, ['aa'], [], ['c', 'cc']],
      'events of five answers',
    );
  }),
  law('A5', 'loading nothing, or only what is unknown, is answered', async (store) => {
    equal(await store.loadRuns([]), [], 'nothing');
    equal(await store.loadRuns([{ runId: 'x', afterSeq: 0 }]), [undefined], 'an unknown run');
    await apply(store, putMessage(newMessage('x', 'm')), putTask(newTask('x')));
    equal(await store.loadRuns([{ runId: 'x', afterSeq: 3 }]), [undefined], 'an unknown run with a message');
  }),
  law('A5', 'a closed run is loaded like any other', async (store) => {
    await apply(store, insert(newRun('r')), close('r', 1), putMessage(newMessage('r', 'late')));
    const { run, events, inbox } = await loaded(store, 'r');
    equal([run.status, events.length, inbox.length], ['completed', 2, 1], 'status, events and messages');
  }),
  law('Q1', 'hundreds of runs are loaded at once', async (store) => {
    const ids = Array.from({ length: 400 }, (_, n) => `r${n}`);
    await apply(store, ...ids.map((id) => insert(newRun(id), [id])));
    const answers = await store.loadRuns(ids.map((runId) => ({ runId, afterSeq: 0 })));
    equal(
      answers.map((answer) => answer?.events),
      ids.map((id) => [id]),
      'events of each',
    );
  }),
  law('A1', 'run, events and inbox are of one moment while others write', async (store, lab) => {
    const [writer = store, ...readers] = await lab.clients(3);
    await apply(store, insert(newRun('r', { body: '0' }), []));
    let writing = true;
    const write = async (): Promise<void> => {
      for (let n = 0; n < 30; n++) {
        // Each message becomes an event in the step that drops it: events and messages together only grow.
        await apply(writer, putMessage(newMessage('r', `${n}`)));
        const { position = 0 } = (await inboxOf(writer, 'r')).at(-1) ?? {};
        const body = changes({ body: `${n + 1}` });
        const step = batch([advance('r', n, [`${n}`], body), dropMessages('r', position)]);
        equal((await attempt(writer, step)).ok, true, 'a step of the only writer');
      }
      writing = false;
    };
    const read = async (reader: StorageHandle): Promise<void> => {
      let most = 0;
      while (writing) {
        await pause(0); // A store whose reads take no time must not keep the writer from its turn.
        const { run, events, inbox } = await loaded(reader, 'r');
        equal(
          [events.length, run.body],
          [run.seq, `${run.seq}`],
          'events and body, by the seq read with them',
        );
        const together = events.length + inbox.length;
        holds(
          together >= most && together <= most + 30,
          'events and messages together must not fall',
          together,
        );
        holds(
          inbox.every(({ messageId }) => messageId === `${run.seq}`),
          'a message that is an event already',
          inbox,
        );
        most = together;
      }
    };
    await Promise.all([write(), ...readers.map(read)]);
  }),
  law('A5', 'a record that was read does not change when the store does', async (store) => {
    await apply(store, insert(newRun('r'), ['one']), putTask(newTask('r')));
    const [run, task, events] = [
      await store.readRun('r'),
      await store.readTask('r'),
      await eventsOf(store, 'r'),
    ];
    const { inbox } = await loaded(store, 'r');
    await apply(
      store,
      advance('r', 1, ['two'], changes({ body: 'later' })),
      putMessage(newMessage('r', 'm')),
    );
    await apply(store, putTask(newTask('r', { body: 'later' })));
    equal(run, asRecord(newRun('r'), ['one'], 1), 'the run read before');
    equal(task, newTask('r'), 'the task read before');
    equal([events, inbox], [['one'], []], 'events and inbox read before');
  }),
];
