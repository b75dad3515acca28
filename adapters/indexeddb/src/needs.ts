import type { Batch, KeyRecord, NewMessage, RunId, TaskId } from '@perdure/core/storage';
import { homeOf } from './layout.js';
import { keyName } from './view.js';

export type KeyName = Pick<KeyRecord, 'namespace' | 'key'>;

/** All that batches name: what has to be known before they can be applied. */
export interface Needs {
  readonly runs: Set<RunId>;
  readonly tasks: Set<TaskId>;
  /** Runs of which every task must be known, wherever it is kept. */
  readonly tasksOf: Set<RunId>;
  /** Homes of which every spilled task must be known. */
  readonly spillsUnder: Set<RunId>;
  readonly keys: Map<string, KeyName>;
  readonly keysOf: Set<RunId>;
  readonly inboxes: Map<RunId, NewMessage[]>;
}

export function needsOf(batches: readonly Batch[]): Needs {
  const needs: Needs = {
    runs: new Set(),
    tasks: new Set(),
    tasksOf: new Set(),
    spillsUnder: new Set(),
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
  const key = (named: KeyName): void => {
    needs.keys.set(keyName(named), named);
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
          key(expectation);
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
          needs.spillsUnder.add(write.run.runId);
          break;
        case 'advance-run':
        case 'amend-run':
          needs.runs.add(write.runId);
          break;
        case 'put-task':
          task(write.task.taskId);
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
          key(write.record);
          break;
        case 'drop-key':
          key(write);
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
