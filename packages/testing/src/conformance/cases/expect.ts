import { law, type Draft } from '../case.js';
import { equal } from '../check.js';
import {
  advance,
  amend,
  close,
  dropKey,
  inboxRead,
  insert,
  keyIs,
  newKey,
  newMessage,
  newRun,
  newTask,
  putKey,
  putMessage,
  putTask,
  runAt,
  runOpen,
  token,
} from '../make.js';
import { applies, apply, batch, inboxOf, refuses, runOf } from '../steps.js';

export const expectCases: readonly Draft[] = [
  law('A1', 'run-open holds for open runs only', async (store) => {
    await apply(store, insert(newRun('r')), insert(newRun('closed')), close('closed', 1));
    await applies(store, batch([], [runOpen('r')]), 'an open run');
    await refuses(store, batch([], [runOpen('closed')]), 'run-open', 'expect', 0, 'a closed run');
    await refuses(store, batch([], [runOpen('unknown')]), 'run-open', 'expect', 0, 'an unknown run');
  }),
  law('A1', 'a run that closed at moment 0 is closed', async (store) => {
    await apply(store, insert(newRun('r', { closedAt: 0, status: 'completed' })));
    await refuses(store, batch([], [runOpen('r')]), 'run-open', 'expect', 0, 'a run with closedAt 0');
    await refuses(store, batch([advance('r', 1)]), 'run-closed', 'writes', 0, 'an event for it');
  }),
  law('A1', 'a run is open by its closedAt, whatever its status says', async (store) => {
    await apply(store, insert(newRun('r', { status: 'completed' })));
    await applies(store, batch([advance('r', 1)], [runOpen('r')]), 'a run with closedAt null');
  }),
  law('A1', 'run-at asks for the exact seq, of closed runs too', async (store) => {
    await apply(store, insert(newRun('r'), ['one', 'two']), insert(newRun('closed')), close('closed', 1));
    await applies(store, batch([], [runAt('r', 2), runAt('closed', 2)]), 'the exact seqs');
    for (const seq of [0, 1, 3])
      await refuses(store, batch([], [runAt('r', seq)]), 'run-at', 'expect', 0, `${seq}`);
  }),
  law('A1', 'an unknown run is at no seq', async (store) => {
    await refuses(store, batch([], [runAt('unknown', 0)]), 'run-at', 'expect', 0, 'an unknown run at seq 0');
    await apply(store, insert(newRun('r'), []));
    await applies(store, batch([], [runAt('r', 0)]), 'a run without events');
  }),
  law('C2', 'token asks for the newest, whoever holds the lease', async (store) => {
    await apply(store, putTask(newTask('t', { token: 5, leaseOwner: 'w9', leaseUntil: 9 })));
    await applies(store, batch([], [token('t', 5)]), 'the newest token');
    for (const other of [0, 4, 6]) {
      await refuses(
        store,
        batch([], [token('t', other)]),
        'token',
        'expect',
        0,
        `token ${other} instead of 5`,
      );
    }
  }),
  law('A1', 'key asks for the exact value', async (store) => {
    await apply(store, putKey(newKey('k', { value: 'Value' })));
    await applies(store, batch([], [keyIs('k', 'Value')]), 'the value');
    for (const value of ['value', 'Value ', 'Valu', '', null]) {
      await refuses(
        store,
        batch([], [keyIs('k', value)]),
        'key',
        'expect',
        0,
        `${String(value)} instead of Value`,
      );
    }
  }),
  law('A1', 'key null holds only where there is no such key', async (store) => {
    await applies(store, batch([], [keyIs('k', null)]), 'no key');
    await refuses(store, batch([], [keyIs('k', '')]), 'key', 'expect', 0, 'an empty value of no key');
    await apply(store, putKey(newKey('k', { value: '' })));
    await refuses(
      store,
      batch([], [keyIs('k', null)]),
      'key',
      'expect',
      0,
      'no key, where its value is empty',
    );
    await applies(store, batch([], [keyIs('k', '')]), 'its empty value');
    await apply(store, dropKey('k'));
    await applies(store, batch([], [keyIs('k', null)]), 'no key, after it was dropped');
  }),
  law('A1', 'key names are compared exactly, and within their namespace', async (store) => {
    await apply(store, putKey(newKey('k')), putKey(newKey('x_')));
    const none = ['K', 'k ', 'k%', '%', '_', 'xy'].map((name) => keyIs(name, null));
    await applies(store, batch([], [...none, keyIs('k', null, 'other')]), 'keys that nobody put');
  }),
  law('A1', 'inbox-read holds up to the last position', async (store) => {
    await apply(store, putMessage(newMessage('r', 'm1')), putMessage(newMessage('r', 'm2')));
    const [first, last] = await inboxOf(store, 'r');
    if (first === undefined || last === undefined) return;
    await applies(store, batch([], [inboxRead('r', last.position)]), 'everything read');
    await applies(store, batch([], [inboxRead('r', last.position + 1_000)]), 'more than everything');
    await refuses(
      store,
      batch([], [inboxRead('r', first.position)]),
      'inbox-read',
      'expect',
      0,
      'one message unread',
    );
    await refuses(store, batch([], [inboxRead('r', 0)]), 'inbox-read', 'expect', 0, 'no message at all');
  }),
  law('A1', 'inbox-read 0 holds for an empty inbox, of whatever run', async (store) => {
    await apply(store, insert(newRun('r')), putMessage(newMessage('other', 'm')));
    await applies(
      store,
      batch([], [inboxRead('r', 0), inboxRead('unknown', 0)]),
      'inboxes without a message',
    );
  }),
  law('A1', 'the first expectation that does not hold is named', async (store) => {
    await apply(store, insert(newRun('r')), putTask(newTask('r')));
    const holding = [runOpen('r'), runAt('r', 1), token('r', 0)];
    await refuses(
      store,
      batch([], [...holding, keyIs('k', 'v'), runAt('r', 2)]),
      'key',
      'expect',
      3,
      'the fourth',
    );
    await refuses(
      store,
      batch([], [runAt('r', 2), ...holding, keyIs('k', 'v')]),
      'run-at',
      'expect',
      0,
      'the first',
    );
    await refuses(
      store,
      batch([], [...holding, ...holding, runOpen('x')]),
      'run-open',
      'expect',
      6,
      'the seventh',
    );
  }),
  law('A1', 'expectations come before writes', async (store) => {
    await apply(store, insert(newRun('r')));
    const both = batch([insert(newRun('r')), advance('x', 1)], [runOpen('r'), keyIs('k', 'v')]);
    await refuses(store, both, 'key', 'expect', 1, 'a bad expectation and two bad writes');
  }),
  law('A1', 'the first write that cannot be made is named', async (store) => {
    await apply(store, insert(newRun('r')), insert(newRun('closed')), close('closed', 1));
    const fine = [putTask(newTask('t')), putKey(newKey('k')), advance('r', 1)];
    await refuses(
      store,
      batch([...fine, amend('x'), insert(newRun('r'))]),
      'run-unknown',
      'writes',
      3,
      'the fourth',
    );
    await refuses(
      store,
      batch([advance('closed', 2), ...fine, amend('x')]),
      'run-closed',
      'writes',
      0,
      'the first',
    );
    await refuses(
      store,
      batch([...fine, advance('r', 1)]),
      'run-moved',
      'writes',
      3,
      'the same append again',
    );
  }),
  law('A1', 'expectations ask for the state before the batch', async (store) => {
    await apply(store, insert(newRun('r')));
    const own = batch([advance('r', 1), putKey(newKey('k')), putTask(newTask('t'))], [runAt('r', 2)]);
    await refuses(store, own, 'run-at', 'expect', 0, 'the seq that the batch itself would reach');
    const late = batch([putKey(newKey('k'))], [keyIs('k', 'value')]);
    await refuses(store, late, 'key', 'expect', 0, 'the key that the batch itself would put');
    const replaced = batch([putKey(newKey('k')), advance('r', 1)], [keyIs('k', null), runAt('r', 1)]);
    await applies(store, replaced, 'facts that the batch itself changes');
  }),
  law('A1', 'expectations of every kind hold together', async (store) => {
    await apply(store, insert(newRun('r')), putTask(newTask('r', { token: 2 })), putKey(newKey('k')));
    await apply(store, putMessage(newMessage('r', 'm')));
    const last = (await inboxOf(store, 'r')).at(-1)?.position ?? 0;
    const all = [runOpen('r'), runAt('r', 1), token('r', 2), keyIs('k', 'value'), inboxRead('r', last)];
    await applies(store, batch([advance('r', 1)], all), 'five expectations');
    equal((await runOf(store, 'r')).seq, 2, 'seq of the run');
    await refuses(store, batch([advance('r', 2)], all), 'run-at', 'expect', 1, 'the same five once more');
  }),
  law('A1', 'an unread message stops a completion', async (store) => {
    await apply(store, insert(newRun('r')), putMessage(newMessage('r', 'm1')));
    const last = (await inboxOf(store, 'r')).at(-1)?.position ?? 0;
    await apply(store, putMessage(newMessage('r', 'm2')));
    const completion = batch([close('r', 1)], [inboxRead('r', last)]);
    await refuses(
      store,
      completion,
      'inbox-read',
      'expect',
      0,
      'a completion that has not seen the last message',
    );
    equal((await runOf(store, 'r')).closedAt, null, 'closedAt of the run');
  }),
  law('A1', 'a duplicate of a message that was read is nothing unread', async (store) => {
    await apply(store, putMessage(newMessage('r', 'm')));
    const last = (await inboxOf(store, 'r')).at(-1)?.position ?? 0;
    await apply(store, putMessage(newMessage('r', 'm', { body: 'again' })));
    await applies(store, batch([], [inboxRead('r', last)]), 'a duplicate after the last message');
  }),
];
