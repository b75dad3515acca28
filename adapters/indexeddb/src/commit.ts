import type { Batch, CommitResult, RunId } from '@perdure/core/storage';
import { applyAll } from './apply.js';
import { nameOf } from './errors.js';
import { isStep, type Journals, type Taken } from './journal.js';
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
  try {
    return await attempt(session, batches, needs, progress, new Set());
  } catch (error) {
    if (nameOf(error) !== 'ConstraintError') throw error;
    progress.committing = false;
    return attempt(session, batches, needs, progress, needs.runs);
  }
}

async function attempt(
  session: Session,
  batches: readonly Batch[],
  needs: Needs,
  progress: Progress,
  doubtful: Set<RunId>,
): Promise<Committed> {
  // In one go with the opening of the transaction, so that the order of taking is the order of transactions.
  const taken = session.journals.take(needs.runs);
  let writing: Writing | undefined;
  try {
    for (;;) {
      const view = new View(taken);
      recall(view, needs, taken, doubtful);
      if (!isKnown(view, needs)) {
        writing ??= new Writing(session);
        await load(writing.tx, needs, view);
      }
      const results = applyAll(view, batches);
      if (doubt(view, doubtful)) continue;
      // Steps alone need no other store. Whatever changes a run's record has this one in its scope too: they still queue.
      writing ??= new Writing(session, ['steps']);
      writeAll(writing, view, session.journals);
      await writing.commit(progress);
      settle(view, session.journals);
      return { results, view };
    }
  } catch (error) {
    writing?.abort();
    throw error;
  } finally {
    session.journals.done(needs.runs, taken);
  }
}

function recall(view: View, needs: Needs, taken: Taken, doubtful: ReadonlySet<RunId>): void {
  for (const [runId, known] of taken) {
    if (doubtful.has(runId)) continue;
    const run = { ...known, fresh: [], dirty: false };
    view.runs.set(runId, run);
    view.recalled.set(runId, { run, before: run.base });
    if (run.inbox !== undefined && needs.inboxes.get(runId)?.length === 0) {
      view.inboxes.set(runId, { top: run.inbox, dropped: 0, added: [], known: new Map() });
    }
  }
}

/** Only a step proves what was remembered: everything else that was taken from memory has to be read after all. */
function doubt(view: View, doubtful: Set<RunId>): boolean {
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

/** After the transaction: remembers what the next commit can begin with. */
export function settle(view: View, journals: Journals): void {
  for (const [runId, run] of view.runs) {
    if (run?.dirty !== true) continue;
    if (view.inboxes.has(runId)) run.inbox = view.lastPosition(runId);
    journals.keep(runId, run, view.taken);
  }
}
