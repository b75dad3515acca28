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
  RunId,
  RunPage,
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
import { anyDue, claim, nextWakeAt } from './claim.js';
import type { Connection } from './connection.js';
import { refused } from './errors.js';
import { announce, reap, withdraw } from './presence.js';
import { countFiltered, listFiltered } from './filtered.js';
import { countRuns, listRuns, loadRun, readEvents, readInbox, readKey, readRun } from './reads.js';
import type { Sql } from './statements.js';

/** One opening of the store. */
export class SqliteHandle implements StorageHandle {
  readonly traits: StorageTraits;
  readonly #connection: Connection;
  readonly #release: () => Promise<void>;
  readonly #watches = new Set<Unwatch>();
  readonly #workers = new Set<WorkerId>();
  #closing: Promise<void> | undefined;

  constructor(connection: Connection, release: () => Promise<void>) {
    this.traits = connection.traits;
    this.#connection = connection;
    this.#release = release;
  }

  commit(batches: readonly Batch[]): Promise<readonly CommitResult[]> {
    if (batches.length === 0) return this.#read(() => []);
    const { writer } = this.#connection;
    return this.#write(() => batches.map((batch) => writer.commit(batch)));
  }

  claim(request: ClaimRequest): Promise<readonly TaskRecord[]> {
    const { facts, sql, tasks } = this.#connection;
    // An idle worker never takes the lock.
    const none = (): readonly TaskRecord[] | undefined => {
      facts.refresh();
      return anyDue(sql, tasks, request) ? undefined : [];
    };
    return this.#write(() => claim(sql, tasks, request), none);
  }

  releaseLeases(owner: WorkerId): Promise<number> {
    return this.#write(() => this.#connection.tasks.release(owner));
  }

  join(worker: WorkerId): Promise<void> {
    this.#workers.add(worker);
    return this.#write((sql) => announce(sql, worker));
  }

  leave(worker: WorkerId): Promise<void> {
    this.#workers.delete(worker);
    return this.#write((sql) => withdraw(sql, worker));
  }

  reapDeadWorkers(): Promise<number> {
    return this.#write((sql) => reap(sql, this.#connection.tasks));
  }

  readRun(runId: RunId): Promise<RunRecord | undefined> {
    return this.#read((sql) => readRun(sql, runId));
  }

  loadRuns(requests: readonly LoadRequest[]): Promise<readonly (LoadedRun | undefined)[]> {
    return this.#read((sql) =>
      this.#connection.snapshot(() => requests.map((request) => loadRun(sql, request))),
    );
  }

  readEvents(
    runId: RunId,
    range: { readonly from: Seq; readonly limit: number },
  ): Promise<readonly string[]> {
    return this.#read((sql) =>
      this.#connection.snapshot(() => readEvents(sql, runId, range.from, range.limit)),
    );
  }

  readInbox(
    runId: RunId,
    range: { readonly afterPosition: number; readonly limit: number },
  ): Promise<readonly MessageRecord[]> {
    return this.#read((sql) => readInbox(sql, runId, range.afterPosition, range.limit));
  }

  readTasks(runId: RunId): Promise<readonly TaskRecord[]> {
    return this.#read(() => this.#connection.tasks.ofRun(runId));
  }

  readTask(taskId: TaskId): Promise<TaskRecord | undefined> {
    return this.#read(() => this.#connection.tasks.read(taskId));
  }

  readKey(namespace: Namespace, key: string): Promise<KeyRecord | undefined> {
    return this.#read((sql) => readKey(sql, namespace, key));
  }

  listRuns(query: RunQuery, page: RunPage): Promise<readonly RunRecord[]> {
    const { where } = query;
    if (where === undefined) return this.#read((sql) => listRuns(sql, query, page));
    return listFiltered((work) => this.#read(work), query, where, page);
  }

  countRuns(query: RunQuery): Promise<number> {
    const { where } = query;
    if (where === undefined) return this.#read((sql) => countRuns(sql, query));
    return countFiltered((work) => this.#read(work), query, where);
  }

  nextWakeAt(request: {
    readonly namespace: Namespace;
    readonly wants: readonly TaskWant[];
  }): Promise<EpochMs | null> {
    const { facts, tasks } = this.#connection;
    return this.#read((sql) => {
      facts.refresh();
      return nextWakeAt(sql, tasks, request);
    });
  }

  watch(listener: (hint: ChangeHint) => void): Unwatch {
    this.#check();
    const unwatch = this.#connection.watch(listener);
    this.#watches.add(unwatch);
    return () => {
      this.#watches.delete(unwatch);
      unwatch();
    };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    for (const unwatch of this.#watches) unwatch();
    const { sql } = this.#connection;
    try {
      if (this.#workers.size > 0) {
        await this.#connection.write(() => {
          for (const worker of this.#workers) withdraw(sql, worker);
        });
      }
    } catch {
      // They stay announced until their process ends, which others notice. Closing goes on.
    }
    await this.#connection.settled();
    await this.#release();
  }

  #read<T>(work: (sql: Sql) => T): Promise<T> {
    return this.#open(() => this.#connection.read(() => work(this.#connection.sql)));
  }

  #write<T>(work: (sql: Sql) => T, first?: () => T | undefined): Promise<T> {
    return this.#open(() => this.#connection.write(() => work(this.#connection.sql), first));
  }

  async #open<T>(work: () => Promise<T>): Promise<T> {
    this.#check();
    return work();
  }

  #check(): void {
    if (this.#closing)
      throw refused('storage_closed', 'This handle of the SQLite store is closed; open another one');
  }
}
