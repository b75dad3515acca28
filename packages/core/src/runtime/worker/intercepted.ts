import { readLimits } from '../../codec/limits.js';
import { decodeValue } from '../../codec/values.js';
import type { ActivityScheduled } from '../../model/events.js';
import { asText } from '../../model/payload.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import type { Blockage } from '../../replay/recorder.js';
import type { TaskRecord } from '../../storage/records.js';
import type { ActivityTaskBody } from '../activity-task.js';
import type {
  ActivationResult,
  InterceptedActivation,
  InterceptedAttempt,
  InterceptedQuery,
} from '../interceptor.js';
import { standalone } from '../standalone.js';

/** An activation as interceptors see it. */
export function intercepted({ started, recorder }: WorkflowInstance): InterceptedActivation {
  const { workflowType, workflowId, runId, headers = {} } = started;
  return { workflowType, workflowId, runId, headers, historyLength: recorder.head };
}

export function resultOf(
  { recorder, settlement }: WorkflowInstance,
  blockage: Blockage | undefined,
): ActivationResult {
  const historyLength = recorder.head;
  if (!blockage) return { historyLength, kind: settlement?.kind ?? 'waiting' };
  const { code, message } = blockage;
  return { historyLength, kind: 'blocked', blocked: { code, message } };
}

/** What an attempt is of, as far as interceptors see it. */
interface RunningAttempt {
  readonly task: TaskRecord;
  readonly body: ActivityTaskBody;
  readonly scheduled: ActivityScheduled;
}

export function interceptedAttempt({ task, body, scheduled }: RunningAttempt): InterceptedAttempt {
  const { workflowType, workflowId, headers = {} } = body;
  const alone = workflowType === standalone.name;
  return {
    activityType: scheduled.activityType,
    activityId: alone ? workflowId : scheduled.activityId,
    taskQueue: scheduled.taskQueue,
    attempt: task.attempt,
    ...(!alone && { workflowType, workflowId, runId: task.runId }),
    input: decodeValue(asText(scheduled.input), readLimits),
    headers,
  };
}

export function interceptedQuery(
  { started }: WorkflowInstance,
  name: string,
  argument: unknown,
): InterceptedQuery {
  const { workflowType, workflowId, runId, headers = {} } = started;
  return { workflowType, workflowId, runId, headers, name, argument };
}
