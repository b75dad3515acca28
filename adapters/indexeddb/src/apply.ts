import {
  NEVER,
  refusalOf,
  type Batch,
  type CommitResult,
  type NewMessage,
  type RunChanges,
  type RunId,
  type Write,
} from '@perdure/core/storage';
import { changeTask, dropTask, dropTasksOf, putTask, touchTask } from './tasks.js';
import { workOn, type Run } from './run.js';
import { identityOf, keyName, type View } from './view.js';

/** Applies batches to a view that knows all they name. Pure: nothing is read or written. */
export function applyAll(view: View, batches: readonly Batch[]): readonly CommitResult[] {
  return batches.map((batch) => {
    const refusal = refusalOf(batch, view);
    if (refusal !== null) return { ok: false, refusal };
    for (const write of batch.writes) apply(view, write);
    return { ok: true };
  });
}

function apply(view: View, write: Write): void {
  switch (write.kind) {
    case 'insert-run': {
      const { runId } = write.run;
      const { spilled, strays, messages } = view.ghost(runId);
      const run = workOn({
        ...write.run,
        startApart: false,
        seq: 0,
        historyBytes: 0,
        version: 0,
        tasks: [],
        spilled,
        strays,
        floor: 0,
        tail: '',
        tailCount: 0,
        era: '',
        marks: [],
      });
      // Nobody has sent it anything yet.
      if (!messages) run.inbox = 0;
      view.ghosts.delete(runId);
      view.runs.set(runId, run);
      advance(view, run, write.events, undefined);
      return;
    }
    case 'advance-run': {
      const run = view.runs.get(write.runId);
      if (run !== undefined) advance(view, run, write.events, write.changes);
      return;
    }
    case 'amend-run': {
      const run = view.runs.get(write.runId);
      if (run !== undefined) advance(view, run, [], write.changes);
      return;
    }
    case 'put-task':
      putTask(view, write.task);
      touchTask(view, write.task);
      return;
    case 'drop-task': {
      const task = view.task(write.taskId);
      if (task === undefined) return;
      dropTask(view, write.taskId);
      view.changed.add(task.runId);
      return;
    }
    case 'drop-tasks':
      dropTasksOf(view, write.runId);
      view.changed.add(write.runId);
      return;
    case 'wake-task': {
      const task = view.task(write.taskId);
      if (task === undefined || task.visibleAt <= write.at) return;
      const woken = { ...task, visibleAt: write.at };
      changeTask(view, woken);
      touchTask(view, woken);
      return;
    }
    case 'put-message':
      putMessage(view, write.message);
      return;
    case 'drop-messages':
      dropMessages(view, write.runId, write.through);
      return;
    case 'put-key':
      setKey(view, keyName(write.record), write.record);
      return;
    case 'drop-key':
      setKey(view, keyName(write), undefined);
      return;
    case 'purge-run':
      purge(view, write.runId);
      return;
  }
}

function advance(view: View, run: Run, events: readonly string[], changes: RunChanges | undefined): void {
  const { base } = run;
  let { historyBytes } = base;
  for (const event of events) {
    run.fresh.push(event);
    historyBytes += event.length;
  }
  const { status, isCurrent, buildId, closedAt, progressAt, body, attributes, archivedAt } = changes ?? base;
  run.base = {
    ...base,
    ...(attributes !== undefined && { attributes }),
    ...(archivedAt !== undefined && { archivedAt }),
    ...{ status, isCurrent, buildId, closedAt, progressAt, body },
    seq: base.seq + events.length,
    historyBytes,
    version: base.version + 1,
  };
  run.dirty = true;
  view.changed.add(base.runId);
}

function putMessage(view: View, message: NewMessage): void {
  const inbox = view.inboxes.get(message.runId);
  if (inbox === undefined) return;
  view.changed.add(message.runId);
  const identity = identityOf(message);
  if ((inbox.known.get(identity) ?? 0) > inbox.dropped) return;
  const run = view.runs.get(message.runId);
  // Who has the journal open may think the inbox empty: it must find its next place taken.
  if (run !== undefined && run.base.era !== '') run.dirty = true;
  if (run === undefined) view.setGhost(message.runId, { messages: true });
  const last = inbox.added.at(-1)?.position ?? inbox.top;
  const position = Math.max(last, run?.base.floor ?? 0, view.floor) + 1;
  inbox.known.set(identity, position);
  inbox.added.push({ ...message, position });
}

function dropMessages(view: View, runId: RunId, through: number): void {
  const inbox = view.inboxes.get(runId);
  const last = view.lastPosition(runId);
  view.changed.add(runId);
  if (inbox === undefined || last === 0 || through <= inbox.dropped) return;
  inbox.dropped = Math.min(through, last);
  view.messagesDropped = true;
  if (through < last) return;
  // The newest message goes, and with it what the next position would be counted from.
  const run = view.runs.get(runId);
  if (run === undefined) raiseFloor(view, last);
  else {
    run.base = { ...run.base, floor: last };
    run.dirty = true;
  }
}

function setKey(
  view: View,
  name: string,
  record: View['keys'] extends Map<string, infer R> ? R : never,
): void {
  view.keys.set(name, record);
  view.dirtyKeys.add(name);
}

function purge(view: View, runId: RunId): void {
  dropTasksOf(view, runId);
  dropMessages(view, runId, NEVER);
  for (const [name, record] of view.keys) if (record?.runId === runId) setKey(view, name, undefined);
  const run = view.runs.get(runId);
  if (!view.purged.has(runId)) view.purged.set(runId, run);
  view.setGhost(runId, { spilled: (run?.base ?? view.ghost(runId)).spilled, strays: false, messages: false });
  raiseFloor(view, run?.base.floor ?? 0);
  view.runs.set(runId, undefined);
  view.changed.add(runId);
}

function raiseFloor(view: View, floor: number): void {
  if (floor <= view.floor) return;
  view.floor = floor;
  view.floorMoved = true;
}
