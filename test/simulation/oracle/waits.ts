import type { Work } from '../work.js';
import type { Asked, Drains } from './drains.js';
import type { Command, Expected } from './expected.js';
import { cancelled, isCancelled, isWithin, type Done, type Outcome, type Scope } from './scope.js';

/** What is pending and can be cancelled. */
interface Pending {
  readonly scope: Scope;
  cancel(): void;
}

interface SignalWait {
  readonly id: string;
  readonly name: string;
  readonly take: (value: unknown) => void;
}

/** What parts of a program wait for: begun with a command, ended by an input, or cancelled. What is begun gives back how to cancel it. */
export class Waits {
  readonly #expected: Expected;
  readonly #drains: Drains;
  /** By the name that history has for each, in the order they were begun. */
  readonly #pending = new Map<string, Pending>();
  readonly #answers = new Map<string, Done>();
  readonly #started = new Map<string, () => void>();
  readonly #timers = new Map<string, () => void>();
  #signals: SignalWait[] = [];
  readonly #buffer: { readonly name: string; readonly value: unknown }[] = [];

  constructor(expected: Expected, drains: Drains) {
    this.#expected = expected;
    this.#drains = drains;
  }

  /** Of what was begun first before the rest. */
  cancel(scope: Scope): void {
    if (scope.ended || scope.cancelled) return;
    scope.cancelled = true;
    for (const pending of [...this.#pending.values()]) if (isWithin(pending.scope, scope)) pending.cancel();
  }

  // ── inputs ──────────────────────────────────────────────────────────────────────────────────────────────────────

  answer(id: string, outcome: Outcome): void {
    const done = this.#answers.get(id);
    this.#answers.delete(id);
    this.#pending.delete(id);
    done?.(outcome);
  }

  childStarted(childId: string): void {
    if (this.#pending.has(childId)) this.#started.get(childId)?.();
  }

  fire(timerId: string): void {
    const fire = this.#timers.get(timerId);
    this.#timers.delete(timerId);
    fire?.();
  }

  receive(name: string, value: unknown): void {
    const wait = this.#signals.find((one) => one.name === name);
    if (wait) wait.take(value);
    else this.#buffer.push({ name, value });
  }

  // ── activities and children ─────────────────────────────────────────────────────────────────────────────────────

  activity(work: Work, scope: Scope, done: Done): () => void {
    if (isCancelled(scope)) return over(done);
    const { activityId = '' } = this.#expected.take({ type: 'ActivityScheduled', part: work.id }) ?? {};
    this.#answers.set(activityId, done);
    return this.#cancellable(activityId, scope, () => {
      this.#expected.take({ type: 'ActivityCancelRequested', activityId });
      this.#answers.delete(activityId);
      done(cancelled);
    });
  }

  /** A signal to another workflow, to a child, or a request to cancel. */
  request(about: Omit<Command, 'type'>, scope: Scope, done: Done): () => void {
    if (isCancelled(scope)) return over(done);
    const type = about.name === undefined ? 'ExternalCancelRequested' : 'ExternalSignalRequested';
    const { requestId = '' } = this.#expected.take({ type, ...about }) ?? {};
    this.#answers.set(requestId, done);
    return this.#cancellable(requestId, scope, () => {
      this.#answers.delete(requestId);
      done(cancelled);
    });
  }

  /** `left`: it only has to be there. Gives back its id. */
  child(part: number, left: boolean, scope: Scope, done: Done): string {
    if (isCancelled(scope)) {
      done(cancelled);
      return '';
    }
    const { childId = '' } = this.#expected.take({ type: 'ChildWorkflowScheduled', part }) ?? {};
    let told = false;
    const once: Done = (outcome) => {
      if (told) return;
      told = true;
      done(outcome);
    };
    this.#answers.set(childId, once);
    if (left)
      this.#started.set(childId, () => {
        once({ value: 'left' });
      });
    this.#cancellable(childId, scope, () => {
      this.#expected.take({ type: 'ChildWorkflowCancelRequested', childId });
      this.#answers.delete(childId);
      once(cancelled);
    });
    return childId;
  }

  // ── time ────────────────────────────────────────────────────────────────────────────────────────────────────────

  sleep(scope: Scope, ms: number, done: Done): () => void {
    return isCancelled(scope) ? over(done) : this.timer(scope, 'sleep', ms, done);
  }

  /** A timer that is cancelled with its scope. */
  timer(scope: Scope, purpose: string, ms: number, done: Done): () => void {
    const timerId = this.#start(purpose, ms, () => {
      this.#pending.delete(timerId);
      done({ value: null });
    });
    return this.#cancellable(timerId, scope, () => {
      this.#drop(timerId);
      done(cancelled);
    });
  }

  #start(purpose: string, ms: number, fire: () => void): string {
    const { timerId = '' } = this.#expected.take({ type: 'TimerStarted', purpose, ms }) ?? {};
    this.#timers.set(timerId, fire);
    return timerId;
  }

  #drop(timerId: string | undefined): void {
    if (timerId === undefined || !this.#timers.delete(timerId)) return;
    this.#expected.take({ type: 'TimerCancelled', timerId });
  }

  // ── signals and conditions ──────────────────────────────────────────────────────────────────────────────────────

  signal(name: string, ms: number, scope: Scope, done: Done): () => void {
    if (isCancelled(scope)) return over(done);
    const { waitId: id = '' } = this.#expected.take({ type: 'SignalWaitOpened', name }) ?? {};
    const at = this.#buffer.findIndex((one) => one.name === name);
    const [buffered] = at < 0 ? [] : this.#buffer.splice(at, 1);
    if (buffered) {
      done({ value: buffered.value });
      return () => undefined;
    }
    const end = (outcome: Outcome): void => {
      this.#signals = this.#signals.filter((one) => one.id !== id);
      this.#pending.delete(id);
      this.#drop(timerId);
      done(outcome);
    };
    const timerId = this.#start('signal', ms, () => {
      end({ value: null });
    });
    this.#signals.push({
      ...{ id, name },
      take: (value) => {
        end({ value });
      },
    });
    return this.#cancellable(id, scope, () => {
      end(cancelled);
    });
  }

  /** `ms`: after which it is given up. */
  condition(scope: Scope, holds: () => boolean, ms: number | undefined, done: Done): () => void {
    if (isCancelled(scope)) return over(done);
    if (!holds()) return this.#open(scope, holds, ms, done);
    const drains = this.#drains;
    if (!drains.crowded) {
      drains.crowded = true;
      drains.later(() => {
        done({ value: true });
      });
      return () => undefined;
    }
    let cancel = (): void => {
      drains.withdraw(asked);
      done(cancelled);
    };
    const asked: Asked = {
      ...{ scope, holds },
      open: () => {
        cancel = this.#open(scope, holds, ms, done);
      },
      done: (outcome) => {
        cancel = () => undefined;
        done(outcome);
      },
    };
    drains.ask(asked);
    return () => {
      cancel();
    };
  }

  #open(scope: Scope, holds: () => boolean, ms: number | undefined, done: Done): () => void {
    const { waitId: id = '' } =
      this.#expected.take({ type: 'ConditionWaitOpened', within: ms ?? null }) ?? {};
    const end = (outcome: Outcome): void => {
      this.#drains.close(id);
      this.#pending.delete(id);
      this.#drop(timerId);
      done(outcome);
    };
    const timerId =
      ms === undefined
        ? undefined
        : this.#start('condition', ms, () => {
            end({ value: false });
          });
    this.#drains.open({
      ...{ id, holds },
      grant: () => {
        this.#expected.take({ type: 'ConditionSatisfied', waitId: id });
        end({ value: true });
      },
    });
    return this.#cancellable(id, scope, () => {
      end(cancelled);
    });
  }

  #cancellable(id: string, scope: Scope, cancel: () => void): () => void {
    const once = (): void => {
      if (this.#pending.delete(id)) cancel();
    };
    this.#pending.set(id, { scope, cancel: once });
    return once;
  }
}

/** Nothing begins in a scope that is cancelled. */
function over(done: Done): () => void {
  done(cancelled);
  return () => undefined;
}
