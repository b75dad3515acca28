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
    const unlessDead =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        if (this.#dead) return never;
        const result = await call(...args);
        return this.#dead ? never : result;
      };
    return {
      traits: handle.traits,
      commit: (batches) => this.#commit(handle, batches),
      claim: unlessDead(handle.claim.bind(handle)),
      releaseLeases: unlessDead(handle.releaseLeases.bind(handle)),
      join: unlessDead(handle.join.bind(handle)),
      leave: unlessDead(handle.leave.bind(handle)),
      reapDeadWorkers: unlessDead(handle.reapDeadWorkers.bind(handle)),
      readRun: unlessDead(handle.readRun.bind(handle)),
      loadRuns: unlessDead(handle.loadRuns.bind(handle)),
      readEvents: unlessDead(handle.readEvents.bind(handle)),
      readInbox: unlessDead(handle.readInbox.bind(handle)),
      readTasks: unlessDead(handle.readTasks.bind(handle)),
      readTask: unlessDead(handle.readTask.bind(handle)),
      readKey: unlessDead(handle.readKey.bind(handle)),
      listRuns: unlessDead(handle.listRuns.bind(handle)),
      countRuns: unlessDead(handle.countRuns.bind(handle)),
      nextWakeAt: unlessDead(handle.nextWakeAt.bind(handle)),
      watch: (listener) =>
        handle.watch((hint) => {
          if (!this.#dead) listener(hint);
        }),
      close: unlessDead(handle.close.bind(handle)),
    };
  }

  #crash(): void {
    const armed = this.#armed;
    if (!armed) return;
    this.#armed = undefined;
    this.#dead = true;
    armed.crashed();
  }

  async #commit(
    handle: StorageHandle,
    batches: Parameters<StorageHandle['commit']>[0],
  ): Promise<readonly CommitResult[]> {
    if (this.#dead) return never;
    const armed = this.#armed;
    if (armed?.at === 'before-commit') {
      this.#crash();
      return never;
    }
    const results = await handle.commit(batches);
    // What was refused has not reached the store: the crash is still to come.
    if (armed === this.#armed && results.some(({ ok }) => ok)) this.#crash();
    return this.#dead ? never : results;
  }
}
