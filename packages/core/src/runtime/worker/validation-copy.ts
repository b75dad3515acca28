import type { Unplaced, UpdateAccepted } from '../../model/events.js';
import type { FailureRecord } from '../../model/failure.js';
import type { RunId } from '../../model/ids.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import { replayRun } from './replay-run.js';
import type { RunHost } from './run-host.js';
import { historyOf } from './sealing.js';

/** Where a run stands in memory: what the store has of it, and what no commit has taken yet. */
export interface Standing {
  readonly seq: number;
  readonly bodies: readonly string[];
}

/**
 * A copy of a run for its validators, in step with the run as it stands in memory. They may look and not act; what one
 * changes all the same, it changes here, behind the back of history, and never in the run.
 */
export class ValidationCopy {
  #copy: WorkflowInstance | undefined;
  readonly #host: RunHost;
  readonly #runId: RunId;

  constructor(host: RunHost, runId: RunId) {
    this.#host = host;
    this.#runId = runId;
  }

  /**
   * What the validator of an update says, `refused` being what it throws. Undefined where the run is not as the store
   * and its code have it. Rejects with `NondeterminismError`.
   */
  async ask(
    update: Unplaced<UpdateAccepted>,
    standing: Standing,
  ): Promise<{ readonly refused: FailureRecord | undefined } | undefined> {
    const kept = this.#copy;
    this.#copy = undefined;
    let copy = kept && (await this.#bring(kept, standing)) ? kept : await this.#made(standing);
    let refused = copy?.validate(update);
    // What an earlier validator has changed must not be why.
    if (refused && copy === kept) {
      copy = await this.#made(standing);
      refused = copy?.validate(update);
    }
    if (!copy) return undefined;
    if (!copy.tainted && !this.#host.core.checks.shadowReplay) this.#copy = copy;
    return { refused };
  }

  /** The run is done again from history. */
  drop(): void {
    this.#copy = undefined;
  }

  async #made(standing: Standing): Promise<WorkflowInstance | undefined> {
    const copy = await replayRun(this.#host, this.#runId);
    return copy && (await this.#bring(copy, standing)) ? copy : undefined;
  }

  /** False where the copy does not get there. */
  async #bring(copy: WorkflowInstance, { seq, bodies }: Standing): Promise<boolean> {
    const { core, executor } = this.#host;
    const from = copy.recorder.head;
    if (from < seq) {
      const written = await core.storage.readEvents(this.#runId, { from: from + 1, limit: seq - from });
      copy.feedRecorded((await historyOf(core, written)).history);
    }
    // A copy that has answered what nobody had answered yet may have some of these already.
    const ahead = bodies.slice(Math.max(0, from - seq));
    if (ahead.length > 0) copy.feedRecorded({ bodies: ahead });
    await executor.through(() => copy.step());
    return !copy.blockage && copy.recorder.head === seq + bodies.length;
  }
}
