import { law, type Draft } from '../case.js';
import { equal } from '../check.js';
import { advance, amend, dropMessages, insert, newMessage, newRun, putMessage, runAt } from '../make.js';
import { bodies, grow, positions, put } from './messages.js';
import { apply, batch, inboxOf, refuses, runOf } from '../steps.js';

export const positionCases: readonly Draft[] = [
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
];
