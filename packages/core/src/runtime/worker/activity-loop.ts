import { CancelledError, StorageError, UnknownActivityError } from '../../model/errors.js';
import type { ActivityScheduled } from '../../model/events.js';
import type { FailureRecord } from '../../model/failure.js';
import type { RunId, TaskId, WorkerId } from '../../model/ids.js';
import { NEVER, type EpochMs } from '../../model/time.js';
import type { Batch } from '../../storage/port.js';
import type { TaskRecord } from '../../storage/records.js';
import { afterFailure, forgottenBatch, outcomeBatch, whenLate } from '../activity-end.js';
import { decodeActivityTask, encodeActivityTask, type ActivityTaskBody } from '../activity-task.js';
import type { CancelTimer } from '../clock.js';
import type { Core } from '../core.js';
import type { ActivityRecord } from '../definitions.js';
import type { ActivityOutcome } from '../messages.js';
import { ActivityLine, linePatience, type LeasedActivity } from './activity-line.js';
import { Attempt, AttemptStoppedError, type AttemptEnd } from './attempt.js';
import { sealFailure, sealPayload } from './sealing.js';

/** The run that an outcome belongs to, where this process owns it. */
export interface OutcomeTaker {
  /** False where the run is not here: the outcome then goes through its inbox. */
  takeOutcome(runId: RunId, outcome: ActivityOutcome, task: TaskRecord): boolean;
  /** A task of this run will be claimable at that time. */
  claimableAt(at: EpochMs): void;
  activityBegan(): void;
  /** A slot has become free. */
  slotFree(): void;
  /** Whether the store may have activities that wait for a slot here. */
  readonly starved: boolean;
}

export interface ActivityLoopOptions {
  readonly workerId: WorkerId;
  readonly maxConcurrent: number;
  /** How long a claim on an activity lasts before it has to be renewed. Milliseconds. */
  readonly leaseMs: number;
}

/**
 * A worker that lives ends an attempt without heartbeats itself, and counts it; only so much later it is taken to be
 * gone. Milliseconds.
 */
const heartbeatSlack = 1_000;

/** How long a claim of an activity that promised heartbeats stands without one. */
export function heartbeatLease({ timeouts: { heartbeat } }: ActivityScheduled, now: EpochMs): EpochMs {
  return heartbeat === undefined ? NEVER : now + heartbeat + heartbeatSlack;
}

/** Waits between tries to record how an attempt ended while the store cannot. Milliseconds. */
const firstPause = 100;
const longestPause = 5_000;

/** Of what nobody has given another. */
const usualPriority = 5;

/** Workers that died in a row with an activity before it is taken to be what kills them. */
const poisonAfter = 10;

/** Runs attempts of activities, keeps their leases, and records how they end: an outcome for the run, or another attempt. */
export class ActivityLoop {
  /** Claimed here, and about to be started. */
  readonly beginning = new Set<TaskId>();
  /** Scheduled with a lease for this worker by a commit of unknown outcome, and so never started. */
  readonly #adrift = new Map<TaskId, EpochMs>();
  readonly #running = new Map<TaskId, Attempt>();
  readonly #line = new ActivityLine();
  #advancing = false;
  #patience: CancelTimer | undefined;
  /** How many are here, under way or in line, of each run. */
  readonly #byRun = new Map<RunId, number>();
  #reserved = 0;
  #stopRenewing: (() => void) | undefined;
  #idle: (() => void)[] = [];
  #stopped = false;
  readonly #core: Core;
  readonly #options: ActivityLoopOptions;
  readonly #taker: OutcomeTaker;

  constructor(core: Core, options: ActivityLoopOptions, taker: OutcomeTaker) {
    this.#core = core;
    this.#options = options;
    this.#taker = taker;
  }

  get count(): number {
    return this.#running.size;
  }
  /** How many more may be leased to this worker: as many as have a slot, or will have one soon. */
  get #room(): number {
    return Math.max(0, this.#left + this.#line.room(this.#options.maxConcurrent));
  }
  /**
   * How many to claim of each kind, of two that are claimed together: all the slots there are, since one kind alone may
   * want them, and of the line a half. What came beyond the room had to be put back.
   */
  get share(): number {
    return Math.max(0, this.#left, Math.ceil(this.#room / 2));
  }
  /** Slots that nobody has; below zero where some wait for one. */
  get #left(): number {
    if (this.#stopped) return -Infinity;
    return this.#options.maxConcurrent - this.#running.size - this.#line.size - this.#reserved;
  }
  /** Takes a slot, or a place in line for one, for an activity that has been claimed; `start` or `unreserve` gives it back. */
  reserve(): boolean {
    if (this.#room === 0) return false;
    this.#reserved += 1;
    return true;
  }
  /**
   * The same for one that is being scheduled with its lease: it waits in line only where nobody else's turn is before
   * it, and nothing in the store waits for a slot.
   */
  reserveAhead({ priority, fairnessKey }: ActivityScheduled): boolean {
    const alike = priority === usualPriority && fairnessKey === '' && !this.#taker.starved;
    return (alike || this.#left > 0) && this.reserve();
  }
  unreserve(): void {
    this.#reserved -= 1;
    this.#taker.slotFree();
  }

  /** These leases are or are not in the store, and nothing was begun with them. */
  setAdrift(tasks: readonly TaskRecord[]): void {
    const now = this.#core.clock.now();
    for (const [taskId, until] of this.#adrift) if (until <= now) this.#adrift.delete(taskId);
    for (const { taskId, leaseUntil } of tasks) this.#adrift.set(taskId, leaseUntil);
  }
  isAdrift(taskId: TaskId): boolean {
    return this.#adrift.has(taskId);
  }
  /** True once for each. */
  takeAdrift(taskId: TaskId): boolean {
    return this.#adrift.delete(taskId);
  }

  leaseUntil(scheduled: ActivityScheduled, now: EpochMs): EpochMs {
    return Math.min(now + this.#options.leaseMs, heartbeatLease(scheduled, now));
  }

  /** Begins an attempt of a task that is leased to this worker, in the slot that was reserved for it. */
  start(
    task: TaskRecord,
    scheduled: ActivityScheduled,
    activity: ActivityRecord | undefined,
    body = decodeActivityTask(task),
  ): void {
    this.#reserved -= 1;
    this.#adrift.delete(task.taskId);
    if (this.#stopped) return;
    this.#byRun.set(task.runId, (this.#byRun.get(task.runId) ?? 0) + 1);
    const leased = { task, scheduled, activity, body };
    if (this.#running.size < this.#options.maxConcurrent) this.#begin(leased);
    else this.#wait(leased);
  }

  #begin({ task, scheduled, activity, body }: LeasedActivity): void {
    const { later, ...begun } = body;
    // The claim that finds out that an attempt has timed out is none itself.
    const claimed = later ? { ...task, attempt: task.attempt - 1 } : task;
    const attempt = new Attempt(this.#core, this, claimed, begun, scheduled);
    this.#core.busy.activityBegan();
    if (later) {
      this.#ended(attempt, { kind: 'timed_out', timeout: later });
      return;
    }
    const lost = this.#endedWithItsWorker(attempt);
    if (lost) {
      // Nor is the one that finds out that there has been one attempt, or one death, too many.
      const last = { ...task, attempt: task.attempt - 1 };
      this.#ended(new Attempt(this.#core, this, last, begun, scheduled), lost);
      return;
    }
    this.#running.set(task.taskId, attempt);
    this.#renewWhileRunning();
    this.#taker.activityBegan();
    attempt.run(activity ?? unknown(scheduled), (end) => {
      this.#ended(attempt, end);
    });
  }

  #wait(leased: LeasedActivity): void {
    this.#line.join(leased);
    this.#patience ??= this.#core.clock.setTimer(
      this.#core.clock.now() + linePatience,
      () => {
        this.#patience = undefined;
        if (this.#line.size === 0) return;
        const waited = this.#line.dissolve();
        void this.#core.busy.during(() => this.#putBack(waited));
      },
      'foreground',
    );
  }

  /** Those who have waited for a slot get what has become free. */
  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    while (this.#running.size < this.#options.maxConcurrent) {
      const leased = this.#line.next();
      if (!leased) break;
      this.#begin(leased);
    }
    this.#advancing = false;
    if (this.#line.size > 0) return;
    this.#patience?.();
    this.#patience = undefined;
  }

  /** Nothing was begun with them: whoever has a slot takes them. */
  async #putBack(waited: readonly LeasedActivity[]): Promise<void> {
    const { clock, committer, log } = this.#core;
    if (waited.length === 0) return;
    for (const { task } of waited) this.#gone(task.runId);
    try {
      await Promise.all(
        waited.map(({ task }) =>
          committer.commit({
            expect: [{ kind: 'token', taskId: task.taskId, token: task.token }],
            writes: [
              {
                kind: 'put-task',
                task: { ...task, attempt: task.attempt - 1, leaseOwner: null, leaseUntil: 0 },
              },
            ],
          }),
        ),
      );
      this.#taker.claimableAt(clock.now());
    } catch (error) {
      log.warn('Activities could not be given back; their leases will run out', { error });
    }
  }

  #gone(runId: RunId): void {
    const left = (this.#byRun.get(runId) ?? 1) - 1;
    if (left > 0) this.#byRun.set(runId, left);
    else this.#byRun.delete(runId);
  }

  /** A completed activity of a run that is owned here takes the straight way: its outcome is handed over at once. */
  #ended(attempt: Attempt, end: AttemptEnd): void {
    const handedOver =
      end.kind === 'completed' &&
      !attempt.body.detached &&
      !this.#stopped &&
      this.#taker.takeOutcome(attempt.task.runId, completion(attempt, end), attempt.task);
    if (handedOver) {
      this.#forget(attempt);
      return;
    }
    void this.#core.busy
      .during(() => this.#settle(attempt, end))
      .catch(this.#unrecorded)
      .finally(() => {
        this.#forget(attempt);
      });
  }

  /**
   * Earlier attempts were claimed and never ended: their workers are gone. That is no failure of the activity, and it is
   * attempted again, whatever its policy counts; only one attempt at all means that it is never begun twice.
   */
  #endedWithItsWorker({ task, body, scheduled }: Attempt): AttemptEnd | undefined {
    const lost = task.attempt - 1 - body.finished - (body.stopped ?? 0);
    const { heartbeat, startToClose } = scheduled.timeouts;
    if (lost > 0 && scheduled.retry.maximumAttempts === 1) {
      if (heartbeat !== undefined) return { kind: 'timed_out', timeout: 'heartbeat' };
      if (startToClose !== undefined) return { kind: 'timed_out', timeout: 'start_to_close' };
      return {
        kind: 'failed',
        failure: workerLost('worker_lost', 'The worker stopped during the only attempt'),
      };
    }
    if (lost >= poisonAfter) {
      const message = `Suspected poison: ${lost} workers in a row stopped while they ran this activity`;
      return { kind: 'failed', failure: workerLost('suspected_poison', message) };
    }
    return undefined;
  }

  // ── how attempts end ────────────────────────────────────────────────────────────────────────────────────────────

  async #settle(attempt: Attempt, end: AttemptEnd): Promise<void> {
    if (end.kind === 'abandoned' || this.#stopped) return;
    if (end.kind === 'completed') {
      await this.#finish(attempt, completion(attempt, end));
      return;
    }
    if (end.kind === 'later') return this.#park(attempt);
    const next = afterFailure(this.#core, attempt, end);
    if ('outcome' in next) await this.#finish(attempt, next.outcome);
    else await this.#retry(attempt, next.retryAt, end.kind === 'failed' ? end.failure : late(end, attempt));
  }

  /** Whoever has the token completes it; nobody holds it until it has timed out. */
  async #park(attempt: Attempt): Promise<void> {
    const { task, scheduled, startedAt } = attempt;
    const { visibleAt, late } = whenLate(scheduled, startedAt, this.#core.clock.now());
    const body = await this.#bodyOf(attempt, { startedAt, later: late });
    await this.#record({
      expect: [{ kind: 'token', taskId: task.taskId, token: task.token }],
      writes: [{ kind: 'put-task', task: { ...task, visibleAt, leaseOwner: null, leaseUntil: 0, body } }],
    });
    this.#taker.claimableAt(visibleAt);
  }

  /** Puts the task back in its queue. */
  async #retry(attempt: Attempt, visibleAt: EpochMs, lastFailure: FailureRecord): Promise<void> {
    const { task } = attempt;
    const body = await this.#bodyOf(attempt, {
      queuedAt: visibleAt,
      finished: attempt.body.finished + 1,
      lastFailure,
    });
    await this.#record({
      expect: [{ kind: 'token', taskId: task.taskId, token: task.token }],
      writes: [{ kind: 'put-task', task: { ...task, visibleAt, leaseOwner: null, leaseUntil: 0, body } }],
    });
    this.#taker.claimableAt(visibleAt);
  }

  /** Hands the outcome to the run: directly where it is owned here, else through its inbox. Without a run that is that. */
  async #finish(attempt: Attempt, outcome: ActivityOutcome): Promise<void> {
    const { task } = attempt;
    if (attempt.body.detached) {
      await this.#record(forgottenBatch(task));
      return;
    }
    if (this.#taker.takeOutcome(task.runId, outcome, task)) return;
    await this.#send(outcome, task);
  }

  /** Puts an outcome into the inbox of a run that another worker, or nobody, holds. Refused where it no longer counts. */
  sendOutcome(outcome: ActivityOutcome, task: TaskRecord): Promise<void> {
    return this.#send(outcome, task).catch(this.#unrecorded);
  }

  /** Such as a codec that fails: the lease runs out, and the activity is attempted again. */
  readonly #unrecorded = (error: unknown): void => {
    if (error instanceof StorageError && error.code === 'storage_closed') return;
    this.#core.log.error('The end of an activity attempt could not be recorded; it will be attempted again', {
      error,
    });
  };

  async #send(outcome: ActivityOutcome, task: TaskRecord): Promise<void> {
    await this.#record(await outcomeBatch(this.#core, outcome, task));
    this.#taker.claimableAt(this.#core.clock.now());
  }

  /**
   * Repeats it until the store has answered: the token makes that harmless, whatever came of the calls before. A refusal
   * means that it is written, or that somebody else has the task now.
   */
  async #record(batch: Batch): Promise<void> {
    const { busy, clock, committer, log } = this.#core;
    for (let pause = firstPause; !this.#stopped; pause = Math.min(pause * 2, longestPause)) {
      try {
        await committer.commit(batch);
        return;
      } catch (error) {
        if (!(error instanceof StorageError) || error.code === 'storage_closed') throw error;
        log.warn('The end of an activity attempt could not be recorded; it will be tried again', { error });
      }
      await busy.pause(clock, pause);
    }
  }

  async #bodyOf(attempt: Attempt, changes: Partial<ActivityTaskBody>): Promise<string> {
    const { lastHeartbeat } = attempt;
    const body = { ...attempt.body, ...changes };
    return encodeActivityTask({
      ...body,
      ...(body.lastFailure && { lastFailure: await sealFailure(this.#core, body.lastFailure) }),
      ...(lastHeartbeat && {
        heartbeat: await sealPayload(this.#core, lastHeartbeat.details),
        heartbeatAt: lastHeartbeat.at,
      }),
    });
  }

  // ── leases ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Records progress and takes the lease on. */
  heartbeat(attempt: Attempt): void {
    void this.#core.busy.during(() => this.#extend(attempt, true));
  }

  async #extend(attempt: Attempt, withBody: boolean): Promise<void> {
    const { task } = attempt;
    const now = this.#core.clock.now();
    try {
      const body = withBody ? await this.#bodyOf(attempt, { startedAt: attempt.startedAt }) : task.body;
      if (attempt.hasEnded) return; // how it ended is written in its place, and must not be undone
      const extended = { ...task, leaseUntil: this.leaseUntil(attempt.scheduled, now), body };
      const result = await this.#core.committer.commit({
        expect: [{ kind: 'token', taskId: task.taskId, token: task.token }],
        writes: [{ kind: 'put-task', task: extended }],
      });
      if (!result.ok) this.#loseLease(attempt);
      else if (attempt.task === task) attempt.task = extended;
    } catch (error) {
      this.#core.log.warn('The lease of an activity could not be renewed', { taskId: task.taskId, error });
    }
  }

  #loseLease(attempt: Attempt): void {
    attempt.stop(
      new AttemptStoppedError(
        'lease_lost',
        'Another worker has this activity now, or nobody waits for it any more',
      ),
    );
  }

  #renewWhileRunning(): void {
    if (this.#stopRenewing) return;
    const every = this.#options.leaseMs / 3;
    const again = (): void => {
      this.#stopRenewing = this.#core.clock.setTimer(
        this.#core.clock.now() + every,
        () => {
          this.#renew();
          if (this.#running.size > 0) again();
          else this.#stopRenewing = undefined;
        },
        'foreground',
      );
    };
    again();
  }

  /** An activity that promised heartbeats keeps its lease by them alone. */
  #renew(): void {
    const soon = this.#core.clock.now() + (this.#options.leaseMs * 2) / 3;
    for (const attempt of this.#running.values()) {
      if (attempt.scheduled.timeouts.heartbeat === undefined && attempt.task.leaseUntil <= soon) {
        void this.#core.busy.during(() => this.#extend(attempt, false));
      }
    }
  }

  /** Looks whether the running attempts of a run still count, after something changed there. */
  async check(runId: RunId): Promise<void> {
    if (!this.#byRun.has(runId)) return;
    const attempts = [...this.#running.values()].filter(({ task }) => task.runId === runId);
    const tasks = new Map((await this.#core.storage.readTasks(runId)).map((task) => [task.taskId, task]));
    for (const attempt of attempts) {
      const stored = tasks.get(attempt.task.taskId);
      if (!this.#running.has(attempt.task.taskId)) continue;
      if (!stored) this.cancel(attempt.task.taskId, undefined);
      else if (stored.token !== attempt.task.token) this.#loseLease(attempt);
    }
    for (const { task } of this.#line.of(runId))
      if (tasks.get(task.taskId)?.token !== task.token) this.#leaveLine(task.taskId);
  }

  #leaveLine(taskId: TaskId): void {
    const leased = this.#line.leave(taskId);
    if (leased) this.#gone(leased.task.runId);
  }

  /** Runs that have attempts under way or in line here. */
  runs(): Iterable<RunId> {
    return this.#byRun.keys();
  }

  hasRun(runId: RunId): boolean {
    return this.#byRun.has(runId);
  }

  /** Tells the code of a running attempt that nobody waits for it any more. */
  cancel(taskId: TaskId, reason: string | undefined): void {
    const cancelled = new CancelledError(reason ?? 'The activity was cancelled');
    this.#running.get(taskId)?.stop(Object.assign(cancelled, { code: 'activity_cancelled' }));
    this.#leaveLine(taskId);
  }

  isRunning(taskId: TaskId): boolean {
    return this.#running.has(taskId) || this.#line.has(taskId) || this.beginning.has(taskId);
  }

  // ── ending ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #forget(attempt: Attempt): void {
    this.#core.busy.activityEnded();
    const { taskId, runId } = attempt.task;
    if (this.#running.get(taskId) === attempt) this.#running.delete(taskId);
    this.#gone(runId);
    this.#line.took(this.#core.clock.now() - attempt.startedAt);
    if (this.#line.size > 0) this.#advance();
    if (this.#isEmpty) {
      const idle = this.#idle;
      this.#idle = [];
      for (const resolve of idle) resolve();
    }
    this.#taker.slotFree();
  }

  get #isEmpty(): boolean {
    return this.#running.size === 0 && this.#line.size === 0;
  }

  /** Resolves when no attempt is under way or in line. */
  whenEmpty(): Promise<void> {
    return this.#isEmpty ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /**
   * Tells every attempt to stop, and puts its task back: a stop in good order is no worker lost. An only attempt stays
   * begun.
   */
  async giveBack(): Promise<void> {
    const begun = [...this.#running.values()];
    const waited = this.#line.dissolve();
    this.stop();
    await this.#putBack(waited);
    const again = begun.filter(({ scheduled }) => scheduled.retry.maximumAttempts !== 1);
    await Promise.all(
      again.map(async (attempt) => {
        const { task } = attempt;
        const body = await this.#bodyOf(attempt, { stopped: (attempt.body.stopped ?? 0) + 1 });
        await this.#core.committer.commit({
          expect: [{ kind: 'token', taskId: task.taskId, token: task.token }],
          writes: [{ kind: 'put-task', task: { ...task, leaseOwner: null, leaseUntil: 0, body } }],
        });
      }),
    );
  }

  /** Tells every attempt to stop and records nothing of how they end. */
  stop(): void {
    this.#stopped = true;
    this.#patience?.();
    this.#line.dissolve();
    this.#stopRenewing?.();
    this.#stopRenewing = undefined;
    for (const attempt of [...this.#running.values()]) {
      attempt.stop(
        new AttemptStoppedError(
          'worker_shutdown',
          'The worker is shutting down; the activity will be attempted again',
        ),
      );
    }
  }
}

function completion(
  { scheduled, task }: Attempt,
  { result }: Extract<AttemptEnd, { kind: 'completed' }>,
): ActivityOutcome {
  return { type: 'ActivityCompleted', activityId: scheduled.activityId, attempt: task.attempt, result };
}

/** How an attempt failed that took too long; what it had failed with before, at the latest, is the cause. */
function late(
  { timeout }: Extract<AttemptEnd, { kind: 'timed_out' }>,
  { body: { lastFailure } }: Attempt,
): FailureRecord {
  const before = lastFailure?.code === timedOutCode ? lastFailure.cause : lastFailure;
  return {
    name: 'TimeoutError',
    code: timedOutCode,
    message: `The attempt timed out (${timeout})`,
    ...(before && { cause: before }),
  };
}
const timedOutCode = 'activity_timeout';

function workerLost(code: string, message: string): FailureRecord {
  return { name: 'WorkerLostError', message, code, nonRetryable: true };
}

function unknown({ activityType, taskQueue }: ActivityScheduled): ActivityRecord {
  return {
    name: activityType,
    options: {},
    fn: () => {
      throw new UnknownActivityError(
        `No activity '${activityType}' on this worker, which serves task queue '${taskQueue}': pass it to createEngine({ activities }), or give it a task queue of its own`,
      );
    },
  };
}
