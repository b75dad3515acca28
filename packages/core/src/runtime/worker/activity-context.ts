import { readLimits } from '../../codec/limits.js';
import { decodeValue } from '../../codec/values.js';
import { asText } from '../../model/payload.js';
import { CompleteLater } from '../../model/complete-later.js';
import { toDate, type EpochMs } from '../../model/time.js';
import type { ActivityScheduled } from '../../model/events.js';
import type { TaskRecord } from '../../storage/records.js';
import type { ActivityTaskBody } from '../activity-task.js';
import { taskToken } from '../client/complete-activity.js';
import type { Logger } from '../core.js';
import { standalone } from '../standalone.js';

/** The attempt behind a context. */
export interface RunningAttempt {
  readonly task: TaskRecord;
  readonly body: ActivityTaskBody;
  readonly scheduled: ActivityScheduled;
  readonly startedAt: EpochMs;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  heartbeat(details: unknown): void;
}

/** What the code of an activity sees; `api/context.ts` states its types. Made for every attempt, so everything in it is made when asked for. */
export class AttemptContext {
  readonly #attempt: RunningAttempt;
  #info: object | undefined;
  #log: Logger | undefined;

  constructor(attempt: RunningAttempt) {
    this.#attempt = attempt;
  }

  get info(): object {
    return (this.#info ??= this.#describe());
  }
  get signal(): AbortSignal {
    return this.#attempt.signal;
  }
  get idempotencyKey(): string {
    return this.#attempt.task.taskId;
  }
  // Functions of their own, so that they may be taken out of the context.
  readonly heartbeat = (details?: unknown): void => {
    this.#attempt.heartbeat(details);
  };
  readonly lastHeartbeat = (): unknown => {
    const { heartbeat } = this.#attempt.body;
    return heartbeat && decodeValue(asText(heartbeat), readLimits);
  };
  readonly completeLater = (): never => {
    throw new CompleteLater();
  };
  get log(): Logger {
    return (this.#log ??= this.#makeLog());
  }

  /** No workflow of the user's has asked for it. */
  get #alone(): boolean {
    return this.#attempt.body.workflowType === standalone.name;
  }

  #describe(): object {
    const { task, body, scheduled, startedAt } = this.#attempt;
    const { startToClose = Infinity, scheduleToClose = Infinity } = scheduled.timeouts;
    const deadline = Math.min(startedAt + startToClose, scheduled.at + scheduleToClose);
    return {
      namespace: task.namespace,
      taskQueue: scheduled.taskQueue,
      activityId: this.#alone ? body.workflowId : scheduled.activityId,
      activityType: scheduled.activityType,
      attempt: task.attempt,
      taskToken: taskToken(task),
      ...(!this.#alone && {
        workflowId: body.workflowId,
        runId: task.runId,
        workflowType: body.workflowType,
      }),
      scheduledAt: toDate(scheduled.at),
      startedAt: toDate(startedAt),
      ...(deadline !== Infinity && { deadline: toDate(deadline) }),
    };
  }

  #makeLog(): Logger {
    const { task, body, scheduled, logger } = this.#attempt;
    const { activityType, activityId } = scheduled;
    const about = {
      activityType,
      activityId,
      workflowId: body.workflowId,
      runId: task.runId,
      attempt: task.attempt,
    };
    const at = (level: keyof Logger) => (message: string, fields?: Record<string, unknown>) => {
      logger[level](message, { ...about, ...fields });
    };
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }
}
