import { quoted } from '../codec/json-text.js';
import { readFailure, readPayload, writeFailure, writePayload } from '../codec/stored-payload.js';
import type { ActivityTimeoutKind } from '../model/events.js';
import type { ActivityScheduled } from '../model/events.js';
import type { FailureRecord } from '../model/failure.js';
import type { Seq } from '../model/ids.js';
import type { Payload } from '../model/payload.js';
import type { EpochMs } from '../model/time.js';
import type { TaskRecord } from '../storage/records.js';
import type { RunHeaders } from './interceptor.js';
import { parsedRecord, readStored } from './stored-text.js';

/** What the task of an activity carries. Its input, retry policy and timeouts are in the event that scheduled it. */
export interface ActivityTaskBody {
  readonly activityId: string;
  readonly activityType: string;
  readonly workflowId: string;
  readonly workflowType: string;
  /** Seq of its `ActivityScheduled`. */
  readonly scheduledSeq: Seq;
  /** When its newest attempt was put in the queue; the wait for a worker counts from here. */
  readonly queuedAt: EpochMs;
  /** Attempts that ended by themselves; the others took their worker with them. */
  readonly finished: number;
  /** Attempts that their worker stopped in good order; no failure, and no worker lost. */
  readonly stopped?: number;
  readonly startedAt?: EpochMs;
  readonly heartbeat?: Payload;
  readonly heartbeatAt?: EpochMs;
  readonly lastFailure?: FailureRecord;
  /** Its run does not wait for it any more, and did not want it taken out of the queue: nobody is told how it ends. */
  readonly detached?: true;
  /** Its code has left it to somebody else to complete; which timeout has elapsed once the task is visible. */
  readonly later?: ActivityTimeoutKind;
  /** What interceptors sent along with its run. */
  readonly headers?: RunHeaders;
}

export type ActivityTaskState = 'scheduled' | 'started' | 'backing_off';

/** Queue of the steps of workflows on `taskQueue`: served by who has the workflow's code. `/` is in no name that a user can give. */
export function stepQueue(taskQueue: string): string {
  return `step/${taskQueue}`;
}

/** Where an activity waits. Those that need a network wait apart, for a worker that has one. */
export function activityQueue({
  taskQueue,
  inline,
  requires,
}: Pick<ActivityScheduled, 'taskQueue' | 'inline' | 'requires'>): string {
  const queue = inline ? stepQueue(taskQueue) : taskQueue;
  return requires === 'online' ? onlineQueue(queue) : queue;
}

export function onlineQueue(queue: string): string {
  return `online/${queue}`;
}

export function isOnlineQueue(queue: string): boolean {
  return queue.startsWith(onlineQueue(''));
}

export function isStepQueue(queue: string): boolean {
  return queue.split('/').slice(0, -1).includes('step');
}

export function activityTaskState(
  task: TaskRecord,
  { later }: ActivityTaskBody,
  now: EpochMs,
): ActivityTaskState {
  if (task.leaseUntil > 0 || later) return 'started';
  return task.attempt > 0 && task.visibleAt > now ? 'backing_off' : 'scheduled';
}

/** Every step writes one, so that it is put together by hand. */
export function encodeActivityTask(body: ActivityTaskBody): string {
  const { activityId, activityType, workflowId, workflowType, scheduledSeq, queuedAt } = body;
  let text = `{"activityId":${quoted(activityId)},"activityType":${quoted(activityType)},"workflowId":${quoted(workflowId)},"workflowType":${quoted(workflowType)},"scheduledSeq":${scheduledSeq},"queuedAt":${queuedAt}`;
  const { finished, stopped, startedAt, heartbeat, heartbeatAt, lastFailure, detached, later, headers } =
    body;
  if (finished > 0) text += `,"finished":${finished}`;
  if (stopped !== undefined) text += `,"stopped":${stopped}`;
  if (startedAt !== undefined) text += `,"startedAt":${startedAt}`;
  if (heartbeat) text += `,"heartbeat":${writePayload(heartbeat)}`;
  if (heartbeatAt !== undefined) text += `,"heartbeatAt":${heartbeatAt}`;
  if (lastFailure) text += `,"lastFailure":${writeFailure(lastFailure)}`;
  if (later) text += `,"later":"${later}"`;
  if (detached) text += ',"detached":true';
  if (headers) text += `,"headers":${JSON.stringify(headers)}`;
  return `${text}}`;
}

export function decodeActivityTask(task: TaskRecord): ActivityTaskBody {
  return readStored(`Task ${task.taskId}`, () => {
    const body: Record<string, unknown> = { finished: 0, ...parsedRecord(task.body) };
    if (body['heartbeat']) body['heartbeat'] = readPayload(body['heartbeat']);
    if (body['lastFailure']) body['lastFailure'] = readFailure(body['lastFailure']);
    return body as unknown as ActivityTaskBody;
  });
}
