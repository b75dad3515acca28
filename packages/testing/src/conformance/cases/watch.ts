import type { ChangeHint, StorageHandle, Write } from '@perdure/core/storage';
import { law, type Draft } from '../case.js';
import { equal, holds } from '../check.js';
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
import { apply, attempt, batch, claimOne, inboxOf, runOf } from '../steps.js';
import { eventually, pause } from '../wait.js';

function listen(store: StorageHandle): ChangeHint[] {
  const hints: ChangeHint[] = [];
  store.watch((hint) => hints.push(hint));
  return hints;
}

const tells = (hint: ChangeHint, runId: string): boolean =>
  hint.kind === 'unknown' || (hint.kind === 'changed' && hint.runs.includes(runId));

const wakes = (hint: ChangeHint, queue: string): boolean =>
  hint.kind === 'unknown' || (hint.kind === 'changed' && hint.queues.includes(queue));

async function told(hints: readonly ChangeHint[], runId: string, about: string): Promise<void> {
  const heard = await eventually(() => hints.some((hint) => tells(hint, runId)));
  holds(heard, `${about}: no hint told of run ${runId} within five seconds`, hints);
}

/** A hint named a run: now the change must be there for whoever reads. */
async function neverEarly(writer: StorageHandle, watcher: StorageHandle): Promise<void> {
  const reads: Promise<void>[] = [];
  const heard = new Set<string>();
  watcher.watch((hint) => {
    if (hint.kind !== 'changed') return;
    for (const runId of hint.runs) {
      if (heard.has(runId)) continue;
      heard.add(runId);
      reads.push(
        watcher.readRun(runId).then((run) => {
          holds(run !== undefined, `a hint told of run ${runId} before it could be read`);
        }),
      );
    }
  });
  for (let n = 0; n < 30; n++) await apply(writer, insert(newRun(`r${n}`)), putTask(newTask(`r${n}`)));
  await Promise.all(Array.from({ length: 10 }, (_, n) => apply(writer, insert(newRun(`s${n}`)))));
  await pause(30);
  await Promise.all(reads);
}

const inValue = ['hints within a value'] as const;
const inReach = ['second', 'hints within reach'] as const;

/** Writes that a hint must name run `r` for, after a store that has it. */
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

export const watchCases: readonly Draft[] = [
  law(
    'N1',
    'a watcher is told of a new run',
    async (store) => {
      const hints = listen(store);
      await apply(store, insert(newRun('r')));
      await told(hints, 'r', 'a new run');
    },
    inValue,
  ),
  law(
    'N1',
    'a watcher is told through another handle of the storage',
    async (store, lab) => {
      const hints = listen(await lab.open());
      await apply(store, insert(newRun('r')));
      await told(hints, 'r', 'a new run');
    },
    inValue,
  ),
  law(
    'N1',
    'a watcher is told through another connection',
    async (store, lab) => {
      const hints = listen(await lab.second());
      await apply(store, insert(newRun('r')));
      await told(hints, 'r', 'a new run');
    },
    inReach,
  ),
  law(
    'N1',
    'a watcher is told of every kind of change of a run',
    async (store) => {
      for (const [about, writes] of Object.entries(changing)) {
        await apply(store, purge('r'));
        await apply(store, insert(newRun('r')), putTask(newTask('r')), putMessage(newMessage('r', 'm')));
        await pause(2);
        const hints: ChangeHint[] = [];
        const unwatch = store.watch((hint) => hints.push(hint));
        await apply(store, ...writes);
        await told(hints, 'r', about);
        unwatch();
      }
    },
    inValue,
  ),
  law(
    'N1',
    'a watcher is told of queues in which a task has become claimable',
    async (store) => {
      const hints = listen(store);
      const wakens = async (about: string, queue: string): Promise<void> => {
        const heard = await eventually(() => hints.some((hint) => wakes(hint, queue)));
        holds(heard, `${about}: no hint named queue ${queue} within five seconds`, hints);
        hints.length = 0;
      };
      await apply(store, putTask(newTask('t', { queue: 'a', visibleAt: 9_000 })));
      await wakens('a new task', 'a');
      await apply(store, wake('t', 10));
      await wakens('a task that was woken', 'a');
      await apply(store, putTask(newTask('t', { queue: 'b' })));
      await wakens('a task that was moved', 'b');
      await apply(store, putTask(newTask('u')));
      await wakens('another task', 'main');
      await claimOne(store, 1_000);
      await pause(5);
      hints.length = 0;
      await store.releaseLeases('w1');
      await wakens('a release', 'main');
    },
    inValue,
  ),
  law(
    'N1',
    'the last change of a burst is told',
    async (store) => {
      const hints = listen(store);
      await Promise.all(Array.from({ length: 100 }, (_, n) => apply(store, insert(newRun(`r${n}`)))));
      for (const n of [0, 50, 99]) await told(hints, `r${n}`, 'a burst of 100 commits');
    },
    inValue,
  ),
  law(
    'N1',
    'the change that comes while a listener runs is told',
    async (store, lab) => {
      const other = await lab.open();
      let before = true;
      const hints: ChangeHint[] = [];
      const written: Promise<void>[] = [];
      store.watch((hint) => {
        hints.push(hint);
        if (!before) return;
        before = false;
        written.push(apply(other, insert(newRun('s'))));
      });
      await apply(store, insert(newRun('r')));
      await told(hints, 's', 'a commit made by a listener');
      await Promise.all(written);
    },
    inValue,
  ),
  law('N1', 'a hint never comes before the change can be read through its handle', async (store) => {
    await neverEarly(store, store);
  }),
  law('N1', 'a hint never comes before the change can be read through another handle', async (store, lab) => {
    await neverEarly(store, await lab.open());
  }),
  law(
    'N1',
    'a hint never comes before the change can be read through another connection',
    async (store, lab) => {
      await neverEarly(store, await lab.second());
    },
    ['second'],
  ),
  law('N1', 'a hint never comes before the message that it tells of', async (store, lab) => {
    const watcher = await lab.open();
    const seen: Promise<number>[] = [];
    watcher.watch((hint) => {
      if (hint.kind === 'changed' && hint.runs.includes('r'))
        seen.push(inboxOf(watcher, 'r').then((all) => all.length));
    });
    await apply(store, putMessage(newMessage('r', 'm')));
    await pause(20);
    for (const count of await Promise.all(seen)) equal(count, 1, 'messages, read when the hint came');
  }),
  law('N1', 'a listener may call the store', async (store) => {
    const calls: Promise<unknown>[] = [];
    store.watch(() => {
      if (calls.length > 0) return;
      calls.push(
        apply(store, insert(newRun('from the listener'))),
        store.readRun('r'),
        store.countRuns(everything),
      );
    });
    await apply(store, insert(newRun('r')));
    const called = await eventually(() => calls.length > 0, 1_000);
    await Promise.all(calls);
    if (called) equal((await runOf(store, 'from the listener')).seq, 1, 'the run that the listener made');
  }),
  law(
    'N1',
    'a listener that throws disturbs neither the writer nor the other listeners',
    async (store) => {
      store.watch(() => {
        throw new Error('the listener’s own error');
      });
      const hints = listen(store);
      store.watch(() => {
        throw new Error('the listener’s own error');
      });
      equal(
        await attempt(store, batch([insert(newRun('r'))])),
        { ok: true },
        'a commit with listeners that throw',
      );
      await told(hints, 'r', 'a listener beside others that throw');
      await apply(store, insert(newRun('s')));
      await told(hints, 's', 'the same, once more');
    },
    inValue,
  ),
  law(
    'N1',
    'every listener is told',
    async (store) => {
      const all = [listen(store), listen(store), listen(store)];
      await apply(store, insert(newRun('r')));
      for (const hints of all) await told(hints, 'r', 'one of three listeners');
    },
    inValue,
  ),
  law(
    'N1',
    'a listener that was taken away hears no more, and the others do',
    async (store) => {
      let heard = 0;
      const unwatch = store.watch(() => heard++);
      const hints = listen(store);
      await apply(store, insert(newRun('r')));
      await told(hints, 'r', 'the listener that stays');
      await pause(5);
      unwatch();
      unwatch();
      const before = heard;
      await apply(store, insert(newRun('s')));
      await told(hints, 's', 'the listener that stays');
      await pause(5);
      equal(heard, before, 'hints that the listener got after it was taken away');
    },
    inValue,
  ),
  law(
    'N1',
    'a function that is given twice listens twice',
    async (store) => {
      const hints: ChangeHint[] = [];
      const listener = (hint: ChangeHint): void => {
        hints.push(hint);
      };
      const [first] = [store.watch(listener), store.watch(listener)];
      first();
      await apply(store, insert(newRun('r')));
      await told(hints, 'r', 'a listener that was given twice and taken away once');
    },
    inValue,
  ),
  law(
    'N1',
    'a listener may take itself away',
    async (store) => {
      const hints = listen(store);
      let heard = 0;
      const unwatch = store.watch(() => {
        heard++;
        unwatch();
      });
      for (const runId of ['r', 's', 't']) {
        await apply(store, insert(newRun(runId)));
        await told(hints, runId, 'another listener');
      }
      await pause(5);
      equal(heard, 1, 'hints that the listener got');
    },
    inValue,
  ),
  law(
    'L1',
    'a closed handle tells nobody',
    async (store, lab) => {
      const other = await lab.open();
      const hints = listen(other);
      let heard = 0;
      store.watch(() => heard++);
      await store.close();
      const before = heard;
      await apply(other, insert(newRun('r')));
      await told(hints, 'r', 'a listener of the handle that is open');
      await pause(5);
      equal(heard, before, 'hints through the handle that was closed');
    },
    inValue,
  ),
  law('L1', 'unwatch after close does nothing', async (store) => {
    const unwatch = store.watch(() => undefined);
    await store.close();
    unwatch();
    unwatch();
  }),
  law('N1', 'a hint is one of the four', async (store) => {
    const hints = listen(store);
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
  law('N1', 'watching is not needed to write', async (store) => {
    const unwatch = store.watch(() => undefined);
    unwatch();
    await apply(store, insert(newRun('r')));
    equal((await runOf(store, 'r')).seq, 1, 'seq of the run');
  }),
];

const everything = { namespace: 'default' };
