import type { NewRun, RunChanges, TaskRecord } from '@perdure/core/storage';
import { namespace } from '../make.js';
import type { Random } from '../../random.js';

/** The few words that scripts are made of: few, so that steps meet one another. */

export const runIds = ['r', 'r/1', 'r%', 'R', '\u{1f600}', '\uffff'] as const;
export const namespaces = [namespace, 'Default'] as const;
export const queues = ['main', 'slow'] as const;
export const types = ['A', 'B'] as const;
export const owners = ['w1', 'w2', 'w3'] as const;
export const keyNames = ['k', 'K', 'k/1', ''] as const;
export const statuses = ['pending', 'running', 'completed', 'failed'] as const;
/** As engines make them, the run's own and ones below it with a slash, and others. */
export const taskIds = ['r', 'r/1', 'r/2', 'r#1', 'r#2', 'R#1', '\u{1f600}#1', '\uffff#1', 'r/1#1'] as const;

export function anyChanges(random: Random): RunChanges {
  return {
    status: random.pick(statuses),
    isCurrent: random.chance(0.5),
    buildId: random.pick([null, 'b1']),
    closedAt: random.chance(0.15) ? random.below(40) : null,
    progressAt: random.below(100),
    body: `projection ${random.below(1_000)}`,
  };
}

export function anyRun(random: Random, runId: string): NewRun {
  return {
    namespace: random.chance(0.8) ? namespace : random.pick(namespaces),
    runId,
    workflowId: random.pick(['w', 'w%1', 'W', 'x']),
    runNumber: 1 + random.below(3),
    workflowType: random.pick(types),
    taskQueue: random.pick(queues),
    startedAt: random.below(40),
    start: `input ${random.below(1_000)}`,
    ...anyChanges(random),
  };
}

export function anyTask(random: Random, taskId: string, runId: string): TaskRecord {
  const leased = random.chance(0.2);
  return {
    taskId,
    namespace: random.chance(0.8) ? namespace : random.pick(namespaces),
    kind: random.pick(['workflow', 'activity']),
    queue: random.pick(queues),
    type: random.pick(types),
    runId,
    buildId: random.pick([null, null, 'b1', 'b2']),
    priority: random.pick([0, 5, 5, 9]),
    fairnessKey: '',
    fairnessWeight: 1,
    visibleAt: random.chance(0.1) ? Number.MAX_SAFE_INTEGER : random.below(60),
    attempt: random.below(3),
    token: 0,
    leaseOwner: leased ? random.pick(owners) : null,
    leaseUntil: leased ? 1 + random.below(60) : 0,
    body: `task ${random.below(1_000)}`,
  };
}
