import type {
  Batch,
  ChangeHint,
  ClaimRequest,
  CommitResult,
  EpochMs,
  KeyRecord,
  LoadedRun,
  LoadRequest,
  MessageRecord,
  Namespace,
  RunCursor,
  RunId,
  RunQuery,
  RunRecord,
  Seq,
  StorageHandle,
  StorageTraits,
  TaskId,
  TaskRecord,
  TaskWant,
  Unwatch,
  WorkerId,
} from '@perdure/core/storage';
import { claim } from './claim.js';
import { commit } from './commit.js';
import { closedError, Connection } from './connection.js';
import { HandleHints } from './hints.js';
import type { Durability } from './indexed-db.js';
import { watchPage } from './lifecycle.js';
import { countRuns, listRuns } from './lists.js';
import { Presence } from './presence.js';
import { loadRuns, readEvents, readInbox, readRunRecord, readTask, readTasks } from './reads.js';
import { release } from './release.js';
import { nextWakeAt } from './wake.js';

export async function openHandle(name: string, durability: Durability): Promise<StorageHandle> {
  const hints = new HandleHints(name);
  const connection = new Connection(name, durability, (error) => {
    hints.tell({ kind: 'lost', error });
  });
  try {
    const instanceId = await connection.open();
    const traits: StorageTraits = { contract: 1, reach: 'origin', durability, instanceId };
    return new IndexedDbHandle(name, traits, connection, hints);
  } catch (error) {
    hints.close();
    throw error;
  }
}

class IndexedDbHandle implements StorageHandle {
  readonly traits: StorageTraits;
  readonly #name: string;
  readonly #connection: Connection;
  readonly #hints: HandleHints;
  readonly #presence: Presence;
  readonly #stopWatching: () => void;
  readonly #underWay = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(name: string, traits: StorageTraits, connection: Connection, hints: HandleHints) {
    this.#name = name;
    this.traits = traits;
    this.#connection = connection;
    this.#hints = hints;
    this.#presence = new Presence(name, () => {
      hints.tell({ kind: 'worker-gone' });
    });
    hints.onWorkers = () => {
      this.#lookAfterOthers();
    };
    let asleep: readonly WorkerId[] = [];
    this.#stopWatching = watchPage({
      onHide: () => {
        // A lock that a sleeping page holds or queues for is never passed on. Its leases go to whoever reaps.
        asleep = this.#presence.release();
        connection.suspend();
      },
      onShow: () => {
        connection.resume();
        for (const worker of asleep) this.join(worker).catch(() => undefined);
        asleep = [];
        hints.tell({ kind: 'unknown' });
      },
      onVisible: () => {
        hints.tell({ kind: 'unknown' });
      },
    });
  }

  commit(batches: readonly Batch[]): Promise<readonly CommitResult[]> {
    return this.#do(async () => {
      if (batches.length === 0) return [];
      const { results, view } = await this.#connection.write((session, progress) =>
        commit(session, batches, progress),
      );
      this.#hints.changed(view);
      return results;
    });
  }

  claim(request: ClaimRequest): Promise<readonly TaskRecord[]> {
    return this.#do(() => this.#connection.write((session, progress) => claim(session, request, progress)));
  }

  releaseLeases(owner: WorkerId): Promise<number> {
    return this.#do(() => this.#release(owner, false));
  }

  join(worker: WorkerId): Promise<void> {
    return this.#do(async () => {
      // The lock comes first: a worker that is announced without one is dead.
      if (!(await this.#presence.hold(worker))) return;
      await this.#connection.write(({ db }) => db.put('workers', worker, worker));
      this.#hints.workersChanged();
      await this.#awaitOthers();
    });
  }

  leave(worker: WorkerId): Promise<void> {
    return this.#do(() => this.#leave(worker));
  }

  reapDeadWorkers(): Promise<number> {
    return this.#do(async () => {
      const announced = await this.#connection.read(({ db }) => db.getAllKeys('workers'));
      let released = 0;
      for (const worker of await this.#presence.dead(announced)) {
        released += (await this.#presence.instead(worker, () => this.#release(worker, true))) ?? 0;
      }
      return released;
    });
  }

  readRun(runId: RunId): Promise<RunRecord | undefined> {
    return this.#do(() => this.#connection.read((session) => readRunRecord(session, runId)));
  }

  loadRuns(requests: readonly LoadRequest[]): Promise<readonly (LoadedRun | undefined)[]> {
    return this.#do(() => this.#connection.read((session) => loadRuns(session, requests)));
  }

  readEvents(
    runId: RunId,
    { from, limit }: { readonly from: Seq; readonly limit: number },
  ): Promise<readonly string[]> {
    return this.#do(() => this.#connection.read((session) => readEvents(session, runId, from, limit)));
  }

  readInbox(
    runId: RunId,
    { afterPosition, limit }: { readonly afterPosition: number; readonly limit: number },
  ): Promise<readonly MessageRecord[]> {
    return this.#do(() =>
      this.#connection.read((session) => readInbox(session, runId, afterPosition, limit)),
    );
  }

  readTasks(runId: RunId): Promise<readonly TaskRecord[]> {
    return this.#do(() => this.#connection.read((session) => readTasks(session, runId)));
  }

  readTask(taskId: TaskId): Promise<TaskRecord | undefined> {
    return this.#do(() => this.#connection.read((session) => readTask(session, taskId)));
  }

  readKey(namespace: Namespace, key: string): Promise<KeyRecord | undefined> {
    return this.#do(() => this.#connection.read(({ db }) => db.get('keys', [namespace, key])));
  }

  listRuns(
    query: RunQuery,
    { after, limit }: { readonly after: RunCursor | null; readonly limit: number },
  ): Promise<readonly RunRecord[]> {
    return this.#do(() => this.#connection.read((session) => listRuns(session, query, after, limit)));
  }

  countRuns(query: RunQuery): Promise<number> {
    return this.#do(() => this.#connection.read((session) => countRuns(session, query)));
  }

  nextWakeAt(request: {
    readonly namespace: Namespace;
    readonly wants: readonly TaskWant[];
  }): Promise<EpochMs | null> {
    return this.#do(() =>
      this.#connection.read((session) => nextWakeAt(session, request.namespace, request.wants)),
    );
  }

  watch(listener: (hint: ChangeHint) => void): Unwatch {
    if (this.#closing !== undefined) throw closedError(this.#name);
    return this.#hints.watch(listener);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    this.#stopWatching();
    for (const worker of this.#presence.workers) await this.#leave(worker).catch(() => undefined);
    this.#presence.release();
    this.#connection.close(closedError(this.#name));
    this.#hints.close();
  }

  async #leave(worker: WorkerId): Promise<void> {
    // The record goes first, so that nobody takes a worker for dead that has only left.
    await this.#connection.write(({ db }) => db.delete('workers', worker));
    this.#presence.letGo(worker);
    this.#hints.workersChanged();
  }

  async #release(owner: WorkerId, dead: boolean): Promise<number> {
    const { result, view } = await this.#connection.write((session, progress) =>
      release(session, owner, progress, dead),
    );
    this.#hints.changed(view);
    return result;
  }

  /** Queues for the locks of the other workers, to learn of their deaths. */
  async #awaitOthers(): Promise<void> {
    if (this.#presence.workers.length === 0) return;
    this.#presence.await(await this.#connection.read(({ db }) => db.getAllKeys('workers')));
  }

  #lookAfterOthers(): void {
    this.#awaitOthers().catch(() => {
      // The leases of a worker that dies unseen run out by themselves.
    });
  }

  #do<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(closedError(this.#name));
    const done = work();
    this.#underWay.add(done);
    const forget = (): void => void this.#underWay.delete(done);
    done.then(forget, forget);
    return done;
  }
}
