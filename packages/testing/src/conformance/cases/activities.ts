import { NEVER, type StorageHandle, type TaskRecord } from '@perdure/core/storage';
import { law, type Draft } from '../case.js';
import { equal, holds } from '../check.js';
import {
  advance,
  close,
  dropTask,
  dropTasks,
  insert,
  newMessage,
  newRun,
  newTask,
  purge,
  putMessage,
  putTask,
  runOpen,
  token,
  want,
} from '../make.js';
import { applies, apply, batch, claim, idsOf, inboxOf, refuses, taskOf } from '../steps.js';

const activity = (taskId: string, over: Partial<TaskRecord> = {}): TaskRecord =>
  newTask(taskId, { kind: 'activity', runId: 'r', queue: 'slow', type: 'Pay', ...over });

const wants = [want({ kind: 'activity', queues: ['slow'] })];

async function take(store: StorageHandle, now: number, owner = 'w1'): Promise<TaskRecord> {
  const [task, ...more] = await claim(store, now, { owner, wants });
  holds(task !== undefined && more.length === 0, `one activity must be claimed at ${now}`, [task, ...more]);
  return task;
}

/** Activities are tasks: what an engine does with them, step by step. */
export const activityCases: readonly Draft[] = [
  law('A5', 'a task is read as it was put', async (store) => {
    const task = activity('r/1', {
      buildId: 'b1',
      priority: 0,
      fairnessKey: 'customer 7',
      fairnessWeight: 0.5,
      visibleAt: 123,
      attempt: 3,
      token: 9,
      leaseOwner: 'w1',
      leaseUntil: 456,
      body: '{"input":1}',
    });
    await apply(store, putTask(task));
    equal(await store.readTask('r/1'), task, 'the task');
    equal(await store.readTasks('r'), [task], 'the tasks of its run');
  }),
  law('A5', 'a task is replaced whole', async (store) => {
    await apply(
      store,
      putTask(activity('r/1', { buildId: 'b1', leaseOwner: 'w1', leaseUntil: 99, token: 3 })),
    );
    const next = activity('r/1', { kind: 'query', body: '', token: 4 });
    await apply(store, putTask(next));
    equal(await store.readTask('r/1'), next, 'the task');
  }),
  law('A5', 'a task that was put again after it was dropped begins anew', async (store) => {
    await apply(store, putTask(activity('r/1')));
    await take(store, 1_000);
    await apply(store, dropTask('r/1'));
    await apply(store, putTask(activity('r/1')));
    equal((await take(store, 1_000)).token, 1, 'token of its first claim');
  }),
  law('Q1', 'the tasks of a run are ordered by their ids, by code unit', async (store) => {
    const ids = ['r/b', 'r/a', 'r/B', 'r/10', 'r/9', 'r', 'r/\u{1f600}', 'r/\uffff', 'a', 'z', 'r/é', 'r-1'];
    await apply(store, ...ids.map((id) => putTask(activity(id))), putTask(activity('x', { runId: 's' })));
    equal(idsOf(await store.readTasks('r')), [...ids].sort(), 'tasks of the run');
  }),
  law('Q1', 'a thousand tasks of one run are all read', async (store) => {
    const ids = Array.from({ length: 1_000 }, (_, n) => `r/${n}`);
    await apply(store, insert(newRun('r')), ...ids.map((id) => putTask(activity(id))));
    equal(idsOf(await store.readTasks('r')), [...ids].sort(), 'tasks of the run');
    await apply(store, dropTasks('r'));
    equal(await store.readTasks('r'), [], 'tasks after all were dropped');
    equal(await claim(store, 1_000, { wants }), [], 'claimed after that');
  }),
  law('Q1', 'tasks with large bodies beside a run with a large body', async (store) => {
    const large = 'x'.repeat(20_000);
    const tasks = Array.from({ length: 30 }, (_, n) => activity(`r/${n}`, { body: `${large}${n}` }));
    await apply(store, insert(newRun('r', { body: large }), [large]), ...tasks.map(putTask));
    for (const task of tasks) equal(await store.readTask(task.taskId), task, 'a task');
    await apply(store, ...tasks.slice(5).map(({ taskId }) => dropTask(taskId)));
    equal(idsOf(await store.readTasks('r')), ['r/0', 'r/1', 'r/2', 'r/3', 'r/4'], 'tasks that are left');
  }),
  law('A5', 'a task belongs to the run it names, whatever its id looks like', async (store) => {
    await apply(store, insert(newRun('r')), insert(newRun('s')));
    await apply(store, putTask(activity('r/1', { runId: 's' })), putTask(activity('s', { runId: 'r' })));
    equal(idsOf(await store.readTasks('r')), ['s'], 'tasks of r');
    equal(idsOf(await store.readTasks('s')), ['r/1'], 'tasks of s');
    await apply(store, dropTasks('s'));
    equal(await store.readTask('r/1'), undefined, 'the task of s, after all of s were dropped');
    equal(idsOf(await store.readTasks('r')), ['s'], 'tasks of r after that');
  }),
  law('A5', 'a task that is put under another run changes sides', async (store) => {
    await apply(store, putTask(activity('t', { runId: 'r' })));
    await apply(store, putTask(activity('t', { runId: 's' })));
    equal(
      [await store.readTasks('r'), idsOf(await store.readTasks('s'))],
      [[], ['t']],
      'tasks of r, and of s',
    );
    await apply(store, dropTasks('r'));
    equal((await taskOf(store, 't')).runId, 's', 'run of the task, after all of r were dropped');
  }),
  law('A1', 'dropping the tasks of a run spares runs whose id begins like it', async (store) => {
    const runs = ['r', 'r/1', 'r%', 'r_', 'R', 'ra', 'r '];
    await apply(store, ...runs.map((runId) => putTask(activity(`${runId}/task`, { runId }))));
    await apply(store, dropTasks('r'));
    for (const runId of runs)
      equal((await store.readTasks(runId)).length, runId === 'r' ? 0 : 1, `tasks of ${runId}`);
  }),
  law('P1', 'tasks without a run record are purged by their runs, one run after the other', async (store) => {
    await apply(store, putTask(activity('r/2')));
    await apply(store, putTask(activity('r/1#1', { runId: 'r/1' })));
    await apply(store, purge('r/1'));
    equal(await store.readTask('r/1#1'), undefined, 'the task of r/1, after its purge');
    equal(idsOf(await store.readTasks('r')), ['r/2'], 'tasks of r');
    await apply(store, purge('r'));
    equal(
      [await store.readTasks('r'), await store.readTask('r/2')],
      [[], undefined],
      'tasks of r, after its purge',
    );
  }),
  law(
    'P1',
    'a purge takes tasks that came before and after a task of another run was there',
    async (store) => {
      await apply(store, putTask(activity('r', { runId: 's' })));
      await apply(store, putTask(activity('r#2', { runId: 'r' })));
      await apply(store, purge('s'));
      await apply(store, putTask(activity('r#3', { runId: 'r' })));
      await apply(store, purge('r'));
      equal(await store.readTasks('r'), [], 'tasks of r, after its purge');
      equal(await claim(store, 1_000, { wants }), [], 'claimed after that');
    },
  ),
  law('A1', 'dropping the tasks of one run spares those whose ids begin with a dropped id', async (store) => {
    await apply(store, putTask(activity('r/1', { runId: 's' })));
    await apply(store, putTask(activity('r/1#1', { runId: 'r/1', token: 3 })));
    await apply(store, putTask(activity('r/1/1', { runId: 'r/1', token: 4 })));
    await apply(store, dropTasks('s'));
    equal(await store.readTask('r/1'), undefined, 'the task of s');
    await applies(store, batch([], [token('r/1#1', 3), token('r/1/1', 4)]), 'the tokens of the others');
    equal(idsOf(await claim(store, 1_000, { wants })), ['r/1#1', 'r/1/1'], 'claimed after that');
  }),
  law('A1', 'an activity goes from schedule over claim to completion', async (store) => {
    await apply(store, insert(newRun('r')), putTask(newTask('r')));
    await apply(store, advance('r', 1, ['scheduled']), putTask(activity('r/1')));
    const task = await take(store, 1_000);
    const result = putMessage(newMessage('r', 'r/1', { kind: 'result', body: 'done' }));
    await applies(store, batch([dropTask('r/1'), result], [token('r/1', task.token)]), 'the completion');
    equal(await store.readTask('r/1'), undefined, 'the task');
    equal((await inboxOf(store, 'r'))[0]?.body, 'done', 'the result');
  }),
  law('C2', 'an activity completes once', async (store) => {
    await apply(store, putTask(activity('r/1')));
    const task = await take(store, 1_000);
    const result = putMessage(newMessage('r', 'result'));
    const completion = batch([dropTask('r/1'), result], [token('r/1', task.token)]);
    await applies(store, completion, 'the first completion');
    await refuses(store, completion, 'token', 'expect', 0, 'the second completion');
    equal((await inboxOf(store, 'r')).length, 1, 'results');
  }),
  law('C2', 'a completion after a takeover is refused', async (store) => {
    await apply(store, putTask(activity('r/1')));
    const mine = await take(store, 1_000);
    const theirs = await take(store, 1_100, 'w2');
    await refuses(
      store,
      batch([dropTask('r/1')], [token('r/1', mine.token)]),
      'token',
      'expect',
      0,
      'the first owner',
    );
    equal(await store.readTask('r/1'), theirs, 'the task');
  }),
  law('C2', 'a completion after a timeout that dropped the task is refused', async (store) => {
    await apply(store, insert(newRun('r')), putTask(activity('r/1')));
    const task = await take(store, 1_000);
    await apply(store, advance('r', 1, ['timed out']), dropTask('r/1'));
    const late = batch([putMessage(newMessage('r', 'result'))], [token('r/1', task.token)]);
    await refuses(store, late, 'token', 'expect', 0, 'the late completion');
    equal(await inboxOf(store, 'r'), [], 'results');
  }),
  law('A1', 'a completion after the run has closed is refused', async (store) => {
    await apply(store, insert(newRun('r')), putTask(activity('r/1')));
    const task = await take(store, 1_000);
    await apply(store, close('r', 1));
    const late = batch([dropTask('r/1')], [token('r/1', task.token), runOpen('r')]);
    await refuses(store, late, 'run-open', 'expect', 1, 'the late completion');
  }),
  law('C2', 'a retry waits for its moment and counts on', async (store) => {
    await apply(store, putTask(activity('r/1', { visibleAt: 1_000 })));
    for (let attempt = 1; attempt <= 4; attempt++) {
      const now = attempt * 1_000;
      equal(await claim(store, now - 1, { wants }), [], `claimed before attempt ${attempt}`);
      const task = await take(store, now);
      equal([task.attempt, task.token], [attempt, attempt], 'attempt and token');
      const retry = { ...task, leaseOwner: null, leaseUntil: 0, visibleAt: now + 1_000 };
      await applies(store, batch([putTask(retry)], [token('r/1', task.token)]), 'putting it back');
    }
  }),
  law(
    'C2',
    'attempts are counted when nobody reports',
    async (store, lab) => {
      await apply(store, putTask(activity('r/1')));
      await take(store, 1_000);
      const again = await lab.reopen();
      equal((await take(again, 2_000, 'w2')).attempt, 2, 'attempt after the first worker was gone');
    },
    ['reopen'],
  ),
  law('A5', 'heartbeat details are there for the next attempt', async (store) => {
    await apply(store, putTask(activity('r/1')));
    const task = await take(store, 1_000);
    await apply(store, putTask({ ...task, body: '{"progress":50}', leaseUntil: 1_200 }));
    equal((await take(store, 1_200, 'w2')).body, '{"progress":50}', 'body');
  }),
  law('C1', 'an activity that waits to be completed from outside is not claimed again', async (store) => {
    await apply(store, putTask(activity('r/1')));
    const task = await take(store, 1_000);
    await apply(store, putTask({ ...task, leaseUntil: NEVER }));
    equal(await claim(store, NEVER - 1, { wants }), [], 'claimed long after');
    equal(await store.readTask('r/1'), { ...task, leaseUntil: NEVER }, 'the task');
  }),
  law(
    'C1',
    'a sign of life moves the time at which what is completed from outside is given up',
    async (store) => {
      await apply(store, putTask(activity('r/1')));
      const task = await take(store, 1_000);
      const outside = { ...task, leaseOwner: null, leaseUntil: 0 };
      await apply(store, putTask({ ...outside, visibleAt: 2_000 }));
      await applies(
        store,
        batch([putTask({ ...outside, visibleAt: 3_000, body: 'alive' })], [token('r/1', task.token)]),
        'the sign of life',
      );
      equal(await claim(store, 2_999, { owner: 'w2', wants }), [], 'claimed before it is given up');
      const next = await take(store, 3_000, 'w2');
      equal([next.body, next.attempt], ['alive', task.attempt + 1], 'the next attempt');
    },
  ),
  law('C2', 'an attempt that was failed from outside fences whoever still runs it', async (store) => {
    await apply(store, putTask(activity('r/1')));
    const task = await take(store, 1_000);
    const again = { ...task, token: task.token + 1, visibleAt: 1_500, leaseOwner: null, leaseUntil: 0 };
    await applies(store, batch([putTask(again)], [token('r/1', task.token)]), 'the failure');
    await refuses(
      store,
      batch([dropTask('r/1')], [token('r/1', task.token)]),
      'token',
      'expect',
      0,
      'its own completion',
    );
    equal((await take(store, 1_500, 'w2')).token, task.token + 2, 'the token of the next attempt');
  }),
  law('C1', 'a cancelled activity is not claimed', async (store) => {
    await apply(store, insert(newRun('r')), putTask(activity('r/1')), putTask(activity('r/2')));
    await apply(store, advance('r', 1, ['cancelled']), dropTask('r/1'));
    equal((await take(store, 1_000)).taskId, 'r/2', 'the activity that is left');
  }),
  law('A1', 'a close that drops all tasks leaves none to claim', async (store) => {
    await apply(store, insert(newRun('r')), ...['r', 'r/1', 'r/2'].map((id) => putTask(activity(id))));
    await take(store, 1_000).catch(() => undefined);
    await apply(store, close('r', 1), dropTasks('r'));
    equal(await claim(store, NEVER - 1, { wants }), [], 'claimed after the close');
    equal(await store.releaseLeases('w1'), 0, 'leases released after the close');
  }),
  law('C1', 'one batch completes an activity and leases the next', async (store) => {
    await apply(store, insert(newRun('r')), putTask(activity('r/1')));
    const task = await take(store, 1_000);
    const next = activity('r/2', { token: 1, attempt: 1, leaseOwner: 'w1', leaseUntil: 1_300 });
    const step = batch(
      [advance('r', 1, ['completed', 'scheduled']), dropTask('r/1'), putTask(next)],
      [token('r/1', task.token)],
    );
    await applies(store, step, 'the step');
    equal(await claim(store, 1_299, { owner: 'w2', wants }), [], 'claimed by another before the lease ends');
    await applies(store, batch([dropTask('r/2')], [token('r/2', 1)]), 'the completion of the next');
  }),
  law('C1', 'tasks of a run are claimed one by one in their order', async (store) => {
    await apply(store, ...[3, 1, 2].map((n) => putTask(activity(`r/${n}`, { visibleAt: n * 10 }))));
    const ids: string[] = [];
    const one = [want({ kind: 'activity', queues: ['slow'], limit: 1 })];
    for (let n = 0; n < 3; n++) ids.push(...idsOf(await claim(store, 1_000, { wants: one })));
    equal(ids, ['r/1', 'r/2', 'r/3'], 'claimed');
  }),
];
