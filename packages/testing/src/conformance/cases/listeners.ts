import type { ChangeHint } from '@perdure/core/storage';
import { law, type Draft } from '../case.js';
import { equal } from '../check.js';
import { Ear } from '../ear.js';
import { insert, namespace, newRun } from '../make.js';
import { apply, attempt, batch, runOf } from '../steps.js';
import { eventually, pause } from '../wait.js';

const inValue = ['hints within a value'] as const;

const failing = (): never => {
  throw new Error('the error of a listener');
};

/** How listeners come, go and misbehave. */
export const listenerCases: readonly Draft[] = [
  law('N1', 'a listener may call the store', async (store) => {
    const calls: Promise<unknown>[] = [];
    store.watch(() => {
      if (calls.length > 0) return;
      calls.push(
        apply(store, insert(newRun('of the listener'))),
        store.readRun('r'),
        store.countRuns({ namespace }),
      );
    });
    await apply(store, insert(newRun('r')));
    const called = await eventually(() => calls.length > 0, 1_000);
    await Promise.all(calls);
    if (called)
      equal((await runOf(store, 'of the listener')).seq, 1, 'seq of the run that the listener made');
  }),
  law(
    'N1',
    'a listener that throws disturbs neither the writer nor the other listeners',
    async (store, lab) => {
      store.watch(failing);
      const ear = new Ear(lab, store);
      store.watch(failing);
      const result = await attempt(store, batch([insert(newRun('r'))]));
      equal(result, { ok: true }, 'a commit with listeners that throw');
      await ear.told('r', 'a listener beside others that throw');
      await apply(store, insert(newRun('s')));
      await ear.told('s', 'the same, once more');
    },
    inValue,
  ),
  law(
    'N1',
    'every listener is told',
    async (store, lab) => {
      const ears = [new Ear(lab, store), new Ear(lab, store), new Ear(lab, store)];
      await apply(store, insert(newRun('r')));
      for (const ear of ears) await ear.told('r', 'one of three listeners');
    },
    inValue,
  ),
  law(
    'N1',
    'a listener that was taken away hears no more, and the others do',
    async (store, lab) => {
      const [leaving, staying] = [new Ear(lab, store), new Ear(lab, store)];
      await apply(store, insert(newRun('r')));
      await staying.told('r', 'the listener that stays');
      await pause(5);
      leaving.unwatch();
      leaving.unwatch();
      const before = leaving.hints.length;
      await apply(store, insert(newRun('s')));
      await staying.told('s', 'the listener that stays');
      await pause(5);
      equal(leaving.hints.length, before, 'hints that the listener got after it was taken away');
    },
    inValue,
  ),
  law(
    'N1',
    'a function that is given twice listens twice',
    async (store, lab) => {
      const heard: ChangeHint[] = [];
      const listener = (hint: ChangeHint): void => {
        heard.push(hint);
      };
      const [first] = [store.watch(listener), store.watch(listener)];
      first();
      const ear = new Ear(lab, store);
      await apply(store, insert(newRun('r')));
      await ear.told('r', 'another listener');
      await pause(5);
      equal(heard.length > 0, true, 'whether a listener that was given twice and taken away once was told');
    },
    inValue,
  ),
  law(
    'N1',
    'a listener may take itself away',
    async (store, lab) => {
      const ear = new Ear(lab, store);
      const once: Ear = new Ear(lab, store, () => {
        once.unwatch();
      });
      for (const runId of ['r', 's', 't']) {
        await apply(store, insert(newRun(runId)));
        await ear.told(runId, 'another listener');
      }
      await pause(5);
      equal(once.hints.length, 1, 'hints that the listener got');
    },
    inValue,
  ),
  law('N1', 'watching is not needed to write', async (store) => {
    const unwatch = store.watch(() => undefined);
    unwatch();
    await apply(store, insert(newRun('r')));
    equal((await runOf(store, 'r')).seq, 1, 'seq of the run');
  }),
  law(
    'L1',
    'a closed handle tells nobody',
    async (store, lab) => {
      const other = await lab.open();
      const [open, closed] = [new Ear(lab, other), new Ear(lab, store)];
      await store.close();
      const before = closed.hints.length;
      await apply(other, insert(newRun('r')));
      await open.told('r', 'a listener of the handle that is open');
      await pause(5);
      equal(closed.hints.length, before, 'hints through the handle that was closed');
    },
    inValue,
  ),
  law('L1', 'unwatch after close does nothing', async (store) => {
    const unwatch = store.watch(() => undefined);
    await store.close();
    unwatch();
    unwatch();
  }),
];
