import type { CommandEvent, Unplaced } from '../model/events.js';
import { alike, summary } from './likeness.js';

/**
 * That a call was added. What it would have given is not known: it is answered with a placeholder, and so is whatever
 * else was not recorded from there on, as soon as the code waits for it.
 */
export class Supposed {
  readonly #place: number;
  readonly #recorded: readonly CommandEvent[];
  readonly #added = new Set<string>();

  /** `place`: of the added call among those that the code makes, the first being 1. `recorded`: what history has from there on. */
  constructor(place: number, recorded: readonly CommandEvent[]) {
    this.#place = place;
    this.#recorded = recorded;
  }

  takes(command: Unplaced<CommandEvent>, place: number): boolean {
    const isAdded =
      place === this.#place ||
      (place > this.#place && !this.#recorded.some((recorded) => alike(recorded, command)));
    const { id } = summary(command);
    const endsWork = command.type === 'TimerStarted' && command.purpose !== 'sleep';
    if (isAdded && id !== undefined && !endsWork) this.#added.add(id);
    return isAdded;
  }

  has(id: string): boolean {
    return this.#added.has(id);
  }
}
