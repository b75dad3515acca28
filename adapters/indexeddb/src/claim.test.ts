import 'fake-indexeddb/auto';
import { NEVER, type StorageHandle, type TaskRecord } from '@perdure/core/storage';
import { expect, test } from 'vitest';
import { indexedDb } from './indexed-db.js';
import { applied, leased, newTask, start, step } from './make.testkit.js';
import { operations } from './ops.testkit.js';

let opened = 0;
const open = (): Promise<StorageHandle> => indexedDb(`claim ${String(++opened)}`).open();

const want = { kind: 'activity', queues: ['main'], types: null } as const;
async function claimed(handle: StorageHandle, now: number, limit: number): Promise<readonly string[]> {
  const wants = [{ ...want, limit, leaseMs: 1_000 }];
  const tasks = await handle.claim({ namespace: 'default', owner: 'w', now, buildId: null, wants });
  return tasks.map(({ taskId }) => taskId);
}
const put = (task: TaskRecord) => ({ expect: [], writes: [{ kind: 'put-task', task }] }) as const;

test('C1 sleepers are not looked at, however many', async () => {
  const handle = await open();
  const asleep = (i: number) =>
    newTask(`r${String(i)}/a`, `r${String(i)}`, { visibleAt: i % 2 ? NEVER : 900_000 + i });
  await applied(
    handle,
    ...Array.from({ length: 2_000 }, (_, i) => start(`r${String(i)}`, { kind: 'put-task', task: asleep(i) })),
  );
  const nothing = await operations(async () => {
    expect(await claimed(handle, 1_000, 100)).toEqual([]);
  });
  expect(nothing).toEqual({ transaction: 1, openKeyCursor: 1 });
  await applied(handle, start('due', { kind: 'put-task', task: newTask('due/a', 'due') }));
  expect(await claimed(handle, 1_000, 100)).toEqual(['due/a']);
  await handle.close();
});

test('C1 the order holds over pages, priorities, and leases that have ended', async () => {
  const handle = await open();
  const tasks = Array.from({ length: 700 }, (_, i) =>
    newTask(`t${String(i)}`, 'r', {
      priority: (i * 7) % 3,
      visibleAt: (i * 31) % 97,
      ...(i % 5 === 0 ? { leaseOwner: 'dead', leaseUntil: 500 - (i % 100) } : {}),
    }),
  );
  await applied(handle, ...tasks.map(put));
  const order = tasks
    .sort((a, b) => a.priority - b.priority || a.visibleAt - b.visibleAt || (a.taskId < b.taskId ? -1 : 1))
    .map(({ taskId }) => taskId);
  const taken: string[] = [];
  while (taken.length < 700) taken.push(...(await claimed(handle, 1_000, 90)));
  expect(taken).toEqual(order);
  await handle.close();
});

test('C1 a run with more tasks than its record holds gives all of them, once each', async () => {
  const handle = await open();
  const tasks = Array.from({ length: 50 }, (_, i) => newTask(`r/${String(i).padStart(2, '0')}`, 'r'));
  await applied(handle, start('r', ...tasks.map((task) => ({ kind: 'put-task', task }) as const)));
  const taken = [...(await claimed(handle, 1_000, 30)), ...(await claimed(handle, 1_000, 30))];
  expect(taken).toEqual(tasks.map(({ taskId }) => taskId));
  expect((await handle.readTasks('r')).map(({ token }) => token)).toEqual(tasks.map(() => 1));
  await handle.close();
});

test('W1 a journal may call too soon; the claim that finds nothing puts it right', async () => {
  const handle = await open();
  const at = (leaseUntil: number) => newTask('r/0', 'r', { ...leased, leaseUntil });
  await applied(handle, start('r', { kind: 'put-task', task: at(60_000) }));
  await applied(handle, put(at(90_000)));
  const wakeAt = (): Promise<number | null> => handle.nextWakeAt({ namespace: 'default', wants: [want] });
  expect(await wakeAt()).toBe(60_000);
  expect(await handle.nextWakeAt({ namespace: 'default', wants: [{ ...want, types: ['charge'] }] })).toBe(
    90_000,
  );
  expect(await claimed(handle, 60_000, 5)).toEqual([]);
  expect(await wakeAt()).toBe(90_000);
  expect(await claimed(handle, 90_000, 5)).toEqual(['r/0']);
  await handle.close();
});

test('W1 an activity of a journal is found when its lease ends, whatever its queue', async () => {
  const handle = await open();
  await applied(handle, start('r', { kind: 'put-task', task: newTask('r/0', 'r', leased) }));
  await applied(handle, step('r', 0));
  const elsewhere = newTask('r/9', 'r', { ...leased, queue: 'other', leaseUntil: 10_000 });
  await applied(handle, put(elsewhere));
  expect(await handle.nextWakeAt({ namespace: 'default', wants: [{ ...want, queues: ['other'] }] })).toBe(
    10_000,
  );
  await handle.close();
});

test('C2 released leases are those of steps too', async () => {
  const handle = await open();
  const other = await open();
  await applied(handle, start('r', { kind: 'put-task', task: newTask('r/0', 'r', leased) }));
  await applied(handle, step('r', 0));
  expect(await other.releaseLeases('worker')).toBe(0);
  expect(await handle.releaseLeases('worker')).toBe(1);
  expect(await claimed(handle, 1_000, 5)).toEqual(['r/1']);
  expect((await handle.readTask('r/1'))?.token).toBe(2);
  await handle.close();
  await other.close();
});
