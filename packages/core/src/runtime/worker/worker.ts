import { InvalidArgumentError, isPerdureError } from '../../model/errors.js';
import type { ActivityScheduled, RunEvent } from '../../model/events.js';
import { runTaskId, type RunId, type WorkerId } from '../../model/ids.js';
import type { Payload } from '../../model/payload.js';
import { NEVER } from '../../model/time.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import { isOwnFailure } from '../../replay/own-failures.js';
import type { InlineCode } from '../../replay/waits.js';
import type { CommitResult, TaskWant, Unwatch } from '../../storage/port.js';
import type { TaskRecord } from '../../storage/records.js';
import { decodeActivityTask, isOnlineQueue, onlineQueue, stepQueue } from '../activity-task.js';
import type { Core, LocalWorker, RunBirth } from '../core.js';
import type { ActivityRecord, WorkflowRecord } from '../definitions.js';
import { hostClock } from '../clock.js';
import { standalone, standaloneQueue } from '../standalone.js';
import { chooseDrain } from '../drain.js';
import type { EndedRun } from '../run-projection.js';
import { Executor } from '../executor.js';
import { Outbox, outboxLeaseMs } from '../outbox/outbox.js';
import { ActivityLoop, heartbeatLease, type OutcomeTaker } from './activity-loop.js';
import { wakeBlockedRuns } from './blocked-runs.js';
import { Dispatcher } from './dispatcher.js';
import { fingerprint } from './fingerprint.js';
import { OutsideChanges } from './outside-changes.js';
import { pinOf } from './pinning.js';
import { OwnedRun } from './owned-run.js';
import { QueryResponder } from './query-responder.js';
import { replayEvents, replayRun } from './replay-run.js';
import type { HeldRun, RunHost } from './run-host.js';
import { defaultRunLimits, type RunLimits } from './run-limits.js';
import { RunTable } from './run-table.js';
import { eventsOf, openTaskBody } from './sealing.js';

/** Copies of runs that queries are asked of. */
const mostCopies = 100;

export interface WorkerOptions {
  readonly id: WorkerId;
  readonly taskQueues: readonly string[];
  readonly buildId: string | null;
  readonly maxConcurrentActivities: number;
  readonly maxCachedWorkflows: number;
  readonly limits: RunLimits;
}
export interface WorkerStatus {
  readonly state: 'starting' | 'running' | 'draining' | 'stopped' | 'failed';
  /** Activities under way. */
  readonly activities: number;
  /** Runs being moved on. */
  readonly workflows: number;
  /** Runs in memory. */
  readonly cached: number;
}

/** How long claims last before somebody else may take over. Milliseconds. */
const runLeaseMs = 30_000;
const activityLeaseMs = 30_000;
const queryLeaseMs = 10_000;
/** Below the 24.8 days at which timers fire at once. */
const longTime = 1_000_000_000;
/** A hint that comes this soon after a run was written is about that. Milliseconds. */
const justNow = 60;
/** Runs claimed at once, while not more than that many are being moved on: the first ones are through before the last are read. */
const claimRuns = 256;
const claimQueries = 64;
const claimErrands = 256;
/** What was claimed and could not be read, or not be begun, is left alone for so long. Milliseconds. */
const readAgainAfter = 1_000;
const beginAgainAfter = 10_000;

/** Claims and runs what its engine was given. */
export class Worker implements LocalWorker, RunHost, OutcomeTaker {
  readonly id: WorkerId;
  readonly core: Core;
  readonly buildId: string | null;
  readonly runLimits: Required<RunLimits>;
  readonly runLeaseMs = runLeaseMs;
  readonly executor: Executor;
  readonly activities: ActivityLoop;
  readonly outbox: Outbox;
  readonly #runs: RunTable<OwnedRun>;
  readonly #dispatcher: Dispatcher;
  readonly #queries: QueryResponder;
  readonly #outside: OutsideChanges;
  readonly #options: WorkerOptions;
  readonly #queues: ReadonlySet<string>;
  /** Types that were started here, and are not registered. */
  readonly #missing = new Set<string>();
  readonly #fingerprints = new Map<WorkflowRecord, string>();
  readonly #listeners = new Set<(status: WorkerStatus) => void>();
  #state: WorkerStatus['state'] = 'starting';
  /** Runs that are being moved on. */
  #moving = 0;
  readonly #served: readonly TaskWant[];
  #unwatch: Unwatch = () => undefined;
  #offOnline: Unwatch = () => undefined;
  #letGo: () => void = () => undefined;
  #unforgive: (() => void) | undefined;

  constructor(core: Core, options: WorkerOptions, executor: Executor) {
    this.core = core;
    this.id = options.id;
    this.buildId = options.buildId;
    this.runLimits = { ...defaultRunLimits, ...options.limits };
    this.executor = executor;
    this.#options = options;
    this.#queues = new Set([...options.taskQueues, standaloneQueue]);
    this.activities = new ActivityLoop(
      core,
      { workerId: options.id, maxConcurrent: options.maxConcurrentActivities, leaseMs: activityLeaseMs },
      this,
    );
    this.outbox = new Outbox(core, options.id);
    this.#runs = new RunTable<OwnedRun>(options.maxCachedWorkflows, (runId) => this.activities.hasRun(runId));
    this.#queries = new QueryResponder(this, Math.min(mostCopies, options.maxCachedWorkflows));
    this.#outside = new OutsideChanges(
      core,
      () => this.activities.runs(),
      (runIds) => this.#lookOutside(runIds),
    );
    this.#served = this.#serves();
    this.#dispatcher = new Dispatcher(core, {
      workerId: options.id,
      buildId: options.buildId,
      serves: this.#served,
      wants: () => this.#wants(),
      take: (tasks) => this.#take(tasks),
      handled: (runs) => this.#pokeAll(runs),
    });
  }

  get workerId(): WorkerId {
    return this.id;
  }

  async begin(): Promise<void> {
    await this.core.storage.join(this.id);
    await this.core.storage.reapDeadWorkers();
    this.#unwatch = this.core.feed.onHint((hint) => {
      if (hint.kind === 'changed')
        this.#outside.suspect(
          hint.runs.filter((runId) => this.#runs.get(runId) ?? this.activities.hasRun(runId)),
        );
      else if (hint.kind === 'unknown') this.#outside.suspect(this.activities.runs());
      else if (hint.kind === 'lost') this.#setState('failed');
    });
    this.#offOnline = this.core.platform.onOnline(() => {
      this.#dispatcher.wake();
    });
    await wakeBlockedRuns(this);
    this.#unforgive = this.core.platform.forgiveRejections?.((reason) => this.#forgives(reason));
    if (this.core.clock === hostClock) this.#stayAlive();
    this.#setState('running');
    this.#dispatcher.wake();
  }

  /**
   * A promise of workflow code that nobody has looked at yet, such as a helper that is awaited later, must not end the
   * process with all its other runs. What the engine's own callers forgot is theirs.
   */
  #forgives(reason: unknown): boolean {
    if (isOwnFailure(reason)) return true;
    if (isPerdureError(reason) || !this.executor.recent) return false;
    this.core.log.error(
      'A promise rejected that nobody looks at, most likely in a workflow: await helpers together, as with ctx.all, or catch what they throw',
      { error: reason },
    );
    return true;
  }

  /** A process that only works must not end because there is nothing to do now; polls alone do not keep it. */
  #stayAlive(): void {
    const again = (): void => {
      this.#letGo = this.core.platform.setTimer(again, longTime, false);
    };
    again();
  }

  // ── LocalWorker ─────────────────────────────────────────────────────────────────────────────────────────────────

  serves(workflowType: string, taskQueue: string): boolean {
    if (this.#state !== 'running' || !this.#queues.has(taskQueue)) return false;
    const known = this.core.registry.workflowOf(workflowType) !== undefined;
    if (!known && !this.#missing.has(workflowType)) {
      this.#missing.add(workflowType);
      this.core.log.warn(
        `Workflow '${workflowType}' was started on task queue '${taskQueue}', which this engine serves without its code: it waits for an engine that has it. Unless there is one, add it to createEngine({ workflows }).`,
      );
    }
    return known;
  }

  start(birth: RunBirth): Promise<CommitResult> {
    const { run } = birth;
    const workflow = this.core.registry.workflowOf(run.workflowType) as WorkflowRecord;
    const { priority = 5, fairnessKey = '', fairnessWeight = 1 } = birth.started;
    const task: TaskRecord = {
      taskId: runTaskId(run.runId),
      namespace: this.core.namespace,
      kind: 'workflow',
      queue: run.taskQueue,
      type: run.workflowType,
      runId: run.runId,
      buildId: pinOf(this, workflow),
      priority,
      fairnessKey,
      fairnessWeight,
      visibleAt: NEVER,
      attempt: 0,
      token: 1,
      leaseOwner: null,
      leaseUntil: 0,
      body: '{}',
    };
    const owned = new OwnedRun(this, workflow, task);
    this.#runs.add(owned);
    return owned.bear(birth);
  }

  owns(runId: RunId): boolean {
    return this.#runs.get(runId) !== undefined;
  }

  moves(runId: RunId): boolean {
    return this.#runs.get(runId)?.resting === false || this.activities.hasRun(runId);
  }

  poke(runId: RunId): void {
    const run = this.#runs.get(runId);
    if (run) run.poke();
    else this.#dispatcher.wake();
  }

  async replay(
    workflowType: string,
    read: () => Promise<readonly RunEvent[]>,
  ): Promise<WorkflowInstance | undefined> {
    const workflow = this.core.registry.workflows.get(workflowType);
    return workflow && replayEvents(this, workflow, read);
  }

  async query(runId: RunId, name: string, argument: Payload): Promise<Payload | undefined> {
    return this.#queries.answer(runId, name, argument);
  }

  // ── RunHost ─────────────────────────────────────────────────────────────────────────────────────────────────────

  fingerprintOf(workflow: WorkflowRecord): string {
    let known = this.#fingerprints.get(workflow);
    if (known === undefined) this.#fingerprints.set(workflow, (known = fingerprint(workflow, this.buildId)));
    return known;
  }

  takesActivity(scheduled: ActivityScheduled): boolean {
    if (this.#state !== 'running' || !this.#queues.has(scheduled.taskQueue)) return false;
    if (scheduled.requires === 'online' && !this.core.platform.online()) return false;
    return scheduled.inline === true || this.core.registry.activities.size > 0;
  }

  codeOf(scheduled: ActivityScheduled, instance: WorkflowInstance | undefined): ActivityRecord | undefined {
    if (!scheduled.inline) return this.core.registry.activities.get(scheduled.activityType);
    const wait = instance?.waits.get(scheduled.activityId);
    return wait?.kind === 'activity' && wait.inline
      ? stepRecord(scheduled.activityType, wait.inline)
      : undefined;
  }

  claimableAt(at: number): void {
    if (at < NEVER) this.#dispatcher.wakeAt(at);
  }

  moved(): void {
    this.#moving += 1;
  }

  rested(run: HeldRun): void {
    this.#moving -= 1;
    if (this.#moving === claimRuns) this.#dispatcher.room();
    this.#runs.touch(run);
    this.#announce();
  }

  forget(run: HeldRun, ended: EndedRun | undefined): void {
    this.#runs.remove(run);
    this.core.feed.tellRun(run.runId, ended);
  }

  // ── OutcomeTaker ────────────────────────────────────────────────────────────────────────────────────────────────

  takeOutcome(runId: RunId, outcome: Parameters<OwnedRun['outcome']>[0], task: TaskRecord): boolean {
    const run = this.#runs.get(runId);
    // An instance that does not know of the activity is older than the commit that scheduled it: another worker's.
    if (!run || (run.hotSeq > 0 && !run.waitOf(outcome.activityId))) return false;
    run.outcome(outcome, task);
    return true;
  }

  activityBegan(): void {
    this.#outside.poll();
    this.#announce();
  }

  get starved(): boolean {
    return this.#dispatcher.starved;
  }
  slotFree(): void {
    this.#dispatcher.room();
    this.#announce();
  }

  // ── claims ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #serves(): readonly TaskWant[] {
    const queues = this.#options.taskQueues;
    const types = [...this.core.registry.workflows.keys()];
    const wants: TaskWant[] = [];
    if (this.core.registry.activities.size > 0) wants.push({ kind: 'activity', queues, types: null });
    wants.push({
      kind: 'workflow',
      queues: [...queues, standaloneQueue],
      types: [...types, standalone.name],
    });
    if (types.length > 0) {
      wants.push(
        { kind: 'query', queues, types },
        { kind: 'outbox', queues, types: null },
        { kind: 'activity', queues: queues.map(stepQueue), types },
      );
    }
    return wants.map((want) =>
      want.kind === 'activity'
        ? { ...want, queues: [...want.queues, ...want.queues.map(onlineQueue)] }
        : want,
    );
  }

  #wants(): readonly (TaskWant & { limit: number; leaseMs: number })[] {
    const { share } = this.activities;
    const online = this.core.platform.online();
    return this.#served.map((want) => {
      switch (want.kind) {
        case 'workflow':
          return { ...want, limit: this.#moving > claimRuns ? 0 : claimRuns, leaseMs: runLeaseMs };
        case 'query':
          return { ...want, limit: claimQueries, leaseMs: queryLeaseMs };
        case 'outbox':
          return { ...want, limit: claimErrands, leaseMs: outboxLeaseMs };
        case 'activity':
          return {
            ...want,
            ...(!online && { queues: want.queues.filter((queue) => !isOnlineQueue(queue)) }),
            limit: share,
            leaseMs: activityLeaseMs,
          };
      }
    });
  }

  async #take(tasks: readonly TaskRecord[]): Promise<void> {
    const runs = tasks.filter((task) => task.kind === 'workflow');
    for (const { kind, taskId } of tasks) if (kind === 'activity') this.activities.beginning.add(taskId);
    try {
      if (runs.length > 0) await this.#takeRuns(runs);
    } catch (error) {
      this.core.log.warn('Claimed runs could not be read; they will be claimed again', { error });
      for (const task of runs) void this.core.busy.during(() => this.#putBack(task, readAgainAfter));
    }
    for (const task of tasks) {
      if (task.kind === 'activity') void this.core.busy.during(() => this.#beginActivity(task));
      else if (task.kind === 'outbox') this.outbox.take(task);
      else if (task.kind === 'query') void this.core.busy.during(() => this.#queries.respond(task));
    }
  }

  async #takeRuns(tasks: readonly TaskRecord[]): Promise<void> {
    const requests = tasks.map(({ runId }) => ({ runId, afterSeq: this.#runs.get(runId)?.hotSeq ?? 0 }));
    const loaded = await this.core.storage.loadRuns(requests);
    tasks.forEach((task, i) => {
      let run = this.#runs.get(task.runId);
      if (!run) {
        const workflow = this.core.registry.workflowOf(task.type);
        if (!workflow) return;
        run = new OwnedRun(this, workflow, task);
        this.#runs.add(run);
      }
      run.claimed(task, loaded[i]);
    });
  }

  async #beginActivity(task: TaskRecord): Promise<void> {
    try {
      await this.#takeActivity(task);
    } finally {
      this.activities.beginning.delete(task.taskId);
    }
  }

  /** Reads what an activity was scheduled with, and the closure of a step by replaying its run. */
  async #takeActivity(task: TaskRecord): Promise<void> {
    if (this.#runs.get(task.runId)?.settles(task)) return;
    // Steps and other activities are asked for together, so that more may come than there is room for.
    if (!this.activities.reserve()) return this.#putBack(task);
    let reserved = true;
    try {
      const scheduled = await this.#scheduledOf(task);
      const instance = scheduled?.inline
        ? await this.#instanceOf(task.runId, scheduled.activityId)
        : undefined;
      if (!scheduled || (scheduled.inline && !instance)) {
        await this.#putBack(task, beginAgainAfter);
        return;
      }
      const body = await openTaskBody(this.core, decodeActivityTask(task));
      reserved = false;
      this.activities.start(
        withHeartbeatLease(task, scheduled, this.core.clock.now()),
        scheduled,
        this.codeOf(scheduled, instance),
        body,
      );
    } catch (error) {
      this.core.log.error('A claimed activity could not be begun; it will be claimed again', {
        taskId: task.taskId,
        error,
      });
      await this.#putBack(task, beginAgainAfter);
    } finally {
      if (reserved) this.activities.unreserve();
    }
  }

  /** Gives a claim back that nothing was begun with, and that therefore counts for nothing: for now, or for later. */
  async #putBack(task: TaskRecord, pause = 0): Promise<void> {
    const { clock, committer, log } = this.core;
    const { taskId, token, attempt } = task;
    const visibleAt = pause > 0 ? clock.now() + pause : task.visibleAt;
    const back: TaskRecord = { ...task, attempt: attempt - 1, visibleAt, leaseOwner: null, leaseUntil: 0 };
    try {
      await committer.commit({
        expect: [{ kind: 'token', taskId, token }],
        writes: [{ kind: 'put-task', task: back }],
      });
      if (pause > 0) this.claimableAt(visibleAt);
    } catch (error) {
      log.warn('A claim could not be given back; its lease will run out', { taskId, error });
    }
  }

  /** What an activity was scheduled with: known here where its run is hot, else in history. */
  async #scheduledOf(task: TaskRecord): Promise<ActivityScheduled | undefined> {
    const { activityId, scheduledSeq } = decodeActivityTask(task);
    const wait = this.#runs.get(task.runId)?.waitOf(activityId);
    if (wait) return wait.scheduled;
    const [body] = await this.core.storage.readEvents(task.runId, { from: scheduledSeq, limit: 1 });
    return body === undefined
      ? undefined
      : ((await eventsOf(this.core, [body])) as readonly [ActivityScheduled])[0];
  }

  /** A run that waits for a step: that in memory may be behind what another worker has moved on since. */
  async #instanceOf(runId: RunId, activityId: string): Promise<WorkflowInstance | undefined> {
    const run = this.#runs.get(runId);
    return (run?.waitOf(activityId) && run.instance) ?? replayRun(this, runId);
  }

  /**
   * Runs in memory here: one that is being moved on will see what has come; one whose task is leased to this worker
   * cannot be claimed and is told. True where no claim is needed.
   */
  #pokeAll(runIds: readonly RunId[]): boolean {
    let all = runIds.length > 0;
    for (const runId of runIds) {
      if (this.outbox.has(runId)) continue;
      const run = this.#runs.get(runId);
      if (run?.resting === false) continue;
      if (run && this.activities.hasRun(runId)) run.poke();
      else all = false;
    }
    return all;
  }

  // ── runs that others have changed ───────────────────────────────────────────────────────────────────────────────

  async #lookOutside(runIds: readonly RunId[]): Promise<void> {
    const now = this.core.platform.monotonic();
    const owned = runIds.flatMap((runId) => {
      const run = this.#runs.get(runId);
      // A hint about a run at rest that was just written here was about that.
      return run && (this.activities.hasRun(runId) || now - run.writtenAt > justNow) ? [run] : [];
    });
    try {
      const loaded =
        owned.length === 0
          ? []
          : await this.core.storage.loadRuns(
              owned.map((run) => ({ runId: run.runId, afterSeq: run.hotSeq })),
            );
      owned.forEach((run, i) => {
        run.seen(loaded[i]);
      });
      for (const runId of runIds) if (!this.#runs.get(runId)) await this.activities.check(runId);
    } catch (error) {
      this.core.log.warn('Runs in work could not be looked at; they will be looked at again', { error });
    }
  }

  // ── status ──────────────────────────────────────────────────────────────────────────────────────────────────────

  status(): WorkerStatus {
    const { count: activities } = this.activities;
    return { state: this.#state, activities, workflows: this.#moving, cached: this.#runs.size };
  }

  onStatus(listener: (status: WorkerStatus) => void): Unwatch {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #announce(): void {
    if (this.#listeners.size === 0) return;
    const status = this.status();
    for (const listener of [...this.#listeners]) listener(status);
  }

  #setState(state: WorkerStatus['state']): void {
    if (this.#state === 'stopped') return;
    this.#state = state;
    this.#announce();
  }

  // ── ending ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Claims nothing new; resolves when the activities under way have ended. */
  async drain(): Promise<void> {
    if (this.#state === 'running') this.#setState('draining');
    this.#dispatcher.stop();
    await this.activities.whenEmpty();
    await this.core.busy.whenIdle();
  }

  /** Drains for at most `graceMs`, stops what is left, and gives its leases back. */
  async close(graceMs: number): Promise<void> {
    if (this.#state === 'stopped') return;
    let cancel = (): void => undefined;
    const grace = new Promise<void>((resolve) => {
      cancel = this.core.clock.setTimer(this.core.clock.now() + graceMs, resolve, 'foreground');
    });
    await Promise.race([this.drain(), grace]);
    cancel();
    await this.#orLetRunOut(() => this.activities.giveBack());
    this.abandon();
    await this.#orLetRunOut(async () => {
      await this.core.storage.releaseLeases(this.id);
      await this.core.storage.leave(this.id);
    });
  }

  async #orLetRunOut(giveBack: () => Promise<void>): Promise<void> {
    try {
      await giveBack();
    } catch (error) {
      if (!isPerdureError(error)) throw error;
      this.core.log.warn('Leases could not be given back; they will run out', { error });
    }
  }

  /** Drops everything at once, as a crash would. */
  abandon(): void {
    this.#letGo();
    this.#unforgive?.();
    this.#outside.stop();
    this.#dispatcher.stop();
    this.#unwatch();
    this.#offOnline();
    this.activities.stop();
    this.outbox.stop();
    for (const run of [...this.#runs.all()]) run.cool();
    this.#setState('stopped');
    this.#listeners.clear();
  }
}

export async function startWorker(core: Core, options: WorkerOptions): Promise<Worker> {
  const bad = options.taskQueues.length === 0;
  if (bad)
    throw new InvalidArgumentError('A worker needs a task queue', [
      { path: 'taskQueues', message: 'must not be empty' },
    ]);
  const executor = new Executor(core.platform, await chooseDrain(core.platform), core.busy, core.committer);
  return new Worker(core, options, executor);
}

function stepRecord(name: string, code: InlineCode): ActivityRecord {
  return { name, options: {}, fn: (_input: never, step: never) => code(step) };
}

/** An activity that promised heartbeats is given up for lost after one of them is missing. */
function withHeartbeatLease(task: TaskRecord, scheduled: ActivityScheduled, now: number): TaskRecord {
  return { ...task, leaseUntil: Math.min(task.leaseUntil, heartbeatLease(scheduled, now)) };
}
