import { CancelledError } from '../model/errors.js';
import type { TimerPurpose, TimerStarted } from '../model/events.js';
import type { EpochMs } from '../model/time.js';
import type { RunningCode } from './running-code.js';
import type { Deferred } from './task.js';
import type { TimerWait } from './waits.js';

/**
 * Starts a durable timer; `fire` continues the code that waits for it. With a task it can be cancelled by itself; without
 * one it goes with the wait that owns it.
 */
export function startTimer(
  run: RunningCode,
  purpose: TimerPurpose,
  due: EpochMs,
  fire: () => void,
  deferred?: Deferred<void>,
): TimerWait {
  const timerId = deferred?.task.id ?? run.nextId('t');
  const { dueAt } = run.recorder.emit<TimerStarted>({ type: 'TimerStarted', timerId, dueAt: due, purpose });
  const wait: TimerWait = { kind: 'timer', id: timerId, dueAt, fire, ...(deferred && { deferred }) };
  run.waits.add(wait);
  if (deferred) {
    deferred.task.onCancel = (reason) => {
      run.cancelWait(wait, new CancelledError(reason ?? 'The timer was cancelled'));
    };
  }
  return wait;
}
