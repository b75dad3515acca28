import type { RunId } from '../model/ids.js';
import type { ChangeHint, StorageHandle, Unwatch } from '../storage/port.js';
import type { EndedRun } from './run-projection.js';

/** `ended`: how, where it is known already. */
type RunListener = (ended?: EndedRun) => void;
type HintListener = (hint: ChangeHint) => void;

/**
 * One watch on the store, dealt out: to who follows one run, and to who follows everything.
 * Costs one map look-up a changed run, however many runs are followed.
 */
export class ChangeFeed {
  readonly #byRun = new Map<RunId, Set<RunListener>>();
  readonly #all = new Set<HintListener>();
  readonly #unwatch: Unwatch;

  constructor(storage: StorageHandle) {
    this.#unwatch = storage.watch((hint) => {
      this.#deal(hint);
    });
  }

  /** Calls back after each change of the run, and whenever there may have been one. */
  onRun(runId: RunId, listener: RunListener): Unwatch {
    const listeners = this.#byRun.get(runId) ?? new Set();
    this.#byRun.set(runId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#byRun.get(runId) === listeners) this.#byRun.delete(runId);
    };
  }

  onHint(listener: HintListener): Unwatch {
    this.#all.add(listener);
    return () => {
      this.#all.delete(listener);
    };
  }

  /** This process knows that the run has changed, or how it has ended. */
  tellRun(runId: RunId, ended?: EndedRun): void {
    this.#tell(this.#byRun.get(runId), ended);
  }

  close(): void {
    this.#unwatch();
    this.#byRun.clear();
    this.#all.clear();
  }

  #deal(hint: ChangeHint): void {
    for (const listener of [...this.#all]) listener(hint);
    if (hint.kind === 'changed') {
      for (const runId of hint.runs) this.#tell(this.#byRun.get(runId));
    } else if (this.#byRun.size > 0) {
      for (const listeners of [...this.#byRun.values()]) this.#tell(listeners);
    }
  }

  #tell(listeners: ReadonlySet<RunListener> | undefined, ended?: EndedRun): void {
    if (listeners) for (const listener of [...listeners]) listener(ended);
  }
}
