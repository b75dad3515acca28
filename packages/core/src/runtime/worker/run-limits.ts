import type { FailureRecord } from '../../model/failure.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import type { Logger } from '../core.js';

/** How large a run may grow; 0 switches a limit off. At 80 % of one a warning is logged. */
export interface RunLimits {
  /** Activities that a run waits for at once. Default 2000. */
  pendingActivities?: number;
  /** Children that are open at once. Default 2000. */
  pendingChildren?: number;
  /** Timers that a run waits for at once. Default 2000. */
  pendingTimers?: number;
  /** Signals that a run has accepted and its code has not taken: further ones are refused until it has. Default 5000. */
  bufferedSignals?: number;
  /** Updates that were accepted and whose handlers have not ended: further ones are refused until some have. Default 500. */
  pendingUpdates?: number;
  /** Commands in answer to one event, such as the activities of one `ctx.all`; each signal that is taken is one. Default 1000. */
  commands?: number;
  /** Events of a run. Default 50,000. */
  events?: number;
}

export const defaultRunLimits: Required<RunLimits> = {
  pendingActivities: 2_000,
  pendingChildren: 2_000,
  pendingTimers: 2_000,
  bufferedSignals: 5_000,
  pendingUpdates: 500,
  commands: 1_000,
  events: 50_000,
};
/** Where to think of going on as a new run, well before `continueAsNewSuggested` says so. */
const advice = { events: 8_000, historyBytes: 4 * 1024 * 1024, pending: 160 };
const warnAt = 0.8;

/**
 * Holds a run against its limits, once an activation; warns once while the run stays here. A breach fails it from
 * outside: a check inside workflow code would make what the code does depend on options of an engine, which no history
 * knows.
 */
export class RunBudget {
  readonly #limits: Required<RunLimits>;
  readonly #log: Logger;
  #warned: Set<string> | undefined;

  constructor(limits: Required<RunLimits>, log: Logger) {
    this.#limits = limits;
    this.#log = log;
  }

  /** The failure of a run that has outgrown a limit; undefined for one that has not. */
  breach(instance: WorkflowInstance): FailureRecord | undefined {
    const { recorder, waits, mailbox, historyBytes } = instance;
    const { head, longestAnswer } = recorder;
    this.#advise(instance, 'events', head);
    this.#advise(instance, 'historyBytes', historyBytes);
    this.#advise(instance, 'pending', waits.size);
    this.#isOver(instance, 'bufferedSignals', mailbox.untaken().length);
    if (this.#isOver(instance, 'events', head)) return structuralLimit('events', head, this.#limits.events);
    if (this.#isOver(instance, 'commands', longestAnswer))
      return structuralLimit('commands', longestAnswer, this.#limits.commands);
    this.#isOver(instance, 'pendingUpdates', instance.updates.unfinished.size);
    const children = instance.children.open.size;
    if (this.#isOver(instance, 'pendingChildren', children))
      return structuralLimit('pendingChildren', children, this.#limits.pendingChildren);
    if (waits.size < this.#fewest) return undefined;
    const kinds = [...waits.all()].map(({ kind }) => kind);
    for (const [name, kind] of [
      ['pendingActivities', 'activity'],
      ['pendingTimers', 'timer'],
    ] as const) {
      const count = kinds.filter((one) => one === kind).length;
      if (this.#isOver(instance, name, count)) return structuralLimit(name, count, this.#limits[name]);
    }
    return undefined;
  }

  /** Below so many waits none of their limits can be near. */
  get #fewest(): number {
    const { pendingActivities, pendingTimers } = this.#limits;
    return warnAt * Math.min(pendingActivities || Infinity, pendingTimers || Infinity);
  }

  #isOver(instance: WorkflowInstance, name: keyof RunLimits, value: number): boolean {
    const limit = this.#limits[name];
    if (limit === 0) return false;
    if (value >= limit * warnAt) this.#warn(instance, name, value, limit);
    return value > limit;
  }

  #advise(instance: WorkflowInstance, name: keyof typeof advice, value: number): void {
    if (value >= advice[name]) this.#warn(instance, `advised ${name}`, value, advice[name] / warnAt);
  }

  #warn({ started }: WorkflowInstance, name: string, value: number, limit: number): void {
    this.#warned ??= new Set();
    if (this.#warned.has(name)) return;
    this.#warned.add(name);
    const { workflowType, workflowId, runId } = started;
    this.#log.warn(`A run comes near its limit of ${name}; continueAsNew begins anew`, {
      ...{ workflowType, workflowId, runId },
      ...{ limit: name, value, allowed: limit },
    });
  }
}

const names: Readonly<Record<keyof RunLimits, string>> = {
  pendingActivities: 'activities pending at once',
  pendingChildren: 'children open at once',
  pendingTimers: 'timers pending at once',
  bufferedSignals: 'signals that nobody has taken',
  pendingUpdates: 'updates under way at once',
  commands: 'commands in answer to one event',
  events: 'events',
};

function structuralLimit(name: keyof RunLimits, value: number, limit: number): FailureRecord {
  return {
    name: 'StructuralLimitError',
    code: 'structural_limit',
    message: `The run came to ${value} ${names[name]}, where ${limit} are allowed: do less at once (ctx.map with a concurrency), hand work to child workflows, or go on with ctx.continueAsNew`,
    nonRetryable: true,
  };
}
