import type {
  KeyRecord,
  LoadedRun,
  LoadRequest,
  MessageRecord,
  Namespace,
  RunId,
  RunRecord,
  Seq,
  TaskId,
  TaskRecord,
} from '@perdure/core/storage';
import { chunkEvents, chunkKey, homeOf, runRecord, splitEvents, startKey, type Base } from './layout.js';
import { readLatest, readRun, readSpill, spillsOf } from './load.js';
import type { ReadTx } from './schema.js';
import { readTx, type Session } from './session.js';

/** The largest count that IndexedDB takes. */
const most = 0xffff_ffff;

export async function readRunRecord(session: Session, runId: RunId): Promise<RunRecord | undefined> {
  const tx = readTx(session, ['live', 'steps', 'chunks']);
  const base = await readLatest(tx, runId);
  return base && withStart(tx, base);
}

export async function loadRuns(
  session: Session,
  requests: readonly LoadRequest[],
): Promise<readonly (LoadedRun | undefined)[]> {
  const tx = readTx(session, ['live', 'steps', 'chunks', 'inbox']);
  return Promise.all(
    requests.map(async ({ runId, afterSeq }) => {
      const [found, inbox] = await Promise.all([readRun(tx, runId), inboxOf(tx, runId, 0, most)]);
      if (found === undefined) return undefined;
      const [run, events] = await Promise.all([
        withStart(tx, found.base),
        eventsOf(tx, found.base, afterSeq + 1, Infinity),
      ]);
      return { run, events, inbox };
    }),
  );
}

export async function readEvents(
  session: Session,
  runId: RunId,
  from: Seq,
  limit: number,
): Promise<readonly string[]> {
  const tx = readTx(session, ['live', 'steps', 'chunks']);
  const run = await readRun(tx, runId);
  return run === undefined ? [] : eventsOf(tx, run.base, Math.max(from, 1), limit);
}

export function readInbox(
  session: Session,
  runId: RunId,
  afterPosition: number,
  limit: number,
): Promise<readonly MessageRecord[]> {
  return inboxOf(readTx(session, ['inbox']), runId, afterPosition, limit);
}

export async function readTasks(session: Session, runId: RunId): Promise<readonly TaskRecord[]> {
  const tx = readTx(session, ['live', 'steps']);
  const [run, spills] = await Promise.all([readLatest(tx, runId), spillsOf(tx, runId)]);
  return [...(run?.tasks ?? []), ...spills].sort((a, b) => (a.taskId < b.taskId ? -1 : 1));
}

export async function readTask(session: Session, taskId: TaskId): Promise<TaskRecord | undefined> {
  const tx = readTx(session, ['live', 'steps']);
  const [home, spill] = await Promise.all([readLatest(tx, homeOf(taskId)), readSpill(tx, taskId)]);
  return spill ?? home?.tasks.find((task) => task.taskId === taskId);
}

export function readKey(session: Session, namespace: Namespace, key: string): Promise<KeyRecord | undefined> {
  return readTx(session, ['keys']).objectStore('keys').get([namespace, key]);
}

export async function withStart(tx: ReadTx, base: Base): Promise<RunRecord> {
  if (!base.startApart) return runRecord(base);
  const chunk = await tx.objectStore('chunks').get(startKey(base.runId));
  return runRecord(base, chunk?.text);
}

/** Events `from` …, first those in chunks. */
async function eventsOf(tx: ReadTx, base: Base, from: Seq, limit: number): Promise<readonly string[]> {
  const events: string[] = [];
  const sealed = base.seq - base.tailCount;
  let next = from;
  while (next <= sealed && events.length < limit) {
    const range = IDBKeyRange.bound(chunkKey(base.runId, next), chunkKey(base.runId, sealed));
    const wanted = Math.ceil((limit - events.length) / chunkEvents) + 1;
    const chunks = await tx.objectStore('chunks').getAll(range, Math.min(wanted, most));
    if (chunks.length === 0) break;
    for (const { last, text } of chunks) {
      const bodies = text.split('\0');
      const first = last - bodies.length + 1;
      events.push(...bodies.slice(Math.max(next - first, 0)));
      next = last + 1;
    }
  }
  const tail = splitEvents(base.tail, base.tailCount).slice(Math.max(next - sealed - 1, 0));
  return [...events, ...tail].slice(0, limit);
}

function inboxOf(tx: ReadTx, runId: RunId, after: number, limit: number): Promise<readonly MessageRecord[]> {
  // To IndexedDB, none is all.
  if (limit <= 0) return Promise.resolve([]);
  const range = IDBKeyRange.bound([runId, after], [runId, []], true);
  return tx.objectStore('inbox').getAll(range, Math.min(limit, most));
}
