import { memory } from '@perdure/memory';
import type { CommitResult, StorageHandle, Write } from '@perdure/core/storage';
import { inboxOf } from '../steps.js';
import { pause } from '../wait.js';
import { batches, bug, writes, type Bug } from './bug.testkit.js';

/** A batch that was applied as if it had been refused. */
const refused: CommitResult = { ok: false, refusal: { reason: 'run-moved', of: 'writes', index: 0 } };

async function oneByOne(handle: StorageHandle, all: readonly Write[]): Promise<void> {
  for (const write of all) await handle.commit([{ expect: [], writes: [write] }]);
}

const onCommit =
  (commit: (handle: StorageHandle) => StorageHandle['commit']) => () => (handle: StorageHandle) => ({
    commit: commit(handle),
  });

export const commitBugs: readonly Bug[] = [
  bug(
    'A1',
    'a refused batch leaks the writes before the bad one',
    onCommit((handle) => async (all) => {
      const results = await handle.commit(all);
      for (const [at, result] of results.entries()) {
        if (result.ok || result.refusal.of === 'expect') continue;
        await oneByOne(handle, all[at]!.writes.slice(0, result.refusal.index));
      }
      return results;
    }),
  ),
  bug(
    'A1',
    'a batch refused by an expectation is written all the same',
    onCommit((handle) => async (all) => {
      const results = await handle.commit(all);
      for (const [at, result] of results.entries()) if (!result.ok) await oneByOne(handle, all[at]!.writes);
      return results;
    }),
  ),
  bug(
    'A1',
    'the place of a refusal is always the first',
    onCommit(
      (handle) => async (all) =>
        (await handle.commit(all)).map((one) =>
          one.ok ? one : { ...one, refusal: { ...one.refusal, index: 0 } },
        ),
    ),
  ),
  bug(
    'A1',
    'expectations are looked at after the writes',
    onCommit((handle) => async (all) => {
      const results: CommitResult[] = [];
      for (const { expect, writes: those } of all) {
        const [written = refused] = await handle.commit([{ expect: [], writes: those }]);
        results.push(written.ok ? ((await handle.commit([{ expect, writes: [] }]))[0] ?? refused) : written);
      }
      return results;
    }),
  ),
  bug(
    'A1',
    'a key with an empty value counts as none',
    batches(({ expect, writes: those }) => ({
      expect: expect.filter((one) => one.kind !== 'key' || one.value !== ''),
      writes: those.filter((one) => one.kind !== 'put-key' || one.record.value !== ''),
    })),
  ),
  bug(
    'A1',
    'a run that closed at moment 0 is open',
    writes((write) =>
      write.kind === 'insert-run' && write.run.closedAt === 0
        ? [{ ...write, run: { ...write.run, closedAt: null } }]
        : [write],
    ),
  ),
  bug('A1', 'a write beside a run does not count for its version', () => (handle) => ({
    readRun: async (runId) => {
      const run = await handle.readRun(runId);
      return run && { ...run, version: run.seq + 1 };
    },
  })),
  bug('A1', 'historyBytes counts characters, not UTF-16 units', () => (handle) => ({
    readRun: async (runId) => {
      const run = await handle.readRun(runId);
      const events = await handle.readEvents(runId, { from: 1, limit: 100_000 });
      return (
        run && { ...run, historyBytes: events.reduce((sum, event) => sum + Array.from(event).length, 0) }
      );
    },
  })),
  bug(
    'A1',
    'dropping the tasks of a run drops those of runs whose id begins like it',
    writes(async (write, handle) => {
      if (write.kind !== 'drop-tasks') return [write];
      const longer = ['/1', '%', '_', 'a', ' '].map((end) => `${write.runId}${end}`);
      const others = await Promise.all(longer.map((runId) => handle.readTasks(runId)));
      return [write, ...others.flat().map(({ taskId }) => ({ kind: 'drop-task', taskId }) as const)];
    }),
  ),
  bug(
    'A2',
    'a refused batch ends the call',
    onCommit((handle) => async (all) => {
      const results: CommitResult[] = [];
      for (const one of all) {
        const stopped = results.find(({ ok }) => !ok);
        results.push(stopped ?? (await handle.commit([one]))[0] ?? refused);
      }
      return results;
    }),
  ),
  bug(
    'A3',
    'batches of a call are applied in another order',
    onCommit((handle) => async (all) => [...(await handle.commit([...all].reverse()))].reverse()),
  ),
  bug(
    'A3',
    'the writes of a batch are grouped by kind',
    batches(({ expect, writes: those }) => ({
      expect,
      writes: [...those].sort((a, b) => Number(a.kind === 'drop-task') - Number(b.kind === 'drop-task')),
    })),
  ),
  bug(
    'A4',
    'a batch is checked first and written later',
    onCommit((handle) => async (all) => {
      const checked = await handle.commit(all.map(({ expect }) => ({ expect, writes: [] })));
      await pause(0);
      const written = await handle.commit(
        all.map((one, at) => (checked[at]?.ok === true ? { ...one, expect: [] } : one)),
      );
      return checked.map((result, at) => (result.ok ? (written[at] ?? refused) : result));
    }),
  ),
  bug('A5', 'what a handle has read once it reads from its memory', () => (handle) => {
    const known = new Map<string, ReturnType<StorageHandle['readRun']>>();
    return {
      commit: (all) => {
        known.clear();
        return handle.commit(all);
      },
      readRun: (runId) => {
        const run = known.get(runId) ?? handle.readRun(runId);
        known.set(runId, run);
        return run;
      },
    };
  }),
  {
    law: 'A6',
    name: 'nothing outlives the last handle',
    fixture: { name: 'forgetful', create: () => memory(), reopen: () => memory() },
  },
  bug(
    'A7',
    'events go to the end, wherever they were meant for',
    writes(async (write, handle) => {
      if (write.kind !== 'advance-run') return [write];
      const run = await handle.readRun(write.runId);
      return [{ ...write, fromSeq: run?.seq ?? 0 }];
    }),
  ),
  bug(
    'A7',
    'a closed run takes events',
    batches(async ({ expect, writes: those }, handle) => {
      const open: Write[] = [];
      for (const write of those) {
        const run = write.kind === 'advance-run' ? await handle.readRun(write.runId) : undefined;
        if (write.kind === 'advance-run' && typeof run?.closedAt === 'number') {
          open.push({ kind: 'amend-run', runId: write.runId, changes: { ...run, closedAt: null } });
        }
        open.push(write);
      }
      return { expect, writes: open };
    }),
  ),
  bug(
    'C2',
    'tokens are not looked at',
    batches(({ expect, writes: those }) => ({
      expect: expect.filter(({ kind }) => kind !== 'token'),
      writes: those,
    })),
  ),
  bug(
    'A1',
    'a message is known by its id alone, whatever its kind',
    writes(async (write, handle) => {
      if (write.kind !== 'put-message') return [write];
      const inbox = await inboxOf(handle, write.message.runId);
      return inbox.some(({ messageId }) => messageId === write.message.messageId) ? [] : [write];
    }),
  ),
  bug('A1', 'the id of a message is remembered when the message was dropped', () => {
    const known = new Set<string>();
    return writes(({ ...write }) => {
      if (write.kind !== 'put-message') return [write];
      const { runId, kind, messageId } = write.message;
      const id = JSON.stringify([runId, kind, messageId]);
      if (known.has(id)) return [];
      known.add(id);
      return [write];
    })();
  }),
  bug(
    'A1',
    'messages are dropped up to a position, but not that one',
    writes((write) =>
      write.kind === 'drop-messages' ? [{ ...write, through: write.through - 1 }] : [write],
    ),
  ),
  bug('A1', 'positions are places in the inbox, and used again', () => (handle) => {
    const real = async (runId: string, place: number): Promise<number> =>
      place === 0 ? 0 : ((await inboxOf(handle, runId))[place - 1]?.position ?? Number.MAX_SAFE_INTEGER);
    const dropping = writes(async (write) =>
      write.kind === 'drop-messages'
        ? [{ ...write, through: await real(write.runId, write.through) }]
        : [write],
    );
    return {
      ...dropping()(handle, []),
      readInbox: async (runId, { afterPosition, limit }) => {
        const inbox = await inboxOf(handle, runId);
        return inbox
          .map((message, at) => ({ ...message, position: at + 1 }))
          .slice(afterPosition, afterPosition + limit);
      },
    };
  }),
  bug('P1', 'a purge forgets the tasks', () => (handle) => ({
    commit: async (all) => {
      const purged = all.flatMap(({ writes: those }) => those).filter((write) => write.kind === 'purge-run');
      const tasks = (await Promise.all(purged.map(({ runId }) => handle.readTasks(runId)))).flat();
      const results = await handle.commit(all);
      await oneByOne(
        handle,
        tasks.map((task) => ({ kind: 'put-task', task })),
      );
      return results;
    },
  })),
  bug('P1', 'a purge forgets the inbox', () => (handle) => ({
    commit: async (all) => {
      const purged = all.flatMap(({ writes: those }) => those).filter((write) => write.kind === 'purge-run');
      const inboxes = (await Promise.all(purged.map(({ runId }) => inboxOf(handle, runId)))).flat();
      const results = await handle.commit(all);
      await oneByOne(
        handle,
        inboxes.map(({ position: _, ...message }) => ({ kind: 'put-message', message })),
      );
      return results;
    },
  })),
  bug('P1', 'a purge takes the keys of the run’s first name only', () => (handle) => {
    const keys = new Map<string, Write>();
    return {
      commit: async (all) => {
        const those = all.flatMap(({ writes: inBatch }) => inBatch);
        for (const write of those) {
          if (write.kind === 'put-key' && write.record.namespace === 'other')
            keys.set(write.record.runId, write);
        }
        const results = await handle.commit(all);
        for (const write of those) {
          const kept = write.kind === 'purge-run' ? keys.get(write.runId) : undefined;
          if (kept !== undefined) await oneByOne(handle, [kept]);
        }
        return results;
      },
    };
  }),
];
