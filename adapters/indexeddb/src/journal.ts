import type { RunId } from '@perdure/core/storage';
import { joinEvents, journalChars, journalSteps, type Base, type StepColumns } from './layout.js';
import { cover, marksOf } from './marks.js';
import type { Run } from './view.js';

/** Runs remembered; the one that was used longest ago goes first. */
const remembered = 1_000;

/**
 * What this handle knows of the runs whose journal it has opened. The next commit of such a run is made from memory, and
 * proved by adding its step: where another has changed the run meanwhile, the step's place is taken.
 */
export class Journals {
  /** Begins every era that this handle opens. */
  readonly owner: string;
  readonly #runs = new Map<RunId, Run>();
  #eras = 0;

  constructor(owner: string) {
    this.owner = owner;
  }

  newEra(): string {
    return `${this.owner}.${++this.#eras}`;
  }
  isOwn(era: string): boolean {
    return era.startsWith(`${this.owner}.`);
  }

  /** All eras of this handle in a run's journals. */
  allSteps(runId: RunId): IDBKeyRange {
    return IDBKeyRange.bound(`${runId}\0${this.owner}.`, `${runId}\0${this.owner}/`, false, true);
  }

  recall(runId: RunId): Run | undefined {
    const run = this.#runs.get(runId);
    return run && { ...run, fresh: [], dirty: false };
  }
  eraOf(runId: RunId): string | undefined {
    return this.#runs.get(runId)?.base.era;
  }

  /** After the commit: what the next one begins with. */
  keep(runId: RunId, run: Run | undefined): void {
    this.#runs.delete(runId);
    if (run === undefined || !run.dirty || run.base.era === '') return;
    run.base = { ...run.base, start: '', tail: '', tailCount: 0 };
    run.recalled = true;
    run.usurped = false;
    this.#runs.set(runId, run);
    if (this.#runs.size <= remembered) return;
    for (const oldest of this.#runs.keys()) {
      this.#runs.delete(oldest);
      return;
    }
  }

  forget(): void {
    this.#runs.clear();
  }
}

/** Whether the change of a run can be one more step: columns of lists as they were, and found in time by the old marks. */
export function isStep(run: Run, before: Base): boolean {
  const { base } = run;
  return (
    run.step < journalSteps &&
    run.chars < journalChars &&
    base.status === before.status &&
    base.isCurrent === before.isCurrent &&
    base.closedAt === before.closedAt &&
    base.floor === before.floor &&
    base.spilled === before.spilled &&
    wantsJournal(base) &&
    cover(run.bounds, marksOf(base.tasks))
  );
}

/** A run that somebody is working on will change again soon. */
export function wantsJournal(base: Base): boolean {
  return base.closedAt === null && base.tasks.some((task) => task.leaseOwner !== null);
}

export function stepColumns({ base, fresh }: Run): StepColumns {
  const { seq, historyBytes, version, buildId, progressAt, body, tasks } = base;
  const count = fresh.length;
  return {
    seq,
    historyBytes,
    version,
    buildId,
    progressAt,
    body,
    tasks,
    events: joinEvents('', 0, fresh),
    count,
  };
}
