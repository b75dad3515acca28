import type { EpochMs } from '../../model/time.js';

/** How far apart the clocks of those who share a store may be before it costs time. Milliseconds. */
const skew = 60_000;

/**
 * When a task becomes visible that is to be taken at once: a little ago, so that a worker whose clock is behind that of
 * who sent it does not let it wait. What was sent first still comes first.
 */
export function atOnce(now: EpochMs): EpochMs {
  return Math.max(0, now - skew);
}
