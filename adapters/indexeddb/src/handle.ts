import type { StorageHandle, StorageTraits, WorkerId } from '@perdure/core/storage';
import { claim } from './claim.js';
import { commit } from './commit.js';
import { closedError, Connection } from './connection.js';
import { HandleHints } from './hints.js';
import type { Durability } from './durability.js';
import { watchPage } from './lifecycle.js';
import { countRuns, listRuns } from './lists.js';
import { Presence } from './presence.js';
import { loadRuns, readEvents, readInbox, readKey, readRunRecord, readTask, readTasks } from './reads.js';
import { release } from './release.js';
import type { Progress, Session } from './session.js';
import { nextWakeAt } from './wake.js';
import { announce, announced, withdraw } from './workers.js';

/** Opens the store and puts the port together from its parts. */
export async function openHandle(name: string, durability: Durability): Promise<StorageHandle> {
  const hints = new HandleHints(name);
  const connection = new Connection(name, durability, (error) => {
    hints.tell({ kind: 'lost', error });
  });
  const presence = new Presence(name, () => {
    hints.tell({ kind: 'worker-gone' });
  });
  const underWay = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;
  let instanceId: string;
  try {
    instanceId = await connection.open();
  } catch (error) {
    hints.close();
    throw error;
  }

  const tracked = <T>(work: () => Promise<T>): Promise<T> => {
    if (closing !== undefined) return Promise.reject(closedError(name));
    const done = work();
    underWay.add(done);
    const forget = (): void => void underWay.delete(done);
    done.then(forget, forget);
    return done;
  };
  const use = <T>(work: (session: Session, progress: Progress) => Promise<T>): Promise<T> =>
    tracked(() => connection.use(work));

  const releaseLeases = async (owner: WorkerId, dead: boolean): Promise<number> => {
    const { result, view } = await connection.use((session, progress) =>
      release(session, owner, progress, dead),
    );
    hints.changed(view);
    return result;
  };
  /** Queues for the locks of the other workers, to learn of their deaths. */
  const awaitOthers = async (): Promise<void> => {
    if (presence.workers.length > 0) {
      presence.await(await connection.use(announced));
    }
  };
  const join = async (worker: WorkerId): Promise<void> => {
    // The lock comes first: a worker that is announced without one is dead.
    if (!(await presence.hold(worker))) return;
    await connection.use((session) => announce(session, worker));
    hints.workersChanged();
    await awaitOthers();
  };
  const leave = async (worker: WorkerId): Promise<void> => {
    // The record goes first, so that nobody takes a worker for dead that has only left.
    await connection.use((session) => withdraw(session, worker));
    presence.letGo(worker);
    hints.workersChanged();
  };
  hints.onWorkers = () => {
    awaitOthers().catch(() => {
      // The leases of a worker that dies unseen run out by themselves.
    });
  };

  let asleep: readonly WorkerId[] = [];
  const stopWatching = watchPage({
    onHide: () => {
      // A lock that a sleeping page holds or queues for is never passed on. Its leases go to whoever reaps.
      asleep = presence.release();
      connection.suspend();
      hints.suspend();
    },
    onShow: () => {
      connection.resume();
      hints.resume();
      for (const worker of asleep) tracked(() => join(worker)).catch(() => undefined);
      asleep = [];
      hints.tell({ kind: 'unknown' });
    },
    onVisible: () => {
      hints.tell({ kind: 'unknown' });
    },
  });
  const close = async (): Promise<void> => {
    await Promise.allSettled(underWay);
    stopWatching();
    for (const worker of presence.workers) await leave(worker).catch(() => undefined);
    presence.release();
    connection.close(closedError(name));
    hints.close();
  };

  const traits: StorageTraits = { contract: 1, reach: 'origin', durability, instanceId };
  return {
    traits,
    commit: (batches) =>
      tracked(async () => {
        if (batches.length === 0) return [];
        const { results, view } = await connection.use((session, progress) =>
          commit(session, batches, progress),
        );
        hints.changed(view);
        return results;
      }),
    claim: (request) => use((session, progress) => claim(session, request, progress)),
    releaseLeases: (owner) => tracked(() => releaseLeases(owner, false)),
    join: (worker) => tracked(() => join(worker)),
    leave: (worker) => tracked(() => leave(worker)),
    reapDeadWorkers: () =>
      tracked(async () => {
        const workers = await connection.use(announced);
        let released = 0;
        for (const worker of await presence.dead(workers)) {
          released += (await presence.instead(worker, () => releaseLeases(worker, true))) ?? 0;
        }
        return released;
      }),
    readRun: (runId) => use((session) => readRunRecord(session, runId)),
    loadRuns: (requests) => use((session) => loadRuns(session, requests)),
    readEvents: (runId, { from, limit }) => use((session) => readEvents(session, runId, from, limit)),
    readInbox: (runId, { afterPosition, limit }) =>
      use((session) => readInbox(session, runId, afterPosition, limit)),
    readTasks: (runId) => use((session) => readTasks(session, runId)),
    readTask: (taskId) => use((session) => readTask(session, taskId)),
    readKey: (namespace, key) => use((session) => readKey(session, namespace, key)),
    listRuns: (query, page) => use((session) => listRuns(session, query, page)),
    countRuns: (query) => use((session) => countRuns(session, query)),
    nextWakeAt: ({ namespace, wants }) => use((session) => nextWakeAt(session, namespace, wants)),
    watch: (listener) => {
      if (closing !== undefined) throw closedError(name);
      return hints.watch(listener);
    },
    close: () => (closing ??= close()),
  };
}
