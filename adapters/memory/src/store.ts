import {
  refusalOf,
  type Batch,
  type BatchFacts,
  type CommitResult,
  type Hints,
  type Namespace,
  type RunHead,
  type RunId,
  type TaskId,
  type Write,
} from '@perdure/core/storage';
import { Inboxes } from './inbox.js';
import { Keys } from './keys.js';
import { Runs } from './runs.js';
import { Tasks } from './tasks.js';

const applied: CommitResult = { ok: true };

/** The data. All handles of one `memory()` value share one. */
export class Store implements BatchFacts {
  readonly runs = new Runs();
  readonly tasks = new Tasks();
  readonly inboxes = new Inboxes();
  readonly keys = new Keys();
  readonly #hints: Hints;

  constructor(hints: Hints) {
    this.#hints = hints;
  }

  commit(batch: Batch): CommitResult {
    const refusal = refusalOf(batch, this);
    if (refusal !== null) return { ok: false, refusal };
    for (const write of batch.writes) this.#apply(write);
    return applied;
  }

  head(runId: RunId): RunHead | undefined {
    return this.runs.get(runId);
  }
  token(taskId: TaskId): number | undefined {
    return this.tasks.get(taskId)?.token;
  }
  keyValue(namespace: Namespace, key: string): string | null {
    return this.keys.get(namespace, key)?.value ?? null;
  }
  lastPosition(runId: RunId): number {
    return this.inboxes.lastPosition(runId);
  }

  #apply(write: Write): void {
    switch (write.kind) {
      case 'insert-run':
        this.runs.insert(write.run, write.events);
        this.#hints.run(write.run.runId);
        return;
      case 'advance-run':
        this.runs.get(write.runId)?.write(write.events, write.changes);
        this.#hints.run(write.runId);
        return;
      case 'amend-run':
        this.runs.get(write.runId)?.write([], write.changes);
        this.#hints.run(write.runId);
        return;
      case 'put-task':
        this.tasks.put(write.task);
        this.#hints.task(write.task);
        return;
      case 'drop-task':
        this.#dropTask(write.taskId);
        return;
      case 'drop-tasks':
        this.tasks.dropRun(write.runId);
        this.#hints.run(write.runId);
        return;
      case 'wake-task': {
        const task = this.tasks.get(write.taskId);
        if (task === undefined || task.visibleAt <= write.at) return;
        const woken = { ...task, visibleAt: write.at };
        this.tasks.put(woken);
        this.#hints.task(woken);
        return;
      }
      case 'put-message':
        this.inboxes.put(write.message);
        this.#hints.run(write.message.runId);
        return;
      case 'drop-messages':
        this.inboxes.drop(write.runId, write.through);
        this.#hints.run(write.runId);
        return;
      case 'put-key':
        this.keys.put(write.record);
        return;
      case 'drop-key':
        this.keys.drop(write.namespace, write.key);
        return;
      case 'purge-run':
        this.tasks.dropRun(write.runId);
        this.runs.purge(write.runId);
        this.inboxes.purge(write.runId);
        this.keys.purge(write.runId);
        this.#hints.run(write.runId);
        return;
    }
  }

  #dropTask(taskId: TaskId): void {
    const task = this.tasks.drop(taskId);
    if (task !== undefined) this.#hints.run(task.runId);
  }
}
