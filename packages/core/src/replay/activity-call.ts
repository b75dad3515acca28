import { validateSync, type StandardSchema } from '../codec/schema.js';
import { dispatchIssues } from '../model/dispatch.js';
import { parseDuration, type Duration } from '../model/duration.js';
import { InvalidArgumentError, type ArgumentIssue } from '../model/errors.js';
import { noTimeouts, type ActivityScheduled, type ActivityTimeouts, type Unplaced } from '../model/events.js';
import type { Payload } from '../model/payload.js';
import { NEVER } from '../model/time.js';
import { freezeRetryPolicy, type RetryPolicy } from '../model/retry.js';

export interface ActivityOptions {
  /** When and how often a failed attempt is tried again. Default: 3 attempts, 1 s, ×2, at most 60 s. */
  retry?: RetryPolicy;
  /** Limits one attempt. Default: no limit. */
  startToCloseTimeout?: Duration;
  /** Limits the wait in the queue before an attempt. Default: no limit. */
  scheduleToStartTimeout?: Duration;
  /** Limits the whole activity, retries included. Default: no limit. */
  scheduleToCloseTimeout?: Duration;
  /** Limits the gap between heartbeats. Default: none expected. */
  heartbeatTimeout?: Duration;
  /** Default: the queue of the workflow. */
  taskQueue?: string;
  /** 0 (first) … 9 (last). Default: that of the run. */
  priority?: number;
  fairnessKey?: string;
  /** 1 … 1000. Default 1. */
  fairnessWeight?: number;
  /**
   * `online`: no attempt begins while the platform says that there is no network (`navigator.onLine`); it begins as soon
   * as there is one. Platforms that cannot tell count as online. The timeouts of the wait in the queue run on.
   */
  requires?: 'online';
  /** One line for people, shown by the inspector. */
  summary?: string;
}

/** What a workflow needs to know of an activity. */
export interface ActivityReference {
  readonly name: string;
  readonly options: ActivityOptions;
  readonly inputSchema?: StandardSchema | undefined;
  readonly outputSchema?: StandardSchema | undefined;
}

export interface DispatchDefaults {
  readonly taskQueue: string;
  readonly priority: number;
  readonly fairnessKey: string;
  readonly fairnessWeight: number;
}

/** Checks a call and freezes what it will be held to. Throws `InvalidArgumentError`, `PayloadError`, `PayloadTooLargeError`. */
export function freezeActivityCall(
  activityId: string,
  activity: ActivityReference,
  encode: (value: unknown) => Payload,
  input: unknown,
  given: ActivityOptions | undefined,
  defaults: DispatchDefaults,
  inline: boolean,
): Unplaced<ActivityScheduled> {
  if (given) checkOptions(activity.name, given);
  const options = given ? { ...activity.options, ...given } : activity.options;
  const accepted = activity.inputSchema
    ? validateSync(activity.inputSchema, input, `Input of activity '${activity.name}'`)
    : input;
  return {
    type: 'ActivityScheduled',
    activityId,
    activityType: activity.name,
    input: encode(accepted),
    taskQueue: options.taskQueue ?? defaults.taskQueue,
    retry: freezeRetryPolicy(options.retry),
    timeouts: freezeTimeouts(options),
    priority: options.priority ?? defaults.priority,
    fairnessKey: options.fairnessKey ?? defaults.fairnessKey,
    fairnessWeight: options.fairnessWeight ?? defaults.fairnessWeight,
    ...(options.summary !== undefined && { summary: options.summary }),
    ...(options.requires !== undefined && { requires: options.requires }),
    ...(inline && { inline: true as const }),
  };
}

/** Also what a call from JavaScript may hold. */
function checkOptions(name: string, options: ActivityOptions): void {
  const issues = dispatchIssues(options);
  for (const key of Object.keys(options))
    if (!activityOptions.has(key))
      issues.push({ path: key, message: `is no option; there are ${[...activityOptions].join(', ')}` });
  if (!isSummary(options.summary)) issues.push({ path: 'summary', message: summaryMessage });
  if (issues.length > 0)
    throw new InvalidArgumentError(`Activity '${name}' cannot be called with these options`, issues);
}

/** What JavaScript may hand over must not come into a history that nobody can read then. */
export function isSummary(given: unknown): boolean {
  return given === undefined || typeof given === 'string';
}
export const summaryMessage = 'must be a string';

export const activityOptions: ReadonlySet<string> = new Set<keyof ActivityOptions>([
  'retry',
  'startToCloseTimeout',
  'scheduleToStartTimeout',
  'scheduleToCloseTimeout',
  'heartbeatTimeout',
  'taskQueue',
  'priority',
  'fairnessKey',
  'fairnessWeight',
  'requires',
  'summary',
]);

function freezeTimeouts(options: ActivityOptions): ActivityTimeouts {
  const { startToCloseTimeout, scheduleToStartTimeout, scheduleToCloseTimeout, heartbeatTimeout } = options;
  if (
    startToCloseTimeout === undefined &&
    scheduleToStartTimeout === undefined &&
    scheduleToCloseTimeout === undefined &&
    heartbeatTimeout === undefined
  ) {
    return noTimeouts;
  }
  const issues: ArgumentIssue[] = [];
  const read = (duration: Duration | undefined, path: string): number | undefined => {
    if (duration === undefined) return undefined;
    const milliseconds = parseDuration(duration, path);
    if (milliseconds <= 0 || milliseconds >= NEVER)
      issues.push({ path, message: 'must be positive and finite; leave it out for no limit' });
    return milliseconds;
  };
  const startToClose = read(startToCloseTimeout, 'startToCloseTimeout');
  const scheduleToStart = read(scheduleToStartTimeout, 'scheduleToStartTimeout');
  const scheduleToClose = read(scheduleToCloseTimeout, 'scheduleToCloseTimeout');
  const heartbeat = read(heartbeatTimeout, 'heartbeatTimeout');
  const atMost = (
    shorter: number | undefined,
    longer: number | undefined,
    path: string,
    other: string,
  ): void => {
    if (shorter !== undefined && longer !== undefined && shorter > longer) {
      issues.push({ path, message: `must not be longer than ${other}` });
    }
  };
  atMost(heartbeat, startToClose, 'heartbeatTimeout', 'startToCloseTimeout');
  atMost(startToClose, scheduleToClose, 'startToCloseTimeout', 'scheduleToCloseTimeout');
  atMost(scheduleToStart, scheduleToClose, 'scheduleToStartTimeout', 'scheduleToCloseTimeout');
  if (issues.length > 0) throw new InvalidArgumentError('The activity timeouts are not valid', issues);
  return {
    ...(startToClose !== undefined && { startToClose }),
    ...(scheduleToStart !== undefined && { scheduleToStart }),
    ...(scheduleToClose !== undefined && { scheduleToClose }),
    ...(heartbeat !== undefined && { heartbeat }),
  };
}
