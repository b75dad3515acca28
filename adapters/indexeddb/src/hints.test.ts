import 'fake-indexeddb/auto';
import type { ChangeHint, StorageHandle } from '@perdure/core/storage';
import { expect, test, vi } from 'vitest';
import { indexedDb } from './indexed-db.js';
import { applied, leased, newTask, start } from './make.testkit.js';

let opened = 0;
const newName = (): string => `hints ${String(++opened)}`;

function heard(handle: StorageHandle): ChangeHint[] {
  const hints: ChangeHint[] = [];
  handle.watch((hint) => hints.push(hint));
  return hints;
}

test('N1 every handle in the page is told which runs changed, and which queues have work', async () => {
  const name = newName();
  const [handle, other] = [await indexedDb(name).open(), await indexedDb(name).open()];
  const all = [heard(handle), heard(other)];
  await applied(
    handle,
    start(
      'r',
      { kind: 'put-task', task: newTask('r/0', 'r') },
      { kind: 'put-task', task: newTask('r/1', 'r', { ...leased, queue: 'taken' }) },
    ),
  );
  for (const hints of all)
    await expect.poll(() => hints).toEqual([{ kind: 'changed', runs: ['r'], queues: ['main'] }]);
  await Promise.all([handle.close(), other.close()]);
});

test('N1 a listener that throws disturbs nobody', async () => {
  const handle = await indexedDb(newName()).open();
  handle.watch(() => {
    throw new Error('mine');
  });
  const hints = heard(handle);
  await applied(handle, start('r'));
  await expect.poll(() => hints).toHaveLength(1);
  await handle.close();
});

test('N1 messages of other tabs are heard, and nothing else that is said on the channel', async () => {
  const name = newName();
  const handle = await indexedDb(name).open();
  const hints = heard(handle);
  const channel = new BroadcastChannel(`perdure:${name}`);
  const nonsense = [
    null,
    7,
    'changed',
    {},
    { runs: 'r', queues: [], workers: false },
    { runs: [1], queues: [], workers: false },
    { runs: ['r'], queues: ['q'] },
  ];
  for (const message of nonsense) channel.postMessage(message);
  channel.postMessage({ runs: ['r'], queues: ['q'], workers: false });
  await expect.poll(() => hints).toEqual([{ kind: 'changed', runs: ['r'], queues: ['q'] }]);
  channel.close();
  await handle.close();
});

test('N1 other tabs are told, in few messages', async () => {
  const name = newName();
  const handle = await indexedDb(name).open();
  const channel = new BroadcastChannel(`perdure:${name}`);
  const messages: { readonly runs: readonly string[] }[] = [];
  channel.onmessage = ({ data }: MessageEvent<{ runs: string[] }>) => messages.push(data);
  for (let i = 0; i < 50; i++) await applied(handle, start(`r${String(i)}`));
  await expect.poll(() => new Set(messages.flatMap(({ runs }) => runs)).size).toBe(50);
  expect(messages.length).toBeLessThan(40);
  channel.close();
  await handle.close();
});

test('C3 without Web Locks nobody is taken for dead', async () => {
  vi.stubGlobal('navigator', { locks: null });
  const handle = await indexedDb(newName()).open();
  await handle.join('worker');
  await applied(handle, start('r', { kind: 'put-task', task: newTask('r/0', 'r', leased) }));
  expect(await handle.reapDeadWorkers()).toBe(0);
  expect((await handle.readTask('r/0'))?.leaseOwner).toBe('worker');
  await handle.leave('worker');
  await handle.close();
  vi.unstubAllGlobals();
});
