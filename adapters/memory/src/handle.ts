import {
  StorageError,
  type Batch,
  type ChangeHint,
  type ClaimRequest,
  type CommitResult,
  type EpochMs,
  type Hints,
  type KeyRecord,
  type LoadedRun,
  type LoadRequest,
  type MessageRecord,
  type Namespace,
  type RunId,
  type RunPage,
  type RunQuery,
  type RunRecord,
  type Seq,
  type StorageHandle,
  type StorageTraits,
  type TaskId,
  type TaskRecord,
  type TaskWant,
  type Unwatch,
  type WorkerId,
} from '@perdure/core/storage';
import type { Store } from './store.js';

/** One opening of the store. Everything is done before the call returns; only the answer is a promise. */
export class MemoryHandle implements StorageHandle {
  readonly traits: StorageTraits;
  readonly #store: Store;
  readonly #hints: Hints;
  readonly #watches = new Set<Unwatch>();
  #closed = false;

  constructor(traits: StorageTraits, store: Store, hints: Hints) {
    this.traits = traits;
    this.#store = store;
    this.#hints = hints;
  }

  commit(batches: readonly Batch[]): Promise<readonly CommitResult[]> {
    return this.#answer(() => batches.map((batch) => this.#store.commit(batch)));
  }

  claim(request: ClaimRequest): Promise<readonly TaskRecord[]> {
    return this.#answer(() => this.#store.tasks.claim(request));
  }

  releaseLeases(owner: WorkerId): Promise<number> {
    return this.#answer(() => {
      const released = this.#store.tasks.release(owner);
      for (const task of released) this.#hints.task(task);
      return released.length;
    });
  }

  /** Workers of one process die together, and the data with them: there is nothing to announce. */
  join(_worker: WorkerId): Promise<void> {
    return this.#answer(() => undefined);
  }
  leave(_worker: WorkerId): Promise<void> {
    return this.#answer(() => undefined);
  }
  reapDeadWorkers(): Promise<number> {
    return this.#answer(() => 0);
  }

  readRun(runId: RunId): Promise<RunRecord | undefined> {
    return this.#answer(() => this.#store.runs.get(runId)?.record());
  }

  loadRuns(requests: readonly LoadRequest[]): Promise<readonly (LoadedRun | undefined)[]> {
    return this.#answer(() =>
      requests.map(({ runId, afterSeq }) => {
        const run = this.#store.runs.get(runId);
        if (run === undefined) return undefined;
        return {
          run: run.record(),
          events: run.events.slice(afterSeq),
          inbox: this.#store.inboxes.all(runId),
        };
      }),
    );
  }

  readEvents(
    runId: RunId,
    { from, limit }: { readonly from: Seq; readonly limit: number },
  ): Promise<readonly string[]> {
    return this.#answer(() => {
      const start = Math.max(from, 1) - 1;
      return this.#store.runs.get(runId)?.events.slice(start, start + limit) ?? [];
    });
  }

  readInbox(
    runId: RunId,
    { afterPosition, limit }: { readonly afterPosition: number; readonly limit: number },
  ): Promise<readonly MessageRecord[]> {
    return this.#answer(() => this.#store.inboxes.read(runId, afterPosition, limit));
  }

  readTasks(runId: RunId): Promise<readonly TaskRecord[]> {
    return this.#answer(() => this.#store.tasks.ofRun(runId));
  }

  readTask(taskId: TaskId): Promise<TaskRecord | undefined> {
    return this.#answer(() => this.#store.tasks.get(taskId));
  }

  readKey(namespace: Namespace, key: string): Promise<KeyRecord | undefined> {
    return this.#answer(() => this.#store.keys.get(namespace, key));
  }

  listRuns(query: RunQuery, page: RunPage): Promise<readonly RunRecord[]> {
    return this.#answer(() => this.#store.runs.list(query, page));
  }

  countRuns(query: RunQuery): Promise<number> {
    return this.#answer(() => this.#store.runs.count(query));
  }

  nextWakeAt(request: {
    readonly namespace: Namespace;
    readonly wants: readonly TaskWant[];
  }): Promise<EpochMs | null> {
    return this.#answer(() => this.#store.tasks.wakeAt(request.namespace, request.wants));
  }

  watch(listener: (hint: ChangeHint) => void): Unwatch {
    if (this.#closed) throw closed();
    const unwatch = this.#hints.watch(listener);
    this.#watches.add(unwatch);
    return () => {
      this.#watches.delete(unwatch);
      unwatch();
    };
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const unwatch of this.#watches) unwatch();
    this.#watches.clear();
    return Promise.resolve();
  }

  #answer<T>(work: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(closed());
    try {
      return Promise.resolve(work());
    } catch (cause) {
      return Promise.reject(cause);
    }
  }
}

function closed(): StorageError {
  return new StorageError('storage_closed', 'This handle of the memory store is closed; open another one', {
    retryable: false,
    outcome: 'not-applied',
  });
}
