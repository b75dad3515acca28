import type { Batch, MessageRecord, TaskRecord, Write } from '@perdure/core/storage';
import type { SeenEvent, SeenRun } from './seen.js';

export type Message = Pick<MessageRecord, 'kind' | 'messageId' | 'position' | 'body'>;

/** What is in the store, as it was seen. */
interface SeenStore {
  /** Updates whose senders have been told how far they have come. */
  readonly answered: ReadonlySet<string>;
  inbox(runId: string): readonly Message[];
  task(taskId: string): TaskRecord | undefined;
  tasksOf(runId: string): readonly TaskRecord[];
  blame(what: string): void;
}

/** Further than any clock of a simulation is off. Milliseconds. */
const mostSkew = 120_000;

/** Whatever an open run waits for, there is something in the store that will wake it, and nothing else is to be done for it. */
export function judgeWaiting(
  { runId, timers, activities, events }: SeenRun,
  store: SeenStore,
  now: number,
): void {
  const task = store.task(runId);
  if (!task) {
    store.blame(`G7 ${runId} is open and has no task`);
    return;
  }
  const [{ runDeadline, executionDeadline } = {}] = events as Partial<SeenEvent>[];
  for (const deadline of [runDeadline, executionDeadline])
    if (deadline !== undefined && task.visibleAt > Math.max(deadline, now + mostSkew))
      store.blame(`G4 ${runId} has time until ${deadline} and is not looked at before ${task.visibleAt}`);
  for (const [timerId, { dueAt }] of timers) {
    if (task.visibleAt > Math.max(dueAt, now + mostSkew))
      store.blame(
        `G4 ${timerId} of ${runId} is due at ${dueAt} and the run is not looked at before ${task.visibleAt}`,
      );
  }
  const inbox = store.inbox(runId);
  const told = new Set(
    inbox.flatMap(({ kind, body }) =>
      kind === 'activity' ? [(JSON.parse(body) as SeenEvent).activityId] : [],
    ),
  );
  for (const [activityId, until] of activities) {
    if (!told.has(activityId) && task.visibleAt > Math.max(until, now + mostSkew))
      store.blame(
        `G4 ${activityId} of ${runId} may take until ${until}, and is not looked at before ${task.visibleAt}`,
      );
    if (!store.task(`${runId}/${activityId}`) && !told.has(activityId))
      store.blame(`G9 ${activityId} of ${runId} is pending and has neither a task nor an outcome`);
  }
  for (const { taskId, kind } of store.tasksOf(runId)) {
    if (kind === 'activity' && !activities.has(taskId.slice(runId.length + 1)))
      store.blame(`G2 ${taskId} is still to be done, and nobody waits for it`);
  }
  if (inbox.length > 0 && task.visibleAt > now + mostSkew)
    store.blame(`G7 ${runId} has messages and is not looked at before ${task.visibleAt}`);
}

/** Whether what a message asks for is done in the commit that takes it, or before. */
export function isAnswered(
  { runId, recorded }: SeenRun,
  { kind, messageId }: Message,
  { writes }: Batch,
  store: SeenStore,
): boolean {
  const moved = writes.some(
    (write) =>
      write.kind === 'put-message' &&
      write.message.runId !== runId &&
      write.message.kind === kind &&
      write.message.messageId === messageId,
  );
  if (moved) return true;
  if (kind === 'signal') return recorded.has(`SignalReceived ${messageId}`);
  if (kind === 'cancel') return recorded.has('CancelRequested');
  if (kind !== 'update') return true;
  return (
    recorded.has(`UpdateAccepted ${messageId}`) ||
    store.task(runId)?.body.includes(`"${messageId}"`) === true ||
    store.answered.has(messageId)
  );
}

export function whyBlocked(writes: readonly Write[]): string {
  for (const write of writes)
    if ('changes' in write && write.changes?.status === 'blocked') return write.changes.body.slice(0, 2_000);
  return '';
}
