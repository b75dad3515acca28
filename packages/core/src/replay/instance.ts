import { encodeFailure, failureOf } from '../codec/failures.js';
import { nearLimit, readLimits, type PayloadLimits } from '../codec/limits.js';
import { validateSync, type StandardSchema } from '../codec/schema.js';
import { decodeValue, encodeValue } from '../codec/values.js';
import {
  CancelledError,
  QueryRejectedError,
  isCancelled,
  isPerdureError,
  isThrown,
  unknownWorkflow,
} from '../model/errors.js';
import type {
  ActivityCancelled,
  ActivityCompleted,
  ActivityFailed,
  ActivityTimedOut,
  CancelRequested,
  CloseEvent,
  InputEvent,
  RunEvent,
  SignalReceived,
  Unplaced,
  UpdateAccepted,
  WorkflowStarted,
} from '../model/events.js';
import { isCloseEvent, isForcedEnd } from '../model/events.js';
import type { FailureRecord } from '../model/failure.js';
import type { Payload, TextPayload } from '../model/payload.js';
import { mayRetry } from '../model/retry.js';
import type { SearchAttributeSchema } from '../model/search-attributes.js';
import type { EpochMs } from '../model/time.js';
import { activityError } from './activity-error.js';
import { callSite } from './call-site.js';
import { Children } from './children.js';
import { ReplayContext } from './context.js';
import {
  ContinuedAsNew,
  freezeContinuation,
  type Continuation,
  type ContinueAsNewOptions,
} from './continuation.js';
import { endDivergence, divergenceMessage, type CodeEnd } from './divergence.js';
import type { InstanceHost } from './instance-host.js';
import { Mailbox } from './mailbox.js';
import { Published } from './published.js';
import { SeededRandom } from './random.js';
import { readOnly } from './read-only.js';
import { holdsValue } from './recorded-value.js';
import { RecordedTurns, type RecordedHistory, type RecordedTurn } from './recorded-turns.js';
import { Recorder, type Blockage } from './recorder.js';
import type { RunningCode } from './running-code.js';
import type { Scope } from './scope.js';
import { Scopes } from './scopes.js';
import type { TaskPromise } from './task.js';
import { Updates, type UpdateVerdict } from './updates.js';
import { Waits, type ActivityWait, type Wait } from './waits.js';

/** A workflow's code, and what replay has to know of it. */
export interface WorkflowCode {
  readonly name: string;
  readonly fn: (context: never, input: never) => Promise<unknown>;
  readonly inputSchema?: StandardSchema | undefined;
  readonly outputSchema?: StandardSchema | undefined;
  readonly searchAttributes?: SearchAttributeSchema | undefined;
  readonly messages?: Readonly<Record<string, { readonly kind: string }>> | undefined;
}

/** How the workflow's function ended. */
export type Settlement =
  | { readonly kind: 'completed'; readonly result: TextPayload }
  | { readonly kind: 'failed'; readonly failure: FailureRecord }
  | { readonly kind: 'cancelled'; readonly reason?: string }
  | { readonly kind: 'continued'; readonly next: Continuation };

interface NewInput {
  readonly fresh: Unplaced<InputEvent>;
  readonly at: EpochMs;
}

/**
 * One run in memory: workflow code under way, moved on one input at a time.
 *
 * `feed` inputs, recorded or new, then call `step` until it says false; between two calls the microtask queue must have
 * become empty. Nothing here knows a clock, a store or chance, so what a run does is a function of what it is fed.
 *
 * What must not be done here: resolve two handles without a drain between them, read the time, await anything.
 */
export class WorkflowInstance implements RunningCode {
  readonly scopes = new Scopes();
  readonly waits = new Waits();
  readonly recorder: Recorder;
  readonly mailbox: Mailbox;
  readonly updates: Updates;
  readonly children: Children;
  readonly random: SeededRandom;
  readonly published: Published;
  readonly host: InstanceHost;
  readonly started: WorkflowStarted;
  /** Newest value of `ctx.setState`. */
  state: TextPayload | undefined;
  settlement: Settlement | undefined;
  closed: CloseEvent | undefined;
  cancelRequest: CancelRequested | undefined;
  /** Somebody who may only look has changed it: what history holds is the run, not this. */
  tainted = false;
  readonly #code: WorkflowCode;
  readonly #context: ReplayContext;
  #feed: (RecordedTurns | NewInput)[] = [];
  #delivered = false;
  #unobserved: TaskPromise<unknown>[] = [];
  #ids = 0;
  #messageIds = new Set<string>();

  constructor(
    code: WorkflowCode,
    started: WorkflowStarted,
    host: InstanceHost,
    recorder = new Recorder(code.name, host.onForeign, started.origin),
  ) {
    this.#code = code;
    this.started = started;
    this.host = host;
    this.random = new SeededRandom(started.seed ?? started.runId);
    this.recorder = recorder;
    this.published = new Published(
      this.recorder,
      started,
      code.searchAttributes,
      host.registeredAttributes,
      this.encode,
    );
    this.mailbox = new Mailbox(this);
    this.updates = new Updates(this);
    this.children = new Children(this);
    this.#context = new ReplayContext(this, this.children);
  }

  get blockage(): Blockage | undefined {
    return this.recorder.blockage;
  }

  /** Warns at 80 % of what is allowed. */
  readonly encode = (value: unknown): TextPayload => {
    const { limits, log } = this.host;
    const payload = this.#withinLimits(value, limits);
    if (nearLimit(payload, limits) && !this.recorder.replaying) {
      const { workflowType, workflowId, runId } = this.started;
      log.warn('A value of a workflow comes near the limit of a payload', {
        ...{ workflowType, workflowId, runId },
        ...{ characters: payload.text.length, allowed: limits.maxBytes },
      });
    }
    return payload;
  };

  /** What history holds was within the limits of its day. */
  #withinLimits(value: unknown, limits: PayloadLimits): TextPayload {
    try {
      return encodeValue(value, limits);
    } catch (error) {
      const close = this.#recordedNext();
      const recorded = this.recorder.replaying || close;
      if (!recorded || !isPerdureError(error) || error.code !== 'payload_too_large') throw error;
      const payload = encodeValue(value, readLimits);
      const isRecorded =
        this.recorder.recordedHolds(payload) || (close !== undefined && holdsValue(close, payload));
      if (isRecorded) return payload;
      throw error;
    }
  }

  /** Consumes the payload. */
  decode(payload: Payload): unknown {
    return decodeValue(payload, readLimits);
  }

  get messages(): NonNullable<WorkflowCode['messages']> {
    return this.#code.messages ?? {};
  }

  get continuing(): boolean {
    return this.settlement?.kind === 'continued';
  }

  get historyBytes(): number {
    return this.recorder.bytes;
  }

  nextId(prefix: string): string {
    return prefix + String(++this.#ids);
  }

  // ── feeding ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Recorded history, whole activations: an input with all its commands is never split over two calls. */
  feedRecorded(history: RecordedHistory): void {
    this.#feed.push(new RecordedTurns(history, this.started));
  }

  /** What is recorded behind what the code does now. */
  #recordedNext(): RunEvent | undefined {
    const next = this.#feed.find((one) => !(one instanceof RecordedTurns && one.isEmpty));
    try {
      return next instanceof RecordedTurns ? next.peek().recorded : undefined;
    } catch {
      return undefined; // what cannot be read is told when its turn has come
    }
  }

  /** Something that has just happened. Ask `accepts` first. */
  feedNew(input: Unplaced<InputEvent>, at: EpochMs): void {
    this.#feed.push({ fresh: input, at });
  }

  /** Whether an input still means something to this run: an outcome that nobody waits for any more does not. */
  accepts(input: Unplaced<InputEvent>): boolean {
    if (this.closed) return false;
    if ('childId' in input || 'requestId' in input) return this.children.accepts(input);
    switch (input.type) {
      case 'ActivityCompleted':
      case 'ActivityFailed':
      case 'ActivityTimedOut':
      case 'ActivityCancelled':
        return this.waits.get(input.activityId)?.kind === 'activity';
      case 'TimerFired':
        return this.waits.get(input.timerId)?.kind === 'timer';
      case 'SignalReceived':
        return !this.#messageIds.has(input.messageId);
      case 'UpdateAccepted':
        return ['accept', 'ask'].includes(this.judge(input) as string);
      case 'CancelRequested':
        return this.cancelRequest === undefined;
      case 'WorkflowStarted':
        return this.recorder.head === 0;
    }
  }

  /**
   * What becomes of an update that has come in, `acceptedBefore` by a run that this one goes on for. A run takes updates
   * until it is closed, also where its function has returned; but where another run goes on in its place they are held for
   * that one.
   */
  judge(update: Unplaced<UpdateAccepted>, acceptedBefore = false): UpdateVerdict {
    return this.updates.judge(update, acceptedBefore, this.continuing || this.#isTriedAgain());
  }

  /** What the validator of an update throws; undefined where it lets it pass. To be asked of a copy of the run. */
  validate(update: Unplaced<UpdateAccepted>): FailureRecord | undefined {
    try {
      this.#look(`The validator of update '${update.name}'`, () => this.updates.validate(update));
      return undefined;
    } catch (error) {
      return encodeFailure(error);
    }
  }

  /**
   * Runs what may look, not act. Where a condition that the run waits for has come true by it, it has changed the run
   * behind the back of history: the instance is not to be moved on any more.
   */
  #look<T>(what: string, look: () => T, how?: 'silent'): T {
    const { conditions } = this.#context;
    const before = this.settlement !== undefined || conditions.someHolds();
    let outcome: { readonly value: T } | { readonly error: unknown };
    this.recorder.looking = how !== 'silent';
    try {
      outcome = { value: readOnly(this.recorder, look) };
    } catch (error) {
      outcome = { error };
    } finally {
      this.recorder.looking = false;
    }
    if (!before && conditions.someHolds()) {
      this.tainted = true;
      throw changesTheRun(what);
    }
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  /** Whether the run has failed and may be tried again. */
  #isTriedAgain(): boolean {
    const { settlement, cancelRequest } = this;
    const { retry, attempt } = this.started;
    if (settlement?.kind !== 'failed' || !retry || cancelRequest) return false;
    return mayRetry(retry, attempt, settlement.failure);
  }

  // ── stepping ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Does the next thing; true: let the microtask queue run empty and call again. */
  step(): boolean {
    this.#context.conditions.drained();
    this.scopes.drained();
    for (;;) {
      if (this.blockage) {
        this.#feed = [];
        return false;
      }
      if (this.#delivered) {
        if (this.#goOn()) return true;
        this.#delivered = false;
        this.recorder.end(() => this.#codeEnd());
        continue;
      }
      try {
        const next = this.#next();
        if (!next) return false;
        if ('recorded' in next && isCloseEvent(next.recorded)) {
          this.#replayClose(next.recorded);
          continue;
        }
        this.#delivered = true;
        this.#deliver(this.#begin(next));
      } catch (error) {
        this.#blockOn(error);
      }
      return true;
    }
  }

  #next(): RecordedTurn | NewInput | undefined {
    for (;;) {
      const [first] = this.#feed;
      if (first instanceof RecordedTurns && !first.isEmpty) return first.take();
      this.#feed.shift();
      if (!(first instanceof RecordedTurns)) return first;
    }
  }

  /** Whether the input has set more in motion, which gets a drain of its own. */
  #goOn(): boolean {
    try {
      return (
        this.scopes.resume() ||
        this.mailbox.deliverBuffered() ||
        (!this.settlement && this.#context.conditions.wakeNext())
      );
    } catch (error) {
      this.#blockOn(error);
      return false;
    }
  }

  /** What was recorded cannot be read, or does not match: nothing that user code should see. */
  #blockOn(error: unknown): void {
    const { message } = failureOf(encodeFailure(error));
    this.recorder.block({ code: isPerdureError(error) ? error.code : 'internal', message });
  }

  #begin(next: RecordedTurn | NewInput): InputEvent {
    if ('fresh' in next) return this.recorder.beginNew(next.fresh, next.at);
    const { recorded, size, commands, sizes, openEnded } = next as Extract<RecordedTurn, { size: unknown }>;
    this.recorder.beginRecorded(recorded, size, commands, sizes, openEnded);
    return recorded;
  }

  #deliver(event: InputEvent): void {
    if ('childId' in event || 'requestId' in event) {
      const failed = this.children.deliver(event);
      if (failed) this.#unobserved.push(failed);
      return;
    }
    switch (event.type) {
      case 'WorkflowStarted':
        return this.#start(event);
      case 'ActivityCompleted':
        return this.#completeActivity(event);
      case 'ActivityFailed':
      case 'ActivityTimedOut':
      case 'ActivityCancelled':
        return this.#failActivity(event);
      case 'TimerFired':
        return this.#fireTimer(event.timerId);
      case 'SignalReceived':
        return this.#receive(event);
      case 'UpdateAccepted':
        this.updates.accept(event);
        return;
      case 'CancelRequested':
        this.cancelRequest = event;
        this.cancelScope(
          this.scopes.root,
          event.reason ?? 'The workflow was cancelled',
          !event.cancelQueuedActivities,
        );
        return;
    }
  }

  #start(event: WorkflowStarted): void {
    const input = this.decode(event.input);
    const run = async (): Promise<unknown> => this.#code.fn(this.#context as never, input as never);
    run().then(
      (value) => {
        this.#settle(() => ({ kind: 'completed', result: this.encode(this.#checked(value)) }));
      },
      (error: unknown) => {
        this.fail(error);
      },
    );
  }

  #checked(output: unknown): unknown {
    const { name, outputSchema } = this.#code;
    return outputSchema ? validateSync(outputSchema, output, `Output of workflow '${name}'`) : output;
  }

  /** Ends the workflow with an error, unless it has ended. */
  fail(error: unknown): void {
    this.#settle(() => {
      if (this.cancelRequest && isCancelled(error)) {
        return {
          kind: 'cancelled',
          ...(this.cancelRequest.reason !== undefined && { reason: this.cancelRequest.reason }),
        };
      }
      return { kind: 'failed', failure: encodeFailure(error) };
    });
  }

  continueAsNew(input: unknown, options: ContinueAsNewOptions | undefined): Error {
    const next = freezeContinuation(this.#code, this.started, this.encode, input, options);
    if (options?.workflow !== undefined) this.#expectKnown(next);
    this.#settle(() => ({ kind: 'continued', next }));
    return new ContinuedAsNew();
  }

  /**
   * As with a child: in its own queue a run goes on as what is known here. Where history goes on behind this call, it says
   * what became of it, whatever is known now.
   */
  #expectKnown({ workflowType, taskQueue }: Continuation): void {
    const { workflows } = this.host;
    const recorded = this.#recordedNext();
    if (recorded) {
      if (recorded.type === 'WorkflowContinuedAsNew' && recorded.workflowType === workflowType) return;
    } else if (taskQueue !== this.started.taskQueue || (workflows?.has(workflowType) ?? true)) return;
    throw unknownWorkflow(workflowType, workflows?.keys() ?? []);
  }

  #settle(settlement: () => Settlement): void {
    if (this.settlement || this.blockage) return;
    try {
      this.recorder.guard('the end of the workflow');
    } catch {
      return; // outside the window: kept as the blockage
    }
    try {
      this.settlement = settlement();
    } catch (error) {
      this.settlement = { kind: 'failed', failure: encodeFailure(error) };
    }
  }

  #completeActivity(event: ActivityCompleted): void {
    const wait = this.waits.take('activity', event.activityId);
    if (!wait) return;
    this.scopes.follow(wait);
    wait.deferred.resolve(this.decode(event.result));
  }

  #failActivity(event: ActivityFailed | ActivityTimedOut | ActivityCancelled): void {
    const wait = this.waits.take('activity', event.activityId);
    if (!wait) return;
    this.scopes.follow(wait);
    wait.deferred.reject(activityError(wait.scheduled.activityType, event));
    this.#unobserved.push(wait.deferred.task);
  }

  #fireTimer(timerId: string): void {
    const timer = this.waits.take('timer', timerId);
    if (!timer) return;
    this.scopes.follow(timer);
    timer.fire();
  }

  #receive(event: SignalReceived): void {
    this.#messageIds.add(event.messageId);
    this.mailbox.receive(event);
  }

  #replayClose(event: CloseEvent): void {
    const ended = this.settlement?.kind;
    const expected = {
      WorkflowCompleted: 'completed',
      WorkflowFailed: 'failed',
      WorkflowCancelled: 'cancelled',
      WorkflowContinuedAsNew: 'continued',
    } as const;
    const mustBe = event.type in expected ? expected[event.type as keyof typeof expected] : undefined;
    if (!isForcedEnd(event) && mustBe !== undefined && mustBe !== ended && !neverStarted(event)) {
      const report = endDivergence(event, ended ?? 'open', this.#codeEnd());
      this.recorder.block({
        code: 'nondeterminism',
        message: divergenceMessage(this.#code.name, report),
        details: report,
      });
      return;
    }
    this.recorder.head = event.seq;
    this.closed = event;
  }

  #codeEnd(): CodeEnd {
    if (!this.settlement) return { how: this.waitsForTheWorld ? 'waits' : 'waits_outside' };
    if (this.settlement.kind !== 'failed') return { how: 'returned' };
    const { name, message, stack } = this.settlement.failure;
    const at = callSite(stack);
    return { how: 'threw', error: { name, message, ...(at !== undefined && { at }) } };
  }

  // ── cancelling ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Rejects everything pending in the scope and below it, in the order it was created. */
  cancelScope(scope: Scope, message: string, keepQueued = false): void {
    if (!this.recorder.admits('scope.cancel') || !scope.cancel(message)) return;
    for (const wait of [...this.waits.all()])
      if (wait.deferred?.task.scope.isWithin(scope))
        this.cancelWait(wait, new CancelledError(message), keepQueued);
    this.scopes.abort(scope);
  }

  cancelWait(wait: Wait, error: Error, keepQueued = false): void {
    if (this.waits.get(wait.id) !== wait || !this.recorder.admits('task.cancel')) return;
    if (wait.kind === 'timer' && !wait.deferred) return; // goes with the wait that owns it
    this.waits.take(wait.kind, wait.id);
    switch (wait.kind) {
      case 'activity':
        this.recorder.emit({
          type: 'ActivityCancelRequested',
          activityId: wait.id,
          ...(error.message && { reason: error.message }),
          ...(keepQueued && !wait.inline && { keepQueued }),
        });
        wait.deferred.reject(error);
        return;
      case 'timer':
        this.recorder.emit({ type: 'TimerCancelled', timerId: wait.id });
        wait.deferred?.reject(error);
        return;
      case 'signal':
      case 'condition':
        this.dropTimer(wait.timerId);
        wait.deferred.reject(error);
        return;
      case 'child':
        this.children.cancel(wait, error);
        return;
      case 'request':
        wait.deferred.reject(error);
    }
  }

  dropTimer(timerId: string | undefined): void {
    if (timerId === undefined || !this.waits.take('timer', timerId)) return;
    this.recorder.emit({ type: 'TimerCancelled', timerId });
  }

  // ── looking at it ───────────────────────────────────────────────────────────────────────────────────────────────

  /** Answers a query from the run as it stands. Throws `QueryRejectedError`. */
  query(name: string, argument: unknown, how?: 'silent'): unknown {
    const handler = this.mailbox.queries.get(name);
    if (!handler) {
      const known = [...this.mailbox.queries.keys()].map((key) => `'${key}'`).join(', ');
      throw new QueryRejectedError(
        `Workflow '${this.#code.name}' has no query '${name}' now${known ? `; it has ${known}` : ''}`,
      );
    }
    try {
      return this.#look(`Query '${name}'`, () => handler(argument), how);
    } catch (error) {
      if (isPerdureError(error) && isThrown(error, QueryRejectedError)) throw error;
      const { message } = failureOf(encodeFailure(error));
      throw new QueryRejectedError(`Query '${name}' failed: ${message}`, { cause: error });
    }
  }

  /** The activities that this run waits for. */
  activities(): readonly ActivityWait[] {
    return [...this.waits.all()].filter((wait) => wait.kind === 'activity');
  }

  /** Whether anything durable can still move this run. */
  get waitsForTheWorld(): boolean {
    return this.waits.size > 0 || this.mailbox.listens || this.updates.listens;
  }

  /** Failures of durable work that the workflow never looked at. */
  unobservedFailures(): readonly TaskPromise<unknown>[] {
    return this.#unobserved.filter((task) => !task.observed);
  }
}

export function changesTheRun(what: string): QueryRejectedError {
  return new QueryRejectedError(
    `${what} changes the run: it may look, not act, since a replay does not ask it again. What it has changed is dropped; change the run in a handler of an update or a signal`,
  );
}

/** A run that was cancelled before its first activation never ran any code. */
function neverStarted(event: CloseEvent): boolean {
  return event.type === 'WorkflowCancelled' && event.seq === 2;
}
