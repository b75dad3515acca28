import type { StorageHandle } from '@perdure/core/storage';
import { law, type Draft } from '../case.js';
import { ConformanceError, equal, holds, rejects, wholeError } from '../check.js';
import { claimAt, insert, namespace, newRun, newTask, putTask, want } from '../make.js';
import { apply, attempt, batch, everyPage, runOf } from '../steps.js';

type Call = readonly [method: keyof StorageHandle, call: (store: StorageHandle) => Promise<unknown>];

const writing: readonly Call[] = [
  ['commit', (store) => store.commit([])],
  ['commit', (store) => store.commit([batch([insert(newRun('late'))])])],
  ['claim', (store) => store.claim(claimAt(1_000))],
  ['releaseLeases', (store) => store.releaseLeases('w1')],
];
const presence: readonly Call[] = [
  ['join', (store) => store.join('w1')],
  ['leave', (store) => store.leave('w1')],
  ['reapDeadWorkers', (store) => store.reapDeadWorkers()],
];
const reading: readonly Call[] = [
  ['readRun', (store) => store.readRun('r')],
  ['loadRuns', (store) => store.loadRuns([])],
  ['readEvents', (store) => store.readEvents('r', { from: 1, limit: 1 })],
  ['readInbox', (store) => store.readInbox('r', { afterPosition: 0, limit: 1 })],
  ['readTasks', (store) => store.readTasks('r')],
  ['readTask', (store) => store.readTask('r')],
  ['readKey', (store) => store.readKey(namespace, 'k')],
  ['listRuns', (store) => store.listRuns({ namespace }, everyPage)],
  ['countRuns', (store) => store.countRuns({ namespace })],
  ['nextWakeAt', (store) => store.nextWakeAt({ namespace, wants: [want()] })],
];

async function allRefused(store: StorageHandle, calls: readonly Call[]): Promise<void> {
  for (const [method, call] of calls) {
    const error = await rejects(() => call(store), ['storage_closed'], `${method} after close`);
    equal(error.outcome, 'not-applied', `${method} after close: outcome`);
    equal(error.retryable, false, `${method} after close: retryable, of a handle that never opens again`);
  }
}

export const closeCases: readonly Draft[] = [
  law('L1', 'after close every writing call is refused', async (store) => {
    await store.close();
    await allRefused(store, writing);
  }),
  law('L1', 'after close every reading call is refused', async (store) => {
    await apply(store, insert(newRun('r')));
    await store.close();
    await allRefused(store, reading);
  }),
  law('L1', 'after close nobody joins, leaves or reaps', async (store) => {
    await store.join('w1');
    await store.close();
    await allRefused(store, presence);
  }),
  law('L1', 'after close a watch is refused', async (store) => {
    await store.close();
    try {
      store.watch(() => undefined);
    } catch (error) {
      wholeError(error, ['storage_closed'], 'watch after close');
      return;
    }
    throw new ConformanceError('watch after close must throw an error with code storage_closed');
  }),
  law('L1', 'calls are refused from the moment close is called', async (store) => {
    const closing = store.close();
    await rejects(
      () => store.commit([batch([insert(newRun('late'))])]),
      ['storage_closed'],
      'commit during close',
    );
    await rejects(() => store.readRun('r'), ['storage_closed'], 'readRun during close');
    await closing;
  }),
  law('L1', 'closing twice is closing', async (store) => {
    await store.close();
    await store.close();
    await Promise.all([store.close(), store.close()]);
  }),
  law('L1', 'closing twice at once resolves both', async (store) => {
    await Promise.all([store.close(), store.close()]);
    await allRefused(store, writing);
  }),
  law('L1', 'closing one handle leaves the other', async (store, lab) => {
    const other = await lab.open();
    await apply(store, insert(newRun('r')), putTask(newTask('r')));
    await store.close();
    equal((await runOf(other, 'r')).seq, 1, 'a run, read through the handle that is open');
    await apply(other, insert(newRun('s')));
    equal((await other.claim(claimAt(1_000))).length, 1, 'tasks claimed through the handle that is open');
  }),
  law('L1', 'a store can be opened while another handle of it closes', async (store, lab) => {
    await apply(store, insert(newRun('r')));
    const [other] = await Promise.all([lab.open(), store.close()]);
    equal((await runOf(other, 'r')).seq, 1, 'a run, read through the handle opened meanwhile');
  }),
  law('L1', 'close finishes the commits under way', async (store, lab) => {
    const other = await lab.open();
    const commits = ['r', 's', 't'].map((runId) => attempt(store, batch([insert(newRun(runId))])));
    await store.close();
    for (const result of await Promise.all(commits))
      equal(result, { ok: true }, 'a commit begun before close');
    equal(await other.countRuns({ namespace }), 3, 'runs committed before close');
  }),
  law('L1', 'close finishes the claim under way', async (store, lab) => {
    const other = await lab.open();
    await apply(store, putTask(newTask('t')));
    const claim = store.claim(claimAt(1_000));
    await store.close();
    const [task] = await claim;
    equal(task?.token, 1, 'token of a task whose claim began before close');
    equal((await other.readTask('t'))?.token, 1, 'the same, read through another handle');
  }),
  law('L1', 'close answers the reads under way', async (store) => {
    await apply(store, insert(newRun('r')));
    const reads = [
      store.readRun('r'),
      store.listRuns({ namespace }, everyPage),
      store.countRuns({ namespace }),
    ];
    await store.close();
    const [run, list, count] = await Promise.all(reads);
    holds(run !== undefined, 'a read begun before close must find the run');
    equal([Array.isArray(list) && list.length, count], [1, 1], 'list and count begun before close');
  }),
];
