import { replay } from '@perdure/core';
import { expect } from 'vitest';
import type { ClientInReach, Insides } from './reach.js';
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

interface Known {
  readonly runId: string;
  readonly workflowId: string;
}

/** Holds what Perdure promises against a store, again and again while others write it. */
export class Guarantees {
  /** Runs seen so far. */
  runs = 0;
  /** Runs that were claimed so often without a commit that they were taken for what kills the workers. */
  repaired = 0;
  #open: Known[] = [];
  readonly #client: ClientInReach;
  readonly #insides: Insides;

  constructor(client: ClientInReach, insides: Insides) {
    this.#client = client;
    this.#insides = insides;
  }

  /** The store, the runs that are new since the last look, and those that were open then. */
  async hold(): Promise<void> {
    await this.#insides.check();
    const fresh = await this.#insides.newRuns();
    this.runs += fresh.length;
    const look = [...this.#open, ...fresh];
    const ended = await Promise.all(look.map((run) => this.#holdIn(run)));
    this.#open = look.filter((_, n) => !ended[n]);
  }

  /** Once everything has ended: nothing is left to do. */
  async holdAtTheEnd(): Promise<void> {
    expect(this.#open, 'open runs').toEqual([]);
    for (const [where, left] of Object.entries(await this.#insides.leftovers()))
      expect(left, `G7 G11 ${where}`).toEqual([]);
  }

  /** Whether the run has ended. */
  async #holdIn({ runId, workflowId }: Known): Promise<boolean> {
    const handle = this.#client.handle(workflowId, runId);
    const { status, blocked } = await handle.describe();
    const name = `${workflowId} (${runId}), ${status}`;
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
      expect(await this.#insides.readTasks(runId), `G7 ${name}`).toEqual([]);
      expect(await this.#insides.readInbox(runId), `G11 ${name}`).toEqual([]);
      return true;
    }
    if (status === 'blocked') {
      expect(['suspected_poison', undefined], `${name}: ${blocked?.message}`).toContain(blocked?.code);
      if ((await handle.repair()).outcome === 'repair_dispatched') this.repaired += 1;
      return false;
    }
    expect(['pending', 'running', 'waiting'], name).toContain(status);
    return false;
  }

  /** Waits for what ends, as long as anything moves; so long may everything stand still. Milliseconds. */
  async holdUntil(end: Promise<void>, patience: number): Promise<void> {
    const ended = end.then(() => true);
    let progress = await this.#insides.progress();
    for (let since = Date.now(); !(await Promise.race([ended, pause(500)]));) {
      await this.hold();
      const now = await this.#insides.progress();
      if (now !== progress) since = Date.now();
      else if (Date.now() - since > patience)
        throw new Error(`Nothing has moved for ${patience} ms:\n${await this.#insides.told()}`);
      progress = now;
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

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
