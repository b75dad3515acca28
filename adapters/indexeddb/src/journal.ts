import type { RunId } from '@perdure/core/storage';
import { joinEvents, journalChars, journalSteps, type Base, type StepColumns } from './layout.js';
import { cover, marksOf } from './marks.js';
import type { Run } from './run.js';
import type { Taken } from './view.js';

/** Runs remembered; the one that was used longest ago goes first. */
const remembered = 1_000;

/**
 * What this handle knows of the runs whose journal it has opened. The next commit of such a run is made from memory, and
 * proved by adding its step: where the run has been changed meanwhile, the step's place is taken.
 *
 * A commit takes what is known of the runs it names, and brings back what is known after it, unless a later commit has
 * begun that names them too. So nothing is used twice, and a commit that closes a journal of this handle needs no
 * blocker; a claim, which names no runs, does.
 */
export class Journals {
  /** Begins every era that this handle opens. */
  readonly #owner: string;
  readonly #runs = new Map<RunId, Run>();
  readonly #takers = new Map<RunId, Taken>();
  #eras = 0;

  constructor(owner: string) {
    this.#owner = owner;
  }

  newEra(): string {
    return `${this.#owner}.${++this.#eras}`;
  }
  isOwn(era: string): boolean {
    return era.startsWith(`${this.#owner}.`);
  }
  /** All that this handle has in a run's journals, and what bars it from there. */
  ownSteps(runId: RunId): IDBKeyRange {
    return IDBKeyRange.bound(`${runId}\0${this.#owner}.`, `${runId}\0${this.#owner}/`, false, true);
  }

  take(runIds: Iterable<RunId>): Taken {
    const taken = new Map<RunId, Run>();
    for (const runId of runIds) {
      const run = this.#runs.get(runId);
      if (run !== undefined) taken.set(runId, run);
      this.#runs.delete(runId);
      this.#takers.set(runId, taken);
    }
    return taken;
  }

  /** Whether this commit is the last that took what is known of the run. */
  isTaker(runId: RunId, taken: Taken | undefined): boolean {
    return taken !== undefined && this.#takers.get(runId) === taken;
  }

  /** After the transaction of a commit, or of a claim, which took nothing. */
  keep(runId: RunId, run: Run, taken: Taken | undefined): void {
    if (this.#takers.get(runId) !== taken) return;
    this.#runs.delete(runId);
    if (run.base.era === '') return;
    this.#runs.set(runId, run);
    if (this.#runs.size <= remembered) return;
    for (const oldest of this.#runs.keys()) {
      this.#runs.delete(oldest);
      return;
    }
  }

  /** The commit is over, whatever became of it. */
  done(runIds: Iterable<RunId>, taken: Taken): void {
    for (const runId of runIds) if (this.#takers.get(runId) === taken) this.#takers.delete(runId);
  }
}

/** Whether the change of a run can be one more step: columns of lists as they were, and found in time by the old marks. */
export function isStep({ base, before, step, chars, bounds }: Run): boolean {
  return (
    before !== undefined &&
    step < journalSteps &&
    chars < journalChars &&
    base.status === before.status &&
    base.isCurrent === before.isCurrent &&
    base.closedAt === before.closedAt &&
    base.buildId === before.buildId &&
    base.attributes === before.attributes &&
    base.archivedAt === before.archivedAt &&
    base.floor === before.floor &&
    base.spilled === before.spilled &&
    base.strays === before.strays &&
    wantsJournal(base) &&
    cover(bounds, marksOf(base.tasks))
  );
}

/** A run that somebody is working on will change again soon. */
export function wantsJournal(base: Base): boolean {
  return base.closedAt === null && base.tasks.some((task) => task.leaseOwner !== null);
}

export function stepColumns({ base, fresh, stored }: Run): StepColumns {
  const { seq, historyBytes, version, progressAt, body } = base;
  const tasks = base.tasks.map((task) => {
    const place = stored.indexOf(task);
    return place < 0 ? task : place;
  });
  const events = joinEvents('', 0, fresh);
  return { seq, historyBytes, version, progressAt, body, tasks, events, count: fresh.length };
}
