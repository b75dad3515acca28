import type { RunId } from '../../model/ids.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import { replayRun } from './replay-run.js';
import type { RunHost } from './run-host.js';
import { historyOf } from './sealing.js';

/** Events that one look brings up to date; behind more than these a new copy is as quick. */
const mostBehind = 10_000;

/**
 * Copies of runs, made by replay, for those who may look and not act. What they change behind the back of
 * history, they change in a copy; the run never sees it. A copy goes on with what has been recorded since.
 */
export class RunCopies {
  /** In the order of last use. */
  readonly #kept = new Map<RunId, WorkflowInstance>();
  readonly #turns = new Map<RunId, Promise<unknown>>();
  readonly #host: RunHost;
  readonly #most: number;

  /** Keeps at most so many, the last ones looked at. */
  constructor(host: RunHost, most: number) {
    this.#host = host;
    this.#most = most;
  }

  /**
   * Calls `look` with the run as it is recorded now; others wait until it has returned. Undefined for an unknown run, or
   * one that this worker has no code of. Rejects with what `look` throws, and with `NondeterminismError`.
   */
  look<T>(runId: RunId, look: (copy: WorkflowInstance) => T): Promise<T | undefined> {
    const turn = (this.#turns.get(runId) ?? Promise.resolve()).then(async () => {
      const copy = await this.#upToDate(runId);
      return copy && look(copy);
    });
    const over = turn
      .catch(() => undefined) // told to the caller
      .then(() => {
        if (this.#turns.get(runId) === over) this.#turns.delete(runId);
      });
    this.#turns.set(runId, over);
    return turn;
  }

  /** The copy is not as history says any more. */
  drop(runId: RunId): void {
    this.#kept.delete(runId);
  }

  async #upToDate(runId: RunId): Promise<WorkflowInstance | undefined> {
    const { core } = this.#host;
    const head = (await core.storage.readRun(runId))?.seq;
    const kept = this.#kept.get(runId);
    this.#kept.delete(runId);
    if (head === undefined) return undefined;
    const copy =
      kept && !core.checks.shadowReplay && (await this.#bring(kept, runId, head))
        ? kept
        : await replayRun(this.#host, runId);
    // One that has answered what nobody has answered yet is ahead of history.
    if (copy?.recorder.head === head) this.#keep(runId, copy);
    return copy;
  }

  /** False where the copy cannot go on. */
  async #bring(copy: WorkflowInstance, runId: RunId, head: number): Promise<boolean> {
    const behind = head - copy.recorder.head;
    if (copy.tainted || behind < 0 || behind > mostBehind) return false;
    if (behind === 0) return true;
    const { core, executor } = this.#host;
    const bodies = await core.storage.readEvents(runId, { from: copy.recorder.head + 1, limit: behind });
    copy.feedRecorded((await historyOf(core, bodies)).history);
    await executor.through(() => copy.step());
    return !copy.blockage && copy.recorder.head === head;
  }

  #keep(runId: RunId, copy: WorkflowInstance): void {
    this.#kept.set(runId, copy);
    if (this.#kept.size <= this.#most) return;
    for (const oldest of this.#kept.keys()) return this.drop(oldest);
  }
}
