import { ArgumentCheck } from './argument-check.js';
import { parseDuration, type Duration } from './duration.js';

/** Defaults: 1 s, ×2, capped at 60 s, 3 attempts, no jitter, exponential. The policy is frozen into history when the work is scheduled. */
export interface RetryPolicy {
  /** Wait after the first attempt. Default 1 s. */
  initialInterval?: Duration;
  /** Growth of the wait from one attempt to the next, at least 1. Default 2. */
  backoffCoefficient?: number;
  /** Longest wait. Default 60 s. */
  maximumInterval?: Duration;
  /**
   * Attempts in all, the first included. Default 3. 0 = unlimited, and must be written out. One whose worker died is not
   * counted, so that a crash loses no work: it is begun again, at the tenth death in a row it fails as
   * `suspected_poison`. 1 says more: never begun twice, whatever happens.
   */
  maximumAttempts?: number;
  /** ± this fraction of the interval, 0 … 1. Default 0. */
  jitter?: number;
  /** `exponential`: initial × coefficient^(attempt − 1). `linear`: initial × attempt. Default `exponential`. */
  strategy?: 'exponential' | 'linear';
  /** Overrides the formula: the wait after attempt 1, 2, …; the last one repeats. */
  intervals?: readonly Duration[];
  /** Error names (`error.name`) that are never retried. */
  nonRetryableErrors?: readonly string[];
}

/** A `RetryPolicy` with every default filled in and every duration in milliseconds: what history keeps. */
export interface FrozenRetryPolicy {
  readonly initialInterval: number;
  readonly backoffCoefficient: number;
  readonly maximumInterval: number;
  readonly maximumAttempts: number;
  readonly jitter: number;
  readonly strategy: 'exponential' | 'linear';
  readonly intervals?: readonly number[];
  readonly nonRetryableErrors?: readonly string[];
}

/** The policy of work that names none. Stored histories leave it out, so it must never change. */
export const defaultRetryPolicy: FrozenRetryPolicy = Object.freeze({
  initialInterval: 1_000,
  backoffCoefficient: 2,
  maximumInterval: 60_000,
  maximumAttempts: 3,
  jitter: 0,
  strategy: 'exponential',
});

/** Checks a policy and fills in the defaults. Throws `InvalidArgumentError` with a path for each thing wrong. */
export function freezeRetryPolicy(policy: RetryPolicy | undefined, path = 'retry'): FrozenRetryPolicy {
  if (policy === undefined) return defaultRetryPolicy;
  const checked = new ArgumentCheck();
  const check = (ok: boolean, field: keyof RetryPolicy, message: string): void => {
    checked.require(ok, `${path}.${field}`, message);
  };
  checked.options(policy, members, path);
  if (checked.issues.length === 0)
    check(policy.intervals === undefined || Array.isArray(policy.intervals), 'intervals', 'must be a list');
  checked.done(notValid);
  const { backoffCoefficient = 2, maximumAttempts = 3, jitter = 0, strategy = 'exponential' } = policy;
  const frozen: FrozenRetryPolicy = {
    initialInterval: parseDuration(policy.initialInterval ?? 1_000, `${path}.initialInterval`),
    backoffCoefficient,
    maximumInterval: parseDuration(policy.maximumInterval ?? 60_000, `${path}.maximumInterval`),
    maximumAttempts,
    jitter,
    strategy,
    ...(policy.intervals && {
      intervals: policy.intervals.map((interval, i) => parseDuration(interval, `${path}.intervals[${i}]`)),
    }),
    ...(policy.nonRetryableErrors && { nonRetryableErrors: [...policy.nonRetryableErrors] }),
  };
  check(frozen.initialInterval >= 0, 'initialInterval', 'must not be negative');
  check(frozen.maximumInterval >= 0, 'maximumInterval', 'must not be negative');
  check(
    Number.isFinite(backoffCoefficient) && backoffCoefficient >= 1,
    'backoffCoefficient',
    'must be a number of at least 1',
  );
  check(
    Number.isInteger(maximumAttempts) && maximumAttempts >= 0,
    'maximumAttempts',
    'must be a whole number; 0 means unlimited',
  );
  check(jitter >= 0 && jitter <= 1, 'jitter', 'must be between 0 and 1');
  check(['exponential', 'linear'].includes(strategy), 'strategy', "must be 'exponential' or 'linear'");
  check(frozen.intervals === undefined || frozen.intervals.length > 0, 'intervals', 'must not be empty');
  check(frozen.intervals?.every((interval) => interval >= 0) ?? true, 'intervals', 'must not be negative');
  checked.done(notValid);
  return frozen;
}

const notValid = 'The retry policy is not valid';
const members: readonly (keyof RetryPolicy)[] = [
  'initialInterval',
  'backoffCoefficient',
  'maximumInterval',
  'maximumAttempts',
  'jitter',
  'strategy',
  'intervals',
  'nonRetryableErrors',
];

/** Milliseconds to wait after attempt number `attempt` (from 1). `random` is in 0 … 1 and only matters with jitter. */
export function retryDelay(policy: FrozenRetryPolicy, attempt: number, random: number): number {
  const { intervals, initialInterval, backoffCoefficient, maximumInterval, jitter } = policy;
  if (intervals) return intervals[Math.min(attempt, intervals.length) - 1] ?? 0;
  const growth = policy.strategy === 'linear' ? attempt : backoffCoefficient ** (attempt - 1);
  // After a thousand attempts the growth is infinite, and no number of times nothing is anything.
  const capped = initialInterval === 0 ? 0 : Math.min(initialInterval * growth, maximumInterval);
  return Math.max(0, Math.round(capped + capped * jitter * (2 * random - 1)));
}

/** Whether a failure of attempt number `attempt` is tried again. */
export function mayRetry(
  policy: FrozenRetryPolicy,
  attempt: number,
  failure: { readonly name: string; readonly nonRetryable?: boolean },
): boolean {
  if (failure.nonRetryable === true) return false;
  if (policy.nonRetryableErrors?.includes(failure.name)) return false;
  return policy.maximumAttempts === 0 || attempt < policy.maximumAttempts;
}
