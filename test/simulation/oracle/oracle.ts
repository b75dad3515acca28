import type { Part } from '../program.js';
import type { SeenEvent } from '../seen.js';
import { Drains } from './drains.js';
import type { Expected } from './expected.js';
import { Parts } from './parts.js';
import { cancelled, openScope, type Outcome } from './scope.js';
import { Waits } from './waits.js';

export interface OracleInput {
  readonly root: Part;
  readonly rounds: number;
  readonly stubborn: boolean;
  readonly seen: readonly string[];
}

/**
 * What a program must ask for and come to, told without promises: every part is a thing that is begun and calls back
 * once. Fed the inputs of a history, it asks for commands, which `Expected` finds among those that were recorded.
 *
 * It shares no code with the core. Within one drain the core's order is that of its microtasks, which this does not
 * count: commands of one input are compared as a set. Where two ends of one race come in the same drain, what comes of
 * it hangs on that order, and the history is left alone from there (`undecided`).
 */
export class Oracle {
  readonly expected: Expected;
  bumps = 0;
  readonly taken: string[];
  /** How the workflow's function ended; `next`: as a new run with this input. */
  settled: Outcome | { readonly next: OracleInput } | undefined;
  cancelRequested = false;
  /** It was asked to cancel while its function was still under way. */
  cancelledInTime = false;
  readonly #input: OracleInput;
  readonly #drains = new Drains();
  readonly #waits: Waits;
  readonly #parts: Parts;
  readonly #root = openScope(undefined, false);
  #unfinished = 0;
  /** The turns in which an update ended last, and in which the program asked at its end whether one is unfinished. */
  #updatedIn: number | undefined;
  #askedIn: number | undefined;

  constructor(input: OracleInput, expected: Expected) {
    this.#input = input;
    this.expected = expected;
    this.taken = [...input.seen];
    this.#waits = new Waits(expected, this.#drains);
    this.#parts = new Parts(expected, this.#drains, this.#waits, this);
  }

  /** One input of history, with all that follows from it. */
  feed(event: SeenEvent): void {
    this.#drains.follow(
      () => {
        this.#deliver(event);
      },
      () => this.settled !== undefined,
    );
  }

  #deliver(event: SeenEvent): void {
    const { type, activityId, childId, requestId, timerId = '', name = '', input } = event;
    if (type === 'WorkflowStarted') this.#start();
    else if (type === 'TimerFired') this.#waits.fire(timerId);
    else if (type === 'SignalReceived') this.#receive(name, input?.data);
    else if (type === 'UpdateAccepted') this.#update(input?.data as { id: string; n: number });
    else if (type === 'CancelRequested') {
      this.cancelRequested = true;
      this.cancelledInTime = this.settled === undefined;
      this.#waits.cancel(this.#root);
    } else if (type === 'ChildWorkflowStarted') this.#waits.childStarted(childId ?? '');
    else if (requestId !== undefined) this.#waits.answer(requestId, requestOutcome(event));
    else if (activityId !== undefined) this.#waits.answer(activityId, activityOutcome(event));
    else if (childId !== undefined) this.#waits.answer(childId, childOutcome(event));
  }

  #start(): void {
    const { root, stubborn } = this.#input;
    this.#parts.begin(root, this.#root, (outcome) => {
      if (!('error' in outcome)) this.#end(outcome.value);
      else if (stubborn && outcome.error === '!cancelled') this.#end(outcome.error);
      else this.settled = outcome;
    });
  }

  /** The program's parts have come to a value: as soon as no update is under way any more, it ends, or goes on as a new run. */
  #end(value: unknown): void {
    const { root, rounds, stubborn } = this.#input;
    this.#askedIn = this.#drains.turn;
    this.#meet();
    const { scope, end } = this.#parts.open(this.#root, true, () => {
      const taken = [...this.taken];
      if (rounds === 0) this.settled = { value: { value, bumps: this.bumps, taken } };
      // Nothing begins in a run that was asked to cancel, the next run neither, unless it is shielded.
      else if (this.cancelRequested && !stubborn) this.settled = cancelled;
      else this.settled = { next: { root, rounds: rounds - 1, stubborn, seen: taken } };
    });
    this.#waits.condition(scope, () => this.#unfinished === 0, undefined, end);
  }

  /** Which of the two was first is not told here. */
  #meet(): void {
    if (this.#askedIn === this.#updatedIn) this.expected.undecided = true;
  }

  #receive(name: string, value: unknown): void {
    if (name !== 'bump') {
      this.#waits.receive(name, value);
      return;
    }
    this.bumps += 1;
    this.taken.push(value as string);
  }

  #update({ id, n }: { id: string; n: number }): void {
    this.#unfinished += 1;
    this.taken.push(`update ${id}`);
    this.bumps += 1;
    const end = (failed: boolean): void => {
      this.#updatedIn = this.#drains.turn;
      this.#meet();
      if (failed) this.expected.take({ type: 'UpdateFailed', updateId: id });
      else this.expected.take({ type: 'UpdateCompleted', updateId: id, result: this.taken.length });
      this.#unfinished -= 1;
    };
    if (n <= 1) end(false);
    else
      this.#waits.sleep(this.#root, n * 100, (outcome) => {
        end('error' in outcome || n > 2);
      });
  }
}

function activityOutcome({ type, result }: SeenEvent): Outcome {
  if (type === 'ActivityCompleted') return { value: result?.data };
  if (type === 'ActivityCancelled') return { error: '!activity_cancelled' };
  return { error: type === 'ActivityFailed' ? '!activity_failed' : '!activity_timeout' };
}

function requestOutcome({ type, failure }: SeenEvent): Outcome {
  if (type === 'ExternalRequestCompleted') return { value: null };
  return { error: `!${String((failure as { readonly code?: string } | undefined)?.code)}` };
}

function childOutcome({ type, result }: SeenEvent): Outcome {
  if (type === 'ChildWorkflowCompleted') return { value: result?.data };
  const how = /^ChildWorkflow(?:Start)?(\w+)$/.exec(type)?.[1] ?? '';
  return { error: how === 'TimedOut' ? '!child_workflow_timeout' : `!child_workflow_${how.toLowerCase()}` };
}
