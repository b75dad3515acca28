import type { ChangeHint, RunId, TaskRecord } from '@perdure/core/storage';

export type Listener = (hint: ChangeHint) => void;

/**
 * Collects what changed and tells every listener once the running code has returned: a hint is never told from inside
 * a commit, and several commits in a row make one hint.
 */
export class Hints {
  readonly #listeners = new Set<Listener>();
  #runs: RunId[] = [];
  #queues: string[] = [];
  #queued = false;

  add(listener: Listener): void {
    this.#listeners.add(listener);
  }

  remove(listener: Listener): void {
    this.#listeners.delete(listener);
  }

  run(runId: RunId): void {
    if (this.#listeners.size === 0 || this.#runs.at(-1) === runId) return;
    this.#runs.push(runId);
    this.#queue();
  }

  /** A task that nobody holds may be claimed, now or at its time. */
  task(task: TaskRecord): void {
    this.run(task.runId);
    if (this.#listeners.size === 0 || task.leaseOwner !== null || this.#queues.includes(task.queue)) return;
    this.#queues.push(task.queue);
  }

  #queue(): void {
    if (this.#queued) return;
    this.#queued = true;
    void Promise.resolve().then(() => {
      this.#tell();
    });
  }

  #tell(): void {
    const hint: ChangeHint = { kind: 'changed', runs: this.#runs, queues: this.#queues };
    this.#runs = [];
    this.#queues = [];
    this.#queued = false;
    for (const listener of [...this.#listeners]) {
      try {
        listener(hint);
      } catch {
        // A listener's error is its own (N1): it must reach neither the writer nor the other listeners.
      }
    }
  }
}
