import type { CommitResult, Storage, StorageHandle } from '@perdure/core/storage';

/** Where the crash comes: at the next commit, before or after the store has it. */
export type CrashPoint = 'before-commit' | 'after-commit';

const never = new Promise<never>(() => undefined);

/**
 * A storage whose handle can die like its process: from then on no call of it is answered, and nothing of it reaches
 * the store. The store itself lives on, and a new handle opens it again.
 */
export class CrashingStorage implements Storage {
  readonly kind: string;
  readonly #storage: Storage;
  #dead = false;
  #armed: { readonly at: CrashPoint; readonly crashed: () => void } | undefined;
  #handle: StorageHandle | undefined;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.kind = storage.kind;
  }

  /** Resolves when the crash has come. */
  crashAt(at: CrashPoint): Promise<void> {
    return new Promise((resolve) => {
      this.#armed = { at, crashed: resolve };
    });
  }

  /** Cuts the handle off. What is under way inside the store ends there, unheard. */
  async die(): Promise<void> {
    this.#dead = true;
    await this.#handle?.close();
  }

  async open(): Promise<StorageHandle> {
    const handle = await this.#storage.open();
    this.#handle = handle;
    const unlessDead = <A extends unknown[], R>(call: (...args: A) => Promise<R>) => async (...args: A): Promise<R> => {
      if (this.#dead) return never;
      const result = await call.apply(handle, args);
      return this.#dead ? never : result;
    };
    return {
      traits: handle.traits,
      commit: (batches) => this.#commit(handle, batches),
      claim: unlessDead(handle.claim),
      releaseLeases: unlessDead(handle.releaseLeases),
      join: unlessDead(handle.join),
      leave: unlessDead(handle.leave),
      reapDeadWorkers: unlessDead(handle.reapDeadWorkers),
      readRun: unlessDead(handle.readRun),
      loadRuns: unlessDead(handle.loadRuns),
      readEvents: unlessDead(handle.readEvents),
      readInbox: unlessDead(handle.readInbox),
      readTasks: unlessDead(handle.readTasks),
      readTask: unlessDead(handle.readTask),
      readKey: unlessDead(handle.readKey),
      listRuns: unlessDead(handle.listRuns),
      countRuns: unlessDead(handle.countRuns),
      nextWakeAt: unlessDead(handle.nextWakeAt),
      watch: (listener) => handle.watch((hint) => { if (!this.#dead) listener(hint); }),
      close: unlessDead(handle.close),
    };
  }

  async #commit(handle: StorageHandle, batches: Parameters<StorageHandle['commit']>[0]): Promise<readonly CommitResult[]> {
    if (this.#dead) return never;
    const armed = this.#armed;
    this.#armed = undefined;
    if (armed?.at === 'before-commit') {
      this.#dead = true;
      armed.crashed();
      return never;
    }
    const results = await handle.commit(batches);
    if (armed) {
      this.#dead = true;
      armed.crashed();
    }
    return this.#dead ? never : results;
  }
}
