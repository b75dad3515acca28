import type { NewRun, RunChanges, TaskRecord } from '@perdure/core/storage';
import { namespace } from '../make.js';
import type { Random } from '../../random.js';

interface TaskName {
  readonly taskId: string;
  readonly runId: string;
}

type Some = readonly [string, ...string[]];

/** The few words that a script is made of: few, so that its steps meet one another. */
export interface Words {
  readonly runIds: Some;
  readonly namespaces: Some;
  readonly queues: Some;
  readonly owners: Some;
  readonly keys: Some;
  /** Ids as engines make them, the run's own and ones below it with a slash, and others; and the run they mostly have. */
  readonly tasks: readonly [TaskName, ...TaskName[]];
}

export const types = ['A', 'B'] as const;
export const statuses = ['pending', 'running', 'completed', 'failed'] as const;

/** Scripts whose words end differently have nothing in common. */
export function wordsEndingIn(end: string): Words {
  const ended = (first: string, ...others: readonly string[]): Some => [
    `${first}${end}`,
    ...others.map((word) => `${word}${end}`),
  ];
  const task = (runId: string, below: string): TaskName => ({
    taskId: `${runId}${below}${end}`,
    runId: `${runId}${end}`,
  });
  const others = ['r/1', 'R', '\u{1f600}', '\uffff'];
  return {
    runIds: ended('r', 'r/1', 'r%', 'R', '\u{1f600}', '\uffff'),
    namespaces: ended(namespace, 'Default'),
    queues: ['main', 'slow'],
    owners: ended('w1', 'w2', 'w3'),
    keys: ['k', 'K', 'k/1', ''],
    tasks: [
      task('r', ''),
      ...['/1', '/2', '#1', '#2'].map((below) => task('r', below)),
      ...others.map((one) => task(one, '#1')),
    ],
  };
}

export function anyChanges(random: Random): RunChanges {
  return {
    status: random.pick(statuses),
    isCurrent: random.chance(0.5),
    buildId: random.pick([null, 'b1']),
    closedAt: random.chance(0.15) ? random.below(40) : null,
    progressAt: random.below(100),
    body: `projection ${random.below(1_000)}`,
    ...(random.chance(0.3) && { attributes: `{"n":${random.below(10)}}` }),
    ...(random.chance(0.2) && { archivedAt: random.pick([null, random.below(40)]) }),
  };
}

export function anyRun(random: Random, words: Words, runId: string): NewRun {
  return {
    namespace: anyNamespace(random, words),
    runId,
    workflowId: random.pick(['w', 'w%1', 'W', 'x']),
    runNumber: 1 + random.below(3),
    workflowType: random.pick(types),
    taskQueue: random.pick(words.queues),
    startedAt: random.below(40),
    start: `input ${random.below(1_000)}`,
    attributes: '{}',
    archivedAt: null,
    ...anyChanges(random),
  };
}

export function anyTask(random: Random, words: Words, taskId: string, runId: string): TaskRecord {
  const leased = random.chance(0.2);
  return {
    taskId,
    namespace: anyNamespace(random, words),
    kind: random.pick(['workflow', 'activity']),
    queue: random.pick(words.queues),
    type: random.pick(types),
    runId,
    buildId: random.pick([null, null, 'b1', 'b2']),
    priority: random.pick([0, 5, 5, 9]),
    fairnessKey: '',
    fairnessWeight: 1,
    visibleAt: random.chance(0.1) ? Number.MAX_SAFE_INTEGER : random.below(60),
    attempt: random.below(3),
    token: 0,
    leaseOwner: leased ? random.pick(words.owners) : null,
    leaseUntil: leased ? 1 + random.below(60) : 0,
    body: `task ${random.below(1_000)}`,
  };
}

/** Mostly the first. */
export function anyNamespace(random: Random, words: Words): string {
  return random.chance(0.8) ? words.namespaces[0] : random.pick(words.namespaces);
}
