import type { EpochMs } from '../model/time.js';
import { hostPlatform } from './platform.js';

/** Time as the engine sees it. Tests put a virtual one in its place. */
export interface Clock {
  now(): EpochMs;
  /**
   * Calls back once when `at` has come. `background` timers only save waiting (polls, renewals): virtual time does not
   * stop for them, and they keep no process alive.
   */
  setTimer(at: EpochMs, callback: () => void, kind: 'foreground' | 'background'): CancelTimer;
}
export type CancelTimer = () => void;

/** Waits are cut to this and checked again: setTimeout beyond 2^31 − 1 ms fires at once in every engine. */
const longestWait = 3_600_000;

export const hostClock: Clock = {
  now: () => hostPlatform.now(),
  setTimer(at, callback, kind) {
    let cancel: CancelTimer = () => undefined;
    const wait = (): void => {
      const left = at - hostPlatform.now();
      cancel = hostPlatform.setTimer(
        left > longestWait ? wait : check,
        Math.max(0, Math.min(left, longestWait)),
        kind === 'background',
      );
    };
    // A timer may fire up to a millisecond before the clock says so.
    const check = (): void => {
      if (hostPlatform.now() < at) wait();
      else callback();
    };
    wait();
    return () => {
      cancel();
    };
  },
};
