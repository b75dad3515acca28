import { expect, test } from 'vitest';
import { StorageError } from '../model/errors.js';
import type { CommitResult, StorageHandle } from '../storage/port.js';
import { Busy } from './busy.js';
import { Committer } from './committer.js';
import { hostPlatform, type Platform } from './platform.js';

/** Commits to a store that fails so many times, and takes so long for each call. */
async function commit(failures: number, takesMs: number, outcome: StorageError['outcome'] = 'not-applied') {
  let now = 0;
  let calls = 0;
  const store = {
    commit: (): Promise<readonly CommitResult[]> => {
      now += takesMs;
      calls += 1;
      if (calls > failures) return Promise.resolve([{ ok: true }]);
      return Promise.reject(new StorageError('storage_busy', 'busy', { retryable: true, outcome }));
    },
  } as unknown as StorageHandle;
  const platform: Platform = {
    ...hostPlatform,
    monotonic: () => now,
    setTimer: (callback, ms, keep) => {
      now += ms;
      return hostPlatform.setTimer(callback, 0, keep);
    },
  };
  const committer = new Committer(store, platform, new Busy(platform));
  const result = await committer.commit({ expect: [], writes: [] }).catch((error: unknown) => error);
  return { calls, result };
}

test('a store that is busy for a moment is asked again', async () => {
  expect(await commit(3, 1)).toEqual({ calls: 4, result: { ok: true } });
});

test('a store that stays busy is given up for now, by the number of calls or by the time that they took', async () => {
  const busy = { code: 'storage_busy', outcome: 'not-applied' };
  const at = (calls: number) => ({ calls, result: expect.objectContaining(busy) as unknown });
  expect(await commit(100, 1)).toEqual(at(6));
  expect(await commit(100, 10_000)).toEqual(at(1));
  expect(await commit(100, 2_000)).toEqual(at(3));
});

test('an unknown outcome is never repeated here', async () => {
  expect(await commit(100, 1, 'unknown')).toMatchObject({ calls: 1, result: { outcome: 'unknown' } });
});
