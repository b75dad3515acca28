import {
  NEVER,
  type Batch,
  type ClaimRequest,
  type CommitResult,
  type Expectation,
  type KeyRecord,
  type LoadedRun,
  type MessageRecord,
  type Refusal,
  type RunFilter,
  type RunQuery,
  type RunRecord,
  type TaskRecord,
  type TaskWant,
  type Write,
} from '@perdure/core/storage';

interface State {
  readonly runs: ReadonlyMap<string, { readonly run: RunRecord; readonly events: readonly string[] }>;
  readonly tasks: ReadonlyMap<string, TaskRecord>;
  readonly messages: readonly MessageRecord[];
  readonly keys: readonly KeyRecord[];
}

/** Position of a message that the store has not shown yet. */
const unseen = NEVER;

/**
 * The port word by word, over plain maps that are copied on every write: slow, and short enough to be seen to be right.
 * It shares no code with the core or with any adapter. Positions are the store's to give; `learn` takes them over.
 */
export class Reference {
  #state: State = { runs: new Map(), tasks: new Map(), messages: [], keys: [] };

  commit({ expect, writes }: Batch): CommitResult {
    for (const [index, one] of expect.entries()) {
      if (!this.#holds(one)) return { ok: false, refusal: { reason: one.kind, of: 'expect', index } };
    }
    const before = this.#state;
    for (const [index, write] of writes.entries()) {
      const reason = this.#write(write);
      if (reason === null) continue;
      this.#state = before;
      return { ok: false, refusal: { reason, of: 'writes', index } };
    }
    return { ok: true };
  }

  claim({ namespace, owner, now, buildId, wants }: ClaimRequest): readonly TaskRecord[] {
    const leased = new Map<string, TaskRecord>();
    for (const want of wants) {
      const due = this.#wanted(namespace, want)
        .filter((task) => dueAt(task) <= now && !leased.has(task.taskId))
        .filter((task) => task.buildId === null || task.buildId === buildId)
        .sort(inOrderOfClaims)
        .slice(0, want.limit);
      const lease = { leaseOwner: owner, leaseUntil: Math.min(now + want.leaseMs, NEVER) };
      for (const task of due) {
        leased.set(task.taskId, { ...task, attempt: task.attempt + 1, token: task.token + 1, ...lease });
      }
    }
    this.#put({ tasks: new Map([...this.#state.tasks, ...leased]) });
    return [...leased.values()].sort(inOrderOfClaims);
  }

  release(owner: string): number {
    const held = [...this.#state.tasks.values()].filter(({ leaseOwner }) => leaseOwner === owner);
    const freed = held.map((task) => [task.taskId, { ...task, leaseOwner: null, leaseUntil: 0 }] as const);
    this.#put({ tasks: new Map([...this.#state.tasks, ...freed]) });
    return held.length;
  }

  nextWakeAt(namespace: string, wants: readonly TaskWant[]): number | null {
    const at = Math.min(NEVER, ...wants.flatMap((want) => this.#wanted(namespace, want).map(dueAt)));
    return at === NEVER ? null : at;
  }

  load(runId: string): LoadedRun | undefined {
    const found = this.#state.runs.get(runId);
    return found === undefined ? undefined : { ...found, inbox: this.inbox(runId) };
  }
  inbox(runId: string): readonly MessageRecord[] {
    return this.#state.messages.filter((message) => message.runId === runId);
  }
  tasks(runId: string): readonly TaskRecord[] {
    const own = [...this.#state.tasks.values()].filter((task) => task.runId === runId);
    return own.sort((a, b) => (a.taskId < b.taskId ? -1 : 1));
  }
  task(taskId: string): TaskRecord | undefined {
    return this.#state.tasks.get(taskId);
  }
  key(namespace: string, key: string): KeyRecord | undefined {
    return this.#state.keys.find((record) => record.namespace === namespace && record.key === key);
  }

  list(query: RunQuery): readonly RunRecord[] {
    return [...this.#state.runs.values()]
      .map(({ run }) => run)
      .filter((run) => matches(run, query))
      .sort((a, b) => b.startedAt - a.startedAt || (a.runId < b.runId ? 1 : -1));
  }

  /** Takes over the positions that the store gave to the messages of a run, in their order. */
  learn(runId: string, positions: readonly number[]): void {
    let next = 0;
    const messages = this.#state.messages.map((message) =>
      message.runId === runId ? { ...message, position: positions[next++] ?? unseen } : message,
    );
    this.#put({ messages });
  }

  #put(part: Partial<State>): void {
    this.#state = { ...this.#state, ...part };
  }

  #wanted(namespace: string, want: TaskWant): readonly TaskRecord[] {
    return [...this.#state.tasks.values()].filter(
      (task) =>
        task.namespace === namespace &&
        task.kind === want.kind &&
        want.queues.includes(task.queue) &&
        (want.types === null || want.types.includes(task.type)),
    );
  }

  #holds(one: Expectation): boolean {
    switch (one.kind) {
      case 'run-open':
        return this.load(one.runId)?.run.closedAt === null;
      case 'run-at':
        return this.load(one.runId)?.run.seq === one.seq;
      case 'token':
        return this.task(one.taskId)?.token === one.token;
      case 'key':
        return (this.key(one.namespace, one.key)?.value ?? null) === one.value;
      case 'inbox-read':
        return this.inbox(one.runId).every(({ position }) => position <= one.through);
    }
  }

  #write(write: Write): Refusal['reason'] | null {
    const { runs, tasks, messages, keys } = this.#state;
    switch (write.kind) {
      case 'insert-run':
        if (runs.has(write.run.runId)) return 'run-exists';
        return this.#setRun({ ...write.run, seq: 0, historyBytes: 0, version: 0 }, [], write.events);
      case 'advance-run': {
        const found = runs.get(write.runId);
        if (found === undefined) return 'run-unknown';
        if (found.run.closedAt !== null) return 'run-closed';
        if (found.run.seq !== write.fromSeq) return 'run-moved';
        return this.#setRun({ ...found.run, ...write.changes }, found.events, write.events);
      }
      case 'amend-run': {
        const found = runs.get(write.runId);
        if (found === undefined) return 'run-unknown';
        return this.#setRun({ ...found.run, ...write.changes }, found.events, []);
      }
      case 'put-task':
        this.#put({ tasks: new Map([...tasks, [write.task.taskId, write.task]]) });
        return null;
      case 'drop-task':
        this.#put({ tasks: new Map([...tasks].filter(([taskId]) => taskId !== write.taskId)) });
        return null;
      case 'drop-tasks':
        this.#put({ tasks: new Map([...tasks].filter(([, task]) => task.runId !== write.runId)) });
        return null;
      case 'wake-task': {
        const task = tasks.get(write.taskId);
        if (task === undefined || task.visibleAt <= write.at) return null;
        this.#put({ tasks: new Map([...tasks, [task.taskId, { ...task, visibleAt: write.at }]]) });
        return null;
      }
      case 'put-message': {
        const { runId, kind, messageId } = write.message;
        const known = this.inbox(runId).some((other) => other.kind === kind && other.messageId === messageId);
        if (!known) this.#put({ messages: [...messages, { ...write.message, position: unseen }] });
        return null;
      }
      case 'drop-messages': {
        const stays = ({ runId, position }: MessageRecord): boolean =>
          runId !== write.runId || position > write.through;
        this.#put({ messages: messages.filter(stays) });
        return null;
      }
      case 'put-key': {
        const { namespace, key } = write.record;
        this.#put({ keys: [...keys.filter((other) => !isKey(other, namespace, key)), write.record] });
        return null;
      }
      case 'drop-key':
        this.#put({ keys: keys.filter((other) => !isKey(other, write.namespace, write.key)) });
        return null;
      case 'purge-run': {
        const other = ({ runId }: { readonly runId: string }): boolean => runId !== write.runId;
        this.#put({
          runs: new Map([...runs].filter(([runId]) => runId !== write.runId)),
          tasks: new Map([...tasks].filter(([, task]) => other(task))),
          messages: messages.filter(other),
          keys: keys.filter(other),
        });
        return null;
      }
    }
  }

  #setRun(run: RunRecord, before: readonly string[], added: readonly string[]): null {
    const events = [...before, ...added];
    const historyBytes = events.reduce((sum, event) => sum + event.length, 0);
    const next = { ...run, seq: events.length, historyBytes, version: run.version + 1 };
    this.#put({ runs: new Map([...this.#state.runs, [run.runId, { run: next, events }]]) });
    return null;
  }
}

const dueAt = ({ visibleAt, leaseUntil }: TaskRecord): number => Math.max(visibleAt, leaseUntil);

const isKey = (record: KeyRecord, namespace: string, key: string): boolean =>
  record.namespace === namespace && record.key === key;

function inOrderOfClaims(a: TaskRecord, b: TaskRecord): number {
  return a.priority - b.priority || a.visibleAt - b.visibleAt || (a.taskId < b.taskId ? -1 : 1);
}

function matches(run: RunRecord, query: RunQuery): boolean {
  const { workflowType, workflowId, workflowIdPrefix, statuses, taskQueue } = query;
  const { startedAfter, startedBefore, closedAfter, closedBefore } = query;
  const closedAt = run.closedAt;
  return (
    run.namespace === query.namespace &&
    (workflowType === undefined || run.workflowType === workflowType) &&
    (workflowId === undefined || run.workflowId === workflowId) &&
    (workflowIdPrefix === undefined || run.workflowId.startsWith(workflowIdPrefix)) &&
    (statuses === undefined || statuses.includes(run.status)) &&
    (taskQueue === undefined || run.taskQueue === taskQueue) &&
    (startedAfter === undefined || run.startedAt > startedAfter) &&
    (startedBefore === undefined || run.startedAt < startedBefore) &&
    (closedAfter === undefined || (closedAt !== null && closedAt > closedAfter)) &&
    (closedBefore === undefined || (closedAt !== null && closedAt < closedBefore)) &&
    (query.currentOnly !== true || run.isCurrent) &&
    (query.archived === undefined || query.archived === (run.archivedAt !== null)) &&
    (query.where === undefined || isGreater(run, query.where))
  );
}

/** Scripts ask for nothing but a number above another; the cases have the rest of what filters can say. */
function isGreater({ attributes }: RunRecord, where: RunFilter): boolean {
  if (where.kind !== 'compare' || where.is !== '>' || !('attribute' in where.field)) return false;
  const value = (JSON.parse(attributes) as Record<string, unknown>)[where.field.attribute];
  return typeof value === 'number' && value > Number(where.value);
}
