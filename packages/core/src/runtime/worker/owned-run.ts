import { encodeFailure, failureOf } from '../../codec/failures.js';
import { isPerdureError, NondeterminismError, StorageError } from '../../model/errors.js';
import type { CloseEvent, WorkflowStarted } from '../../model/events.js';
import { activityTaskId, type RunId } from '../../model/ids.js';
import type { EpochMs } from '../../model/time.js';
import { WorkflowInstance } from '../../replay/instance.js';
import type { Blockage } from '../../replay/recorder.js';
import type { ActivityWait } from '../../replay/waits.js';
import type { Batch, CommitResult, LoadedRun, Refusal } from '../../storage/port.js';
import type { MessageRecord, RunChanges, RunRecord, TaskRecord } from '../../storage/records.js';
import type { RunBirth } from '../core.js';
import type { WorkflowRecord } from '../definitions.js';
import { decodeBody, type EndedRun } from '../run-projection.js';
import { Activation, overdue } from './activation.js';
import { checkDeadlines, hasQueueTimeouts } from './activity-deadlines.js';
import type { ActivityOutcome } from '../messages.js';
import { explainedHere, foreignAwait, historyGone, planBlock, suspectedPoison } from './blocking.js';
import { endingOf, outgrown, timedOut, type Ending } from './closing.js';
import { emptyUnwritten, leasedToken, planCommit, type CommitPlan, type Unwritten } from './commit-plan.js';
import { draftAtOnce, draftOf, type Draft } from './draft.js';
import { intercepted, resultOf } from './intercepted.js';
import { handBackTo, pinOf, takeSteps } from './pinning.js';
import { closedStatus, foundBy, isStale, openStatus, shownWhere, type Shown } from './run-body.js';
import type { PendingInput } from './pending-input.js';
import type { Registered } from '../search/known-attributes.js';
import type { RunHost } from './run-host.js';
import { RunBudget } from './run-limits.js';
import { eventsOf, historyOf, openMessage } from './sealing.js';
import { shadowReplay } from './shadow-replay.js';
import { heldBy, UpdateDesk } from './update-desk.js';
import { ValidationCopy } from './validation-copy.js';

/** Claims without a commit in between before the run is taken to be what kills its workers. */
const poisonAfter = 5;
/** Messages read at once. */
const inboxPage = 1_000;
/** Waits between tries to write while the store cannot. Milliseconds. */
const firstPause = 100;
const longestPause = 30_000;
/** How soon a run is looked at again after a commit of unknown outcome. Milliseconds. */
const lookAgainAfter = 500;

type Written = Batch & Pick<CommitPlan, 'start'>;

type Answer = (result: CommitResult | undefined, error: unknown) => void;

/**
 * A run in the hands of this worker: the newest token, the instance in memory while it is hot, and what has happened to
 * it that no commit has taken yet.
 *
 * One turn at a time: collect what has happened, move the instance on, write it all in one batch. Ownership is the
 * token and the head checked inside that commit; nothing here is safe because of a lease or a flag.
 */
export class OwnedRun {
  readonly runId: RunId;
  readonly workflow: WorkflowRecord;
  #task: TaskRecord;
  /** A newer claim than that of the turn under way. */
  #claim: TaskRecord | undefined;
  #seq = 0;
  #inbox = 0;
  #isCurrent = true;
  #instance: WorkflowInstance | undefined;
  #loaded: LoadedRun | undefined;
  #inputs: PendingInput[] = [];
  #read = 0;
  #messagesDue = false;
  #working = false;
  #again = false;
  #gone = false;
  readonly #updates: UpdateDesk;
  readonly #validation: ValidationCopy;
  #unwritten: Unwritten = emptyUnwritten(0);
  /** The run as it was loaded; undefined once it was written here. */
  #kept: RunRecord | undefined;
  /** What is registered, as far as the instance knows. */
  #attributes: Registered;
  #activityChecks: ReadonlyMap<string, EpochMs> = new Map();
  #birth: (RunBirth & { readonly answer: Answer }) | undefined;
  /** When this worker last wrote it, by the monotonic clock. */
  writtenAt = -Infinity;
  readonly #host: RunHost;
  readonly #budget: RunBudget;

  constructor(host: RunHost, workflow: WorkflowRecord, task: TaskRecord) {
    this.#host = host;
    this.workflow = workflow;
    this.runId = task.runId;
    this.#budget = new RunBudget(host.runLimits, host.core.log);
    this.#updates = new UpdateDesk(host.runLimits.pendingUpdates);
    this.#validation = new ValidationCopy(host, task.runId);
    this.#attributes = host.core.attributes.current;
    this.#task = task;
  }

  get resting(): boolean {
    return !this.#working;
  }
  /** The instance, while nothing moves it. */
  get instance(): WorkflowInstance | undefined {
    return this.#working ? undefined : this.#instance;
  }
  /** A pending activity of the instance in memory. */
  waitOf(activityId: string): ActivityWait | undefined {
    const wait = this.#instance?.waits.get(activityId);
    return wait?.kind === 'activity' ? wait : undefined;
  }
  /** Head of the instance in memory; 0 without one. */
  get hotSeq(): number {
    return this.#instance ? this.#seq : 0;
  }

  // ── what happens to it ──────────────────────────────────────────────────────────────────────────────────────────

  /** A run that is started here: its first activation goes into the commit that creates it. */
  bear(birth: RunBirth): Promise<CommitResult> {
    return new Promise((resolve, reject) => {
      const answer: Answer = (result, error) => {
        if (result) resolve(result);
        else reject(error);
      };
      this.#birth = { ...birth, answer };
      this.#kick();
    });
  }

  /** This worker has claimed the run's task; `loaded` is the run as it was just after. */
  claimed(task: TaskRecord, loaded: LoadedRun | undefined): void {
    // What is under way may be behind what others have written before this claim: it keeps the token that it began with.
    this.#claim = task;
    this.#loaded = loaded;
    if (!loaded) this.#instance = undefined;
    this.#kick();
  }

  /** The run as somebody else may have left it: undefined where it is gone. */
  seen(loaded: LoadedRun | undefined): void {
    if (this.#gone || this.#birth || isOlder(loaded, this.#loaded)) return;
    const sameRun = loaded?.run.closedAt === null && loaded.run.seq <= this.#seq;
    const nothingNew = sameRun && loaded.inbox.every((message) => message.position <= this.#read);
    if (nothingNew) return;
    this.#loaded = loaded;
    if (!loaded) this.#instance = undefined;
    this.#kick();
  }

  /** There may be messages in the inbox. */
  poke(): void {
    this.#messagesDue = true;
    this.#kick();
  }

  outcome(outcome: ActivityOutcome, task: TaskRecord): void {
    this.#inputs.push({ input: outcome, at: this.#host.core.clock.now(), task });
    this.#kick();
  }

  /** The task of an activity that has ended here was claimed once more before that could be written: it is settled as it is now. */
  settles(task: TaskRecord): boolean {
    let held = false;
    const renewed = <T extends { readonly task?: TaskRecord }>(entry: T): T => {
      if (entry.task?.taskId !== task.taskId) return entry;
      held = true;
      return { ...entry, task };
    };
    this.#unwritten.outcomes = this.#unwritten.outcomes.map(renewed);
    for (let i = 0; i < this.#inputs.length; i++) this.#inputs[i] = renewed(this.#inputs[i] as PendingInput);
    return held;
  }

  /** Drops the instance; its frames are abandoned, and no `finally` of theirs ever runs. */
  cool(): void {
    this.#instance = undefined;
    this.#validation.drop();
  }

  #kick(): void {
    this.#again = true;
    if (this.#working || this.#gone) return;
    this.#working = true;
    this.#host.moved();
    this.#host.core.busy.enter();
    this.#goOn();
  }

  // ── a turn ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A turn after the other, until nothing has happened in the meantime. That of a hot run makes no promise on its way. */
  readonly #goOn = (): void => {
    if (!this.#again || this.#gone) {
      this.#working = false;
      this.#host.rested(this);
      this.#host.core.busy.leave();
      return;
    }
    this.#again = false;
    this.#takeClaim();
    try {
      const instance = this.#isReady() ? this.#instance : undefined;
      if (instance && this.#mayGoStraightOn(instance)) this.#activate(instance);
      else this.#after(this.#prepare());
    } catch (error) {
      this.#failed(error);
    }
  };

  /** The newest claim is what the run is written with from now on. */
  #takeClaim(): void {
    if (this.#claim && this.#claim.token > this.#task.token) this.#task = this.#claim;
    this.#claim = undefined;
  }

  readonly #failed = (error: unknown): void => {
    void this.#blockOrGiveUp(error).then(this.#goOn);
  };

  #after(work: Promise<(() => void) | void>): void {
    work.then((next) => {
      (next ?? this.#goOn)();
    }, this.#failed);
  }

  #mayGoStraightOn(instance: WorkflowInstance): boolean {
    return (
      !this.#messagesDue &&
      !instance.blockage &&
      !hasQueueTimeouts(instance) &&
      !this.#updates.asking &&
      (this.#birth !== undefined || !overdue(instance, this.#host.core.clock.now()))
    );
  }

  /** What has to be seen to before the run is moved on; resolves to what comes next, where that is not another turn. */
  async #prepare(): Promise<(() => void) | void> {
    if (!this.#isReady() && !(await this.#ready())) return;
    const instance = this.#instance as WorkflowInstance;
    const { core } = this.#host;
    if (instance.blockage) return this.#block(instance.blockage);
    const late = this.#birth ? undefined : overdue(instance, core.clock.now());
    const ending = late && timedOut(core, instance, late);
    // What another attempt is to get has to be read first; else a deadline waits for nobody.
    if (ending && !(this.#messagesDue && ending.nextAt !== undefined))
      return () => {
        this.#commit(instance, ending);
      };
    if (this.#messagesDue || hasQueueTimeouts(instance)) await this.#collect(instance);
    if (this.#gone) return;
    if (ending || !(await this.#validated(instance))) {
      this.#again = true;
      return;
    }
    return () => {
      this.#activate(instance);
    };
  }

  #activate(instance: WorkflowInstance): void {
    const { core, executor } = this.#host;
    const ended = core.interceptors.activation(() => intercepted(instance));
    const done = ended
      ? (activation: Activation): void => {
          ended(resultOf(instance, this.#blockageOf(instance)));
          this.#activated(activation);
        }
      : this.#activated;
    executor.run(new Activation(instance, this.#inputs, this.#updates, core.clock, done));
  }

  readonly #activated = ({ instance, consumed }: Activation): void => {
    const unwritten = this.#unwritten;
    unwritten.refused.push(...this.#updates.takeRefused());
    for (const { pending, fed } of consumed) {
      if (pending.message) unwritten.through = pending.message.position;
      if (pending.expires && fed) unwritten.expired.push(pending.expires);
      if (pending.task && fed)
        unwritten.outcomes.push({ outcome: pending.input as ActivityOutcome, task: pending.task });
      else if (pending.task) unwritten.useless.push(pending);
    }
    try {
      this.#conclude(instance);
    } catch (error) {
      this.#failed(error);
    }
  };

  #conclude(instance: WorkflowInstance): void {
    const { core } = this.#host;
    const blockage = this.#blockageOf(instance);
    if (blockage) {
      this.#after(this.#block(blockage));
      return;
    }
    // Only what has not been looked at keeps a settled run open; that it was claimed again meanwhile does not.
    const more =
      this.#messagesDue ||
      this.#updates.asking !== undefined ||
      (this.#inputs.length > 0 && !instance.continuing);
    if (more) this.#again = true;
    // What is written has been judged to its end, so that updates that wait for their validators stay where they are.
    if (more && (instance.continuing || this.#updates.asking)) {
      this.#goOn();
      return;
    }
    const breach = instance.settlement ? undefined : this.#budget.breach(instance);
    const end = breach ? outgrown(core, instance, breach) : endingOf(core, instance);
    this.#commit(instance, more ? undefined : end);
  }

  /** Why it cannot go on, once it has come to rest. */
  #blockageOf(instance: WorkflowInstance): Blockage | undefined {
    if (instance.blockage || instance.settlement || instance.waitsForTheWorld) return instance.blockage;
    return foreignAwait(this.workflow.name);
  }

  async #collect(instance: WorkflowInstance): Promise<void> {
    const { core } = this.#host;
    if (this.#messagesDue) {
      this.#messagesDue = false;
      const messages = await core.storage.readInbox(this.runId, {
        afterPosition: this.#read,
        limit: inboxPage,
      });
      if (messages.length === 0 && (await this.#wasClosed())) return;
      await this.#takeMessages(messages);
    }
    if (!this.#birth && hasQueueTimeouts(instance)) {
      const found = await checkDeadlines(core, instance, this.runId);
      this.#activityChecks = found.checks;
      this.#inputs.push(...found.inputs);
      this.#unwritten.requeued.push(...found.requeued);
    }
  }

  /** Asks the validator of the update that comes next. False where the run has to be looked at again first. */
  async #validated(instance: WorkflowInstance): Promise<boolean> {
    const { asking } = this.#updates;
    if (!asking) return true;
    const { bodies } = this.#taken(instance);
    try {
      const verdict = await this.#validation.ask(asking.input, { seq: this.#seq, bodies });
      if (verdict) {
        this.#updates.answer(verdict.refused);
        return this.#instance === instance;
      }
    } catch (error) {
      if (!(error instanceof NondeterminismError)) throw error;
    }
    this.#againFromHistory(); // whose replay blocks it, where its code is another
    return false;
  }

  /** Whether somebody else has ended the run; then what runs here for it, and who waits for it, is told at once. */
  async #wasClosed(): Promise<boolean> {
    const { core } = this.#host;
    if (this.#birth) return false;
    const run = await core.storage.readRun(this.runId);
    if (run?.closedAt === null) return false;
    await this.#leaveClosed();
    return true;
  }

  async #leaveClosed(): Promise<void> {
    this.#leave();
    await this.#host.activities.check(this.runId);
  }

  async #takeMessages(messages: readonly MessageRecord[]): Promise<void> {
    for (const message of messages) {
      if (message.position <= this.#read) continue;
      this.#read = message.position;
      this.#inputs.push({
        input: await openMessage(this.#host.core, message),
        at: Math.min(message.at, this.#host.core.clock.now()),
        message,
      });
    }
    if (messages.length >= inboxPage) this.#messagesDue = true;
  }

  // ── the instance ────────────────────────────────────────────────────────────────────────────────────────────────

  #isReady(): boolean {
    return this.#instance !== undefined && this.#loaded === undefined;
  }

  /** Sees to it that there is an instance at the head of the history; false where the run cannot be moved on here. */
  async #ready(): Promise<boolean> {
    if (this.#birth) {
      this.#instance ??= this.#conceive(this.#birth.started);
      return true;
    }
    const loaded = this.#loaded;
    this.#loaded = undefined;
    // What was read before this run's own last commit is behind it; its messages still count.
    if (this.#instance && (!loaded || (loaded.run.seq <= this.#seq && loaded.run.closedAt === null))) {
      if (loaded) await this.#takeMessages(loaded.inbox);
      return true;
    }
    this.#rewind();
    // What was read before the last commit here lacks what that has written, also where the instance is gone since.
    const complete = loaded && loaded.events.length === loaded.run.seq && loaded.run.seq >= this.#seq;
    const [whole] = complete
      ? [loaded]
      : await this.#host.core.storage.loadRuns([{ runId: this.runId, afterSeq: 0 }]);
    return this.#load(whole);
  }

  #conceive(started: WorkflowStarted): WorkflowInstance {
    const { seq: _seq, at, ...input } = started;
    this.#inputs.push({ input, at });
    return this.#newInstance(started);
  }

  #newInstance(started: WorkflowStarted): WorkflowInstance {
    const { core } = this.#host;
    const { namespace, log, limits, registry, attributes } = core;
    this.#attributes = attributes.current;
    return new WorkflowInstance(this.workflow, started, {
      namespace,
      log,
      limits,
      workflows: registry.workflows,
      activities: registry.activities,
      registeredAttributes: this.#attributes.types,
      onForeign: () => {
        this.#kick();
      },
    });
  }

  async #load(loaded: LoadedRun | undefined): Promise<boolean> {
    if (loaded?.run.closedAt !== null) {
      await this.#leaveClosed();
      return false;
    }
    const { run } = loaded;
    this.#seq = run.seq;
    this.#isCurrent = run.isCurrent;
    this.#inbox = this.#read = 0;
    this.#kept = run;
    if (
      run.status === 'blocked' &&
      decodeBody(run).blocked?.fingerprint === this.#host.fingerprintOf(this.workflow)
    ) {
      await this.#writing(
        () => planBlock(this.#blockInput(undefined)),
        () => {
          this.#leave();
        },
      );
      return false;
    }
    if (this.#task.attempt > poisonAfter) {
      await this.#block(suspectedPoison(poisonAfter));
      return false;
    }
    const instance = await this.#replayed(loaded);
    if (!instance) return false;
    this.#instance = instance;
    this.#inputs.push(...(await heldBy(this.#host.core, this.#task)));
    await this.#takeMessages(loaded.inbox);
    await this.#adopt(instance);
    return true;
  }

  async #replayed(loaded: LoadedRun): Promise<WorkflowInstance | undefined> {
    try {
      const { started, history } = await historyOf(this.#host.core, loaded.events);
      if (!started) throw historyGone(loaded.run);
      const instance = this.#newInstance(started);
      instance.feedRecorded(history);
      await this.#host.executor.through(() => instance.step());
      if (!instance.blockage) return instance;
      const again = await eventsOf(this.#host.core, loaded.events);
      await this.#block(await explainedHere(this.#host, this.workflow, instance.blockage, again));
      return undefined;
    } catch (error) {
      if (error instanceof StorageError && error.code !== 'storage_corrupt') throw error;
      const code = isPerdureError(error) ? error.code : 'history_malformed';
      await this.#block({ code, message: failureOf(encodeFailure(error)).message });
      return undefined;
    }
  }

  /**
   * Activities that a commit of unknown outcome had scheduled with a lease for this worker, which has not begun them.
   * Any other lease of its may belong to a claim that is not answered yet; and one that was claimed since has grown.
   */
  async #adopt(instance: WorkflowInstance): Promise<void> {
    const { core, activities, workerId } = this.#host;
    if (instance.activities().length === 0) return;
    const pin = pinOf(this.#host, this.workflow);
    if (this.#task.buildId !== pin || this.#kept?.buildId !== this.#host.buildId)
      await takeSteps(this.#host, this.runId, pin);
    if (!instance.activities().some(({ id }) => activities.isAdrift(activityTaskId(this.runId, id)))) return;
    for (const task of await core.storage.readTasks(this.runId)) {
      const asScheduled = task.token === leasedToken && task.leaseOwner === workerId;
      if (activities.takeAdrift(task.taskId) && asScheduled)
        this.#unwritten.requeued.push({ ...task, attempt: 0, leaseOwner: null, leaseUntil: 0 });
    }
  }

  // ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** What no commit has taken yet, up to now. */
  #taken(instance: WorkflowInstance): Unwritten {
    const fresh = instance.recorder.takeFresh();
    const unwritten = this.#unwritten;
    if (unwritten.events.length === 0) {
      unwritten.events = fresh.events;
      unwritten.bodies = fresh.bodies;
    } else {
      unwritten.events.push(...fresh.events);
      unwritten.bodies.push(...fresh.bodies);
    }
    return unwritten;
  }

  #commit(instance: WorkflowInstance, ending: Ending | undefined): void {
    const unwritten = this.#taken(instance);
    const { core, runLimits } = this.#host;
    const input = {
      core,
      runId: this.runId,
      instance,
      unwritten,
      desk: this.#updates,
      inputs: this.#inputs,
      birth: this.#birth,
      mostSignals: runLimits.bufferedSignals,
    };
    const draft = draftAtOnce(input, ending);
    if (draft) this.#submit(instance, draft);
    else
      this.#after(
        draftOf(input, ending).then((slow) => () => {
          this.#submit(instance, slow);
        }),
      );
  }

  #submit(instance: WorkflowInstance, draft: Draft): void {
    const { core } = this.#host;
    const { ending, bodies, updates, body, after, kept } = draft;
    const closed = ending?.event;
    const changes = this.#changes(instance, closed, body, core.clock.now());
    const plan = (): CommitPlan =>
      planCommit({
        host: this.#host,
        runId: this.runId,
        instance,
        task: this.#task,
        pin: pinOf(this.#host, this.workflow),
        seq: this.#seq,
        inbox: this.#inbox,
        unwritten:
          ending?.nextAt === undefined ? this.#unwritten : { ...this.#unwritten, through: this.#read },
        bodies,
        updates,
        taskBody: this.#updates.taskBody(),
        changes,
        stale: this.#kept !== undefined && isStale(this.#kept, changes),
        closed,
        after,
        birth: this.#birth,
        activityChecks: this.#activityChecks,
        attributes: this.#attributes,
        kept,
        now: core.clock.now(),
      });
    const written = (done: CommitPlan): void => {
      this.#written(instance, done, closed, changes);
      if (ending?.nextAt !== undefined) this.#host.claimableAt(ending.nextAt);
    };
    this.#write(plan, written, () => {
      const compare = core.checks.shadowReplay && !closed && this.#instance === instance;
      if (compare && this.#unwritten.events.length === 0) this.#after(this.#compare(instance));
      else this.#goOn();
    });
  }

  async #compare(instance: WorkflowInstance): Promise<void> {
    const difference = await shadowReplay(this.#host, this.workflow, instance, this.runId);
    if (difference) await this.#block(difference);
  }

  #changes(
    instance: WorkflowInstance,
    closed: CloseEvent | undefined,
    body: string,
    now: EpochMs,
  ): RunChanges {
    return {
      status: closed ? closedStatus(closed) : openStatus(instance),
      isCurrent: this.#isCurrent && !(closed && 'newRunId' in closed),
      buildId: this.#host.buildId,
      closedAt: closed ? closed.at : null,
      // What ends the run from outside, by another clock, must not come before its newest event.
      progressAt: Math.max(now, closed?.at ?? instance.recorder.now),
      body,
      ...foundBy(instance, this.#unwritten.events, closed),
    };
  }

  #written(
    instance: WorkflowInstance,
    plan: CommitPlan,
    closed: CloseEvent | undefined,
    { status, body: ended }: RunChanges,
  ): void {
    const { activities, core } = this.#host;
    this.#seq = closed?.seq ?? instance.recorder.head;
    this.#inbox = this.#unwritten.through;
    this.#kept = undefined;
    this.#unwritten = emptyUnwritten(this.#inbox);
    if (plan.updates) core.feed.tellRun(this.runId);
    for (const { taskId, reason } of plan.cancel) activities.cancel(taskId, reason);
    for (const { task, scheduled, body } of plan.start)
      activities.start(task, scheduled, this.#host.codeOf(scheduled, instance), body);
    for (const { task, event } of plan.errands) this.#host.outbox.take(task, event);
    if (plan.claimable) this.#host.claimableAt(core.clock.now());
    if (closed) {
      this.#warnOfUnobserved(instance, 'newRunId' in closed && closed.newRunId !== undefined);
      for (const wait of instance.activities())
        activities.cancel(activityTaskId(this.runId, wait.id), 'The workflow has ended');
      const { parent } = instance.started;
      if (parent) core.worker?.poke(parent.runId);
      const { workflowId, workflowType } = instance.started;
      this.#leave({ workflowId, runId: this.runId, workflowType, status, body: ended });
      return;
    }
    // A claim by this worker may have been answered before this commit was.
    const task = plan.task as TaskRecord;
    if (task.token >= this.#task.token) this.#task = task;
    this.#host.claimableAt(task.visibleAt);
    if (core.checks.alwaysEvict) this.cool();
  }

  #warnOfUnobserved(instance: WorkflowInstance, goesOn: boolean): void {
    const { workflowId, runId, workflowType } = instance.started;
    const warn = (message: string, fields: object): void => {
      this.#host.core.log.warn(message, { workflowType, workflowId, runId, ...fields });
    };
    const failed = instance.unobservedFailures().map((task) => task.id);
    if (failed.length > 0) warn('A workflow ended without having looked at work that failed', { failed });
    const updates = [...instance.updates.unfinished.keys()];
    if (!goesOn && updates.length > 0)
      warn('A workflow ended before its handlers of updates were done', { updates });
  }

  /**
   * Writes a plan until the store has answered. A store that cannot write now keeps the run waiting, not failing; then
   * the plan is made anew, since the leases in it begin when it is made. `done` is called once, unless it fails.
   */
  #write<P extends Written>(
    make: () => P,
    written: (plan: P) => void,
    done: () => void,
    failed = this.#failed,
    pause = firstPause,
  ): void {
    const plan = make();
    if (plan.writes.length === 0) {
      done();
      return;
    }
    const answered = (result: CommitResult | undefined, error: unknown): void => {
      if (!result?.ok) for (const _ of plan.start) this.#host.activities.unreserve();
      try {
        if (result?.ok) {
          this.#accepted(result, plan, written);
          done();
        } else if (result) this.#refused(result.refusal, result, plan).then(done, failed);
        else if (this.#mayWriteLater(error)) {
          const later = Math.min(pause * 2, longestPause);
          this.#pause(error, pause).then(() => {
            this.#write(make, written, done, failed, later);
          }, failed);
        } else {
          this.#host.activities.setAdrift(plan.start.map(({ task }) => task));
          failed(error);
        }
      } catch (thrown) {
        failed(thrown);
      }
    };
    this.#host.core.committer.submit(plan, answered);
  }

  #writing(make: () => Written, written: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#write(make, written, resolve, reject);
    });
  }

  #accepted<P>(result: CommitResult, plan: P, written: (plan: P) => void): void {
    this.writtenAt = this.#host.core.platform.monotonic();
    const answer = this.#birth?.answer;
    this.#birth = undefined;
    written(plan);
    answer?.(result, undefined);
  }

  #mayWriteLater(error: unknown): boolean {
    return (
      error instanceof StorageError &&
      error.outcome === 'not-applied' &&
      error.code !== 'storage_closed' &&
      !this.#birth
    );
  }

  async #pause(error: unknown, ms: number): Promise<void> {
    const { core } = this.#host;
    core.log.error('A run cannot be written now; it will be tried again', { runId: this.runId, error });
    await core.busy.pause(core.clock, ms);
  }

  async #refused(refusal: Refusal, result: CommitResult, { expect }: Written): Promise<void> {
    if (refusal.of === 'expect' && expect[refusal.index] === this.#attributes.expect) {
      await this.#host.core.attributes.refresh();
      this.#againFromHistory();
      return;
    }
    if (this.#birth) {
      this.#birth.answer(result, undefined);
      this.#leave();
      return;
    }
    if (refusal.reason === 'inbox-read') {
      this.poke();
      return;
    }
    if (refusal.reason === 'run-open') {
      this.#again = true; // the parent, which was to hear of the end, has ended itself
      return;
    }
    const ownToken = refusal.reason === 'token' && refusal.index === 0;
    if (ownToken && this.#loaded) {
      this.#again = true; // claimed anew by this worker while the commit was under way: look again with the new token
      return;
    }
    const mayStillOwn = refusal.reason === 'token' && !ownToken;
    this.#leave();
    if (mayStillOwn) await this.#release();
  }

  /** Gives the run back to whoever claims it next. */
  async #release(): Promise<void> {
    const { core } = this.#host;
    this.#takeClaim();
    const task: TaskRecord = { ...this.#task, visibleAt: core.clock.now(), leaseOwner: null, leaseUntil: 0 };
    const { taskId, token } = this.#task;
    const result = await core.committer.commit({
      expect: [{ kind: 'token', taskId, token }],
      writes: [{ kind: 'put-task', task }],
    });
    if (result.ok) this.#host.claimableAt(core.clock.now());
  }

  /**
   * The store could not be read, or a commit may have been written or not: whoever claims the run finds out, and finds the
   * activities that it scheduled here. Soon, and without counting the claim: it is not the run that stopped its worker.
   */
  async #lookAgain(): Promise<void> {
    const { core } = this.#host;
    this.#takeClaim();
    const { taskId, token } = this.#task;
    try {
      const task = await core.storage.readTask(taskId);
      if (task?.token !== token) return;
      const visibleAt = core.clock.now() + lookAgainAfter;
      const back = {
        ...task,
        attempt: Math.max(0, task.attempt - 1),
        visibleAt,
        leaseOwner: null,
        leaseUntil: 0,
      };
      await core.committer.commit({
        expect: [{ kind: 'token', taskId, token }],
        writes: [{ kind: 'put-task', task: back }],
      });
      this.#host.claimableAt(visibleAt);
    } catch (error) {
      core.log.warn('A run could not be given back; its lease will run out', { runId: this.runId, error });
    }
  }

  // ── blocked, lost ───────────────────────────────────────────────────────────────────────────────────────────────

  async #block(blockage: Blockage): Promise<void> {
    const { core } = this.#host;
    const handBack = handBackTo(this.#host, this.workflow, this.#kept, blockage);
    core.log[handBack === undefined ? 'error' : 'warn'](blockage.message, {
      code: blockage.code,
      runId: this.runId,
      workflowType: this.workflow.name,
      ...(handBack !== undefined && { handBack }),
    });
    const shown = await shownWhere(core, this.#kept, this.#instance);
    await this.#writing(
      () => planBlock({ ...this.#blockInput(blockage, shown), handBack }),
      () => {
        this.#leave();
      },
    );
  }

  #blockInput(blockage: Blockage | undefined, shown?: Shown): Parameters<typeof planBlock>[0] {
    return {
      core: this.#host.core,
      runId: this.runId,
      task: this.#task,
      birth: this.#birth,
      blockage,
      fingerprint: this.#host.fingerprintOf(this.workflow),
      buildId: this.#kept ? this.#kept.buildId : this.#host.buildId,
      isCurrent: this.#isCurrent,
      shown,
      now: this.#host.core.clock.now(),
    };
  }

  /** Back to what the store has: the instance goes, and what happened here since is still to be told to the next one. */
  #rewind(): void {
    const now = this.#host.core.clock.now();
    const told = this.#unwritten.outcomes.map(({ outcome, task }): PendingInput => ({
      input: outcome,
      at: now,
      task,
    }));
    this.#inputs = [...told, ...this.#unwritten.useless, ...this.#inputs.filter((pending) => pending.task)];
    this.cool();
    this.#updates.clear();
    this.#unwritten = emptyUnwritten(0);
  }

  /** Nothing that it has come to since its last commit counts: it is done again. */
  #againFromHistory(): void {
    this.#rewind();
    this.#messagesDue = this.#again = true;
  }

  /**
   * This worker has nothing more to do with the run. Outcomes that no commit took go through the inbox: whoever has the
   * run next will find them there.
   */
  #leave(ended?: EndedRun): void {
    this.#gone = true;
    this.#host.forget(this, ended);
    this.#rewind();
    const { activities, core } = this.#host;
    for (const { input, task } of this.#inputs) {
      if (task) void core.busy.during(() => activities.sendOutcome(input as ActivityOutcome, task));
    }
    this.#inputs = [];
  }

  /** What cannot be read will not be readable the next time: that run alone is blocked. */
  async #blockOrGiveUp(error: unknown): Promise<void> {
    try {
      if (!this.#gone && !this.#birth && error instanceof StorageError && error.code === 'storage_corrupt') {
        await this.#block({ code: error.code, message: error.message });
        return;
      }
      this.#giveUp(error);
    } catch (another) {
      this.#giveUp(another);
    }
  }

  #giveUp(error: unknown): void {
    const birth = this.#birth;
    this.#birth = undefined;
    this.#leave();
    if (error instanceof StorageError && (error.retryable || error.outcome === 'unknown'))
      void this.#host.core.busy.during(() => this.#lookAgain());
    if (birth) birth.answer(undefined, error);
    else if (!(error instanceof StorageError && error.code === 'storage_closed')) {
      this.#host.core.log.error('A run could not be moved on; another claim will try again', {
        runId: this.runId,
        error,
      });
    }
  }
}

/** Read before the other one was. */
function isOlder(loaded: LoadedRun | undefined, than: LoadedRun | undefined): boolean {
  return loaded !== undefined && than !== undefined && loaded.run.version < than.run.version;
}
