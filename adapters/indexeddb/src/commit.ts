import type { Batch, CommitResult } from '@perdure/core/storage';
import { applyAll } from './apply.js';
import { nameOf } from './errors.js';
import { isStep, type Journals } from './journal.js';
import { load } from './load.js';
import { homeOf } from './layout.js';
import { needsOf, type Needs } from './needs.js';
import { Writing, type Progress, type Session } from './session.js';
import { View } from './view.js';
import { writeAll } from './write.js';

export interface Committed {
  readonly results: readonly CommitResult[];
  readonly view: View;
}

/**
 * All batches in one transaction. What this handle remembers of a run is used without reading it, and proved by the step
 * that is added; where the proof fails the whole is done again from what the store holds.
 */
export async function commit(
  session: Session,
  batches: readonly Batch[],
  progress: Progress,
): Promise<Committed> {
  const needs = needsOf(batches);
  const alone = session.writing === 0;
  session.writing++;
  try {
    if (alone) {
      try {
        return await attempt(session, batches, needs, progress, true);
      } catch (error) {
        if (nameOf(error) !== 'ConstraintError') throw error;
        progress.committing = false;
      }
    }
    return await attempt(session, batches, needs, progress, false);
  } finally {
    session.writing--;
  }
}

async function attempt(
  session: Session,
  batches: readonly Batch[],
  needs: Needs,
  progress: Progress,
  fromMemory: boolean,
): Promise<Committed> {
  const { journals } = session;
  const doubtful = new Set<string>();
  let writing: Writing | undefined;
  try {
    for (;;) {
      const view = new View();
      if (fromMemory) recall(view, needs, journals, doubtful);
      if (!isKnown(view, needs)) {
        writing ??= new Writing(session);
        await load(writing.tx, needs, view);
        noteUsurped(view, journals);
      }
      const results = applyAll(view, batches);
      if (doubt(view, doubtful)) continue;
      // Steps alone need no other store. Whatever changes a run's record has this one in its scope too, so they still queue.
      writing ??= new Writing(session, ['steps']);
      writeAll(writing, view, journals);
      await writing.commit(progress);
      settle(view, journals);
      return { results, view };
    }
  } catch (error) {
    writing?.abort();
    throw error;
  }
}

function recall(view: View, needs: Needs, journals: Journals, doubtful: ReadonlySet<string>): void {
  for (const runId of needs.runs) {
    const run = doubtful.has(runId) ? undefined : journals.recall(runId);
    if (run === undefined) continue;
    view.runs.set(runId, run);
    view.recalled.set(runId, { run, before: run.base });
    if (run.inbox !== undefined && needs.inboxes.get(runId)?.length === 0) {
      view.inboxes.set(runId, { top: run.inbox, dropped: 0, added: [], known: new Map() });
    }
  }
}

/** Only a step proves what was remembered: everything else that was taken from memory has to be read after all. */
function doubt(view: View, doubtful: Set<string>): boolean {
  let found = false;
  for (const [runId, { run, before }] of view.recalled) {
    if (view.runs.get(runId) === run && run.dirty && isStep(run, before)) continue;
    doubtful.add(runId);
    found = true;
  }
  return found;
}

function isKnown(view: View, needs: Needs): boolean {
  if (needs.keys.size + needs.tasksOf.size + needs.spillsUnder.size > 0) return false;
  for (const runId of needs.runs) if (!view.runs.has(runId)) return false;
  for (const runId of needs.inboxes.keys()) if (!view.inboxes.has(runId)) return false;
  for (const taskId of needs.tasks) {
    const home = view.runs.get(homeOf(taskId));
    if (home === undefined || (home.base.spilled > 0 && view.task(taskId) === undefined)) return false;
  }
  return true;
}

export function noteUsurped(view: View, journals: Journals): void {
  for (const [runId, run] of view.runs) {
    const era = journals.eraOf(runId);
    if (run !== undefined && !run.recalled && era !== undefined && era !== run.base.era) run.usurped = true;
  }
}

/** After the transaction: remembers what the next commit can begin with. */
export function settle(view: View, journals: Journals): void {
  for (const runId of view.purged.keys()) journals.keep(runId, undefined);
  for (const [runId, run] of view.runs) {
    if (run === undefined || !(run.dirty || run.usurped)) continue;
    if (view.inboxes.has(runId)) run.inbox = view.lastPosition(runId);
    journals.keep(runId, run);
  }
}
