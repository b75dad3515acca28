import type { EventType, RunEvent } from '../model/events.js';
import type { FailureRecord } from '../model/failure.js';
import type { Payload } from '../model/payload.js';

type Kind = 'string' | 'number' | 'boolean' | 'object' | 'payload' | 'failure';
type KindOf<T> = [T] extends [Payload]
  ? 'payload'
  : [T] extends [FailureRecord]
    ? 'failure'
    : [T] extends [string]
      ? 'string'
      : [T] extends [number]
        ? 'number'
        : [T] extends [boolean]
          ? 'boolean'
          : 'object';
type FieldsOf<E> = {
  readonly [K in Exclude<keyof E, 'seq' | 'type' | 'at'>]-?: object extends Pick<E, K>
    ? `${KindOf<Exclude<E[K], undefined>>}?`
    : KindOf<E[K]>;
};

/** Compared with the model by the compiler: an attribute that is missing here, or of another kind, does not compile. */
const table: { readonly [T in EventType]: FieldsOf<Extract<RunEvent, { readonly type: T }>> } = {
  WorkflowStarted: {
    workflowType: 'string',
    workflowId: 'string',
    runId: 'string',
    taskQueue: 'string',
    input: 'payload',
    runNumber: 'number',
    attempt: 'number',
    executionDeadline: 'number?',
    runDeadline: 'number?',
    priority: 'number?',
    fairnessKey: 'string?',
    fairnessWeight: 'number?',
    parent: 'object?',
  },
  ActivityCompleted: { activityId: 'string', attempt: 'number', result: 'payload' },
  ActivityFailed: { activityId: 'string', attempt: 'number', failure: 'failure' },
  ActivityTimedOut: { activityId: 'string', attempt: 'number', timeout: 'string', failure: 'failure?' },
  ActivityCancelled: { activityId: 'string', attempt: 'number', reason: 'string?' },
  TimerFired: { timerId: 'string' },
  SignalReceived: { name: 'string', messageId: 'string', input: 'payload' },
  CancelRequested: { messageId: 'string', reason: 'string?', cancelQueuedActivities: 'boolean' },
  ActivityScheduled: {
    activityId: 'string',
    activityType: 'string',
    input: 'payload',
    taskQueue: 'string',
    retry: 'object',
    timeouts: 'object',
    priority: 'number',
    fairnessKey: 'string',
    fairnessWeight: 'number',
    summary: 'string?',
    inline: 'boolean?',
  },
  ActivityCancelRequested: { activityId: 'string', reason: 'string?' },
  TimerStarted: { timerId: 'string', dueAt: 'number', purpose: 'string' },
  TimerCancelled: { timerId: 'string' },
  SignalWaitOpened: { waitId: 'string', name: 'string' },
  ConditionWaitOpened: { waitId: 'string' },
  ConditionSatisfied: { waitId: 'string' },
  SideEffectRecorded: { value: 'payload' },
  WorkflowCompleted: { result: 'payload' },
  WorkflowFailed: { failure: 'failure' },
  WorkflowCancelled: { reason: 'string?' },
  WorkflowTerminated: { reason: 'string?' },
  WorkflowTimedOut: { timeout: 'string' },
};

/** What each event carries, and which of it is a payload or a failure. An optional one ends in `?`. */
export const eventFields: Readonly<Record<EventType, Readonly<Record<string, Kind | `${Kind}?`>>>> = table;
