import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { StorageError } from '@perdure/core/storage';
import { all, claimAll, insert, newTask, temporaryFiles } from './records.testkit.js';

const newFile = temporaryFiles();

// The adapter takes its timers and its clock when it is loaded.
beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A store that another writer of its file holds, until it is let go. */
async function held() {
  const path = newFile();
  const { sqlite } = await import('./sqlite.js');
  const handle = await sqlite(path).open();
  await handle.commit(all([insert('before'), { kind: 'put-task', task: newTask('task') }]));
  const other = new Sqlite(path);
  onTestFinished(() => {
    other.close();
  });
  const take = (): void => {
    if (!other.inTransaction) other.exec('begin immediate');
  };
  const free = (): void => {
    other.exec('rollback');
  };
  take();
  return { path, handle, take, free };
}

/** What becomes of a call, as far as it is known. */
function outcomeOf(call: Promise<unknown>) {
  const outcome: { answered?: unknown; refused?: StorageError } = {};
  call.then(
    (answer) => (outcome.answered = answer),
    (error: unknown) => (outcome.refused = error as StorageError),
  );
  return outcome;
}

test('F4 E1 a file that another writer holds for longer than 10 s is busy: nothing is written, nothing blocks, reads go on', async () => {
  const { handle, free } = await held();
  const calls = [
    handle.commit(all([insert('meanwhile')])),
    handle.claim(claimAll('worker', 1)),
    handle.releaseLeases('worker'),
    handle.join('worker'),
  ].map(outcomeOf);
  await vi.advanceTimersByTimeAsync(9_900);
  expect(calls).toEqual([{}, {}, {}, {}]);
  expect((await handle.readRun('before'))?.seq).toBe(1);

  // All have waited at the same time, not one after the other.
  await vi.advanceTimersByTimeAsync(200);
  for (const { refused } of calls) {
    expect(refused).toMatchObject({ code: 'storage_busy', retryable: true, outcome: 'not-applied' });
  }
  const later = outcomeOf(handle.commit(all([insert('later')])));
  await vi.advanceTimersByTimeAsync(9_900);
  expect(later).toEqual({});
  free();
  await vi.advanceTimersByTimeAsync(10);
  expect(later.answered).toEqual([{ ok: true }]);
  expect(await handle.readRun('meanwhile')).toBeUndefined();
  expect(await handle.readTask('task')).toMatchObject({ token: 0, leaseOwner: null });
  await handle.close();
});

test('a call that waited in line behind one that got the lock has not waited for the lock', async () => {
  const { handle, take, free } = await held();
  const first = outcomeOf(handle.commit(all([insert('first')])));
  const second = outcomeOf(handle.commit(all([insert('second')])));
  await vi.advanceTimersByTimeAsync(9_900);
  const unwatch = handle.watch(take);
  free();
  await vi.advanceTimersByTimeAsync(9_900);
  expect(first.answered).toEqual([{ ok: true }]);
  expect(second).toEqual({});
  unwatch();
  free();
  await vi.advanceTimersByTimeAsync(10);
  expect(second.answered).toEqual([{ ok: true }]);
  await handle.close();
});

test('a store whose file another writer holds is busy when it is opened, and opens once the file is free', async () => {
  const { path, handle, free } = await held();
  const { sqlite } = await import('./sqlite.js');
  const storage = sqlite(path);
  const refused = outcomeOf(storage.open());
  await vi.advanceTimersByTimeAsync(9_900);
  expect(refused).toEqual({});
  await vi.advanceTimersByTimeAsync(200);
  expect(refused.refused).toMatchObject({ code: 'storage_busy', retryable: true, outcome: 'not-applied' });
  free();
  const again = await storage.open();
  expect((await again.readRun('before'))?.seq).toBe(1);
  await again.close();
  await handle.close();
});
