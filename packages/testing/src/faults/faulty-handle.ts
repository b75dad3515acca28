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
import type { Faults } from './faults.js';

/** Each call goes through `faults`; none does anything of its own. */
export class FaultyHandle implements StorageHandle {
  readonly #handle: StorageHandle;
  readonly #faults: Faults;
  readonly #unwatches = new Set<Unwatch>();

  constructor(handle: StorageHandle, faults: Faults) {
    this.#handle = handle;
    this.#faults = faults;
  }

  get traits(): StorageTraits {
    return this.#handle.traits;
  }

  commit(batches: readonly Batch[]): Promise<readonly CommitResult[]> {
    return this.#faults.around('commit', () => this.#handle.commit(batches));
  }
  claim(request: ClaimRequest): Promise<readonly TaskRecord[]> {
    return this.#faults.around('claim', () => this.#handle.claim(request));
  }
  releaseLeases(owner: WorkerId): Promise<number> {
    return this.#faults.around('releaseLeases', () => this.#handle.releaseLeases(owner));
  }
  join(worker: WorkerId): Promise<void> {
    return this.#faults.around('join', () => this.#handle.join(worker));
  }
  leave(worker: WorkerId): Promise<void> {
    return this.#faults.around('leave', () => this.#handle.leave(worker));
  }
  reapDeadWorkers(): Promise<number> {
    return this.#faults.around('reapDeadWorkers', () => this.#handle.reapDeadWorkers());
  }
  readRun(runId: RunId): Promise<RunRecord | undefined> {
    return this.#faults.around('readRun', () => this.#handle.readRun(runId));
  }
  loadRuns(requests: readonly LoadRequest[]): Promise<readonly (LoadedRun | undefined)[]> {
    return this.#faults.around('loadRuns', () => this.#handle.loadRuns(requests));
  }
  readEvents(
    runId: RunId,
    range: { readonly from: Seq; readonly limit: number },
  ): Promise<readonly string[]> {
    return this.#faults.around('readEvents', () => this.#handle.readEvents(runId, range));
  }
  readInbox(
    runId: RunId,
    range: { readonly afterPosition: number; readonly limit: number },
  ): Promise<readonly MessageRecord[]> {
    return this.#faults.around('readInbox', () => this.#handle.readInbox(runId, range));
  }
  readTasks(runId: RunId): Promise<readonly TaskRecord[]> {
    return this.#faults.around('readTasks', () => this.#handle.readTasks(runId));
  }
  readTask(taskId: TaskId): Promise<TaskRecord | undefined> {
    return this.#faults.around('readTask', () => this.#handle.readTask(taskId));
  }
  readKey(namespace: Namespace, key: string): Promise<KeyRecord | undefined> {
    return this.#faults.around('readKey', () => this.#handle.readKey(namespace, key));
  }
  listRuns(
    query: RunQuery,
    page: { readonly after: RunCursor | null; readonly limit: number },
  ): Promise<readonly RunRecord[]> {
    return this.#faults.around('listRuns', () => this.#handle.listRuns(query, page));
  }
  countRuns(query: RunQuery): Promise<number> {
    return this.#faults.around('countRuns', () => this.#handle.countRuns(query));
  }
  nextWakeAt(request: {
    readonly namespace: Namespace;
    readonly wants: readonly TaskWant[];
  }): Promise<EpochMs | null> {
    return this.#faults.around('nextWakeAt', () => this.#handle.nextWakeAt(request));
  }

  watch(listener: (hint: ChangeHint) => void): Unwatch {
    const faults = this.#faults;
    let watching = true;
    const own = (hint: ChangeHint): void => {
      if (watching) listener(hint);
    };
    const inner = this.#handle.watch((hint) => {
      faults.deliver(hint, own);
    });
    faults.listeners.add(own);
    const unwatch = (): void => {
      watching = false;
      faults.listeners.delete(own);
      this.#unwatches.delete(unwatch);
      inner();
    };
    this.#unwatches.add(unwatch);
    return unwatch;
  }

  close(): Promise<void> {
    return this.#faults.around('close', () => {
      for (const unwatch of this.#unwatches) unwatch();
      return this.#handle.close();
    });
  }
}
