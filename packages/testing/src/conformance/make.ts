import type {
  ClaimRequest,
  Expectation,
  KeyRecord,
  NewMessage,
  NewRun,
  RunChanges,
  TaskRecord,
  Write,
} from '@perdure/core/storage';

/** Plain records and writes that a case changes in the one point it is about. */

export const namespace = 'default';

export const changes = (over: Partial<RunChanges> = {}): RunChanges => ({
  status: 'running',
  isCurrent: true,
  buildId: null,
  closedAt: null,
  progressAt: 1_000,
  body: 'projection',
  ...over,
});

export const newRun = (runId: string, over: Partial<NewRun> = {}): NewRun => ({
  namespace,
  runId,
  workflowId: `workflow of ${runId}`,
  runNumber: 1,
  workflowType: 'Order',
  taskQueue: 'main',
  startedAt: 1_000,
  start: 'input',
  attributes: '{}',
  archivedAt: null,
  ...changes(),
  ...over,
});

export const newTask = (taskId: string, over: Partial<TaskRecord> = {}): TaskRecord => ({
  taskId,
  namespace,
  kind: 'workflow',
  queue: 'main',
  type: 'Order',
  runId: taskId,
  buildId: null,
  priority: 5,
  fairnessKey: '',
  fairnessWeight: 1,
  visibleAt: 0,
  attempt: 0,
  token: 0,
  leaseOwner: null,
  leaseUntil: 0,
  body: 'task',
  ...over,
});

export const newMessage = (runId: string, messageId: string, over: Partial<NewMessage> = {}): NewMessage => ({
  namespace,
  runId,
  kind: 'signal',
  messageId,
  at: 1_000,
  body: `message ${messageId}`,
  ...over,
});

export const newKey = (key: string, over: Partial<KeyRecord> = {}): KeyRecord => ({
  namespace,
  key,
  value: 'value',
  runId: 'r',
  ...over,
});

type Want = ClaimRequest['wants'][number];

export const want = (over: Partial<Want> = {}): Want => ({
  kind: 'workflow',
  queues: ['main'],
  types: null,
  limit: 100,
  leaseMs: 100,
  ...over,
});

/** A claim of what is due at `now`, by worker `w1`. */
export const claimAt = (now: number, over: Partial<ClaimRequest> = {}): ClaimRequest => ({
  namespace,
  owner: 'w1',
  now,
  buildId: null,
  wants: [want()],
  ...over,
});

export const insert = (run: NewRun, events: readonly string[] = ['started']): Write => ({
  kind: 'insert-run',
  run,
  events,
});
export const advance = (
  runId: string,
  fromSeq: number,
  events: readonly string[] = [`event ${fromSeq + 1}`],
  to?: RunChanges,
): Write => ({ kind: 'advance-run', runId, fromSeq, events, ...(to === undefined ? {} : { changes: to }) });
export const amend = (runId: string, over: Partial<RunChanges> = {}): Write => ({
  kind: 'amend-run',
  runId,
  changes: changes(over),
});
export const close = (runId: string, fromSeq: number): Write =>
  advance(runId, fromSeq, ['closed'], changes({ status: 'completed', closedAt: 2_000 }));
export const purge = (runId: string): Write => ({ kind: 'purge-run', runId });

export const putTask = (task: TaskRecord): Write => ({ kind: 'put-task', task });
export const dropTask = (taskId: string): Write => ({ kind: 'drop-task', taskId });
export const dropTasks = (runId: string): Write => ({ kind: 'drop-tasks', runId });
export const wake = (taskId: string, at: number): Write => ({ kind: 'wake-task', taskId, at });

export const putMessage = (message: NewMessage): Write => ({ kind: 'put-message', message });
export const dropMessages = (runId: string, through: number): Write => ({
  kind: 'drop-messages',
  runId,
  through,
});

export const putKey = (record: KeyRecord): Write => ({ kind: 'put-key', record });
export const dropKey = (key: string, inNamespace = namespace): Write => ({
  kind: 'drop-key',
  namespace: inNamespace,
  key,
});

export const runOpen = (runId: string): Expectation => ({ kind: 'run-open', runId });
export const runAt = (runId: string, seq: number): Expectation => ({ kind: 'run-at', runId, seq });
export const token = (taskId: string, newest: number): Expectation => ({
  kind: 'token',
  taskId,
  token: newest,
});
export const keyIs = (key: string, value: string | null, inNamespace = namespace): Expectation => ({
  kind: 'key',
  namespace: inNamespace,
  key,
  value,
});
export const inboxRead = (runId: string, through: number): Expectation => ({
  kind: 'inbox-read',
  runId,
  through,
});
