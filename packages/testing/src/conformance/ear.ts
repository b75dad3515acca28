import type { ChangeHint, StorageHandle, Unwatch } from '@perdure/core/storage';
import { holds } from './check.js';
import type { Lab } from './lab.js';
import { eventually } from './wait.js';

type Reaction = (hint: ChangeHint) => void;

/** A listener that remembers what it was told, and can be waited for. */
export class Ear {
  readonly hints: ChangeHint[] = [];
  readonly unwatch: Unwatch;
  readonly #limitMs: number;

  constructor(lab: Lab, store: StorageHandle, reaction: Reaction = () => undefined) {
    this.#limitMs = lab.fixture.hintsWithinMs ?? 5_000;
    this.unwatch = store.watch((hint) => {
      this.hints.push(hint);
      reaction(hint);
    });
  }

  /** Waits for a hint that this run has changed. */
  async told(runId: string, about: string): Promise<void> {
    await this.#hears(
      (hint) => hint.kind === 'changed' && hint.runs.includes(runId),
      `${about}: run ${runId}`,
    );
  }

  /** Waits for a hint that this queue may have a task. */
  async woken(queue: string, about: string): Promise<void> {
    await this.#hears(
      (hint) => hint.kind === 'changed' && hint.queues.includes(queue),
      `${about}: queue ${queue}`,
    );
  }

  async #hears(what: (hint: ChangeHint) => boolean, about: string): Promise<void> {
    const heard = await eventually(
      () => this.hints.some((hint) => hint.kind === 'unknown' || what(hint)),
      this.#limitMs,
    );
    holds(heard, `${about} must be named by a hint within ${this.#limitMs} ms`, this.hints);
  }
}
