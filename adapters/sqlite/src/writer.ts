import {
  refusalOf,
  type Batch,
  type CommitResult,
  type Hints,
  type NewMessage,
  type NewRun,
  type RunChanges,
  type RunId,
  type Seq,
  type Write,
} from '@perdure/core/storage';
import { refused } from './errors.js';
import type { Facts, Head } from './facts.js';
import { toStored } from './order.js';
import { toLines } from './lines.js';
import { mostEvents } from './schema.js';
import type { Sql } from './statements.js';
import type { Tasks } from './tasks.js';

const applied: CommitResult = { ok: true };

/** In characters: what a run's row may hold of its start and of its newest events. */
const longestStart = 500;
const longestTail = 1_200;
const mostInPiece = 100;

const insertPiece = 'insert into events values (? << 24 | ?, ?)';
const advance = 'update runs set seq = ?, history_bytes = history_bytes + ?, version = version + 1';
const change = 'status = ?, is_current = ?, build_id = ?, closed_at = ?, progress_at = ?, body = ?';
const update = `${advance}, tail = tail || ? where id = ?`;
const updateSealed = `${advance}, tail = ?, tail_from = ? where id = ?`;
const updateAll = `${advance}, ${change}, tail = tail || ? where id = ?`;
const updateAllSealed = `${advance}, ${change}, tail = ?, tail_from = ? where id = ?`;

/** Checks batches and applies them, inside a write transaction. */
export class Writer {
  readonly #sql: Sql;
  readonly #facts: Facts;
  readonly #tasks: Tasks;
  readonly #hints: Hints;

  constructor(sql: Sql, facts: Facts, tasks: Tasks, hints: Hints) {
    this.#sql = sql;
    this.#facts = facts;
    this.#tasks = tasks;
    this.#hints = hints;
  }

  commit(batch: Batch): CommitResult {
    const refusal = refusalOf(batch, this.#facts);
    if (refusal !== null) return { ok: false, refusal };
    for (const write of batch.writes) this.#apply(write);
    return applied;
  }

  #apply(write: Write): void {
    const sql = this.#sql;
    switch (write.kind) {
      case 'insert-run':
        return this.#insertRun(write.run, write.events);
      case 'advance-run':
        return this.#advanceRun(write.runId, write.events, write.changes);
      case 'amend-run':
        return this.#advanceRun(write.runId, [], write.changes);
      case 'put-task':
        return this.#tasks.put(write.task);
      case 'drop-task':
        return this.#tasks.drop(write.taskId);
      case 'drop-tasks':
        return this.#tasks.dropRun(write.runId);
      case 'wake-task':
        return this.#tasks.wake(write.taskId, write.at);
      case 'put-message':
        return this.#putMessage(write.message);
      case 'drop-messages':
        sql('delete from inbox where run_id = ? and position <= ?').run(toStored(write.runId), write.through);
        return this.#hints.run(write.runId);
      case 'put-key': {
        const { namespace, key, value, runId } = write.record;
        sql('replace into keys values (?, ?, ?, ?)').run(namespace, key, value, toStored(runId));
        return;
      }
      case 'drop-key':
        sql('delete from keys where namespace = ? and key = ?').run(write.namespace, write.key);
        return;
      case 'purge-run':
        return this.#purgeRun(write.runId);
    }
  }

  #insertRun(run: NewRun, events: readonly string[]): void {
    const apart = run.start.length > longestStart;
    const { lastInsertRowid } = this.#sql(
      'insert into runs values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?, ?, 1, ?)',
    ).run(
      toStored(run.runId),
      run.namespace,
      toStored(run.workflowId),
      run.runNumber,
      run.workflowType,
      run.taskQueue,
      run.startedAt,
      run.status,
      Number(run.isCurrent),
      run.buildId,
      run.closedAt,
      run.progressAt,
      run.attributes,
      run.archivedAt,
      run.body,
      apart ? null : run.start,
      '',
    );
    const head: Head = { id: Number(lastInsertRowid), seq: 0, closedAt: run.closedAt, tail: 0 };
    this.#facts.remember(run.runId, head);
    if (apart) this.#sql(insertPiece).run(head.id, 0, run.start);
    this.#advanceRun(run.runId, events, undefined);
  }

  #advanceRun(runId: RunId, events: readonly string[], changes: RunChanges | undefined): void {
    const head = this.#facts.head(runId);
    if (head === undefined) return;
    const text = toLines(events);
    let bytes = 0;
    for (const event of events) bytes += event.length;
    const first = head.seq + 1;
    head.seq += events.length;
    if (head.seq > mostEvents) throw refused('storage_failed', `Run ${runId} has too many events`);
    const seal = head.tail + text.length > longestTail;
    if (seal) this.#seal(head.id, first, events, text);
    head.tail = seal ? 0 : head.tail + text.length;
    const moved = seal ? ['', head.seq + 1] : [text];
    if (changes === undefined) {
      this.#sql(seal ? updateSealed : update).run(head.seq, bytes, ...moved, head.id);
    } else {
      head.closedAt = changes.closedAt;
      this.#sql(seal ? updateAllSealed : updateAll).run(
        head.seq,
        bytes,
        changes.status,
        Number(changes.isCurrent),
        changes.buildId,
        changes.closedAt,
        changes.progressAt,
        changes.body,
        ...moved,
        head.id,
      );
      const { attributes, archivedAt } = changes;
      if (attributes !== undefined)
        this.#sql('update runs set attributes = ? where id = ?').run(attributes, head.id);
      if (archivedAt !== undefined)
        this.#sql('update runs set archived_at = ? where id = ?').run(archivedAt, head.id);
    }
    this.#hints.run(runId);
  }

  /** Moves the tail and what comes behind it to `events`. */
  #seal(id: number, first: Seq, events: readonly string[], text: string): void {
    const some = events.length <= mostInPiece;
    this.#sql('insert into events select id << 24 | tail_from, tail || ? from runs where id = ?').run(
      some ? text : toLines(events.slice(0, mostInPiece)),
      id,
    );
    for (let done = mostInPiece; done < events.length; done += mostInPiece) {
      this.#sql(insertPiece).run(id, first + done, toLines(events.slice(done, done + mostInPiece)));
    }
  }

  #purgeRun(runId: RunId): void {
    const head = this.#facts.head(runId);
    if (head !== undefined) {
      this.#sql('delete from events where id between ? << 24 and ? << 24 | 16777215').run(head.id, head.id);
      this.#sql('delete from runs where id = ?').run(head.id);
      this.#facts.forget(runId);
    }
    this.#tasks.dropRun(runId);
    this.#sql('delete from inbox where run_id = ?').run(toStored(runId));
    this.#sql('delete from keys where run_id = ?').run(toStored(runId));
  }

  #putMessage({ runId, namespace, kind, messageId, at, body }: NewMessage): void {
    this.#sql('insert into inbox values (null, ?, ?, ?, ?, ?, ?) on conflict do nothing').run(
      toStored(runId),
      namespace,
      kind,
      messageId,
      at,
      body,
    );
    this.#hints.run(runId);
  }
}
