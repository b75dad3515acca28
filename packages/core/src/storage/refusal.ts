import type { Namespace, RunId, TaskId } from '../model/ids.js';
import type { Batch, Expectation, Refusal, Write } from './port.js';
import type { RunRecord } from './records.js';

/** Where a run stands, as far as a batch can be refused for it. */
export type RunHead = Pick<RunRecord, 'seq' | 'closedAt'>;

/** What `refusalOf` asks of the store, as it is just before the batch. */
export interface BatchFacts {
  head(runId: RunId): RunHead | undefined;
  /** Newest token of the task. */
  token(taskId: TaskId): number | undefined;
  keyValue(namespace: Namespace, key: string): string | null;
  /** Position of the newest message in the run's inbox; 0 where it is empty. */
  lastPosition(runId: RunId): number;
}

/**
 * Whether a batch must be refused, and for what, found before anything of it is written: so an adapter needs neither an
 * undo nor a savepoint. Writes see the writes before them, as if those had been applied.
 */
export function refusalOf(batch: Batch, facts: BatchFacts): Refusal | null {
  const { expect, writes } = batch;
  for (const [index, expectation] of expect.entries()) {
    if (!holds(expectation, facts)) return { reason: expectation.kind, of: 'expect', index };
  }
  let movers = 0;
  for (const write of writes) if (movesRun(write)) movers++;
  let moved: Map<RunId, RunHead | undefined> | null = null;
  for (const [index, write] of writes.entries()) {
    if (!movesRun(write)) continue;
    const runId = write.kind === 'insert-run' ? write.run.runId : write.runId;
    const head = moved?.has(runId) === true ? moved.get(runId) : facts.head(runId);
    const reason = refusedFor(write, head);
    if (reason !== null) return { reason, of: 'writes', index };
    if (movers > 1) (moved ??= new Map()).set(runId, headAfter(write, head));
  }
  return null;
}

function holds(expectation: Expectation, facts: BatchFacts): boolean {
  switch (expectation.kind) {
    case 'run-open':
      return facts.head(expectation.runId)?.closedAt === null;
    case 'run-at':
      return facts.head(expectation.runId)?.seq === expectation.seq;
    case 'token':
      return facts.token(expectation.taskId) === expectation.token;
    case 'key':
      return facts.keyValue(expectation.namespace, expectation.key) === expectation.value;
    case 'inbox-read':
      return facts.lastPosition(expectation.runId) <= expectation.through;
  }
}

type RunWrite = Extract<Write, { readonly kind: 'insert-run' | 'advance-run' | 'amend-run' | 'purge-run' }>;

function movesRun(write: Write): write is RunWrite {
  const { kind } = write;
  return kind === 'advance-run' || kind === 'insert-run' || kind === 'amend-run' || kind === 'purge-run';
}

function refusedFor(write: RunWrite, head: RunHead | undefined): Refusal['reason'] | null {
  switch (write.kind) {
    case 'insert-run':
      return head === undefined ? null : 'run-exists';
    case 'advance-run':
      if (head === undefined) return 'run-unknown';
      if (head.closedAt !== null) return 'run-closed';
      return head.seq === write.fromSeq ? null : 'run-moved';
    case 'amend-run':
      return head === undefined ? 'run-unknown' : null;
    case 'purge-run':
      return null;
  }
}

function headAfter(write: RunWrite, head: RunHead | undefined): RunHead | undefined {
  switch (write.kind) {
    case 'insert-run':
      return { seq: write.events.length, closedAt: write.run.closedAt };
    case 'advance-run':
      return { seq: write.fromSeq + write.events.length, closedAt: write.changes?.closedAt ?? null };
    case 'amend-run':
      return { seq: head?.seq ?? 0, closedAt: write.changes.closedAt };
    case 'purge-run':
      return undefined;
  }
}
