import type { InputEvent, Unplaced } from '../../model/events.js';
import type { RunId } from '../../model/ids.js';
import type { Batch, CommitResult } from '../../storage/port.js';
import type { TaskRecord } from '../../storage/records.js';
import type { Core } from '../core.js';
import { parsedRecord, readStored } from '../stored-text.js';
import type { OutboxBody } from './outbox-task.js';
import { tellRun } from './tell-run.js';

/**
 * Something that a run has asked of another one. The effect, the answer and the end of the task are one batch, so that it
 * is done once, however often it is begun.
 */
export class Errand {
  readonly core: Core;
  readonly task: TaskRecord;
  /** Who asks. */
  readonly runId: RunId;
  readonly seq: number;
  /** The asking run has ended, and needs no answer. */
  #unasked = false;

  constructor(core: Core, task: TaskRecord) {
    this.core = core;
    this.task = task;
    const { runId, seq } = readStored(`Task ${task.taskId}`, () =>
      parsedRecord(task.body),
    ) as unknown as OutboxBody;
    this.runId = runId;
    this.seq = seq;
  }

  /** A batch with the end of this errand in it; its own expectations come first. */
  async batch(effect: Batch, answerId?: string, answer?: Unplaced<InputEvent>): Promise<Batch> {
    const { taskId, token } = this.task;
    const told =
      answerId !== undefined && answer && !this.#unasked
        ? await tellRun(this.core, this.runId, answerId, answer)
        : undefined;
    return {
      expect: [{ kind: 'token', taskId, token }, ...(told?.expect ?? []), ...effect.expect],
      writes: [...effect.writes, ...(told?.writes ?? []), { kind: 'drop-task', taskId }],
    };
  }

  /** What a commit of such a batch came to. `again`: something was not as it was read; decide anew. */
  settled(result: CommitResult): 'done' | 'again' {
    if (result.ok) {
      this.core.worker?.poke(this.runId);
      return 'done';
    }
    const { refusal } = result;
    if (refusal.of === 'writes' || refusal.index > 1) return 'again';
    if (refusal.reason === 'token') return 'done'; // somebody else has it now
    this.#unasked ||= refusal.reason === 'run-open';
    return 'again';
  }

  async commit(effect: Batch, answerId?: string, answer?: Unplaced<InputEvent>): Promise<'done' | 'again'> {
    return this.settled(await this.core.committer.commit(await this.batch(effect, answerId, answer)));
  }

  /** There is nothing to do at another run; the answer alone. */
  async end(answerId?: string, answer?: Unplaced<InputEvent>): Promise<void> {
    while ((await this.commit({ expect: [], writes: [] }, answerId, answer)) === 'again');
  }
}
