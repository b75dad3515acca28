import { law, type Draft } from '../case.js';
import { equal, holds } from '../check.js';
import { advance, close, dropMessages, inboxRead, insert, newMessage, newRun, putMessage } from '../make.js';
import { bodies, grow, positions, put } from './messages.js';
import { applies, apply, attempt, batch, inboxOf, loaded, runOf } from '../steps.js';

export const inboxCases: readonly Draft[] = [
  law('A3', 'messages come in the order of arrival', async (store) => {
    await apply(store, ...put('r', 'z', 'a'));
    await apply(store, ...put('r', 'm'));
    await apply(store, ...put('r', 'b', 'y'));
    const expected = ['z', 'a', 'm', 'b', 'y'].map((id) => `message ${id}`);
    equal(await bodies(store, 'r'), expected, 'bodies');
    grow(await positions(store, 'r'), 'positions');
  }),
  law('A3', 'arrival is what counts, not the time in the message', async (store) => {
    const late = newMessage('r', 'late', { at: 9_000 });
    await apply(store, putMessage(late), putMessage(newMessage('r', 'early', { at: 1 })));
    equal(await bodies(store, 'r'), ['message late', 'message early'], 'bodies');
  }),
  law('A3', 'the batches of a call arrive in order', async (store) => {
    const ids = Array.from({ length: 20 }, (_, n) => `${n}`);
    await store.commit(ids.map((id) => batch(put('r', id))));
    equal(
      await bodies(store, 'r'),
      ids.map((id) => `message ${id}`),
      'bodies',
    );
  }),
  law('A1', 'a message with an id that is there is ignored, and the first one stays', async (store) => {
    await apply(store, ...put('r', 'm', 'n'));
    const inbox = await inboxOf(store, 'r');
    await apply(store, putMessage(newMessage('r', 'm', { body: 'other', at: 9 })));
    equal(await inboxOf(store, 'r'), inbox, 'the inbox after a duplicate');
  }),
  law('A1', 'duplicates in one batch are ignored', async (store) => {
    const again = putMessage(newMessage('r', 'm', { body: 'again' }));
    await apply(store, ...put('r', 'm'), again, ...put('r', 'n'), again);
    equal(await bodies(store, 'r'), ['message m', 'message n'], 'bodies');
  }),
  law('A3', 'duplicates in one call are ignored', async (store) => {
    const again = putMessage(newMessage('r', 'm', { body: 'again' }));
    await store.commit([batch(put('r', 'm')), batch([again]), batch([again, ...put('r', 'n')])]);
    equal(await bodies(store, 'r'), ['message m', 'message n'], 'bodies');
  }),
  law('A1', 'one id in two kinds is two messages', async (store) => {
    const kinds = ['signal', 'update', 'Signal', 'signal '];
    await apply(store, ...kinds.map((kind) => putMessage(newMessage('r', 'm', { kind, body: kind }))));
    equal(await bodies(store, 'r'), kinds, 'bodies');
  }),
  law('A1', 'one id in two runs is two messages', async (store) => {
    const runs = ['r', 'R', 'r ', 'r/1', 'r%'];
    await apply(store, ...runs.flatMap((runId) => put(runId, 'm')));
    for (const runId of runs) equal(await bodies(store, runId), ['message m'], 'bodies');
  }),
  law('O1', 'kinds and ids that run together the same way are different messages', async (store) => {
    const pairs = [
      ['a', 'b/c'],
      ['a/b', 'c'],
      ['a', 'b:c'],
      ['a:b', 'c'],
      ['a', 'b\u0001c'],
      ['a\u0001b', 'c'],
      ['', 'abc'],
      ['abc', ''],
      ['ab', 'c'],
    ] as const;
    await apply(
      store,
      ...pairs.map(([kind, id], n) => putMessage(newMessage('r', id, { kind, body: `${n}` }))),
    );
    equal(
      await bodies(store, 'r'),
      pairs.map((_, n) => `${n}`),
      'bodies',
    );
  }),
  law('A4', 'a message that arrives while a run completes stops it or comes after it', async (store, lab) => {
    const [owner = store, sender = store] = await lab.clients(2);
    for (let n = 0; n < 12; n++) {
      const runId = `r${n}`;
      await apply(store, insert(newRun(runId)));
      const [completed] = await Promise.all([
        attempt(owner, batch([close(runId, 1)], [inboxRead(runId, 0)])),
        apply(sender, ...put(runId, 'm')),
      ]);
      equal(
        (await runOf(store, runId)).closedAt === null,
        !completed.ok,
        'open, where the completion was refused',
      );
      equal(await bodies(store, runId), ['message m'], 'the message is there in either case');
    }
  }),
  law('A5', 'messages to closed and to unknown runs are kept', async (store) => {
    await apply(store, insert(newRun('closed')), close('closed', 1));
    await apply(store, ...put('closed', 'a'), ...put('unknown', 'b'));
    equal(await bodies(store, 'closed'), ['message a'], 'inbox of a closed run');
    equal(await bodies(store, 'unknown'), ['message b'], 'inbox of an unknown run');
    await apply(store, insert(newRun('unknown')));
    equal((await loaded(store, 'unknown')).inbox.length, 1, 'inbox of the run when it has come');
  }),
  law('Q1', 'an inbox is read in pages', async (store) => {
    await apply(store, ...put('r', ...Array.from({ length: 25 }, (_, n) => `${n}`)));
    const seen: string[] = [];
    let afterPosition = 0;
    for (;;) {
      const page = await store.readInbox('r', { afterPosition, limit: 10 });
      holds(page.length <= 10, 'a page of 10', page.length);
      if (page.length === 0) break;
      seen.push(...page.map(({ messageId }) => messageId));
      afterPosition = page.at(-1)?.position ?? 0;
    }
    equal(
      seen,
      Array.from({ length: 25 }, (_, n) => `${n}`),
      'messages of all pages',
    );
  }),
  law('A4', 'eight writers at once: nothing is lost, each one keeps its order', async (store, lab) => {
    const clients = await lab.clients(8);
    const writers = clients.map(async (client, w) => {
      for (let n = 0; n < 8; n++) await apply(client, ...put('r', `${w}.${n}`));
    });
    await Promise.all(writers);
    const ids = (await inboxOf(store, 'r')).map(({ messageId }) => messageId);
    equal([ids.length, new Set(ids).size], [64, 64], 'messages, and how many are different');
    for (let w = 0; w < 8; w++) {
      const own = ids.filter((id) => id.startsWith(`${w}.`));
      equal(
        own,
        Array.from({ length: 8 }, (_, n) => `${w}.${n}`),
        'messages of one writer',
      );
    }
    grow(await positions(store, 'r'), 'positions');
  }),
  law('A4', 'one id from eight writers at once is one message', async (store, lab) => {
    const clients = await lab.clients(8);
    await Promise.all(clients.map((client) => apply(client, ...put('r', 'm'))));
    equal(await bodies(store, 'r'), ['message m'], 'bodies');
  }),
  law(
    'A5',
    'a message is there for another connection when it was acknowledged',
    async (store, lab) => {
      const other = await lab.second();
      await apply(store, insert(newRun('r')));
      for (let n = 0; n < 10; n++) {
        await apply(store, ...put('r', `${n}`));
        equal((await inboxOf(other, 'r')).length, n + 1, 'messages, read through another connection');
        equal((await loaded(other, 'r')).inbox.length, n + 1, 'messages, loaded with the run');
      }
    },
    ['second'],
  ),
  law('A1', 'messages touch neither seq nor history', async (store) => {
    await apply(store, insert(newRun('r')));
    await apply(store, ...put('r', 'a'), ...put('r', 'b'));
    const { seq, historyBytes } = await runOf(store, 'r');
    equal([seq, historyBytes], [1, 7], 'seq and historyBytes');
    await applies(store, batch([advance('r', 1)]), 'an append from the same head');
  }),
  law('Q1', 'a thousand messages keep their order', async (store) => {
    const ids = Array.from({ length: 1_000 }, (_, n) => `${n}`);
    await apply(store, ...put('r', ...ids));
    const inbox = await inboxOf(store, 'r');
    equal(
      inbox.map(({ messageId }) => messageId),
      ids,
      'messages',
    );
    await apply(store, dropMessages('r', inbox[899]?.position ?? 0));
    equal((await inboxOf(store, 'r'))[0]?.messageId, '900', 'the first one left after 900 were dropped');
  }),
];
