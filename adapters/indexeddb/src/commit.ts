import type { Batch, CommitResult } from '@perdure/core/storage';
import { applyAll } from './apply.js';
import { nameOf } from './errors.js';
import { isStep, type Journals } from './journal.js';
import { load } from './load.js';
import { homeOf } from './layout.js';
import { needsOf, type Needs } from './needs.js';
import { Writing, type Progress, type Session } from './session.js';
import { inboxWith, View, type Taken } from './view.js';
import { writeAll } from './write.js';

export interface Committed {
  readonly results: readonly CommitResult[];
  readonly view: View;
}

/**
 * All batches in one transaction. What this handle remembers of a run is used without reading it, and proved by adding
 * to its journal; where the proof fails the whole is done again from what the store holds.
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
    return attempt(session, batches, needs, progress, new Set([...needs.runs, ...needs.keys.keys()]));
  }
}

async function attempt(
  session: Session,
  batches: readonly Batch[],
  needs: Needs,
  progress: Progress,
  doubtful: Set<string>,
): Promise<Committed> {
  // In one go with the opening of the transaction, so that the order of taking is the order of transactions.
  const taken = session.journals.take(needs.runs);
  let writing: Writing | undefined;
  try {
    for (;;) {
      const view = new View(taken);
      recall(view, needs, taken, doubtful);
      assume(view, needs, doubtful);
      if (!isKnown(view, needs)) {
        writing ??= new Writing(session);
        await load(writing.tx, needs, view);
      }
      const results = applyAll(view, batches);
      if (doubt(view, doubtful)) continue;
      // Steps alone need no other store. Whatever changes a run's record has this one in its scope too: they still queue.
      writing ??= new Writing(session, view.isSteps ? ['steps'] : undefined);
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

function recall(view: View, needs: Needs, taken: Taken, doubtful: ReadonlySet<string>): void {
  for (const [runId, known] of taken) {
    if (doubtful.has(runId)) continue;
    const run = { ...known, before: known.base, fresh: [], dirty: false };
    view.runs.set(runId, run);
    view.recalled.set(runId, run);
    if (run.inbox !== undefined && needs.inboxes.get(runId)?.length === 0) {
      view.inboxes.set(runId, inboxWith(run.inbox));
    }
  }
}

/** What is to be added is taken to be missing; that it could be added will prove it. */
function assume(view: View, needs: Needs, doubtful: ReadonlySet<string>): void {
  for (const runId of needs.inserts) {
    // One that is purged first could be added whatever there was.
    if (doubtful.has(runId) || view.runs.has(runId) || needs.keysOf.has(runId)) continue;
    view.runs.set(runId, undefined);
    view.assumedRuns.add(runId);
  }
  for (const [name, { value }] of needs.keys) {
    if (value === null && !doubtful.has(name)) view.assumedKeys.add(name);
  }
}

/** What was not read must be proved by something that is added. What is not written proves nothing, and is read after all. */
function doubt(view: View, doubtful: Set<string>): boolean {
  const { size } = doubtful;
  for (const [runId, run] of view.recalled) {
    if (view.runs.get(runId) !== run || !run.dirty) doubtful.add(runId);
    run.isStep = isStep(run);
  }
  for (const runId of view.assumedRuns) if (view.runs.get(runId) === undefined) doubtful.add(runId);
  for (const name of view.assumedKeys) if (view.keys.get(name) === undefined) doubtful.add(name);
  return doubtful.size > size;
}

function isKnown(view: View, needs: Needs): boolean {
  if (needs.keysOf.size > 0) return false;
  for (const name of needs.keys.keys()) if (!view.assumedKeys.has(name)) return false;
  for (const runId of needs.runs) if (!view.runs.has(runId)) return false;
  for (const runId of needs.inboxes.keys()) if (!view.inboxes.has(runId)) return false;
  for (const taskId of needs.tasks) {
    const { spilled } = view.runs.get(homeOf(taskId))?.base ?? view.ghost(homeOf(taskId));
    if (spilled > 0 && view.task(taskId) === undefined) return false;
  }
  for (const runId of needs.tasksOf) {
    const { spilled, strays } = view.runs.get(runId)?.base ?? view.ghost(runId);
    if (spilled > 0 || strays) return false;
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
