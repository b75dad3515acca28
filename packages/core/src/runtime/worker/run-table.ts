import type { RunId } from '../../model/ids.js';
import type { HeldRun } from './run-host.js';

/** The runs in this worker's memory. The least recently used instances go first; a run that is busy stays. */
export class RunTable<Run extends HeldRun> {
  /** In the order of last use: a map keeps the order in which keys were added. */
  readonly #runs = new Map<RunId, Run>();
  readonly #most: number;
  readonly #isNeeded: (runId: RunId) => boolean;

  constructor(most: number, isNeeded: (runId: RunId) => boolean) {
    this.#most = most;
    this.#isNeeded = isNeeded;
  }

  get size(): number {
    return this.#runs.size;
  }
  get(runId: RunId): Run | undefined {
    return this.#runs.get(runId);
  }
  add(run: Run): void {
    this.#runs.set(run.runId, run);
  }
  remove(run: HeldRun): void {
    if (this.#runs.get(run.runId) === run) this.#runs.delete(run.runId);
  }
  all(): IterableIterator<Run> {
    return this.#runs.values();
  }

  /** Marks as used, and lets go of what is too many. */
  touch({ runId }: HeldRun): void {
    const run = this.#runs.get(runId);
    if (!run) return;
    this.#runs.delete(runId);
    this.#runs.set(runId, run);
    if (this.#runs.size <= this.#most) return;
    let excess = this.#runs.size - this.#most;
    for (const old of this.#runs.values()) {
      if (excess === 0) break;
      if (!old.resting) continue;
      excess -= 1;
      // Its activities under way still need its token, so that their outcomes need no detour.
      if (this.#isNeeded(old.runId)) old.cool();
      else this.#runs.delete(old.runId);
    }
  }
}
