import type { StorageHandle, Write } from '@perdure/core/storage';
import { law, type Draft } from '../case.js';
import { equal, holds } from '../check.js';
import { Ear } from '../ear.js';
import type { Lab } from '../lab.js';
import {
  advance,
  amend,
  close,
  dropMessages,
  dropTask,
  insert,
  newMessage,
  newRun,
  newTask,
  purge,
  putMessage,
  putTask,
  wake,
} from '../make.js';
import { apply, claimOne, inboxOf } from '../steps.js';
import { pause } from '../wait.js';

const inValue = ['hints within a value'] as const;

/** Writes that a hint must name run `r` for, on a store that has it. */
const changing: Readonly<Record<string, readonly Write[]>> = {
  'an event': [advance('r', 1)],
  'an amendment': [amend('r', { body: 'amended' })],
  'a close': [close('r', 1)],
  'a new task': [putTask(newTask('r/2', { runId: 'r' }))],
  'a task that was dropped': [dropTask('r')],
  'a message': [putMessage(newMessage('r', 'm2'))],
  'messages that were taken': [dropMessages('r', Number.MAX_SAFE_INTEGER)],
  'a purge': [purge('r')],
};

async function toldOfNewRun(lab: Lab, store: StorageHandle, watcher: StorageHandle): Promise<void> {
  const ear = new Ear(lab, watcher);
  await apply(store, insert(newRun('r')));
  await ear.told('r', 'a new run');
}

/** When a hint names a run, the run must be there for whoever reads. */
async function neverEarly(lab: Lab, writer: StorageHandle, watcher: StorageHandle): Promise<void> {
  const reads = new Map<string, Promise<unknown>>();
  new Ear(lab, watcher, (hint) => {
    for (const runId of hint.kind === 'changed' ? hint.runs : []) {
      if (!reads.has(runId)) reads.set(runId, watcher.readRun(runId));
    }
  });
  for (let n = 0; n < 30; n++) await apply(writer, insert(newRun(`r${n}`)), putTask(newTask(`r${n}`)));
  await Promise.all(Array.from({ length: 10 }, (_, n) => apply(writer, insert(newRun(`s${n}`)))));
  await pause(30);
  for (const [runId, read] of reads) {
    holds((await read) !== undefined, `a hint told of run ${runId} before it could be read`);
  }
}

/** What is told, and when. How listeners come and go is in `listeners.ts`. */
export const watchCases: readonly Draft[] = [
  law('N1', 'a watcher is told of a new run', (store, lab) => toldOfNewRun(lab, store, store), inValue),
  law(
    'N1',
    'a watcher is told through another handle of the storage',
    async (store, lab) => toldOfNewRun(lab, store, await lab.open()),
    inValue,
  ),
  law(
    'N1',
    'a watcher is told through another connection',
    async (store, lab) => toldOfNewRun(lab, store, await lab.second()),
    ['second', 'hints within reach'],
  ),
  law(
    'N1',
    'a watcher is told of every kind of change of a run',
    async (store, lab) => {
      for (const [about, writes] of Object.entries(changing)) {
        await apply(store, purge('r'));
        await apply(store, insert(newRun('r')), putTask(newTask('r')), putMessage(newMessage('r', 'm')));
        await pause(2);
        const ear = new Ear(lab, store);
        await apply(store, ...writes);
        await ear.told('r', about);
        ear.unwatch();
      }
    },
    inValue,
  ),
  law(
    'N1',
    'a watcher is told of queues in which a task has become claimable',
    async (store, lab) => {
      const ear = new Ear(lab, store);
      const woken = async (queue: string, about: string): Promise<void> => {
        await ear.woken(queue, about);
        ear.hints.length = 0;
      };
      await apply(store, putTask(newTask('t', { queue: 'a', visibleAt: 9_000 })));
      await woken('a', 'a new task');
      await apply(store, wake('t', 10));
      await woken('a', 'a task that was woken');
      await apply(store, putTask(newTask('t', { queue: 'b' })));
      await woken('b', 'a task that was moved');
      await apply(store, putTask(newTask('u')));
      await woken('main', 'another task');
      await claimOne(store, 1_000);
      await pause(5);
      ear.hints.length = 0;
      await store.releaseLeases('w1');
      await woken('main', 'a release');
    },
    inValue,
  ),
  law(
    'N1',
    'the last change of a burst is told',
    async (store, lab) => {
      const ear = new Ear(lab, store);
      await Promise.all(Array.from({ length: 100 }, (_, n) => apply(store, insert(newRun(`r${n}`)))));
      for (const n of [0, 50, 99]) await ear.told(`r${n}`, 'a burst of 100 commits');
    },
    inValue,
  ),
  law(
    'N1',
    'the change that comes while a listener runs is told',
    async (store, lab) => {
      const other = await lab.open();
      const written: Promise<void>[] = [];
      const ear = new Ear(lab, store, () => {
        if (written.length === 0) written.push(apply(other, insert(newRun('s'))));
      });
      await apply(store, insert(newRun('r')));
      await ear.told('s', 'a commit made by a listener');
      await Promise.all(written);
    },
    inValue,
  ),
  law('N1', 'a hint never comes before the change can be read through its handle', async (store, lab) => {
    await neverEarly(lab, store, store);
  }),
  law('N1', 'a hint never comes before the change can be read through another handle', async (store, lab) => {
    await neverEarly(lab, store, await lab.open());
  }),
  law(
    'N1',
    'a hint never comes before the change can be read through another connection',
    async (store, lab) => {
      await neverEarly(lab, store, await lab.second());
    },
    ['second'],
  ),
  law('N1', 'a hint never comes before the message that it tells of', async (store, lab) => {
    const watcher = await lab.open();
    const reads: Promise<readonly unknown[]>[] = [];
    new Ear(lab, watcher, (hint) => {
      if (hint.kind === 'changed' && hint.runs.includes('r')) reads.push(inboxOf(watcher, 'r'));
    });
    await apply(store, putMessage(newMessage('r', 'm')));
    await pause(20);
    for (const inbox of await Promise.all(reads)) equal(inbox.length, 1, 'messages, read when the hint came');
  }),
  law('N1', 'a hint is one of the four', async (store, lab) => {
    const { hints } = new Ear(lab, store);
    await apply(store, insert(newRun('r')), putTask(newTask('r')), putMessage(newMessage('r', 'm')));
    await claimOne(store, 1_000);
    await store.releaseLeases('w1');
    await pause(20);
    for (const hint of hints) {
      holds(['changed', 'unknown', 'worker-gone', 'lost'].includes(hint.kind), 'kind of a hint', hint);
      if (hint.kind !== 'changed') continue;
      const strings = [...hint.runs, ...hint.queues].every((name) => typeof name === 'string');
      holds(strings, 'runs and queues of a hint', hint);
    }
  }),
];
