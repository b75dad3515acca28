import type { ActivityScheduled, ChildWorkflowScheduled, SignalReceived } from '../model/events.js';
import type { RunId } from '../model/ids.js';
import type { EpochMs } from '../model/time.js';
import type { Deferred } from './task.js';

/** The code of a `ctx.step`, kept until its outcome is recorded. */
export type InlineCode = (step: unknown) => unknown;

export interface ActivityWait {
  readonly kind: 'activity';
  readonly id: string;
  readonly scheduled: ActivityScheduled;
  readonly deferred: Deferred<unknown>;
  readonly inline?: InlineCode;
}
export interface TimerWait {
  readonly kind: 'timer';
  readonly id: string;
  readonly dueAt: EpochMs;
  /** Continues the code that waits for it. */
  readonly fire: () => void;
  /** What a cancelled scope rejects; absent where the timer belongs to another wait. */
  readonly deferred?: Deferred<void>;
}
export interface SignalWait {
  readonly kind: 'signal';
  readonly id: string;
  readonly name: string;
  readonly deferred: Deferred<unknown>;
  readonly timerId?: string;
}
export interface ConditionWait {
  readonly kind: 'condition';
  readonly id: string;
  readonly predicate: () => boolean;
  readonly deferred: Deferred<boolean>;
  readonly timerId?: string;
  readonly dueAt?: EpochMs;
}
export interface ChildWait {
  readonly kind: 'child';
  readonly id: string;
  readonly scheduled: ChildWorkflowScheduled;
  readonly started: Deferred<{ readonly runId: RunId }>;
  readonly deferred: Deferred<unknown>;
}
/** A signal or cancel request to another workflow, until it is known to be recorded there. */
interface RequestWait {
  readonly kind: 'request';
  readonly id: string;
  readonly deferred: Deferred<void>;
}
export type Wait = ActivityWait | TimerWait | SignalWait | ConditionWait | ChildWait | RequestWait;

/** A signal that nobody has taken yet. */
export type BufferedSignal = SignalReceived;

/** Everything durable that a run waits for, in the order it began to wait. */
export class Waits {
  readonly #byId = new Map<string, Wait>();
  #conditions = 0;

  get size(): number {
    return this.#byId.size;
  }
  add(wait: Wait): void {
    this.#byId.set(wait.id, wait);
    if (wait.kind === 'condition') this.#conditions += 1;
  }
  get(id: string): Wait | undefined {
    return this.#byId.get(id);
  }
  /** Takes a wait out, so that it can be settled once. */
  take<K extends Wait['kind']>(kind: K, id: string): Extract<Wait, { kind: K }> | undefined {
    const wait = this.#byId.get(id);
    if (wait?.kind !== kind) return undefined;
    this.#byId.delete(id);
    if (kind === 'condition') this.#conditions -= 1;
    return wait as Extract<Wait, { kind: K }>;
  }
  all(): IterableIterator<Wait> {
    return this.#byId.values();
  }
  someActivity(holds: (wait: ActivityWait) => boolean): boolean {
    for (const wait of this.#byId.values()) if (wait.kind === 'activity' && holds(wait)) return true;
    return false;
  }
  firstSignal(name: string): SignalWait | undefined {
    for (const wait of this.#byId.values()) if (wait.kind === 'signal' && wait.name === name) return wait;
    return undefined;
  }
  /** The open conditions, in the order they were opened. */
  conditions(): readonly ConditionWait[] {
    if (this.#conditions === 0) return none;
    return [...this.#byId.values()].filter((wait) => wait.kind === 'condition');
  }
}

const none: readonly ConditionWait[] = [];
