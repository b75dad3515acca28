import { dispatchIssues } from '../../model/dispatch.js';
import { parseDuration, type Duration } from '../../model/duration.js';
import { InvalidArgumentError, type ArgumentIssue } from '../../model/errors.js';
import { isValidId, type WorkflowId } from '../../model/ids.js';
import { freezeRetryPolicy, type FrozenRetryPolicy, type RetryPolicy } from '../../model/retry.js';
import { NEVER, type EpochMs } from '../../model/time.js';
import type { WorkflowContractRecord } from '../definitions.js';
import type { SearchAttributes } from '../../model/search-attributes.js';

/** What may happen when the workflow id is known already. */
export type DuplicatePolicy = 'reject' | 'allow' | 'terminate_existing' | 'use_existing';

export interface StartOptions {
  /** Letters, digits, '.', '_', '-', ':'; 1 … 191 characters. Made up (uuid v7) when left out. */
  id?: string;
  /**
   * What to do when the id is known. Default `reject`.
   * - `reject`: any known id is refused.
   * - `allow`: a closed one gives the next run of the chain; an open one is refused.
   * - `terminate_existing`: an open one is terminated first, in the same commit; then the next run starts.
   * - `use_existing`: an open one is returned; a closed one is refused.
   *
   * Refused: `WorkflowAlreadyStartedError`.
   */
  duplicatePolicy?: DuplicatePolicy;
  /** The same request id returns the run it started, however often it is sent; it stands for one type and id. Same grammar as `id`. */
  requestId?: string;
  /** Queue whose workers run it. Default: that of the definition, else `default`. */
  taskQueue?: string;
  /** Limits the whole chain of runs. Default: that of the definition, else none. Counts from when the run may begin. */
  executionTimeout?: Duration;
  /** Limits this run; not longer than `executionTimeout`. Default: that of the definition, else none. */
  runTimeout?: Duration;
  /** The run begins this much later, or with its first signal. Default none. */
  startDelay?: Duration;
  /**
   * When and how often a run that failed or timed out is followed by another attempt with the same input, while the
   * execution timeout allows. Default: that of the definition, else never. A run that was asked to cancel, or terminated,
   * is not tried again.
   */
  retry?: RetryPolicy;
  /** For people and callers: shown in descriptions, never looked at by the engine. At most 256 KiB. */
  memo?: Record<string, unknown>;
  /** Shown in descriptions. Where the definition declares attributes, only those, of the declared types. */
  searchAttributes?: SearchAttributes;
  /** 0 (first) … 9 (last), default 5. */
  priority?: number;
  /** Work of one key does not hold up that of another. Letters, digits, '.', '_', '-', ':'; at most 64 characters. */
  fairnessKey?: string;
  /** 1 … 1000, default 1. */
  fairnessWeight?: number;
}

/** How a run is to be run. */
export interface RunTerms {
  readonly taskQueue: string;
  readonly executionDeadline: EpochMs | undefined;
  readonly runDeadline: EpochMs | undefined;
  /** Milliseconds. */
  readonly runTimeout: number | undefined;
  readonly retry: FrozenRetryPolicy | undefined;
  readonly visibleAt: EpochMs;
  readonly priority: number;
  readonly fairnessKey: string;
  readonly fairnessWeight: number;
  readonly requestId?: string | undefined;
}
/** The options with every default filled in and every duration a moment. */
export interface StartPlan extends RunTerms {
  readonly workflowId: WorkflowId | undefined;
  /** `join`: an open one is used, a closed one gives the next run. */
  readonly policy: DuplicatePolicy | 'join';
}

const known: ReadonlySet<string> = new Set<keyof StartOptions>([
  'id',
  'duplicatePolicy',
  'requestId',
  'taskQueue',
  'executionTimeout',
  'runTimeout',
  'startDelay',
  'retry',
  'memo',
  'searchAttributes',
  'priority',
  'fairnessKey',
  'fairnessWeight',
]);
const policies: readonly string[] = [
  'reject',
  'allow',
  'terminate_existing',
  'use_existing',
] satisfies DuplicatePolicy[];
const idMessage = "must be 1 to 191 letters, digits, '.', '_', '-', ':'";

/** Throws `InvalidArgumentError` with a path for each thing wrong. */
export function planStart(
  options: StartOptions,
  definition:
    Pick<WorkflowContractRecord, 'taskQueue' | 'executionTimeout' | 'runTimeout' | 'retry'> | undefined,
  now: EpochMs,
): StartPlan {
  const issues: ArgumentIssue[] = [];
  const check = (ok: boolean, path: string, message: string): void => {
    if (!ok) issues.push({ path, message });
  };
  const { id, requestId, duplicatePolicy = 'reject', priority = 5, fairnessWeight = 1 } = options;
  const { fairnessKey: given = '' } = options;
  for (const key of Object.keys(options)) check(known.has(key), key, 'is no option of start');
  check(id === undefined || isValidId(id), 'id', idMessage);
  check(requestId === undefined || isValidId(requestId), 'requestId', idMessage);
  check(policies.includes(duplicatePolicy), 'duplicatePolicy', `must be one of ${policies.join(', ')}`);
  const taskQueue = options.taskQueue ?? definition?.taskQueue ?? 'default';
  const fairnessKey = typeof given === 'string' ? given.trim().toLowerCase() : given;
  issues.push(...dispatchIssues({ taskQueue, priority, fairnessKey, fairnessWeight }));

  const startDelay = options.startDelay === undefined ? 0 : parseDuration(options.startDelay, 'startDelay');
  const executionTimeout = timeout(
    options.executionTimeout ?? definition?.executionTimeout,
    'executionTimeout',
  );
  const runTimeout = timeout(options.runTimeout ?? definition?.runTimeout, 'runTimeout');
  check(startDelay >= 0, 'startDelay', 'must not be negative');
  check((executionTimeout ?? 1) > 0, 'executionTimeout', 'must be positive');
  check((runTimeout ?? 1) > 0, 'runTimeout', 'must be positive');
  check(
    (runTimeout ?? 0) <= (executionTimeout ?? Infinity),
    'runTimeout',
    'must not be longer than executionTimeout',
  );
  if (issues.length > 0) throw new InvalidArgumentError('The workflow cannot be started', issues);

  const retry = options.retry ?? definition?.retry;
  const visibleAt = moment(now, startDelay);
  return {
    workflowId: id,
    policy: duplicatePolicy,
    requestId,
    taskQueue,
    executionDeadline: executionTimeout === undefined ? undefined : moment(visibleAt, executionTimeout),
    runDeadline: runTimeout === undefined ? undefined : moment(visibleAt, runTimeout),
    runTimeout,
    retry: retry && freezeRetryPolicy(retry),
    visibleAt,
    priority,
    fairnessKey,
    fairnessWeight,
  };
}

function timeout(duration: Duration | undefined, path: string): number | undefined {
  return duration === undefined ? undefined : parseDuration(duration, path);
}

export function moment(from: EpochMs, after: number): EpochMs {
  return Math.min(NEVER, from + after);
}
