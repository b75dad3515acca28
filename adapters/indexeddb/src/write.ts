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
import type { WriteTx } from './schema.js';
import type { Inbox, Run, View } from './view.js';

/** Makes the write requests of one transaction; what becomes of them, the transaction tells. */
export type Request = (made: Promise<unknown>) => void;

/** Writes what the batches have changed, each record once. `view.runs` is then what the store will hold. */
export function writeAll(tx: WriteTx, view: View, journals: Journals, request: Request): void {
  for (const [runId, run] of view.purged) {
    // Steps go and blockers stay: a handle that still has a journal of this run in mind must find its place taken.
    if (run !== undefined) closeJournal(tx, run, journals, request);
    request(tx.objectStore('chunks').delete(allOf(runId)));
    request(tx.objectStore('live').delete(runId));
  }
  for (const [runId, run] of view.runs) {
    if (run?.dirty !== true) continue;
    if (run.recalled) addStep(tx, run, request);
    else putRecord(tx, runId, run, journals, request);
  }
  for (const taskId of view.dirtySpills) putSpill(tx, homeOf(taskId), taskId, view.spills.get(taskId), request);
  for (const name of view.dirtyKeys) {
    const record = view.keys.get(name);
    const [namespace = '', key = ''] = name.split('\0');
    request(record ? tx.objectStore('keys').put(record) : tx.objectStore('keys').delete([namespace, key]));
  }
  for (const [runId, inbox] of view.inboxes) writeInbox(tx, runId, inbox, request);
  if (view.floorMoved) request(tx.objectStore('meta').put(view.floor, 'floor'));
}

/** `add`, not `put`: it fails where the place is taken, and with it the transaction. That is the only check needed. */
function addStep(tx: WriteTx, run: Run, request: Request): void {
  const columns = stepColumns(run);
  run.step++;
  run.chars += columns.events.length;
  run.fresh = [];
  request(tx.objectStore('steps').add({ key: stepKey(run.base.runId, run.base.era, run.step), columns }));
}

/** Writes the run's record anew, its journal folded in. */
function putRecord(tx: WriteTx, runId: RunId, run: Run, journals: Journals, request: Request): void {
  closeJournal(tx, run, journals, request);
  sealEvents(tx, run, request);
  if (!run.base.startApart && run.base.start.length > startChars) {
    request(tx.objectStore('chunks').put({ key: startKey(runId), last: 0, text: run.base.start }));
    run.base = { ...run.base, start: '', startApart: true };
  }
  run.bounds = marksOf(run.base.tasks);
  run.base = {
    ...run.base,
    era: wantsJournal(run.base) ? journals.newEra() : '',
    marks: [...run.bounds.values()],
  };
  request(tx.objectStore('live').put(run.base, runId));
  run.step = 0;
  run.chars = 0;
}

function closeJournal(tx: WriteTx, run: Run, journals: Journals, request: Request): void {
  const { era, runId } = run.base;
  const steps = tx.objectStore('steps');
  // Blockers against this very handle have done their work.
  if (run.usurped) request(steps.delete(journals.allSteps(runId)));
  if (era === '') return;
  if (run.step > 0) request(steps.delete(stepsOf(runId, era)));
  if (!journals.isOwn(era)) request(steps.put({ key: stepKey(runId, era, run.step + 1) }));
}

function sealEvents(tx: WriteTx, run: Run, request: Request): void {
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
    request(tx.objectStore('chunks').put({ key: chunkKey(base.runId, last), last, text: part.join('\0') }));
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

function putSpill(
  tx: WriteTx,
  home: RunId,
  taskId: string,
  task: TaskRecord | undefined,
  request: Request,
): void {
  const live = tx.objectStore('live');
  if (task === undefined) request(live.delete([home, taskId]));
  else {
    const marks = [...marksOf([task]).values()];
    request(live.put({ task, marks, ...(task.runId === home ? {} : { stray: task.runId }) }, [home, taskId]));
  }
}

function writeInbox(tx: WriteTx, runId: RunId, inbox: Inbox, request: Request): void {
  const store = tx.objectStore('inbox');
  if (inbox.dropped > 0 && inbox.top > 0) {
    const dropped = IDBKeyRange.bound([runId], [runId, Math.min(inbox.dropped, inbox.top)]);
    request(store.delete(dropped));
  }
  for (const message of inbox.added) if (message.position > inbox.dropped) request(store.put(message));
}

