import type { Storage, StorageHandle } from '@perdure/core/storage';
import { expect } from 'vitest';
import { applied, leased, newTask, running, start } from './make.testkit.js';

/**
 * Several handles go at the same runs at once, each with several calls under way. Every commit expects the run to be
 * where its writer saw it, so of those that saw the same only one may go through, and what went through is the history.
 */
export async function race(storage: Storage, random: (below: number) => number): Promise<void> {
  const handles = await Promise.all(Array.from({ length: 3 }, () => storage.open()));
  const runs = ['r', 's'];
  await applied(
    handles[0]!,
    ...runs.map((runId) =>
      start(
        runId,
        { kind: 'put-task', task: newTask(`${runId}/a`, runId, leased) },
        { kind: 'put-task', task: newTask(runId, runId) },
      ),
    ),
  );
  const histories = new Map(runs.map((runId) => [runId, new Map([[1, 'started']])]));
  let calls = 0;

  const attempt = async (handle: StorageHandle, runId: string, seq: number): Promise<number> => {
    const event = `event ${String(++calls)}`;
    const writes = [
      {
        kind: 'advance-run',
        runId,
        fromSeq: seq,
        events: [event],
        ...(random(3) ? {} : { changes: running }),
      },
    ] as const;
    const task = newTask(`${runId}/a`, runId, { ...leased, leaseUntil: 60_000 + calls, body: event });
    const message = { namespace: 'default', runId, kind: 'signal', messageId: event, at: 1, body: event };
    const more = [
      [{ kind: 'put-task', task }],
      [],
      [{ kind: 'put-message', message }],
      [{ kind: 'wake-task', taskId: runId, at: 0 }],
    ] as const;
    const [result] = await handle.commit([
      { expect: [{ kind: 'run-at', runId, seq }], writes: [...writes, ...more[random(4)]!] },
    ]);
    if (result?.ok !== true) return (await handle.readRun(runId))!.seq;
    expect(histories.get(runId)!.has(seq + 1), `two events ${String(seq + 1)} of ${runId}`).toBe(false);
    histories.get(runId)!.set(seq + 1, event);
    return seq + 1;
  };

  const write = async (handle: StorageHandle): Promise<void> => {
    const seen = new Map(runs.map((runId) => [runId, 1]));
    for (let i = 0; i < 25; i++) {
      const runId = runs[random(2)]!;
      const seq = seen.get(runId)!;
      // Two under way from one handle that saw the same, and one that counts on the first.
      const under = [attempt(handle, runId, seq)];
      if (random(3) === 0) under.push(attempt(handle, runId, seq));
      if (random(3) === 0) under.push(attempt(handle, runId, seq + 1));
      if (random(4) === 0)
        void handle.claim({
          namespace: 'default',
          owner: 'worker',
          now: 5_000,
          buildId: null,
          wants: [{ kind: 'activity', queues: ['main'], types: null, limit: 2, leaseMs: random(3) }],
        });
      if (random(6) === 0) void handle.releaseLeases('worker');
      seen.set(runId, Math.max(...(await Promise.all(under))));
    }
  };
  await Promise.all(handles.flatMap((handle) => [write(handle), write(handle)]));

  for (const handle of handles) {
    for (const [runId, history] of histories) {
      const events = await handle.readEvents(runId, { from: 1, limit: 10_000 });
      expect(events).toEqual([...history].sort(([a], [b]) => a - b).map(([, event]) => event));
      expect((await handle.readRun(runId))?.seq).toBe(history.size);
    }
    await handle.close();
  }
}

export function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
