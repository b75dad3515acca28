import { noTimeouts, type EventType, type RunEvent } from '../model/events.js';
import type { FailureRecord } from '../model/failure.js';
import type { Payload } from '../model/payload.js';
import { defaultRetryPolicy } from '../model/retry.js';

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
    origin: 'object?',
    seed: 'string?',
    runTimeout: 'number?',
    retry: 'object?',
    continuedFrom: 'string?',
    firstRunId: 'string?',
    memo: 'payload?',
    searchAttributes: 'payload?',
    children: 'object?',
    headers: 'object?',
  },
  ActivityCompleted: { activityId: 'string', attempt: 'number', result: 'payload' },
  ActivityFailed: { activityId: 'string', attempt: 'number', failure: 'failure' },
  ActivityTimedOut: { activityId: 'string', attempt: 'number', timeout: 'string', failure: 'failure?' },
  ActivityCancelled: { activityId: 'string', attempt: 'number', reason: 'string?' },
  TimerFired: { timerId: 'string' },
  SignalReceived: { name: 'string', messageId: 'string', input: 'payload' },
  UpdateAccepted: { updateId: 'string', name: 'string', input: 'payload' },
  CancelRequested: { messageId: 'string', reason: 'string?', cancelQueuedActivities: 'boolean' },
  ChildWorkflowStarted: { childId: 'string', runId: 'string' },
  ChildWorkflowStartFailed: { childId: 'string', failure: 'failure' },
  ChildWorkflowCompleted: { childId: 'string', runId: 'string', result: 'payload' },
  ChildWorkflowFailed: { childId: 'string', runId: 'string', failure: 'failure' },
  ChildWorkflowCancelled: { childId: 'string', runId: 'string', reason: 'string?' },
  ChildWorkflowTerminated: { childId: 'string', runId: 'string', reason: 'string?' },
  ChildWorkflowTimedOut: { childId: 'string', runId: 'string', timeout: 'string' },
  ExternalRequestCompleted: { requestId: 'string' },
  ExternalRequestFailed: { requestId: 'string', failure: 'failure' },
  ChildWorkflowScheduled: {
    childId: 'string',
    workflowType: 'string',
    workflowId: 'string',
    input: 'payload',
    taskQueue: 'string',
    parentClosePolicy: 'string',
    executionTimeout: 'number?',
    runTimeout: 'number?',
    retry: 'object?',
    memo: 'payload?',
    searchAttributes: 'payload?',
    priority: 'number',
    fairnessKey: 'string',
    fairnessWeight: 'number',
  },
  ChildWorkflowCancelRequested: { childId: 'string', workflowId: 'string', reason: 'string?' },
  ExternalSignalRequested: {
    requestId: 'string',
    workflowId: 'string',
    runId: 'string?',
    childId: 'string?',
    name: 'string',
    input: 'payload',
  },
  ExternalCancelRequested: {
    requestId: 'string',
    workflowId: 'string',
    runId: 'string?',
    reason: 'string?',
  },
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
    requires: 'string?',
    inline: 'boolean?',
  },
  ActivityCancelRequested: { activityId: 'string', reason: 'string?', keepQueued: 'boolean?' },
  TimerStarted: { timerId: 'string', dueAt: 'number', purpose: 'string' },
  TimerCancelled: { timerId: 'string' },
  SignalWaitOpened: { waitId: 'string', name: 'string' },
  ConditionWaitOpened: { waitId: 'string' },
  ConditionSatisfied: { waitId: 'string' },
  SideEffectRecorded: { value: 'payload?', failure: 'failure?' },
  VersionMarkerRecorded: { changeId: 'string', version: 'number', deprecated: 'boolean?' },
  SearchAttributesUpserted: { values: 'payload', refused: 'object?' },
  MemoUpserted: { values: 'payload' },
  UpdateCompleted: { updateId: 'string', result: 'payload' },
  UpdateFailed: { updateId: 'string', failure: 'failure' },
  WorkflowCompleted: { result: 'payload' },
  WorkflowFailed: { failure: 'failure', newRunId: 'string?' },
  WorkflowCancelled: { reason: 'string?' },
  WorkflowTerminated: { reason: 'string?' },
  WorkflowTimedOut: { timeout: 'string', newRunId: 'string?' },
  WorkflowContinuedAsNew: {
    newRunId: 'string',
    workflowType: 'string',
    taskQueue: 'string',
    input: 'payload',
  },
};

/**
 * What an attribute most often is: then the stored body leaves it out, and reading puts it back. Every commit passes
 * here, so a short body counts. Part of the format: what stands here never changes.
 */
const usual: { readonly [T in EventType]?: Partial<Extract<RunEvent, { readonly type: T }>> } = {
  ActivityScheduled: {
    retry: defaultRetryPolicy,
    timeouts: noTimeouts,
    priority: 5,
    fairnessKey: '',
    fairnessWeight: 1,
  },
  ActivityCompleted: { attempt: 1 },
};

export interface EventField {
  readonly name: string;
  /** An optional one ends in `?`. */
  readonly kind: Kind | `${Kind}?`;
  /** `,"name":` */
  readonly prefix: string;
  /** Left out of the body where it is just this; undefined: never. */
  readonly usual: unknown;
}

/** What each event carries beside seq, type and time, in the order in which it is written. */
export const eventFields = Object.fromEntries(
  Object.entries(table).map(([type, kinds]) => [
    type,
    Object.entries(kinds).map(([name, kind]): EventField => ({
      name,
      kind,
      prefix: `,"${name}":`,
      usual: (usual[type as EventType] as Readonly<Record<string, unknown>> | undefined)?.[name],
    })),
  ]),
) as unknown as Readonly<Record<EventType, readonly EventField[]>>;
