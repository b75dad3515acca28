import type { StorageHandle } from '@perdure/core/storage';
import { law, type Draft } from '../case.js';
import { equal } from '../check.js';
import {
  advance,
  amend,
  close,
  insert,
  namespace,
  newKey,
  newMessage,
  newRun,
  newTask,
  purge,
  putKey,
  putMessage,
  putTask,
  runAt,
  runOpen,
  token,
  want,
} from '../make.js';
import {
  applies,
  apply,
  batch,
  claim,
  eventsOf,
  everyPage,
  idsOf,
  inboxOf,
  refuses,
  runOf,
  stateOf,
} from '../steps.js';

/** A run with something of everything. */
const whole = (runId: string) => [
  insert(newRun(runId), ['one', 'two']),
  putTask(newTask(runId)),
  putTask(newTask(`${runId}/1`, { runId, kind: 'activity', visibleAt: 9_000 })),
  putTask(newTask(`stray of ${runId}`, { runId })),
  putMessage(newMessage(runId, 'm')),
  putKey(newKey(`key of ${runId}`, { runId })),
  putKey(newKey(`key of ${runId}`, { runId, namespace: 'other' })),
];

async function isGone(store: StorageHandle, runId: string): Promise<void> {
  equal(await store.readRun(runId), undefined, `run ${runId}`);
  equal(await store.loadRuns([{ runId, afterSeq: 0 }]), [undefined], `run ${runId}, loaded`);
  equal(await eventsOf(store, runId), [], `events of ${runId}`);
  equal(await store.readTasks(runId), [], `tasks of ${runId}`);
  for (const taskId of [runId, `${runId}/1`, `stray of ${runId}`]) {
    equal(await store.readTask(taskId), undefined, `task ${taskId}`);
  }
  equal(await inboxOf(store, runId), [], `inbox of ${runId}`);
  for (const inNamespace of [namespace, 'other']) {
    equal(
      await store.readKey(inNamespace, `key of ${runId}`),
      undefined,
      `key of ${runId} in ${inNamespace}`,
    );
  }
}

export const retentionCases: readonly Draft[] = [
  law('P1', 'a purge takes the run and all that belongs to it', async (store) => {
    await apply(store, ...whole('r'), close('r', 2));
    await apply(store, purge('r'));
    await isGone(store, 'r');
  }),
  law('P1', 'a purged run is in no list and no count', async (store) => {
    await apply(store, ...whole('r'), ...whole('s'));
    await apply(store, purge('r'));
    const runs = await store.listRuns({ namespace }, everyPage);
    equal(
      runs.map(({ runId }) => runId),
      ['s'],
      'runs',
    );
    equal(await store.countRuns({ namespace }), 1, 'their number');
    equal(
      await store.countRuns({ namespace, workflowIdPrefix: 'workflow of r' }),
      0,
      'runs by the id of the purged',
    );
  }),
  law('P1', 'the tasks of a purged run are neither claimed nor waited for', async (store) => {
    await apply(store, ...whole('r'));
    await apply(store, purge('r'));
    const wants = [want(), want({ kind: 'activity' })];
    equal(await claim(store, 10_000, { wants }), [], 'claimed');
    equal(await store.nextWakeAt({ namespace, wants }), null, 'nextWakeAt');
  }),
  law('P1', 'the leases of a purged run are gone', async (store) => {
    await apply(store, ...whole('r'));
    const [task] = await claim(store, 1_000);
    await apply(store, purge('r'));
    equal(await store.releaseLeases('w1'), 0, 'leases released');
    const late = batch([], [token('r', task?.token ?? 1)]);
    await refuses(store, late, 'token', 'expect', 0, 'the token of a purged task');
  }),
  law('P1', 'a purge spares every other run, whatever its id looks like', async (store) => {
    const ids = ['r', 'r/1', 'r%', 'r_', 'R', 'ra', 'r ', 'rr', '', '/', 'r\u0001', '\u{1f600}'];
    for (const id of ids) await apply(store, ...whole(`x${id}`));
    const others = ids.slice(1).map((id) => `x${id}`);
    const keys = others.map((id) => `key of ${id}`);
    // Of a task two runs have put, the later one has it: `xr/1` is the task of run `xr/1`.
    const before = await stateOf(store, others, keys);
    await apply(store, purge('xr'));
    await isGoneBut(store, 'xr');
    const { list: _was, count: _counted, ...kept } = before as Record<string, unknown>;
    const { list, count, ...after } = (await stateOf(store, others, keys)) as Record<string, unknown>;
    equal(after, kept, 'the other runs, after the purge');
    equal([(list as unknown[]).length, count], [others.length, others.length], 'runs listed and counted');
  }),
  law('P1', 'an open run can be purged too', async (store) => {
    await apply(store, ...whole('r'));
    await applies(store, batch([purge('r')], [runOpen('r')]), 'the purge of an open run');
    await isGone(store, 'r');
  }),
  law('P1', 'what a run left without a run record is purged too', async (store) => {
    await apply(store, ...whole('r').slice(1));
    await apply(store, purge('r'));
    await isGone(store, 'r');
  }),
  law('P1', 'a purged run can be started anew, and nothing of the old one shows', async (store) => {
    await apply(store, ...whole('r'), close('r', 2), amend('r', { closedAt: 5 }));
    await apply(store, purge('r'));
    await apply(store, insert(newRun('r'), ['new']));
    equal(await eventsOf(store, 'r'), ['new'], 'events');
    const { seq, version, historyBytes } = await runOf(store, 'r');
    equal([seq, version, historyBytes], [1, 1, 3], 'seq, version and historyBytes');
    equal([await store.readTasks('r'), await inboxOf(store, 'r')], [[], []], 'tasks and inbox');
    await applies(store, batch([advance('r', 1)], [runOpen('r'), runAt('r', 1)]), 'its next event');
    await apply(store, putMessage(newMessage('r', 'm')));
    equal((await inboxOf(store, 'r')).length, 1, 'a message with an id that the old run had');
  }),
  law('P1', 'a purged run takes no more writes', async (store) => {
    await apply(store, ...whole('r'));
    await apply(store, purge('r'));
    await refuses(store, batch([advance('r', 2)]), 'run-unknown', 'writes', 0, 'an event');
    await refuses(store, batch([amend('r')]), 'run-unknown', 'writes', 0, 'an amendment');
    await refuses(store, batch([], [runAt('r', 2)]), 'run-at', 'expect', 0, 'its old seq');
  }),
  law('P1', 'a key that another run took over stays with that run', async (store) => {
    await apply(
      store,
      ...whole('r'),
      insert(newRun('s')),
      putKey(newKey('key of r', { runId: 's', value: 'taken' })),
    );
    await apply(store, purge('r'));
    equal((await store.readKey(namespace, 'key of r'))?.value, 'taken', 'the key');
    equal(await store.readKey('other', 'key of r'), undefined, 'the key of that name in the other namespace');
    await apply(store, purge('s'));
    equal(await store.readKey(namespace, 'key of r'), undefined, 'the key, after its new run was purged');
  }),
  law('P1', 'a task that another run took over stays with that run', async (store) => {
    await apply(store, ...whole('r'), putTask(newTask('r/1', { runId: 's' })));
    await apply(store, purge('r'));
    equal(idsOf(await store.readTasks('s')), ['r/1'], 'tasks of the other run');
    await apply(store, purge('s'));
    equal(await store.readTask('r/1'), undefined, 'the task, after its new run was purged');
  }),
  law('A1', 'a purge in a refused batch takes nothing', async (store) => {
    await apply(store, ...whole('r'));
    const before = await stateOf(store, ['r'], ['key of r']);
    await refuses(store, batch([purge('r'), amend('x')]), 'run-unknown', 'writes', 1, 'the batch');
    await refuses(
      store,
      batch([purge('r'), amend('r')]),
      'run-unknown',
      'writes',
      1,
      'an amendment after the purge',
    );
    equal(await stateOf(store, ['r'], ['key of r']), before, 'the run');
  }),
  law('P1', 'an unknown run is purged without complaint, again and again', async (store) => {
    await apply(store, purge('x'), purge('x'));
    await apply(store, ...whole('r'), purge('r'), purge('r'));
    await isGone(store, 'r');
  }),
  law('P1', 'many runs are purged in one call', async (store) => {
    const ids = Array.from({ length: 40 }, (_, n) => `r${n}`);
    for (const id of ids) await apply(store, ...whole(id));
    await store.commit(ids.slice(1).map((id) => batch([purge(id)])));
    equal(await store.countRuns({ namespace }), 1, 'runs left');
    await isGone(store, 'r39');
    equal((await eventsOf(store, 'r0')).length, 2, 'events of the run that is left');
  }),
  law('P1', 'a long history and a large inbox are purged whole', async (store) => {
    await apply(
      store,
      insert(
        newRun('r'),
        Array.from({ length: 1_500 }, (_, n) => `event ${n}`),
      ),
    );
    for (let n = 0; n < 5; n++) await apply(store, advance('r', 1_500 + n));
    await apply(store, ...Array.from({ length: 300 }, (_, n) => putMessage(newMessage('r', `${n}`))));
    await apply(store, purge('r'));
    await apply(store, insert(newRun('r'), []));
    equal(
      [await eventsOf(store, 'r'), await inboxOf(store, 'r')],
      [[], []],
      'events and inbox of the next run',
    );
  }),
  law('A4', 'a handle that knew a purged run learns of it', async (store, lab) => {
    const [one = store, two = store] = await lab.clients(2);
    await apply(one, ...whole('r'));
    await apply(one, advance('r', 2, ['three']));
    await apply(two, purge('r'));
    await isGone(one, 'r');
    await refuses(one, batch([advance('r', 3)]), 'run-unknown', 'writes', 0, 'an event for the purged run');
    await apply(two, insert(newRun('r'), ['new']));
    await refuses(
      one,
      batch([advance('r', 3)]),
      'run-moved',
      'writes',
      0,
      'an event behind the head of the old run',
    );
    await applies(one, batch([advance('r', 1, ['next'])]), 'an event behind the head of the new run');
    equal(await eventsOf(two, 'r'), ['new', 'next'], 'events');
  }),
  law(
    'P1',
    'a purge holds when the store is opened again',
    async (store, lab) => {
      await apply(store, ...whole('r'), ...whole('s'));
      await apply(store, purge('r'));
      const again = await lab.reopen();
      await isGone(again, 'r');
      equal((await eventsOf(again, 's')).length, 2, 'events of the other run');
    },
    ['reopen'],
  ),
];

/** As `isGone`, where another run has taken the task `…/1`. */
async function isGoneBut(store: StorageHandle, runId: string): Promise<void> {
  equal(await store.readRun(runId), undefined, `run ${runId}`);
  equal(
    [await eventsOf(store, runId), await inboxOf(store, runId)],
    [[], []],
    `events and inbox of ${runId}`,
  );
  equal(await store.readTasks(runId), [], `tasks of ${runId}`);
  equal(await store.readKey(namespace, `key of ${runId}`), undefined, `key of ${runId}`);
}
