import { replay, type Client } from '@perdure/core';
import type { StorageHandle } from '@perdure/core/storage';
import type { Database } from 'better-sqlite3';
import { expect } from 'vitest';
import { workflows } from './workflows.js';

interface RecordedEvent {
  readonly seq: number;
  readonly type: string;
  readonly at: number;
  readonly [attribute: string]: unknown;
}

/** What of an event may stand in a history once only. */
const once: Readonly<Record<string, string>> = {
  ActivityScheduled: 'activityId',
  ActivityCompleted: 'activityId',
  TimerStarted: 'timerId',
  TimerFired: 'timerId',
  SignalReceived: 'messageId',
  UpdateAccepted: 'updateId',
  UpdateCompleted: 'updateId',
  ChildWorkflowScheduled: 'childId',
  ChildWorkflowStarted: 'childId',
  ChildWorkflowCompleted: 'childId',
};

interface Row {
  readonly id: number;
  readonly run_id: string;
  readonly workflow_id: string;
  readonly status: string;
}

/** Holds what Perdure promises against a store in a SQLite file, again and again while others write it. */
export class Guarantees {
  /** Runs seen so far. */
  runs = 0;
  /** Runs that were claimed so often without a commit that they were taken for what kills the workers. */
  repaired = 0;
  #newest = 0;
  #open: string[] = [];
  readonly #client: Client;
  readonly #store: StorageHandle;
  readonly #database: Database;

  constructor(client: Client, store: StorageHandle, database: Database) {
    this.#client = client;
    this.#store = store;
    this.#database = database;
  }

  /** The file, the runs that are new since the last look, and those that were open then. */
  async hold(): Promise<void> {
    expect(this.#database.pragma('integrity_check', { simple: true })).toBe('ok');
    const fresh = this.#database
      .prepare('select id, run_id from runs where id > ? order by id')
      .all(this.#newest) as Row[];
    this.#newest = fresh.at(-1)?.id ?? this.#newest;
    this.runs += fresh.length;
    const look = [...this.#open, ...fresh.map(({ run_id }) => run_id)];
    this.#open = [];
    for (const runId of look) if (!(await this.#holdIn(runId))) this.#open.push(runId);
  }

  /** Once everything has ended: nothing is left to do. */
  holdAtTheEnd(): void {
    expect(this.#open, 'open runs').toEqual([]);
    for (const table of ['tasks', 'leases', 'inbox'])
      expect(this.#database.prepare(`select * from ${table}`).all(), `G7 G11 ${table}`).toEqual([]);
  }

  /** Whether the run has ended. */
  async #holdIn(runId: string): Promise<boolean> {
    const { workflow_id, status } = this.#row(runId);
    const name = `${workflow_id} (${runId}), ${status}`;
    const handle = this.#client.handle(workflow_id, runId);
    const bundle = await handle.exportHistory();
    const events = bundle.events as readonly RecordedEvent[];
    expect(
      events.map(({ seq }) => seq),
      `G8 ${name}`,
    ).toEqual(events.map((_, index) => index + 1));
    const ended = ['completed', 'cancelled', 'continued_as_new'].includes(status);
    checkOnce(events, name, ended);
    checkTimers(events, name);
    // G12: what was recorded is what the code does.
    const replayed = await replay(workflows, bundle);
    if (ended) {
      expect(replayed.status, `G12 ${name}`).toBe(status);
      expect(await this.#store.readTasks(runId), `G7 ${name}`).toEqual([]);
      expect(await this.#store.readInbox(runId, { afterPosition: 0, limit: 1 }), `G11 ${name}`).toEqual([]);
      return true;
    }
    if (status === 'blocked') {
      const { blocked } = await handle.describe();
      expect(['suspected_poison', undefined], `${name}: ${blocked?.message}`).toContain(blocked?.code);
      if ((await handle.repair()).outcome === 'repair_dispatched') this.repaired += 1;
      return false;
    }
    expect(['pending', 'running', 'waiting'], name).toContain(status);
    return false;
  }

  #row(runId: string): Row {
    return this.#database.prepare('select * from runs where run_id = ?').get(runId) as Row;
  }

  /** Changes whenever a run moves on. */
  progress(): string {
    return JSON.stringify(
      this.#database.prepare('select count(*), sum(seq), count(closed_at) from runs').get(),
    );
  }

  /** All there is of what is still to do. */
  told(): string {
    const all = (sql: string): readonly unknown[] => this.#database.prepare(sql).all();
    return JSON.stringify(
      {
        runs: all('select * from runs where closed_at is null'),
        tasks: all('select * from tasks'),
        leases: all('select * from leases'),
        inbox: all('select * from inbox'),
        workers: all('select * from workers'),
      },
      null,
      1,
    );
  }
}

/** G1, G2, G3, G5: nothing is recorded twice, and what has an outcome was asked for. */
function checkOnce(events: readonly RecordedEvent[], name: string, ended: boolean): void {
  const seen = new Set<string>();
  for (const event of events) {
    const attribute = once[event.type];
    if (attribute === undefined) continue;
    const what = `${event.type} ${String(event[attribute])}`;
    expect(seen.has(what), `${name}: ${what} twice`).toBe(false);
    seen.add(what);
  }
  const pairs = [
    ['G2', 'ActivityScheduled', 'ActivityCompleted'],
    ['G5', 'UpdateAccepted', 'UpdateCompleted'],
    ['G7', 'ChildWorkflowScheduled', 'ChildWorkflowCompleted'],
  ] as const;
  const ids = (type: string): unknown[] =>
    events.filter((event) => event.type === type).map((event) => event[once[type] as string]);
  for (const [law, begins, ends] of pairs) {
    const begun = ids(begins);
    expect(begun, `${law} ${name}`).toEqual(expect.arrayContaining(ids(ends)));
    if (ended) expect(ids(ends).length, `${law} ${name}`).toBe(begun.length);
  }
}

/** G4: no timer fires early. */
function checkTimers(events: readonly RecordedEvent[], name: string): void {
  const due = new Map(
    events.filter(({ type }) => type === 'TimerStarted').map((event) => [event['timerId'], event['dueAt']]),
  );
  for (const { type, timerId, at } of events as readonly (RecordedEvent & { timerId?: string })[]) {
    if (type === 'TimerFired')
      expect(at, `G4 ${name} ${timerId}`).toBeGreaterThanOrEqual(due.get(timerId) as number);
  }
}
