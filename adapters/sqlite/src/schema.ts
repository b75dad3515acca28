const task = `
    task_id text primary key,
    run_id text not null,
    lane text not null,
    due_at integer not null,
    fairness_key text not null,
    fairness_weight real not null,
    visible_at integer not null,
    attempt integer not null,
    token integer not null,
    lease_owner text,
    lease_until integer not null,
    body text not null
  `;

/**
 * Step n takes a database from version n − 1 to n. Forward only; a released step never changes.
 *
 * A commit costs by the page, so that what changes together lies together. The newest events of a run are in its own
 * row (`tail`), which each commit rewrites anyway; when they get long they move to `events` in one piece. There `id` is
 * the run's `id` times 2^24 plus the seq of the first event: the pieces of a run lie side by side, in an integer B-tree.
 * Seq 0 is what the run was started with, where that is too long for the row.
 */
export const migrations: readonly string[] = [
  `
  create table runs (
    id integer primary key,
    run_id text not null unique,
    namespace text not null,
    workflow_id text not null,
    run_number integer not null,
    workflow_type text not null,
    task_queue text not null,
    started_at integer not null,
    status text not null,
    is_current integer not null,
    build_id text,
    closed_at integer,
    progress_at integer not null,
    attributes text not null,
    archived_at integer,
    seq integer not null,
    history_bytes integer not null,
    version integer not null,
    body text not null,
    start text,
    tail_from integer not null,
    tail text not null
  ) strict;
  create index runs_started on runs (namespace, started_at, run_id);
  create index runs_workflow on runs (namespace, workflow_id, started_at, run_id);
  create index runs_closed on runs (namespace, closed_at) where closed_at is not null;

  create table events (id integer primary key, lines text not null) strict;
  create view history as
    select run_id, tail_from as from_seq, tail as lines from runs
    union all
    select run_id, events.id & 16777215, lines
    from runs cross join events on events.id between (runs.id << 24) + 1 and (runs.id << 24) + 16777215;

  create table tasks (${task}) strict, without rowid;
  create index tasks_lane on tasks (lane, due_at, task_id);
  create index tasks_run on tasks (run_id) where substr(task_id, 1, length(run_id)) <> run_id;
  create table leases (${task}) strict, without rowid;
  create index leases_run on leases (run_id) where substr(task_id, 1, length(run_id)) <> run_id;

  create table inbox (
    position integer primary key autoincrement,
    run_id text not null,
    namespace text not null,
    kind text not null,
    message_id text not null,
    at integer not null,
    body text not null,
    unique (run_id, kind, message_id)
  ) strict;
  create index inbox_run on inbox (run_id);

  create table keys (
    namespace text not null,
    key text not null,
    value text not null,
    run_id text not null,
    primary key (namespace, key)
  ) strict, without rowid;
  create index keys_run on keys (run_id);

  create table workers (
    worker text primary key,
    host text not null,
    pid integer not null,
    born text not null
  ) strict, without rowid;
  `,
];

export const metaTable =
  'create table perdure_meta (key text primary key, value text not null) strict, without rowid';

/** What the tables above are called, and those of any later version. */
export const ourNames = [
  'runs',
  'events',
  'history',
  'tasks',
  'leases',
  'inbox',
  'keys',
  'workers',
  'perdure_meta',
];

/** Events of a run; an event with a greater seq would lie among those of the next run. */
export const mostEvents = 2 ** 24 - 1;
