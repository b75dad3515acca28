import type { CloseEvent, Unplaced, WorkflowStarted } from '../../model/events.js';
import type { FailureRecord } from '../../model/failure.js';
import { mayRetry, retryDelay } from '../../model/retry.js';
import { NEVER, type EpochMs } from '../../model/time.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import type { Core } from '../core.js';
import { closeEventOf } from './activation.js';

/** How a run ends, and when the run that goes on in its place begins, where one does. */
export interface Ending {
  readonly event: CloseEvent;
  readonly nextAt?: EpochMs;
}

/** How a run that has settled ends; undefined for one that has not. */
export function endingOf(core: Core, instance: WorkflowInstance): Ending | undefined {
  const end = closeEventOf(instance, () => core.ids.next(core.clock.now()));
  return end && placed(core, instance, end);
}

/** How a run ends that has outgrown a limit. */
export function outgrown(core: Core, instance: WorkflowInstance, failure: FailureRecord): Ending {
  return placed(core, instance, { type: 'WorkflowFailed', failure });
}

/** How a run ends whose time is up. */
export function timedOut(core: Core, instance: WorkflowInstance, timeout: 'run' | 'execution'): Ending {
  return placed(core, instance, { type: 'WorkflowTimedOut', timeout });
}

/** The close event gets its place only with the commit: a message that comes first lets the run go on. */
function placed(core: Core, instance: WorkflowInstance, end: Unplaced<CloseEvent>): Ending {
  const { recorder, started } = instance;
  const now = core.clock.now();
  const place = { seq: recorder.head + 1, at: Math.max(recorder.now, now) };
  if (end.type === 'WorkflowContinuedAsNew') return { event: { ...place, ...end }, nextAt: now };
  const nextAt = instance.cancelRequest ? undefined : retryAt(core, started, end, now);
  if (nextAt === undefined) return { event: { ...place, ...end } };
  const newRunId = core.ids.next(now);
  return { event: { ...place, ...end, newRunId } as CloseEvent, nextAt };
}

/** When a run that ends so is tried again. */
function retryAt(
  core: Core,
  { retry, attempt, executionDeadline = NEVER }: WorkflowStarted,
  end: Unplaced<CloseEvent>,
  now: EpochMs,
): EpochMs | undefined {
  const failure =
    end.type === 'WorkflowFailed'
      ? end.failure
      : end.type === 'WorkflowTimedOut' && end.timeout === 'run'
        ? { name: 'WorkflowTimedOutError' }
        : undefined;
  if (!retry || !failure || !mayRetry(retry, attempt, failure)) return undefined;
  const at = now + retryDelay(retry, attempt, core.platform.randomUint32() / 0x1_0000_0000);
  return at < executionDeadline ? at : undefined;
}
