import type { CloseEvent, Unplaced } from '../../model/events.js';
import type { RunId } from '../../model/ids.js';
import { NEVER, type EpochMs } from '../../model/time.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import type { Clock } from '../clock.js';
import type { Job } from '../executor.js';
import type { PendingInput } from './pending-input.js';
import type { PendingUpdate, UpdateDesk } from './update-desk.js';

/** An input that was looked at; `fed` is false where it no longer meant anything to the run. */
export interface Consumed {
  readonly pending: PendingInput;
  readonly fed: boolean;
}

/** So many inputs in one commit at the most; the rest go into the next. */
const mostInputs = 1_000;

/**
 * Moves an instance on by everything that has happened, one input at a time, timers that are due by then included.
 * Nothing is written here: the driver reads the new events off the instance afterwards.
 */
export class Activation implements Job {
  readonly consumed: Consumed[] = [];
  readonly instance: WorkflowInstance;
  #fed = 0;
  readonly #inputs: PendingInput[];
  readonly #updates: UpdateDesk;
  readonly #clock: Clock;
  readonly #done: (activation: Activation) => void;

  /** Takes what it consumes out of `inputs`. */
  constructor(
    instance: WorkflowInstance,
    inputs: PendingInput[],
    updates: UpdateDesk,
    clock: Clock,
    done: (activation: Activation) => void,
  ) {
    this.instance = instance;
    this.#inputs = inputs;
    this.#updates = updates;
    this.#clock = clock;
    this.#done = done;
  }

  step(): boolean {
    for (;;) {
      if (this.instance.step()) return true;
      if (this.instance.blockage || this.instance.closed || !this.#feedNext()) return false;
    }
  }

  done(): void {
    this.#done(this);
  }

  #feedNext(): boolean {
    if (this.instance.continuing) return false;
    const released = this.#updates.next(this.instance);
    if (released) return this.#feed(released);
    if (this.#updates.asking) return false;
    if (this.#fed >= mostInputs) return false;
    for (let pending = this.#inputs.shift(); pending; pending = this.#inputs.shift()) {
      const fed = this.#admits(pending);
      if (this.#updates.asking) {
        this.#inputs.unshift(pending);
        return false;
      }
      this.consumed.push({ pending, fed });
      if (fed) return this.#feed(pending);
    }
    if (this.instance.settlement) return false;
    const now = this.#clock.now();
    const timerId = dueTimer(this.instance, now);
    return timerId !== undefined && this.#feed({ input: { type: 'TimerFired', timerId }, at: now });
  }

  #admits(pending: PendingInput): boolean {
    return pending.input.type === 'UpdateAccepted'
      ? this.#updates.admits(this.instance, pending as PendingUpdate)
      : this.instance.accepts(pending.input);
  }

  #feed({ input, at }: PendingInput): true {
    this.instance.feedNew(input, at);
    this.#fed += 1;
    return true;
  }
}

/** The timer that is due first; of two at the same moment the one that was started first. */
function dueTimer(instance: WorkflowInstance, now: EpochMs): string | undefined {
  let due: { readonly id: string; readonly dueAt: EpochMs } | undefined;
  for (const wait of instance.waits.all()) {
    if (wait.kind === 'timer' && wait.dueAt <= now && (!due || wait.dueAt < due.dueAt)) due = wait;
  }
  return due?.id;
}

/** How a settled run ends; where it continues, as the run of that id. */
export function closeEventOf(
  instance: WorkflowInstance,
  newRunId: () => RunId,
): Unplaced<CloseEvent> | undefined {
  const { settlement } = instance;
  switch (settlement?.kind) {
    case undefined:
      return undefined;
    case 'completed':
      return { type: 'WorkflowCompleted', result: settlement.result };
    case 'failed':
      return { type: 'WorkflowFailed', failure: settlement.failure };
    case 'continued':
      return { type: 'WorkflowContinuedAsNew', newRunId: newRunId(), ...settlement.next };
    case 'cancelled':
      return {
        type: 'WorkflowCancelled',
        ...(settlement.reason !== undefined && { reason: settlement.reason }),
      };
  }
}

/** When a run has to be looked at next, whatever else happens. */
export function nextWake(instance: WorkflowInstance, activityChecks: ReadonlyMap<string, EpochMs>): EpochMs {
  const { runDeadline = NEVER, executionDeadline = NEVER } = instance.started;
  let next = Math.min(runDeadline, executionDeadline);
  for (const wait of instance.waits.all()) {
    if (wait.kind === 'timer') next = Math.min(next, wait.dueAt);
    else if (wait.kind === 'activity') {
      const { scheduleToClose, scheduleToStart } = wait.scheduled.timeouts;
      if (scheduleToClose !== undefined) next = Math.min(next, wait.scheduled.at + scheduleToClose);
      if (scheduleToStart !== undefined)
        next = Math.min(next, activityChecks.get(wait.id) ?? wait.scheduled.at + scheduleToStart);
    }
  }
  return next;
}

export function overdue({ started }: WorkflowInstance, now: EpochMs): 'run' | 'execution' | undefined {
  if (started.executionDeadline !== undefined && started.executionDeadline <= now) return 'execution';
  if (started.runDeadline !== undefined && started.runDeadline <= now) return 'run';
  return undefined;
}
