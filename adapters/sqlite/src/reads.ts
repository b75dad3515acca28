import type {
  KeyRecord,
  LoadedRun,
  LoadRequest,
  MessageRecord,
  Namespace,
  RunPage,
  RunId,
  RunQuery,
  RunRecord,
  Seq,
} from '@perdure/core/storage';
import type { Value } from './driver.js';
import { fromLines } from './lines.js';
import { behindPrefix, fromStored, toStored } from './order.js';
import type { Sql } from './statements.js';

const selectRuns = `select run_id as runId, namespace, workflow_id as workflowId, run_number as runNumber,
  workflow_type as workflowType, task_queue as taskQueue, started_at as startedAt, status, is_current as isCurrent,
  build_id as buildId, closed_at as closedAt, progress_at as progressAt, attributes, archived_at as archivedAt, seq, history_bytes as historyBytes, version,
  body, ifnull(start, (select lines from events where events.id = runs.id << 24)) as start from runs`;

type RunRow = Omit<RunRecord, 'isCurrent'> & { readonly isCurrent: number };

function runOf(row: unknown): RunRecord {
  const run = row as RunRow;
  return {
    ...run,
    runId: fromStored(run.runId),
    workflowId: fromStored(run.workflowId),
    isCurrent: run.isCurrent === 1,
  };
}

export function readRun(sql: Sql, runId: RunId): RunRecord | undefined {
  const row = sql(`${selectRuns} where run_id = ?`).get(toStored(runId));
  return row === undefined ? undefined : runOf(row);
}

/** To be called in a snapshot. */
export function loadRun(sql: Sql, { runId, afterSeq }: LoadRequest): LoadedRun | undefined {
  const run = readRun(sql, runId);
  return (
    run && {
      run,
      events: readEvents(sql, runId, afterSeq + 1, run.seq),
      inbox: readInbox(sql, runId, 0, mostRows),
    }
  );
}

/** To be called in a snapshot. */
export function readEvents(sql: Sql, runId: RunId, from: Seq, limit: number): string[] {
  const run = sql('select id, tail_from, tail from runs where run_id = ?', 'raw').get(toStored(runId));
  if (run === undefined) return [];
  const [id, tailFrom, tail] = run as readonly [id: number, tailFrom: Seq, tail: string];
  const first = Math.max(from, 1);
  const found: string[] = [];
  if (first < tailFrom) {
    // From the piece that the first wanted event is in.
    const pieces = sql(
      `select id & 16777215, lines from events where id < (? << 24) + ? and id >=
        (select max(id) from events where id <= (? << 24) + ?) order by id`,
      'raw',
    ).all(id, Math.min(first + limit, tailFrom), id, first) as (readonly [at: Seq, lines: string])[];
    for (const [at, lines] of pieces) take(found, fromLines(lines), first - at, limit);
  }
  take(found, fromLines(tail), first - tailFrom, limit);
  return found;
}

function take(into: string[], bodies: readonly string[], from: number, limit: number): void {
  for (let i = Math.max(from, 0); i < bodies.length && into.length < limit; i++) into.push(bodies[i] ?? '');
}

export function readInbox(sql: Sql, runId: RunId, afterPosition: number, limit: number): MessageRecord[] {
  const messages = sql(
    `select namespace, kind, message_id as messageId, at, body, position from inbox
      where run_id = ? and position > ? order by position limit ?`,
  ).all(toStored(runId), afterPosition, rows(limit)) as Omit<MessageRecord, 'runId'>[];
  return messages.map((message) => ({ runId, ...message }));
}

export function readKey(sql: Sql, namespace: Namespace, key: string): KeyRecord | undefined {
  const found = sql('select value, run_id as runId from keys where namespace = ? and key = ?');
  const row = found.get(namespace, key) as Pick<KeyRecord, 'value' | 'runId'> | undefined;
  return row && { namespace, key, value: row.value, runId: fromStored(row.runId) };
}

/** Runs that match all but `where`. */
export function listRuns(
  sql: Sql,
  query: RunQuery,
  { after, limit, oldestFirst = false }: RunPage,
  select = selectRuns,
): RunRecord[] {
  const [where, values] = conditions(query);
  const [behind, order] = oldestFirst ? ['>', 'asc'] : ['<', 'desc'];
  const from = after === null ? '' : ` and (started_at, run_id) ${behind} (?, ?)`;
  const cursor = after === null ? [] : [after.startedAt, toStored(after.runId)];
  const found = sql(`${select} where ${where}${from} order by started_at ${order}, run_id ${order} limit ?`);
  return found.all(...values, ...cursor, rows(limit)).map(runOf);
}

/** What filters look at. */
export const selectFiltered = `select run_id as runId, workflow_id as workflowId, workflow_type as workflowType,
  task_queue as taskQueue, started_at as startedAt, status, build_id as buildId, closed_at as closedAt, attributes from runs`;

export function countRuns(sql: Sql, query: RunQuery): number {
  const [where, values] = conditions(query);
  return sql(`select count(*) from runs where ${where}`, 'pluck').get(...values) as number;
}

function conditions(query: RunQuery): readonly [where: string, values: Value[]] {
  const prefix = query.workflowIdPrefix === undefined ? undefined : toStored(query.workflowIdPrefix);
  const given: readonly (readonly [condition: string, value: Value | undefined])[] = [
    ['namespace = ?', query.namespace],
    ['workflow_type = ?', query.workflowType],
    ['workflow_id = ?', query.workflowId === undefined ? undefined : toStored(query.workflowId)],
    ['workflow_id >= ?', prefix],
    ['workflow_id < ?', prefix === undefined ? undefined : behindPrefix(prefix)],
    ['status in (select value from json_each(?))', query.statuses && JSON.stringify(query.statuses)],
    ['task_queue = ?', query.taskQueue],
    ['started_at > ?', query.startedAfter],
    ['started_at < ?', query.startedBefore],
    ['closed_at > ?', query.closedAfter],
    ['closed_at < ?', query.closedBefore],
    ['is_current = ?', query.currentOnly === true ? 1 : undefined],
    ['(archived_at is not null) = ?', query.archived === undefined ? undefined : Number(query.archived)],
  ];
  const used = given.filter(([, value]) => value !== undefined);
  return [used.map(([condition]) => condition).join(' and '), used.map(([, value]) => value ?? null)];
}

const mostRows = Number.MAX_SAFE_INTEGER;

/** A limit as SQLite takes it: there a negative one would mean none. */
function rows(limit: number): number {
  return Math.min(Math.max(limit, 0), mostRows);
}
