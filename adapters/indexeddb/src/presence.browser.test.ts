import { expect, test } from 'vitest';
import { locksOf } from './locks.testkit.js';
import { Presence } from './presence.js';

function presence(name: string): {
  readonly here: Presence;
  readonly there: Presence;
  readonly gone: string[];
} {
  const gone: string[] = [];
  const there = new Presence(name, () => gone.push('there'));
  const here = new Presence(name, () => gone.push('here'));
  return { here, there, gone };
}

test('C2 a worker that is announced no more is missed, also where its lock was not passed on yet', async () => {
  const name = `presence ${crypto.randomUUID()}`;
  const { here, there, gone } = presence(name);
  await there.hold('w');
  here.await(['w']);
  await expect.poll(() => locksOf(name)).toHaveLength(2);
  here.await([]);
  expect(gone).toEqual(['here']);
  there.release();
  await expect.poll(() => locksOf(name)).toEqual([]);
  expect(gone).toEqual(['here']);
});

test('C2 who waits for nobody any more misses nobody', async () => {
  const name = `presence ${crypto.randomUUID()}`;
  const { here, there, gone } = presence(name);
  await there.hold('w');
  here.await(['w']);
  await expect.poll(() => locksOf(name)).toHaveLength(2);
  here.release();
  there.release();
  await expect.poll(() => locksOf(name)).toEqual([]);
  expect(gone).toEqual([]);
});
