import { law, type Draft } from '../case.js';
import { equal, holds, rejects, wholeError } from '../check.js';
import {
  advance,
  changes,
  insert,
  inboxRead,
  namespace,
  newKey,
  newMessage,
  newRun,
  newTask,
} from '../make.js';
import { keyIs, putKey, putMessage, putTask, token, dropTask } from '../make.js';
import {
  apply,
  applies,
  attempt,
  batch,
  claim,
  claimOne,
  eventsOf,
  idsOf,
  inboxOf,
  refuses,
  runOf,
  stateOf,
} from '../steps.js';
import { eventually } from '../wait.js';

export const faultCases: readonly Draft[] = [
  law(
    'A6',
    'what was acknowledged is there after a crash',
    async (store, lab) => {
      for (let n = 0; n < 20; n++) await apply(store, insert(newRun(`r${n}`)), putTask(newTask(`r${n}`)));
      await claim(store, 1_000);
      await apply(store, putMessage(newMessage('r0', 'm')), putKey(newKey('k')));
      const ids = Array.from({ length: 20 }, (_, n) => `r${n}`);
      const before = await stateOf(store, ids, ['k']);
      const after = await lab.open(lab.able('crash')(lab.storage));
      equal(await stateOf(after, ids, ['k']), before, 'what the next process reads');
    },
    ['crash'],
  ),
  law(
    'A1',
    'a batch under way in a crash is there whole or not at all',
    async (store, lab) => {
      await apply(store, insert(newRun('a'), []), insert(newRun('b'), []));
      for (let n = 0; n < 6; n++) {
        const commits = Array.from({ length: 4 }, (_, k) => {
          const seq = n * 4 + k;
          const body = changes({ body: `${seq}` });
          return attempt(
            store,
            batch([advance('a', seq, [`${seq}`], body), advance('b', seq, [`${seq}`], body)]),
          );
        });
        const after = await lab.open(lab.able('crash')(lab.storage));
        await Promise.all(commits);
        const [a, b] = await after.loadRuns(['a', 'b'].map((runId) => ({ runId, afterSeq: 0 })));
        equal([b?.events, b?.run.body], [a?.events, a?.run.body], 'two runs of one batch, after the crash');
        equal(a?.run.seq, a?.events.length, 'seq, by the events that are there');
      }
    },
    ['crash'],
  ),
  law(
    'C2',
    'tokens grow over a crash',
    async (store, lab) => {
      await apply(store, putTask(newTask('t')));
      const { token: before } = await claimOne(store, 1_000);
      const after = await lab.open(lab.able('crash')(lab.storage));
      equal(await claim(after, 1_099), [], 'claimed after the crash, before the lease has ended');
      equal((await claimOne(after, 1_100)).token, before + 1, 'token of the next claim');
    },
    ['crash'],
  ),
  law(
    'A6',
    'a store works on after a crash',
    async (store, lab) => {
      await apply(store, insert(newRun('r')), putMessage(newMessage('r', 'a')));
      const [first] = await inboxOf(store, 'r');
      const after = await lab.open(lab.able('crash')(lab.storage));
      equal(after.traits.instanceId, store.traits.instanceId, 'instanceId after the crash');
      await apply(after, advance('r', 1), putMessage(newMessage('r', 'b')));
      const positions = (await inboxOf(after, 'r')).map(({ position }) => position);
      holds((positions[1] ?? 0) > (first?.position ?? 0), 'positions must grow over a crash', positions);
    },
    ['crash'],
  ),
  law(
    'E1',
    'a store that somebody else holds is reported busy, and nothing is applied',
    async (store, lab) => {
      await apply(store, insert(newRun('r')));
      const release = await lab.able('busy')(lab.storage);
      try {
        const error = await rejects(
          () => store.commit([batch([advance('r', 1)])]),
          ['storage_busy'],
          'a commit',
        );
        equal(
          [error.retryable, error.outcome],
          [true, 'not-applied'],
          'retryable and outcome of storage_busy',
        );
      } finally {
        await release();
      }
      equal((await runOf(store, 'r')).seq, 1, 'seq of the run');
      await applies(store, batch([advance('r', 1)]), 'the same commit, when the store is free');
    },
    ['busy'],
  ),
  law(
    'E1',
    'a claim on a store that somebody else holds takes nothing',
    async (store, lab) => {
      await apply(store, putTask(newTask('t')));
      const release = await lab.able('busy')(lab.storage);
      try {
        await rejects(() => claim(store, 1_000), ['storage_busy'], 'a claim');
      } finally {
        await release();
      }
      equal((await claimOne(store, 1_000)).token, 1, 'token of the claim when the store is free');
    },
    ['busy'],
  ),
  law(
    'E1',
    'a full medium is reported, and nothing is applied',
    async (store, lab) => {
      await apply(store, insert(newRun('r'), ['one']));
      const free = await lab.able('full')(lab.storage);
      const large = batch([
        advance(
          'r',
          1,
          Array.from({ length: 64 }, () => 'x'.repeat(100_000)),
        ),
      ]);
      try {
        const error = await rejects(() => store.commit([large]), ['storage_full'], 'a large commit');
        equal(error.outcome, 'not-applied', 'outcome of storage_full');
        equal(await eventsOf(store, 'r'), ['one'], 'events while the medium is full');
      } finally {
        await free();
      }
      await applies(store, large, 'the same commit, when there is room');
    },
    ['full'],
  ),
  law(
    'E1',
    'a store that was taken away is lost, not empty',
    async (store, lab) => {
      await apply(store, insert(newRun('r')));
      const lost: unknown[] = [];
      store.watch((hint) => {
        if (hint.kind === 'lost') lost.push(hint.error);
      });
      await lab.able('lose')(lab.storage);
      const fails = async (): Promise<boolean> => {
        try {
          return (await store.readRun('r')) === undefined;
        } catch (error) {
          wholeError(error, ['storage_lost', 'storage_closed'], 'reading a store that was taken away');
          return true;
        }
      };
      holds(await eventually(fails), 'a store that was taken away must refuse its calls within five seconds');
      const seen = await store.readRun('r').catch(() => 'refused');
      equal(seen, 'refused', 'a run of a store that was taken away');
      for (const error of lost) wholeError(error, ['storage_lost'], 'the error of the hint');
    },
    ['lose'],
  ),
  law('A7', 'a step of unknown outcome may be sent again without harm', async (store) => {
    await apply(store, insert(newRun('r')), putTask(newTask('r')), putMessage(newMessage('r', 'm')));
    const task = await claimOne(store, 1_000);
    const read = (await inboxOf(store, 'r'))[0]?.position ?? 0;
    const next = newTask('r/1', { runId: 'r' });
    const step = batch(
      [advance('r', 1, ['two']), putTask(next)],
      [token('r', task.token), inboxRead('r', read)],
    );
    await applies(store, step, 'the step');
    await refuses(store, step, 'run-moved', 'writes', 0, 'the step once more');
    equal(await eventsOf(store, 'r'), ['started', 'two'], 'events');
  }),
  law('A1', 'a start of unknown outcome may be sent again without harm', async (store) => {
    const start = batch(
      [insert(newRun('r')), putTask(newTask('r')), putKey(newKey('k'))],
      [keyIs('k', null)],
    );
    await applies(store, start, 'the start');
    await claimOne(store, 1_000);
    const before = await stateOf(store, ['r'], ['k']);
    await refuses(store, start, 'key', 'expect', 0, 'the start once more');
    equal(await stateOf(store, ['r'], ['k']), before, 'the store');
  }),
  law('A1', 'a message of unknown outcome may be sent again without harm', async (store) => {
    const send = batch([putMessage(newMessage('r', 'm')), putKey(newKey('sent m'))], [keyIs('sent m', null)]);
    await applies(store, send, 'the message');
    await refuses(store, send, 'key', 'expect', 0, 'the message once more');
    const read = (await inboxOf(store, 'r'))[0]?.position ?? 0;
    await apply(store, { kind: 'drop-messages', runId: 'r', through: read });
    await refuses(store, send, 'key', 'expect', 0, 'the message once more, after it was taken');
    equal(await inboxOf(store, 'r'), [], 'the inbox');
  }),
  law('C2', 'a completion of unknown outcome may be sent again without harm', async (store) => {
    await apply(store, putTask(newTask('r/1', { runId: 'r' })));
    const task = await claimOne(store, 1_000);
    const completion = batch(
      [dropTask('r/1'), putMessage(newMessage('r', 'result'))],
      [token('r/1', task.token)],
    );
    await applies(store, completion, 'the completion');
    await refuses(store, completion, 'token', 'expect', 0, 'the completion once more');
    equal((await inboxOf(store, 'r')).length, 1, 'results');
  }),
  law('C1', 'a claim whose answer was lost costs one lease, no task', async (store) => {
    await apply(store, ...['a', 'b'].map((id) => putTask(newTask(id))));
    await claim(store, 1_000);
    equal(await claim(store, 1_000), [], 'claimed again at once');
    equal(idsOf(await claim(store, 1_100)), ['a', 'b'], 'claimed again after the lease');
  }),
  law('A2', 'a call with one refused batch does not count as failed', async (store) => {
    const results = await store.commit([batch([], [keyIs('k', 'x')]), batch([putKey(newKey('k'))])]);
    equal(results.length, 2, 'results');
    equal((await store.readKey(namespace, 'k'))?.value, 'value', 'the key of the second batch');
  }),
];
