import type { EventType } from '../model/events.js';

type Kind = 'string' | 'number' | 'boolean' | 'object' | 'payload' | 'failure';

/** What each event must carry, and which of it is a payload or a failure. An optional one ends in `?`. */
export const eventFields: Readonly<Record<EventType, Readonly<Record<string, Kind | `${Kind}?`>>>> = {
  WorkflowStarted: {
    workflowType: 'string',
    workflowId: 'string',
    runId: 'string',
    taskQueue: 'string',
    input: 'payload',
    runNumber: 'number',
    attempt: 'number',
  },
  ActivityCompleted: { activityId: 'string', attempt: 'number', result: 'payload' },
  ActivityFailed: { activityId: 'string', attempt: 'number', failure: 'failure' },
  ActivityTimedOut: { activityId: 'string', attempt: 'number', timeout: 'string', failure: 'failure?' },
  ActivityCancelled: { activityId: 'string', attempt: 'number' },
  TimerFired: { timerId: 'string' },
  SignalReceived: { name: 'string', messageId: 'string', input: 'payload' },
  CancelRequested: { messageId: 'string', cancelQueuedActivities: 'boolean' },
  ActivityScheduled: {
    activityId: 'string',
    activityType: 'string',
    input: 'payload',
    taskQueue: 'string',
    retry: 'object',
    timeouts: 'object',
  },
  ActivityCancelRequested: { activityId: 'string' },
  TimerStarted: { timerId: 'string', dueAt: 'number', purpose: 'string' },
  TimerCancelled: { timerId: 'string' },
  SignalWaitOpened: { waitId: 'string', name: 'string' },
  ConditionWaitOpened: { waitId: 'string' },
  ConditionSatisfied: { waitId: 'string' },
  SideEffectRecorded: { value: 'payload' },
  WorkflowCompleted: { result: 'payload' },
  WorkflowFailed: { failure: 'failure' },
  WorkflowCancelled: {},
  WorkflowTerminated: {},
  WorkflowTimedOut: { timeout: 'string' },
};
