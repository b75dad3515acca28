import type { StorageHandle } from '@perdure/core/storage';
import { law, type Draft } from '../case.js';
import { equal, holds } from '../check.js';
import {
  advance,
  amend,
  close,
  dropMessages,
  inboxRead,
  insert,
  newMessage,
  newRun,
  putMessage,
  runAt,
} from '../make.js';
import { applies, apply, attempt, batch, inboxOf, loaded, refuses, runOf } from '../steps.js';

const bodies = async (store: StorageHandle, runId: string): Promise<readonly string[]> =>
  (await inboxOf(store, runId)).map(({ body }) => body);

const positions = async (store: StorageHandle, runId: string): Promise<readonly number[]> =>
  (await inboxOf(store, runId)).map(({ position }) => position);

const put = (runId: string, ...ids: readonly string[]) => ids.map((id) => putMessage(newMessage(runId, id)));

function grow(numbers: readonly number[], about: string): void {
  const fine = numbers.every((number, at) => Number.isSafeInteger(number) && number > (numbers[at - 1] ?? 0));
  holds(fine, `${about} must be integers above 0 that grow`, numbers);
}

export const inboxCases: readonly Draft[] = [
  law('A5', 'a message comes back as it was given, with a position', async (store) => {
    const message = newMessage('r', 'm', {
      kind: 'update',
      at: 12_345,
      namespace: 'other',
      body: '{"arg":1}',
    });
    await apply(store, putMessage(message));
    const [seen] = await inboxOf(store, 'r');
    equal(seen, { ...message, position: seen?.position }, 'the message');
    grow([seen?.position ?? 0], 'the position');
  }),
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
  law('A1', 'an id that was dropped is new again, behind all others', async (store) => {
    await apply(store, ...put('r', 'm', 'n'));
    const [first, second] = await positions(store, 'r');
    await apply(store, dropMessages('r', first ?? 0), putMessage(newMessage('r', 'm', { body: 'again' })));
    equal(await bodies(store, 'r'), ['message n', 'again'], 'bodies');
    grow(
      [first ?? 0, second ?? 0, (await positions(store, 'r')).at(-1) ?? 0],
      'positions of m, n and m again',
    );
  }),
  law('A1', 'dropped and put again in one batch, a message is new', async (store) => {
    await apply(store, ...put('r', 'm'));
    const [first = 0] = await positions(store, 'r');
    const again = putMessage(newMessage('r', 'm', { body: 'again' }));
    await apply(store, again, dropMessages('r', first), again);
    equal(await bodies(store, 'r'), ['again'], 'bodies');
    grow([first, (await positions(store, 'r'))[0] ?? 0], 'positions before and after');
  }),
  law('A1', 'positions are not used twice when the inbox was emptied', async (store) => {
    const seen: number[] = [];
    for (let n = 0; n < 5; n++) {
      await apply(store, ...put('r', `m${n}`));
      const [position = 0] = await positions(store, 'r');
      seen.push(position);
      await apply(store, dropMessages('r', position));
      equal(await inboxOf(store, 'r'), [], 'the inbox after the drop');
    }
    grow(seen, 'positions of five messages, each dropped before the next');
  }),
  law('A1', 'positions are not used twice when the run changed in between', async (store) => {
    await apply(store, insert(newRun('r')), ...put('r', 'a', 'b'));
    const [, second = 0] = await positions(store, 'r');
    await apply(store, dropMessages('r', second), advance('r', 1));
    await apply(store, advance('r', 2), amend('r'));
    await apply(store, ...put('r', 'c'));
    grow([second, (await positions(store, 'r'))[0] ?? 0], 'the last position before, and the first after');
  }),
  law('A1', 'positions are not used twice when the run came after its messages', async (store) => {
    await apply(store, ...put('r', 'a', 'b'));
    const [, second = 0] = await positions(store, 'r');
    await apply(store, dropMessages('r', second));
    await apply(store, insert(newRun('r')));
    await apply(store, ...put('r', 'c'));
    grow([second, (await positions(store, 'r'))[0] ?? 0], 'the last position before, and the first after');
  }),
  law('A1', 'a position belongs to no message that a refused batch had', async (store) => {
    await apply(store, ...put('r', 'a'));
    await refuses(store, batch([...put('r', 'b'), amend('x')]), 'run-unknown', 'writes', 1, 'a batch');
    await apply(store, ...put('r', 'c'));
    equal(await bodies(store, 'r'), ['message a', 'message c'], 'bodies');
    grow(await positions(store, 'r'), 'positions');
  }),
  law(
    'A6',
    'positions grow over a reopening, emptied inbox or not',
    async (store, lab) => {
      await apply(store, ...put('r', 'a', 'b'), ...put('s', 'a'));
      const [, lastOfR = 0] = await positions(store, 'r');
      const [lastOfS = 0] = await positions(store, 's');
      await apply(store, dropMessages('r', lastOfR));
      const again = await lab.reopen();
      equal(
        [await bodies(again, 'r'), await bodies(again, 's')],
        [[], ['message a']],
        'inboxes after opening again',
      );
      await apply(again, ...put('r', 'c'), ...put('s', 'b'));
      grow([lastOfR, ...(await positions(again, 'r'))], 'the last position before, and those after');
      grow([lastOfS, (await positions(again, 's'))[1] ?? 0], 'the last position before, and the one after');
    },
    ['reopen'],
  ),
  law('A1', 'a drop takes the messages up to its position, and that one too', async (store) => {
    await apply(store, ...put('r', 'a', 'b', 'c'), ...put('s', 'a', 'b'));
    const [, second = 0] = await positions(store, 'r');
    await apply(store, dropMessages('r', second));
    equal(await bodies(store, 'r'), ['message c'], 'what is left');
    equal(await bodies(store, 's'), ['message a', 'message b'], 'inbox of another run');
  }),
  law('A1', 'a drop through 0 takes nothing', async (store) => {
    await apply(store, ...put('r', 'a'), dropMessages('r', 0));
    equal(await bodies(store, 'r'), ['message a'], 'what is left');
  }),
  law('A1', 'a drop past the end takes what is there, and nothing that comes later', async (store) => {
    await apply(store, ...put('r', 'a', 'b'));
    await apply(store, dropMessages('r', Number.MAX_SAFE_INTEGER));
    equal(await bodies(store, 'r'), [], 'what is left');
    await apply(store, ...put('r', 'c'));
    equal(await bodies(store, 'r'), ['message c'], 'what came later');
  }),
  law('A1', 'a drop done twice is a drop', async (store) => {
    await apply(store, ...put('r', 'a', 'b'));
    const [first = 0] = await positions(store, 'r');
    await apply(store, dropMessages('r', first));
    await apply(store, ...put('r', 'a'));
    await apply(store, dropMessages('r', first));
    equal(await bodies(store, 'r'), ['message b', 'message a'], 'what is left');
  }),
  law('A1', 'an owner takes messages exactly as far as it has read', async (store) => {
    await apply(store, insert(newRun('r')), ...put('r', 'a', 'b'));
    const [, read = 0] = await positions(store, 'r');
    await apply(store, ...put('r', 'c'));
    await apply(store, advance('r', 1, ['took a', 'took b']), dropMessages('r', read));
    equal(await bodies(store, 'r'), ['message c'], 'what is left');
    equal((await runOf(store, 'r')).seq, 3, 'seq of the run');
  }),
  law('A1', 'messages of a refused owner stay', async (store) => {
    await apply(store, insert(newRun('r')), ...put('r', 'a'));
    const [read = 0] = await positions(store, 'r');
    const step = batch([dropMessages('r', read), advance('r', 1)], [runAt('r', 0)]);
    await refuses(store, step, 'run-at', 'expect', 0, 'a step from an old head');
    equal(await bodies(store, 'r'), ['message a'], 'what is left');
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
  law('Q1', 'limit 0 and a position past the end read no messages', async (store) => {
    await apply(store, ...put('r', 'a'));
    equal(await store.readInbox('r', { afterPosition: 0, limit: 0 }), [], 'limit 0');
    const past = Number.MAX_SAFE_INTEGER;
    equal(
      await store.readInbox('r', { afterPosition: past, limit: 5 }),
      [],
      'after the last position there can be',
    );
    equal(await inboxOf(store, 'unknown'), [], 'an unknown run');
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
