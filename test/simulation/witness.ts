import type { Batch, CommitResult, NewMessage, RunChanges, TaskRecord, Write } from '@perdure/core/storage';
import { judgeLeft, judgeSeenTo } from './errand-laws.js';
import { append } from './history-laws.js';
import type { SimulatedProcess } from './process.js';
import { isAnswered, judgeWaiting, whyBlocked, type Message } from './run-laws.js';
import { isForced, type SeenEvent, type SeenRun } from './seen.js';
import type { World } from './world.js';

/**
 * Sees everything that reaches the store, keeps a copy of its own, and holds the guarantees against it after each
 * commit. It knows the port and the meaning of events, and nothing of how the core works.
 */
export class Witness {
  readonly runs = new Map<string, SeenRun>();
  /** The first guarantee that was broken, and how. */
  violation: string | undefined;
  open = 0;
  readonly #tasks = new Map<string, TaskRecord>();
  readonly #inboxes = new Map<string, Message[]>();
  /** Signals and updates that senders were told are in. */
  readonly #accepted = new Set<string>();
  /** Updates whose senders have been told how far they have come. */
  readonly answered = new Set<string>();
  /** Tokens of tasks that were handed to somebody outside. */
  readonly entrusted = new Set<string>();
  /** Who was granted the newest token of a task. */
  readonly #holders = new Map<string, SimulatedProcess>();
  /** The newest tokens, those of tasks that are no more included. */
  readonly #tokens = new Map<string, number>();
  /** The newest request of each run that has reached another one. */
  readonly #requests = new Map<string, number>();
  /** Children that have been begun, by whose they are. */
  readonly #children = new Set<string>();
  #position = 0;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  readonly blame = (what: string): void => {
    this.violation ??= what;
  };

  inbox(runId: string): readonly Message[] {
    return this.#inboxes.get(runId) ?? [];
  }

  task(taskId: string): TaskRecord | undefined {
    return this.#tasks.get(taskId);
  }

  tasksOf(runId: string): TaskRecord[] {
    return [...this.#tasks.values()].filter((task) => task.runId === runId);
  }

  claimed(process: SimulatedProcess, tasks: readonly TaskRecord[], now: number): void {
    for (const task of tasks) {
      const before = this.#tasks.get(task.taskId);
      if (before && before.leaseOwner !== null && before.leaseUntil > now)
        this.blame(
          `C1 ${process.name} claims ${task.taskId}, which is leased for ${before.leaseUntil - now} ms more`,
        );
      if (!before || task.token <= before.token)
        this.blame(`C2 token ${task.token} of ${task.taskId} is not new`);
      this.#tasks.set(task.taskId, task);
      this.#tokens.set(task.taskId, task.token);
      this.#holders.set(task.taskId, process);
    }
  }

  released(owner: string): void {
    for (const [taskId, task] of this.#tasks)
      if (task.leaseOwner === owner) this.#tasks.set(taskId, { ...task, leaseOwner: null, leaseUntil: 0 });
  }

  committed(process: SimulatedProcess, batch: Batch, result: CommitResult): void {
    if (!result.ok) return;
    const touched = new Set<string>();
    for (const write of batch.writes) {
      if (write.kind === 'advance-run') this.#judgeOutcomes(process, write);
      if ((write.kind === 'advance-run' || write.kind === 'insert-run') && !this.#mayAppend(process, write))
        this.blame(`G8 ${process.name} appends ${named(write)} without holding the newest token of that run`);
    }
    const taken: (Message & { readonly runId: string })[] = [];
    const begun: SeenRun[] = [];
    for (const write of batch.writes) this.#apply(process, write, batch, touched, taken, begun);
    for (const run of begun) this.#judgeBegun(run);
    for (const message of taken) this.#judgeTaken(message, batch);
    for (const runId of touched) {
      const run = this.runs.get(runId);
      if (run && !run.closed && this.violation === undefined) judgeWaiting(run, this, this.#world.now);
    }
  }

  // ── the copy ────────────────────────────────────────────────────────────────────────────────────────────────────

  #apply(
    process: SimulatedProcess,
    write: Write,
    batch: Batch,
    touched: Set<string>,
    taken: (Message & { readonly runId: string })[],
    begun: SeenRun[],
  ): void {
    switch (write.kind) {
      case 'insert-run': {
        const { runId, workflowId, status } = write.run;
        const run: SeenRun = {
          ...{ runId, workflowId, status, closed: false, events: [] },
          ...{ recorded: new Set(), activities: new Map(), timers: new Map(), attributes: '{}' },
        };
        if (this.runs.has(runId)) this.blame(`G6 run ${runId} begins twice`);
        begun.push(run);
        this.runs.set(runId, run);
        this.open += 1;
        for (const body of write.events) append(run, JSON.parse(body) as SeenEvent, this.blame);
        this.#change(run, write.run, batch);
        touched.add(runId);
        return;
      }
      case 'advance-run': {
        const run = this.runs.get(write.runId);
        if (!run) return this.blame(`G8 events for ${write.runId}, which is no run`);
        if (run.closed && write.events.length > 0) this.blame(`G8 events behind the end of ${write.runId}`);
        if (write.fromSeq !== run.events.length)
          this.blame(`G8 ${write.runId} has ${run.events.length} events and goes on behind ${write.fromSeq}`);
        for (const body of write.events) append(run, JSON.parse(body) as SeenEvent, this.blame);
        if (write.changes) this.#change(run, write.changes, batch);
        touched.add(write.runId);
        return;
      }
      case 'amend-run': {
        const run = this.runs.get(write.runId);
        if (run) this.#change(run, write.changes, batch);
        return;
      }
      case 'put-task':
        if (write.task.token < (this.#tasks.get(write.task.taskId)?.token ?? 0))
          this.blame(`C2 ${process.name} puts ${write.task.taskId} back to an older token`);
        // A run is born with a token in the hands of who bears it.
        if (write.task.leaseOwner !== null || (!this.#tasks.has(write.task.taskId) && write.task.token > 0))
          this.#holders.set(write.task.taskId, process);
        this.#tokens.set(write.task.taskId, write.task.token);
        this.#tasks.set(write.task.taskId, write.task);
        touched.add(write.task.runId);
        return;
      case 'drop-task': {
        const task = this.#tasks.get(write.taskId);
        if (task) touched.add(task.runId);
        if (task?.kind === 'outbox') this.#judgeDone(task);
        this.#tasks.delete(write.taskId);
        return;
      }
      case 'drop-tasks':
        for (const task of this.tasksOf(write.runId)) this.#tasks.delete(task.taskId);
        return;
      case 'wake-task': {
        const task = this.#tasks.get(write.taskId);
        if (task && task.visibleAt > write.at)
          this.#tasks.set(write.taskId, { ...task, visibleAt: write.at });
        return;
      }
      case 'put-message':
        this.#receive(process, write.message, batch);
        touched.add(write.message.runId);
        return;
      case 'drop-messages':
        taken.push(...this.#take(write.runId, write.through));
        return;
      case 'put-key':
        if (write.record.key.startsWith('update:'))
          this.answered.add(write.record.key.slice(write.record.key.lastIndexOf(':') + 1));
        return;
      case 'drop-key':
      case 'purge-run':
        return;
    }
  }

  #receive(process: SimulatedProcess, message: NewMessage, { writes }: Batch): void {
    const { runId, kind, messageId, body } = message;
    const inbox = this.inbox(runId);
    if (inbox.some((one) => one.kind === kind && one.messageId === messageId)) return;
    this.#inboxes.set(runId, [...inbox, { kind, messageId, body, position: ++this.#position }]);
    const run = this.runs.get(runId);
    if (run?.closed !== false)
      return this.blame(`G3 ${kind} ${messageId} is accepted by ${runId}, which is not open`);
    const moves = writes.some((write) => write.kind === 'insert-run' && write.run.runId === runId);
    if (moves) return;
    if (kind === 'signal' || kind === 'update') {
      const name = `${kind} ${messageId} to ${run.workflowId}`;
      if (this.#accepted.has(name))
        this.blame(`${kind === 'signal' ? 'G3' : 'G5'} ${name} is accepted twice`);
      this.#accepted.add(name);
      this.#judgeRequest(messageId, run);
    }
    if (kind === 'activity')
      this.#judgeOutcome(process, runId, (JSON.parse(body) as SeenEvent).activityId ?? '');
  }

  #judgeOutcomes(
    process: SimulatedProcess,
    { runId, events }: Extract<Write, { kind: 'advance-run' }>,
  ): void {
    const told = new Set(
      this.inbox(runId).flatMap(({ kind, body }) =>
        kind === 'activity' ? [(JSON.parse(body) as SeenEvent).activityId] : [],
      ),
    );
    for (const body of events) {
      if (!body.includes('"type":"Activity')) continue;
      const { type, timeout, activityId = '' } = JSON.parse(body) as SeenEvent;
      // How long it may wait, and take in all, whoever has the run sees to.
      if (timeout?.startsWith('schedule_to_')) continue;
      if (/^Activity(Completed|Failed|TimedOut)$/.test(type) && !told.has(activityId))
        this.#judgeOutcome(process, runId, activityId);
    }
  }

  /** What one run asks of others comes in the order in which it asked. */
  #judgeRequest(messageId: string, { runId }: SeenRun): void {
    const [, from = '', number = ''] = /^(.+):r(\d+)$/.exec(messageId) ?? [];
    if (from === '') return;
    if ((this.#requests.get(from) ?? 0) >= Number(number))
      this.blame(`G3 request ${number} of ${from} reaches ${runId} behind a later one`);
    this.#requests.set(from, Number(number));
  }

  /** How an activity ended is told by whoever has its task, or was given the token of it. */
  #judgeOutcome(process: SimulatedProcess, runId: string, activityId: string): void {
    const taskId = `${runId}/${activityId}`;
    const token = `${taskId}#${this.#tokens.get(taskId) ?? 0}`;
    if (!process.mortal && this.entrusted.has(token)) return;
    if (this.#holders.get(taskId) !== process)
      this.blame(`G2 ${process.name} tells how ${taskId} ended and does not hold its newest token`);
  }

  #take(runId: string, through: number): (Message & { readonly runId: string })[] {
    const inbox = this.inbox(runId);
    this.#inboxes.set(
      runId,
      inbox.filter(({ position }) => position > through),
    );
    return inbox.flatMap((message) => (message.position <= through ? [{ ...message, runId }] : []));
  }

  /** A message leaves the inbox in the very commit that does with it what is to be done. */
  #judgeTaken(message: Message & { readonly runId: string }, batch: Batch): void {
    const { runId, kind, messageId } = message;
    const run = this.runs.get(runId);
    if (run && !isForced(run) && !isAnswered(run, message, batch, this))
      this.blame(`G3 ${kind} ${messageId} is dropped from the inbox of ${runId} and not recorded`);
  }

  /** What runs have asked of others and nobody has done yet. */
  get errands(): number {
    let count = 0;
    for (const { kind } of this.#tasks.values()) if (kind === 'outbox') count += 1;
    return count;
  }

  // ── laws ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** One run of a workflow id is open at a time, and what a run asks for once is begun once. */
  #judgeBegun(run: SeenRun): void {
    const [{ parent, continuedFrom } = {} as Partial<SeenEvent>] = run.events;
    if (parent && continuedFrom === undefined) {
      const child = `${parent.childId} of ${parent.runId}`;
      if (this.#children.has(child)) this.blame(`G6 child ${child} is begun again, as ${run.runId}`);
      this.#children.add(child);
    }
    for (const other of this.runs.values())
      if (other !== run && other.workflowId === run.workflowId && !other.closed && !run.closed)
        this.blame(`G6 ${run.runId} begins while ${other.runId} of the same id, ${run.workflowId}, is open`);
  }

  /** The errand that the end of a run has left is done. */
  #judgeDone({ body }: TaskRecord): void {
    const { runId, seq } = JSON.parse(body) as { readonly runId: string; readonly seq: number };
    const run = this.runs.get(runId);
    if (run?.closed && run.events.length === seq)
      judgeSeenTo(run, this.runs.values(), (id) => this.inbox(id), this.blame);
  }

  /** Only who was granted the newest token; a run that nobody has ever held, or one that is ended by force, has none. */
  #mayAppend(
    process: SimulatedProcess,
    write: Extract<Write, { kind: 'advance-run' | 'insert-run' }>,
  ): boolean {
    if (write.kind === 'insert-run' || write.events.length === 0) return true;
    const [only] = write.events;
    const forced = write.events.length === 1 && /"type":"Workflow(Terminated|Cancelled)"/.test(only ?? '');
    return forced || this.#holders.get(write.runId) === process;
  }

  #change(
    run: SeenRun,
    { status, closedAt, attributes }: Pick<RunChanges, 'status' | 'closedAt' | 'attributes'>,
    { writes }: Batch,
  ): void {
    run.status = status;
    if (attributes !== undefined) run.attributes = attributes;
    if (status === 'blocked') this.blame(`G12 run ${run.runId} is blocked: ${whyBlocked(writes)}`);
    if (closedAt === null || run.closed) return;
    run.closed = true;
    this.open -= 1;
    judgeLeft(run, writes, this.blame);
    const taken = new Set(
      writes.flatMap((write) =>
        write.kind === 'drop-messages' && write.runId === run.runId ? [write.through] : [],
      ),
    );
    const through = Math.max(0, ...taken);
    const unseen = this.inbox(run.runId).filter(({ position }) => position > through);
    if (!isForced(run) && unseen.length > 0)
      this.blame(
        `G11 ${run.runId} ends over ${unseen.map(({ kind, messageId }) => `${kind} ${messageId}`).join(', ')}`,
      );
  }
}

function named(write: Extract<Write, { kind: 'advance-run' | 'insert-run' }>): string {
  const runId = write.kind === 'insert-run' ? write.run.runId : write.runId;
  return `${write.events.map((body) => (JSON.parse(body) as SeenEvent).type).join(', ')} to ${runId}`;
}
