import { expect, test } from 'vitest';
import { advance, all, claimAll, insert, newTask, temporaryFiles } from './records.testkit.js';
import { sqlite } from './sqlite.js';

const newFile = temporaryFiles();

test('C2 A7 what is remembered of a run or a task is forgotten when another connection writes', async () => {
  const path = newFile();
  const [here, there] = await Promise.all([sqlite(path).open(), sqlite(path).open()]);
  const step = (seq: number, token: number) => [
    { expect: [{ kind: 'token' as const, taskId: 'r', token }], writes: [advance('r', seq, ['event'])] },
  ];
  await here.commit(all([insert('r'), { kind: 'put-task', task: newTask('r') }]));
  expect(await here.claim(claimAll('here', 1))).toHaveLength(1);
  expect(await here.commit(step(1, 1))).toEqual([{ ok: true }]);

  expect(await there.commit(step(2, 1))).toEqual([{ ok: true }]);
  const moved = { reason: 'run-moved', of: 'writes', index: 0 };
  expect(await here.commit(step(2, 1))).toEqual([{ ok: false, refusal: moved }]);

  expect(await there.claim(claimAll('there', 2_000_000))).toHaveLength(1);
  const fenced = { reason: 'token', of: 'expect', index: 0 };
  expect(await here.commit(step(3, 1))).toEqual([{ ok: false, refusal: fenced }]);
  expect(await here.commit(step(3, 2))).toEqual([{ ok: true }]);

  await there.releaseLeases('there');
  const wants = claimAll('here', 5);
  expect(await here.nextWakeAt(wants)).toBe(0);
  await there.commit(
    all([{ kind: 'put-task', task: newTask('r', { leaseOwner: 'x', leaseUntil: 7, token: 9 }) }]),
  );
  expect(await here.nextWakeAt(wants)).toBe(7);
  const later = newTask('later', { leaseOwner: 'x', leaseUntil: 50 });
  await here.commit(all([{ kind: 'put-task', task: later }]));
  expect((await here.claim(claimAll('here', 10))).map(({ taskId }) => taskId)).toEqual(['r']);
  await here.close();
  await there.close();
});

test('A1 a batch that fails half way leaves nothing behind, in the store or in memory', async () => {
  const handle = await sqlite(newFile()).open();
  await handle.commit(all([insert('r')]));
  const broken = newTask('t', { visibleAt: 0.5 });
  const failing = all([advance('r', 1, ['lost']), { kind: 'put-task', task: broken }]);
  await expect(handle.commit(failing)).rejects.toMatchObject({
    code: 'storage_failed',
    outcome: 'not-applied',
  });
  expect(await handle.commit(all([advance('r', 1, ['kept'])]))).toEqual([{ ok: true }]);
  expect(await handle.readEvents('r', { from: 1, limit: 9 })).toEqual(['started', 'kept']);
  expect(await handle.readTask('t')).toBeUndefined();
  await handle.close();
});

test('many more runs and tasks than are remembered are told apart', async () => {
  const handle = await sqlite(':memory:').open();
  const ids = Array.from({ length: 11_000 }, (_, n) => `r${n}`);
  await handle.commit(
    ids.map((id) => ({ expect: [], writes: [insert(id), { kind: 'put-task' as const, task: newTask(id) }] })),
  );
  const steps = ids.map((id) => ({
    expect: [{ kind: 'token' as const, taskId: id, token: 0 }],
    writes: [advance(id, 1, [`of ${id}`])],
  }));
  expect((await handle.commit(steps)).every(({ ok }) => ok)).toBe(true);
  expect((await handle.commit(steps)).some(({ ok }) => ok)).toBe(false);
  for (const id of ['r0', 'r10999']) {
    expect(await handle.readEvents(id, { from: 1, limit: 9 })).toEqual(['started', `of ${id}`]);
  }
}, 60_000);
