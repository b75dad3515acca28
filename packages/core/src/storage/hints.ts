import type { RunId } from '../model/ids.js';
import { NEVER } from '../model/time.js';
import type { ChangeHint, Unwatch } from './port.js';
import type { TaskRecord } from './records.js';

/**
 * For adapters whose handles share a process: collects what commits changed, and tells every listener once the running
 * code has returned. So a hint is never told from inside a commit, and commits in a row make one hint [N1].
 */
export class Hints {
  readonly #listeners = new Set<{ readonly tell: (hint: ChangeHint) => void }>();
  #runs: RunId[] = [];
  #queues: string[] = [];
  #queued = false;

  get watched(): boolean {
    return this.#listeners.size > 0;
  }

  watch(listener: (hint: ChangeHint) => void): Unwatch {
    const entry = { tell: listener };
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  run(runId: RunId): void {
    if (!this.watched || this.#runs.at(-1) === runId) return;
    this.#runs.push(runId);
    if (this.#queued) return;
    this.#queued = true;
    void Promise.resolve().then(() => {
      this.#queued = false;
      const hint: ChangeHint = { kind: 'changed', runs: this.#runs, queues: this.#queues };
      this.#runs = [];
      this.#queues = [];
      this.tell(hint);
    });
  }

  /** A task that was put or woken. Where nobody holds it, it can be claimed, now or at its time. */
  task({
    runId,
    queue,
    leaseOwner,
    visibleAt,
  }: Pick<TaskRecord, 'runId' | 'queue' | 'leaseOwner' | 'visibleAt'>): void {
    this.run(runId);
    if (this.watched && leaseOwner === null && visibleAt < NEVER && !this.#queues.includes(queue))
      this.#queues.push(queue);
  }

  /** At once. */
  tell(hint: ChangeHint): void {
    for (const { tell } of this.#listeners) {
      try {
        tell(hint);
      } catch {
        // A listener's error is its own [N1]: it must reach neither the writer nor the other listeners.
      }
    }
  }
}
