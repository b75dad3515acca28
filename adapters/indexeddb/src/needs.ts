import type { Batch, Expectation, KeyRecord, NewMessage, RunId, TaskId } from '@perdure/core/storage';
import { homeOf } from './layout.js';
import { keyName } from './view.js';

export type KeyName = Pick<KeyRecord, 'namespace' | 'key'>;
type KeyExpectation = Extract<Expectation, { readonly kind: 'key' }>;

/** All that batches name: what has to be known before they can be applied. */
export interface Needs {
  readonly runs: Set<RunId>;
  readonly tasks: Set<TaskId>;
  /** Runs of which every task must be known, wherever it is kept. */
  readonly tasksOf: Set<RunId>;
  /** Runs that are to be inserted. */
  readonly inserts: Set<RunId>;
  /** Those that something is expected of; what is only written need not be known. */
  readonly keys: Map<string, KeyExpectation>;
  readonly keysOf: Set<RunId>;
  readonly inboxes: Map<RunId, NewMessage[]>;
}

export function needsOf(batches: readonly Batch[]): Needs {
  const needs: Needs = {
    runs: new Set(),
    tasks: new Set(),
    tasksOf: new Set(),
    inserts: new Set(),
    keys: new Map(),
    keysOf: new Set(),
    inboxes: new Map(),
  };
  const task = (taskId: TaskId): void => {
    needs.tasks.add(taskId);
    needs.runs.add(homeOf(taskId));
  };
  const inbox = (runId: RunId): NewMessage[] => {
    let messages = needs.inboxes.get(runId);
    if (messages === undefined) needs.inboxes.set(runId, (messages = []));
    return messages;
  };
  for (const { expect, writes } of batches) {
    for (const expectation of expect) {
      switch (expectation.kind) {
        case 'run-open':
        case 'run-at':
          needs.runs.add(expectation.runId);
          break;
        case 'token':
          task(expectation.taskId);
          break;
        case 'key':
          needs.keys.set(keyName(expectation), expectation);
          break;
        case 'inbox-read':
          needs.runs.add(expectation.runId);
          inbox(expectation.runId);
          break;
      }
    }
    for (const write of writes) {
      switch (write.kind) {
        case 'insert-run':
          needs.runs.add(write.run.runId);
          needs.inserts.add(write.run.runId);
          break;
        case 'advance-run':
        case 'amend-run':
          needs.runs.add(write.runId);
          break;
        case 'put-task':
          task(write.task.taskId);
          needs.runs.add(write.task.runId);
          break;
        case 'drop-task':
        case 'wake-task':
          task(write.taskId);
          break;
        case 'drop-tasks':
          needs.runs.add(write.runId);
          needs.tasksOf.add(write.runId);
          break;
        case 'put-message':
          needs.runs.add(write.message.runId);
          inbox(write.message.runId).push(write.message);
          break;
        case 'drop-messages':
          needs.runs.add(write.runId);
          inbox(write.runId);
          break;
        case 'put-key':
        case 'drop-key':
          break;
        case 'purge-run':
          needs.runs.add(write.runId);
          needs.tasksOf.add(write.runId);
          needs.keysOf.add(write.runId);
          inbox(write.runId);
          break;
      }
    }
  }
  return needs;
}
