import type { ChangeHint, StorageHandle } from '@perdure/core/storage';
import { expect, test } from 'vitest';
import { indexedDb } from './indexed-db.js';
import { locksOf } from './locks.testkit.js';
import { applied, leased, newTask, start, step } from './make.testkit.js';
import { Peer } from './peer.testkit.js';
import { race, randomFrom } from './race.testkit.js';

const newName = (): string => `tabs ${crypto.randomUUID()}`;

function heard(handle: StorageHandle): ChangeHint[] {
  const hints: ChangeHint[] = [];
  handle.watch((hint) => hints.push(hint));
  return hints;
}
const kinds = (hints: readonly ChangeHint[]): readonly string[] => hints.map(({ kind }) => kind);
const withTask = (owner: string) =>
  start('r', { kind: 'put-task', task: newTask('r/0', 'r', { ...leased, leaseOwner: owner }) });

async function together(): Promise<{ handle: StorageHandle; peer: Peer; name: string }> {
  const name = newName();
  const peer = new Peer();
  const [handle] = await Promise.all([indexedDb(name).open(), peer.tell({ do: 'open', name })]);
  return { handle, peer, name };
}

test.each([1, 2, 3, 4])(
  'A4 A7 of commits that saw the same state one goes through, seed %i',
  async (seed) => {
    await race(indexedDb(newName(), { durability: 'relaxed' }), randomFrom(seed));
  },
);

test('S1 a worker and a window that create the store at once have the same one', async () => {
  const name = newName();
  const peer = new Peer();
  const [handle, traits] = await Promise.all([indexedDb(name).open(), peer.tell({ do: 'open', name })]);
  expect(traits).toEqual(handle.traits);
  await handle.close();
  peer.terminate();
});

test('N1 a change in another context is told, and can be read then', async () => {
  const { handle, peer } = await together();
  const seen: unknown[] = [];
  handle.watch((hint) => {
    if (hint.kind === 'changed')
      void handle.readRun('r').then((run) => seen.push([hint.runs, hint.queues, run?.seq]));
  });
  const free = start('r', { kind: 'put-task', task: newTask('r/0', 'r') });
  await peer.tell({ do: 'commit', batches: [free] });
  await expect.poll(() => seen).toEqual([[['r'], ['main'], 1]]);
  await handle.close();
  peer.terminate();
});

test('A4 contexts take turns at one run', async () => {
  const { handle, peer } = await together();
  await applied(handle, withTask('worker'));
  for (let k = 0; k < 40; k++) {
    if (k % 3 === 0)
      expect(await peer.tell({ do: 'commit', batches: [step('r', k)] })).toEqual([{ ok: true }]);
    else await applied(handle, step('r', k));
  }
  expect((await handle.readRun('r'))?.seq).toBe(81);
  expect(await peer.tell({ do: 'commit', batches: [step('r', 12)] })).toMatchObject([{ ok: false }]);
  await handle.close();
  peer.terminate();
});

test('C2 the leases of a worker whose context ended are free at once, those of the living are not', async () => {
  const { handle, peer } = await together();
  const hints = heard(handle);
  await handle.join('here');
  await peer.tell({ do: 'join', worker: 'there' });
  await applied(handle, withTask('there'), {
    expect: [],
    writes: [{ kind: 'put-task', task: newTask('mine', 'r', { ...leased, leaseOwner: 'here' }) }],
  });
  expect(await handle.reapDeadWorkers()).toBe(0);
  expect(kinds(hints)).not.toContain('worker-gone');
  peer.terminate();
  await expect.poll(() => kinds(hints)).toContain('worker-gone');
  expect(await handle.reapDeadWorkers()).toBe(1);
  expect(await handle.readTask('r/0')).toMatchObject({ leaseOwner: null, leaseUntil: 0, token: 1 });
  expect(await handle.readTask('mine')).toMatchObject({ leaseOwner: 'here' });
  expect(await handle.reapDeadWorkers()).toBe(0);
  await handle.close();
});

test('C2 a worker that left is missed by those who are there, and its leases run on', async () => {
  const { handle, peer, name } = await together();
  const hints = heard(handle);
  await handle.join('here');
  await peer.tell({ do: 'join', worker: 'there' });
  await applied(handle, withTask('there'));
  // Both have a lock, and each queues for that of the other.
  await expect.poll(() => locksOf(name)).toHaveLength(4);
  await peer.tell({ do: 'leave', worker: 'there' });
  await expect.poll(() => kinds(hints)).toContain('worker-gone');
  expect(await handle.reapDeadWorkers()).toBe(0);
  expect((await handle.readTask('r/0'))?.leaseOwner).toBe('there');
  await handle.close();
  peer.terminate();
});

test('C2 two that reap at once release each lease once', async () => {
  const { handle, peer, name } = await together();
  const other = await indexedDb(name).open();
  await peer.tell({ do: 'join', worker: 'there' });
  await applied(handle, withTask('there'));
  peer.terminate();
  await expect.poll(() => locksOf(name)).toEqual([]);
  const released = await Promise.all([handle.reapDeadWorkers(), other.reapDeadWorkers()]);
  expect(released.sort()).toEqual([0, 1]);
  await Promise.all([handle.close(), other.close()]);
});

test('L1 a closed handle holds no lock and queues for none', async () => {
  const { handle, peer, name } = await together();
  await peer.tell({ do: 'join', worker: 'there' });
  await handle.join('here');
  await handle.close();
  // The browser lets go a little later.
  await expect.poll(() => locksOf(name)).toEqual([`perdure:${name}:there`]);
  peer.terminate();
});
