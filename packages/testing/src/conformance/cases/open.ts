import { law, type Draft } from '../case.js';
import { equal, holds, rejects } from '../check.js';
import type { StorageFixture } from '../fixture.js';
import {
  insert,
  namespace,
  newKey,
  newMessage,
  newRun,
  newTask,
  putKey,
  putMessage,
  putTask,
} from '../make.js';
import { apply, everyPage, inboxOf, runOf, stateOf } from '../steps.js';

const whole = [
  insert(newRun('r'), ['one', 'two']),
  putTask(newTask('r')),
  putTask(newTask('r/1', { runId: 'r', kind: 'activity', visibleAt: 5_000, token: 3, attempt: 2 })),
  putMessage(newMessage('r', 'm1')),
  putMessage(newMessage('r', 'm2')),
  putKey(newKey('k')),
];

export const openCases: readonly Draft[] = [
  law('S1', 'a new store is empty', async (store) => {
    equal(await store.listRuns({ namespace }, everyPage), [], 'runs of a new store');
    equal(await store.countRuns({ namespace }), 0, 'their number');
    equal(await store.readRun('r'), undefined, 'a run of a new store');
    equal(await store.readTask('r'), undefined, 'a task of a new store');
    equal(await store.readKey(namespace, 'k'), undefined, 'a key of a new store');
    equal(await inboxOf(store, 'r'), [], 'an inbox of a new store');
  }),
  law('S1', 'the traits say contract, reach, durability and instance', async (store) => {
    const { contract, reach, durability, instanceId } = store.traits;
    equal(contract, 1, 'traits.contract');
    holds(
      ['process', 'origin', 'host', 'network'].includes(reach),
      'traits.reach is none of the four',
      reach,
    );
    holds(
      ['none', 'relaxed', 'strict'].includes(durability),
      'traits.durability is none of the three',
      durability,
    );
    holds(
      typeof instanceId === 'string' && instanceId !== '',
      'traits.instanceId must say something',
      instanceId,
    );
  }),
  law('S1', 'the storage has a kind', async (_store, lab) => {
    holds(typeof lab.storage.kind === 'string' && lab.storage.kind !== '', 'kind', lab.storage.kind);
  }),
  law('S1', 'every handle of a storage shows the same instance', async (store, lab) => {
    const other = await lab.open();
    equal(other.traits, store.traits, 'traits of the second handle');
  }),
  law('S1', 'two stores are two instances', async (store, lab) => {
    const other = await lab.open(await lab.create());
    holds(other.traits.instanceId !== store.traits.instanceId, 'two stores have one instanceId');
  }),
  law('S1', 'two stores share no data', async (store, lab) => {
    const other = await lab.open(await lab.create());
    await apply(store, ...whole);
    equal(await other.listRuns({ namespace }, everyPage), [], 'runs of the other store');
    equal(await other.readTask('r'), undefined, 'a task of the other store');
    equal(await other.readKey(namespace, 'k'), undefined, 'a key of the other store');
  }),
  law('S1', 'a new store may be opened many times at once', async (_store, lab) => {
    const storage = await lab.create();
    const handles = await Promise.all(Array.from({ length: 8 }, () => lab.open(storage)));
    const [first, ...others] = handles;
    if (first === undefined) return;
    await apply(first, insert(newRun('r')));
    for (const other of others) {
      equal(other.traits.instanceId, first.traits.instanceId, 'instanceId of handles opened at once');
      equal((await runOf(other, 'r')).seq, 1, 'a run, read through a handle opened at the same time');
    }
  }),
  law(
    'S1',
    'a new store may be created by two connections at once',
    async (_store, lab) => {
      const storage = await lab.create();
      const [one, two] = await Promise.all([lab.open(storage), lab.open(lab.able('second')(storage))]);
      equal(two.traits.instanceId, one.traits.instanceId, 'instanceId of the two connections');
      await apply(one, insert(newRun('r')));
      equal((await runOf(two, 'r')).seq, 1, 'a run, read through the other connection');
    },
    ['second'],
  ),
  law('S1', 'opening an open store changes nothing', async (store, lab) => {
    await apply(store, ...whole);
    const before = await stateOf(store, ['r'], ['k']);
    const other = await lab.open();
    equal(await stateOf(other, ['r'], ['k']), before, 'what the new handle reads');
    equal(await stateOf(store, ['r'], ['k']), before, 'what the old handle reads then');
  }),
  law(
    'A6',
    'every kind of record is there when the store is opened again',
    async (store, lab) => {
      await apply(store, ...whole);
      const before = await stateOf(store, ['r'], ['k']);
      equal(await stateOf(await lab.reopen(), ['r'], ['k']), before, 'what is read after opening again');
    },
    ['reopen'],
  ),
  law(
    'S1',
    'opening a store again and again changes nothing',
    async (store, lab) => {
      await apply(store, ...whole);
      const { instanceId } = store.traits;
      const before = await stateOf(store, ['r'], ['k']);
      for (let times = 0; times < 3; times++) {
        const again = await lab.reopen();
        equal(again.traits.instanceId, instanceId, 'instanceId after opening again');
        equal(await stateOf(again, ['r'], ['k']), before, 'what is read after opening again');
      }
    },
    ['reopen'],
  ),
  law(
    'S1',
    'an empty store is kept as it was created',
    async (store, lab) => {
      const { instanceId } = store.traits;
      equal((await lab.reopen()).traits.instanceId, instanceId, 'instanceId after opening again');
    },
    ['reopen'],
  ),
  law(
    'S1',
    'a store of a newer release is refused with a sentence that says what to do',
    async (store, lab) => {
      await apply(store, ...whole);
      await lab.closeAll();
      const storage = await lab.able('newer')(lab.storage);
      const error = await rejects(
        () => lab.open(storage),
        ['storage_newer'],
        'opening what a newer release wrote',
      );
      equal(error.retryable, false, 'retryable of storage_newer: trying again does not help');
      equal(error.outcome, 'not-applied', 'outcome of storage_newer: nothing was written');
      await rejects(
        () => lab.open(storage),
        ['storage_newer'],
        'opening it once more: the refusal changed nothing',
      );
    },
    ['newer'],
  ),
  law(
    'S1',
    'a place that holds something else is refused',
    async (_store, lab) => {
      const storage = await lab.able('foreign')();
      const error = await rejects(
        () => lab.open(storage),
        ['storage_foreign'],
        'opening what is not a store',
      );
      equal(error.outcome, 'not-applied', 'outcome of storage_foreign: nothing was written');
      await rejects(
        () => lab.open(storage),
        ['storage_foreign'],
        'opening it once more: it was left as it is',
      );
    },
    ['foreign'],
  ),
  law(
    'E1',
    'a damaged store is reported, never read as if it were whole',
    async (store, lab) => {
      await apply(store, ...whole);
      await lab.closeAll();
      const storage = await lab.able('corrupt')(lab.storage);
      const use = async (): Promise<unknown> => stateOf(await lab.open(storage), ['r'], ['k']);
      const error = await rejects(use, ['storage_corrupt', 'storage_foreign'], 'using a damaged store');
      equal(error.retryable, false, 'retryable of a damaged store');
    },
    ['corrupt'],
  ),
  law(
    'E1',
    'a medium that takes no writes is reported, and nothing is half written',
    async (store, lab) => {
      await apply(store, ...whole);
      await lab.closeAll();
      const storage = await lab.able('readOnly')(lab.storage);
      const use = async (): Promise<unknown> => {
        const handle = await lab.open(storage);
        return handle.commit([{ expect: [], writes: [insert(newRun('new'))] }]);
      };
      const error = await rejects(use, ['storage_readonly'], 'writing to a medium that takes no writes');
      equal(error.outcome, 'not-applied', 'outcome of storage_readonly');
    },
    ['readOnly'],
  ),
];

/** One case a released schema; one that says so where none has been released. */
export function upgradeCases(fixture: StorageFixture): readonly Draft[] {
  return (fixture.released ?? []).map(({ name, open, runs }) =>
    law('S1', `a store of release ${name} is upgraded with everything in it`, async (_store, lab) => {
      const storage = await open();
      const handle = await lab.open(storage);
      equal(await handle.countRuns({ namespace }), runs, 'runs after the upgrade');
      await apply(handle, insert(newRun('written after the upgrade')));
      equal(await handle.countRuns({ namespace }), runs + 1, 'runs after one more was written');
    }),
  );
}
