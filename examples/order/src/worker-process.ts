import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A worker in a process that can be killed without harm to this one. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exit = once(child, 'exit');
  }

  static async start(store: string, ledger: string): Promise<WorkerProcess> {
    // It inherits the flags of this process, and with them the loader that reads TypeScript.
    const worker = new WorkerProcess(
      fork(fileURLToPath(new URL('worker.ts', import.meta.url)), [store, ledger]),
    );
    await Promise.race([once(worker.#child, 'message'), worker.#early()]);
    return worker;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** As a crash would: nothing of it gets to say goodbye. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exit;
  }

  /** Lets it finish what it is doing. */
  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#exit;
  }

  async #early(): Promise<never> {
    await this.#exit;
    throw new Error('The worker ended before it was ready');
  }
}
