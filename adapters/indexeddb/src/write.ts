import type { RunId, TaskRecord } from '@perdure/core/storage';
import { stepColumns, wantsJournal, type Journals } from './journal.js';
import {
  allOf,
  chunkChars,
  chunkEvents,
  chunkKey,
  homeOf,
  joinEvents,
  splitEvents,
  startChars,
  startKey,
  stepKey,
  stepsOf,
  tailChars,
  tailEvents,
} from './layout.js';
import { marksOf } from './marks.js';
import type { Run } from './run.js';
import type { Writing } from './session.js';
import type { Inbox, View } from './view.js';

/** Writes what the batches have changed, each record once. `view.runs` is then what the store will hold. */
export function writeAll(writing: Writing, view: View, journals: Journals): void {
  for (const [runId, run] of view.purged) {
    // Steps go and blockers stay: a handle that still has a journal of this run in mind must find its place taken.
    if (run !== undefined) closeJournal(writing, run, view, journals);
    writing.store('chunks').delete(allOf(runId));
    writing.store('live').delete(runId);
  }
  for (const runId of view.dirtyGhosts) putGhost(writing, view, runId);
  for (const [runId, run] of view.runs) {
    if (run?.dirty !== true) continue;
    if (run.isStep) addStep(writing, run);
    else putRecord(writing, runId, run, view, journals);
  }
  for (const taskId of view.dirtySpills) putSpill(writing, homeOf(taskId), taskId, view.spills.get(taskId));
  for (const name of view.dirtyKeys) {
    const record = view.keys.get(name);
    const [namespace = '', key = ''] = name.split('\0');
    if (record === undefined) writing.store('keys').delete([namespace, key]);
    else if (view.assumedKeys.has(name)) writing.store('keys').add(record);
    else writing.store('keys').put(record);
  }
  for (const [runId, inbox] of view.inboxes) writeInbox(writing, runId, inbox);
  if (view.floorMoved) writing.store('meta').put(view.floor, 'floor');
}

/** `add`, not `put`: it fails where the place is taken, and with it the transaction. That is the only check needed. */
function addStep(writing: Writing, run: Run): void {
  const { base, fresh } = run;
  const columns = stepColumns(run);
  run.step++;
  run.chars += columns.events.length;
  run.fresh = [];
  run.base = {
    ...base,
    tail: joinEvents(base.tail, base.tailCount, fresh),
    tailCount: base.tailCount + fresh.length,
  };
  writing.store('steps').add(columns, stepKey(base.runId, base.era, run.step));
}

/** Writes the run's record anew, its journal folded in. */
function putRecord(writing: Writing, runId: RunId, run: Run, view: View, journals: Journals): void {
  closeJournal(writing, run, view, journals);
  sealEvents(writing, run);
  if (!run.base.startApart && run.base.start.length > startChars) {
    writing.store('chunks').put({ last: 0, text: run.base.start }, startKey(runId));
    run.base = { ...run.base, start: '', startApart: true };
  }
  run.stored = run.base.tasks;
  run.bounds = marksOf(run.stored);
  run.base = {
    ...run.base,
    era: wantsJournal(run.base) ? journals.newEra() : '',
    marks: [...run.bounds.values()],
  };
  if (view.assumedRuns.has(runId)) writing.store('live').add(run.base, runId);
  else writing.store('live').put(run.base, runId);
  run.step = 0;
  run.chars = 0;
}

function closeJournal(writing: Writing, run: Run, { taken }: View, journals: Journals): void {
  const { runId, era } = run.base;
  const steps = writing.store('steps');
  const next = stepKey(runId, era, run.step + 1);
  const ours = journals.isOwn(era) && journals.isTaker(runId, taken);
  const known = taken?.get(runId)?.base.era ?? era;
  // What came from memory is proved by the place that is free, as with a step.
  if (run.before !== undefined) steps.add(null, next);
  // What this handle knew is used up: nothing has to bar it any more.
  if (run.before !== undefined || known !== era || (ours && run.step > 0))
    steps.delete(journals.ownSteps(runId));
  if (era === '' || ours || run.before !== undefined) return;
  if (run.step > 0) steps.delete(stepsOf(runId, era));
  steps.put(null, next);
}

function sealEvents(writing: Writing, run: Run): void {
  const { base, fresh } = run;
  run.fresh = [];
  const tail = joinEvents(base.tail, base.tailCount, fresh);
  const tailCount = base.tailCount + fresh.length;
  if (tailCount < tailEvents && tail.length < tailChars) {
    run.base = { ...base, tail, tailCount };
    return;
  }
  let last = base.seq - tailCount;
  for (const part of parts(splitEvents(tail, tailCount))) {
    last += part.length;
    writing.store('chunks').put({ last, text: part.join('\0') }, chunkKey(base.runId, last));
  }
  run.base = { ...base, tail: '', tailCount: 0 };
}

function* parts(events: readonly string[]): Generator<readonly string[]> {
  let part: string[] = [];
  let chars = 0;
  for (const event of events) {
    if (part.length > 0 && (part.length >= chunkEvents || chars + event.length > chunkChars)) {
      yield part;
      part = [];
      chars = 0;
    }
    part.push(event);
    chars += event.length;
  }
  if (part.length > 0) yield part;
}

/** Nothing is kept of a run that is there, or of which there is nothing to say. */
function putGhost(writing: Writing, view: View, runId: RunId): void {
  const ghost = view.ghosts.get(runId);
  if (ghost === undefined || view.runs.get(runId) !== undefined) return;
  if (ghost.spilled > 0 || ghost.strays || ghost.messages) writing.store('live').put(ghost, runId);
  else writing.store('live').delete(runId);
}

function putSpill(writing: Writing, home: RunId, taskId: string, task: TaskRecord | undefined): void {
  const live = writing.store('live');
  if (task === undefined) live.delete([home, taskId]);
  else {
    const marks = [...marksOf([task]).values()];
    live.put({ task, marks, ...(task.runId === home ? {} : { stray: task.runId }) }, [home, taskId]);
  }
}

function writeInbox(writing: Writing, runId: RunId, inbox: Inbox): void {
  if (inbox.dropped > 0 && inbox.top > 0) {
    const dropped = IDBKeyRange.bound([runId], [runId, Math.min(inbox.dropped, inbox.top)]);
    writing.store('inbox').delete(dropped);
  }
  for (const message of inbox.added) {
    if (message.position > inbox.dropped) writing.store('inbox').put(message);
  }
}
