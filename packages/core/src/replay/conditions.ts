import { CancelledError } from '../model/errors.js';
import { readOnly } from './read-only.js';
import type { RunningCode } from './running-code.js';
import type { Deferred } from './task.js';
import { startTimer } from './timers.js';
import type { ConditionWait } from './waits.js';

/** A condition that holds already and has to wait its turn. */
interface Asked {
  readonly predicate: () => boolean;
  readonly timeout: number | undefined;
  readonly deferred: Deferred<boolean>;
}

/**
 * Conditions are granted one at a time: what the code of one does comes before the next is looked at, so that of two who
 * wait for one lock only one enters. So a condition that holds when it is asked for is granted at once only where its
 * code goes on in this very drain, with nobody else before it.
 */
export class Conditions {
  /** One was granted at once in this drain. */
  #granted = false;
  #asked: Asked[] = [];
  readonly #run: RunningCode;

  constructor(run: RunningCode) {
    this.#run = run;
  }

  ask(asked: Asked): void {
    if (!this.#holds(asked)) this.#open(asked);
    else if (this.#granted || this.#run.scopes.shared) this.#queue(asked);
    else {
      this.#granted = true;
      asked.deferred.resolve(true);
    }
  }

  #holds({ predicate }: Pick<Asked, 'predicate'>): boolean {
    return readOnly(this.#run.recorder, predicate);
  }

  #queue(asked: Asked): void {
    this.#asked.push(asked);
    asked.deferred.task.onCancel = (reason) => {
      this.#run.recorder.guard('task.cancel');
      const index = this.#asked.indexOf(asked);
      if (index < 0) return;
      this.#asked.splice(index, 1);
      asked.deferred.reject(cancellation(reason));
    };
  }

  #open({ predicate, timeout, deferred }: Asked): void {
    const run = this.#run;
    const { id } = deferred.task;
    run.recorder.emit({ type: 'ConditionWaitOpened', waitId: id });
    const timer =
      timeout === undefined
        ? undefined
        : startTimer(run, 'condition', run.recorder.now + timeout, () => {
            run.waits.take('condition', id);
            deferred.resolve(false);
          });
    const wait: ConditionWait = {
      kind: 'condition',
      id,
      predicate,
      deferred,
      ...(timer && { timerId: timer.id, dueAt: timer.dueAt }),
    };
    run.waits.add(wait);
    deferred.task.onCancel = (reason) => {
      run.cancelWait(wait, cancellation(reason));
    };
  }

  /** Whether one could be granted now: between two inputs none can, unless somebody who only looked has changed something. */
  someHolds(): boolean {
    return this.#run.waits.conditions().some((wait) => {
      try {
        return this.#holds(wait);
      } catch {
        return false; // one that throws has been rejected with it, or will be
      }
    });
  }

  /** The microtask queue has run empty: whoever was granted a condition has gone on. */
  drained(): void {
    this.#granted = false;
  }

  /** Lets one go on, if one can: those that held when they were asked for, then those that are open, in order. */
  wakeNext(): boolean {
    for (let asked = this.#asked.shift(); asked; asked = this.#asked.shift())
      if (this.#grant(asked)) return true;
    for (const wait of this.#run.waits.conditions()) if (this.#wake(wait)) return true;
    return false;
  }

  #grant(asked: Asked): boolean {
    const { deferred } = asked;
    const { cancelled } = deferred.task.scope;
    try {
      if (cancelled !== undefined) throw new CancelledError(cancelled);
      if (!this.#holds(asked)) {
        this.#open(asked);
        return false; // the scope that is current stays: on replay the next input comes in this very step
      }
      this.#granted = true;
      this.#run.scopes.follow({ deferred });
      deferred.resolve(true);
    } catch (error) {
      this.#run.scopes.follow({ deferred });
      deferred.reject(error);
    }
    return true;
  }

  #wake(wait: ConditionWait): boolean {
    const { recorder, scopes, waits } = this.#run;
    let failed: { readonly error: unknown } | undefined;
    try {
      if (!this.#holds(wait)) return false;
    } catch (error) {
      failed = { error };
    }
    waits.take('condition', wait.id);
    try {
      if (!failed) recorder.emit({ type: 'ConditionSatisfied', waitId: wait.id });
      this.#run.dropTimer(wait.timerId);
    } catch {
      return false; // a divergence, kept as the blockage
    }
    scopes.follow(wait);
    if (failed) wait.deferred.reject(failed.error);
    else wait.deferred.resolve(true);
    return true;
  }
}

function cancellation(reason: string | undefined): CancelledError {
  return new CancelledError(reason ?? 'The wait for a condition was cancelled');
}
