import { encodeFailure, rebuildError } from '../codec/failures.js';
import { ArgumentCheck } from '../model/argument-check.js';
import { parseDuration, type Duration } from '../model/duration.js';
import { CancelledError, InvalidArgumentError } from '../model/errors.js';
import type { ActivityScheduled, SideEffectRecorded } from '../model/events.js';
import { isValidName, nameMessage } from '../model/names.js';
import type { Payload } from '../model/payload.js';
import { toDate, type EpochMs } from '../model/time.js';
import { MonotonicUuid7, uuid4 } from '../model/uuid.js';
import {
  freezeActivityCall,
  type ActivityOptions,
  type ActivityReference,
  type DispatchDefaults,
} from './activity-call.js';
import { cancelledActivity } from './activity-error.js';
import { Conditions } from './conditions.js';
import * as combinators from './combinators.js';
import type { ChildOptions, ChildReference } from './child-call.js';
import type { Children, ExternalWorkflow } from './children.js';
import type { ContinueAsNewOptions } from './continuation.js';
import { declaredNames } from './declared-names.js';
import { identityAt } from './identity.js';
import type { ContextLogger } from './instance-host.js';
import { readOnly } from './read-only.js';
import type { RunningCode } from './running-code.js';
import { scopeSignal } from './scope-signal.js';
import * as structure from './structure.js';
import { deferred, type Task } from './task.js';
import { Versions } from './versions.js';
import { startTimer } from './timers.js';
import type { InlineCode } from './waits.js';

/**
 * The `ctx` that workflow code is given; `api/context.ts` states its types. Every method is a command, a recorded value
 * or pure; each begins with the guard that finds calls from outside the window.
 */
export class ReplayContext {
  readonly conditions: Conditions;
  readonly #run: RunningCode;
  readonly #uuid7: MonotonicUuid7;
  readonly #versions: Versions;
  readonly #children: Children;
  readonly #defaults: DispatchDefaults;
  #log: ContextLogger | undefined;

  constructor(run: RunningCode, children: Children) {
    this.#run = run;
    this.conditions = new Conditions(run);
    this.#children = children;
    this.#uuid7 = new MonotonicUuid7(() => run.random.uint32());
    this.#versions = new Versions(run);
    const { taskQueue, priority = 5, fairnessKey = '', fairnessWeight = 1 } = run.started;
    this.#defaults = { taskQueue, priority, fairnessKey, fairnessWeight };
  }

  get info(): Readonly<Record<string, unknown>> {
    const { started, recorder, host, historyBytes } = this.#run;
    const { workflowId, runId, parent } = identityAt(started, recorder.head);
    const deadline = Math.min(started.runDeadline ?? Infinity, started.executionDeadline ?? Infinity);
    return {
      namespace: host.namespace,
      taskQueue: started.taskQueue,
      workflowType: started.workflowType,
      workflowId,
      runId,
      ...(parent && { parent: { workflowId: parent.workflowId, runId: parent.runId } }),
      attempt: started.attempt,
      runNumber: started.runNumber,
      startedAt: toDate(started.at),
      ...(deadline !== Infinity && { deadline: toDate(deadline) }),
      historyLength: recorder.head,
      historyBytes,
      continueAsNewSuggested:
        recorder.head >= suggestedEvents ||
        historyBytes >= suggestedBytes ||
        this.#run.waits.size >= suggestedPending,
      replaying: recorder.replaying,
      unfinishedUpdates: this.#run.updates.unfinished.size,
    };
  }

  // ── work ────────────────────────────────────────────────────────────────────────────────────────────────────────

  runActivity(
    activity: ActivityReference | string,
    input?: unknown,
    options?: ActivityOptions,
  ): Task<unknown> {
    const reference = typeof activity === 'string' ? this.#activityOf(activity) : activity;
    const { name, options: defaults } = (reference ?? {}) as Partial<ActivityReference>;
    expected(
      'runActivity',
      typeof name === 'string' && typeof defaults === 'object',
      'activity',
      'what defineActivity returned, or a name',
    );
    return this.#schedule(reference, input, options, undefined);
  }

  /** Its options go into history; a schema would make what the code does depend on where it runs. */
  #activityOf(name: string): ActivityReference {
    const { options = noOptions } = this.#run.host.activities?.get(name) ?? {};
    return { name, options };
  }

  activities(
    definitions: Readonly<Record<string, ActivityReference>>,
    defaults?: ActivityOptions,
  ): Record<string, unknown> {
    expected(
      'activities',
      typeof definitions === 'object' && definitions !== null,
      'definitions',
      'an object',
    );
    for (const [key, activity] of Object.entries(definitions)) expectActivity('activities', activity, key);
    expected('activities', defaults !== null, 'defaults', 'an object');
    const stub = (activity: ActivityReference) => (input?: unknown, options?: ActivityOptions) =>
      this.runActivity(activity, input, defaults ? { ...defaults, ...options } : options);
    return Object.fromEntries(Object.entries(definitions).map(([key, activity]) => [key, stub(activity)]));
  }

  step(name: string, fn: InlineCode, options: ActivityOptions = noOptions): Task<unknown> {
    if (typeof name !== 'string' || name === '' || typeof fn !== 'function') {
      throw new InvalidArgumentError('ctx.step needs a name and a function', [
        { path: 'name', message: 'expected a name first' },
      ]);
    }
    return this.#schedule({ name, options: noOptions }, undefined, options, fn);
  }

  #schedule(
    activity: ActivityReference,
    input: unknown,
    options: ActivityOptions | undefined,
    inline: InlineCode | undefined,
  ): Task<unknown> {
    const run = this.#enter('runActivity');
    expected(inline ? 'step' : 'runActivity', options !== null, 'options', 'an object');
    this.#expectName(activity.name);
    const id = run.nextId('a');
    const call = freezeActivityCall(
      id,
      activity,
      run.encode,
      input,
      options,
      this.#defaults,
      inline !== undefined,
    );
    const pending = deferred<unknown>(id, run.scopes);
    const cancelled = this.#cancelledAlready();
    if (cancelled) {
      pending.reject(cancelled);
      return pending.task;
    }
    const scheduled = run.recorder.emit<ActivityScheduled>(call);
    const wait = {
      kind: 'activity' as const,
      id,
      scheduled,
      deferred: pending,
      ...(inline && { inline }),
    };
    run.waits.add(wait);
    pending.task.onCancel = (reason) => {
      run.cancelWait(
        wait,
        cancelledActivity({ activityType: activity.name, activityId: id, attempt: 0 }, reason),
      );
    };
    return pending.task;
  }

  /** It becomes the name of a task, which not every store could keep. What is recorded stays as it was. */
  #expectName(name: string): void {
    const next = this.#run.recorder.next();
    if (isValidName(name) || (next?.type === 'ActivityScheduled' && next.activityType === name)) return;
    throw new InvalidArgumentError('The activity cannot be called', [{ path: 'name', message: nameMessage }]);
  }

  runChild(child: ChildReference | string, input?: unknown, options?: ChildOptions): Task<unknown> {
    this.#enter('runChild');
    const isOne = typeof child === 'string' || typeof (child as ChildReference | null)?.name === 'string';
    expected('runChild', isOne, 'workflow', 'what defineWorkflow returned, or a name');
    expected(
      'runChild',
      options === undefined || (typeof options === 'object' && options !== null),
      'options',
      'an object',
    );
    return this.#children.start(child, input, options, this.#defaults);
  }

  external(workflowId: string, runId?: string): ExternalWorkflow {
    this.#enter('external');
    return this.#children.external(workflowId, runId);
  }

  // ── time ────────────────────────────────────────────────────────────────────────────────────────────────────────

  sleep(duration: Duration): Task<void> {
    return this.#sleepUntil(this.#run.recorder.now + Math.max(0, parseDuration(duration)));
  }

  sleepUntil(when: Date): Task<void> {
    const dueAt = when instanceof Date ? when.getTime() : NaN;
    expected('sleepUntil', !Number.isNaN(dueAt), 'when', 'a valid Date');
    return this.#sleepUntil(Math.max(dueAt, this.#run.recorder.now));
  }

  #sleepUntil(dueAt: EpochMs): Task<void> {
    const run = this.#enter('sleep');
    const id = run.nextId('t');
    const pending = deferred<void>(id, run.scopes);
    const cancelled = this.#cancelledAlready();
    if (cancelled) {
      pending.reject(cancelled);
      return pending.task;
    }
    const fire = (): void => {
      pending.resolve();
    };
    startTimer(run, 'sleep', dueAt, fire, pending);
    return pending.task;
  }

  now(): Date {
    return new Date(this.#run.recorder.now);
  }

  // ── messages ────────────────────────────────────────────────────────────────────────────────────────────────────

  waitSignal(name: string, options?: { readonly timeout: Duration }): Task<unknown> {
    const run = this.#enter('waitSignal');
    expected('waitSignal', typeof name === 'string' && name !== '', 'name', 'the name of a signal');
    expectOptions('waitSignal', options, ['timeout']);
    const timeout =
      options === undefined ? undefined : Math.max(0, parseDuration(options.timeout, 'timeout'));
    const id = run.nextId('s');
    const pending = deferred<unknown>(id, run.scopes);
    const cancelled = this.#cancelledAlready();
    if (cancelled) {
      pending.reject(cancelled);
      return pending.task;
    }
    // What is recorded stays as it was, whatever is declared now.
    const next = run.recorder.next();
    if (next?.type !== 'SignalWaitOpened' || next.name !== name)
      this.#expectDeclared('waitSignal', 'signal', name);
    run.recorder.emit({ type: 'SignalWaitOpened', waitId: id, name });
    const buffered = run.mailbox.takeBuffered(name);
    if (buffered) {
      pending.resolve(run.decode(buffered.input));
      return pending.task;
    }
    const timer =
      timeout === undefined
        ? undefined
        : startTimer(run, 'signal', run.recorder.now + timeout, () => {
            run.waits.take('signal', id);
            pending.resolve(undefined);
          });
    const wait = {
      kind: 'signal' as const,
      id,
      name,
      deferred: pending,
      ...(timer && { timerId: timer.id }),
    };
    run.waits.add(wait);
    pending.task.onCancel = (reason) => {
      run.cancelWait(wait, new CancelledError(reason ?? `The wait for signal '${name}' was cancelled`));
    };
    return pending.task;
  }

  /** No such message would ever come. */
  #expectDeclared(call: string, kind: 'signal' | 'query' | 'update', name: string): void {
    const known = declaredNames(this.#run.messages, kind);
    if (!known || known.includes(name)) return;
    const listed = known.map((one) => `'${one}'`).join(', ') || 'none';
    expected(call, false, 'name', `${kinds[kind]} that the workflow declares (${listed}), not '${name}'`);
  }

  #expectHandler(kind: 'signal' | 'query' | 'update', name: string, handler: unknown): void {
    const call = handlers[kind];
    expected(call, typeof name === 'string' && name !== '', 'name', `the name of ${kinds[kind]}`);
    expectFunction(call, handler, 'handler');
    this.#expectDeclared(call, kind, name);
  }

  onSignal(name: string, handler: (argument: unknown) => unknown): void {
    this.#expectHandler('signal', name, handler);
    if (this.#admits('onSignal')) this.#run.mailbox.handle(name, handler);
  }

  onQuery(name: string, handler: (argument: unknown) => unknown): void {
    this.#expectHandler('query', name, handler);
    if (this.#admits('onQuery')) this.#run.mailbox.queries.set(name, handler);
  }

  onUpdate(
    name: string,
    handler: (argument: unknown) => unknown,
    options?: { readonly validate?: (argument: unknown) => unknown },
  ): void {
    this.#expectHandler('update', name, handler);
    expectOptions('onUpdate', options, ['validate']);
    if (options?.validate !== undefined) expectFunction('onUpdate', options.validate, 'validate');
    if (this.#admits('onUpdate')) this.#run.updates.handle(name, handler, options?.validate);
  }

  waitCondition(predicate: () => boolean, options?: { readonly timeout: Duration }): Task<boolean> {
    const run = this.#enter('waitCondition');
    expectFunction('waitCondition', predicate, 'predicate');
    expectOptions('waitCondition', options, ['timeout']);
    const timeout =
      options === undefined ? undefined : Math.max(0, parseDuration(options.timeout, 'timeout'));
    const id = run.nextId('c');
    const pending = deferred<boolean>(id, run.scopes);
    const cancelled = this.#cancelledAlready();
    if (cancelled) {
      pending.reject(cancelled);
      return pending.task;
    }
    this.conditions.ask({ predicate, timeout, deferred: pending });
    return pending.task;
  }

  // ── structure ───────────────────────────────────────────────────────────────────────────────────────────────────

  all(tasks: readonly PromiseLike<unknown>[]): Task<unknown[]> {
    const { scopes } = this.#enter('all');
    expectTasks('all', tasks);
    return combinators.all(scopes, tasks);
  }
  allSettled(tasks: readonly PromiseLike<unknown>[]): Task<PromiseSettledResult<unknown>[]> {
    const { scopes } = this.#enter('allSettled');
    expectTasks('allSettled', tasks);
    return combinators.allSettled(scopes, tasks);
  }
  race(tasks: Readonly<Record<string, PromiseLike<unknown>>>): Task<{ key: string; value: unknown }> {
    const { scopes } = this.#enter('race');
    expected('race', typeof tasks === 'object' && tasks !== null, 'tasks', 'an object of tasks');
    return combinators.race(scopes, tasks);
  }
  any(tasks: readonly PromiseLike<unknown>[]): Task<unknown> {
    const { scopes } = this.#enter('any');
    expectTasks('any', tasks);
    return combinators.any(scopes, tasks);
  }
  map(
    items: readonly unknown[],
    fn: (item: unknown, index: number) => PromiseLike<unknown>,
    options?: { readonly concurrency?: number },
  ): Task<unknown[]> {
    expected('map', Array.isArray(items), 'items', 'a list');
    expectFunction('map', fn, 'fn');
    expectOptions('map', options, ['concurrency']);
    return combinators.map(this.#enter('map').scopes, items, fn, options?.concurrency);
  }
  scope(body: (scope: structure.CancellationScope) => PromiseLike<unknown>): Task<unknown> {
    return structure.scope(this.#enter('scope'), body);
  }
  nonCancellable(body: () => PromiseLike<unknown>): Task<unknown> {
    return structure.nonCancellable(this.#enter('nonCancellable'), body);
  }
  withTimeout(timeout: Duration, body: () => PromiseLike<unknown>): Task<unknown> {
    const milliseconds = Math.max(0, parseDuration(timeout, 'timeout'));
    return structure.withTimeout(this.#enter('withTimeout'), milliseconds, body);
  }
  saga(body: (undo: (step: structure.UndoStep) => void) => PromiseLike<unknown>): Task<unknown> {
    return structure.saga(this.#enter('saga'), body);
  }
  get signal(): AbortSignal {
    return scopeSignal(this.#run, this.#run.scopes.root);
  }

  // ── recorded values ─────────────────────────────────────────────────────────────────────────────────────────────

  sideEffect(fn: () => unknown): unknown {
    const run = this.#enter('sideEffect');
    expectFunction('sideEffect', fn, 'fn');
    const { value, failure } = run.recorder.emit<SideEffectRecorded>({
      type: 'SideEffectRecorded',
      ...(!run.recorder.replaying && this.#outcomeOf(fn)),
    });
    if (failure) throw rebuildError(failure);
    return run.decode(value as Payload);
  }
  #outcomeOf(fn: () => unknown): Pick<SideEffectRecorded, 'value' | 'failure'> {
    try {
      return { value: this.#run.encode(readOnly(this.#run.recorder, fn)) };
    } catch (error) {
      return { failure: encodeFailure(error) };
    }
  }
  random(): number {
    return this.#enter('random').random.float();
  }
  uuid4(): string {
    const { random } = this.#enter('uuid4');
    return uuid4(() => random.uint32());
  }
  uuid7(): string {
    return this.#uuid7.next(this.#enter('uuid7').recorder.now);
  }

  patched(changeId: string): boolean {
    return this.getVersion(changeId, -1, 1) === 1;
  }
  getVersion(changeId: string, minSupported: number, maxSupported: number): number {
    this.#enter('getVersion');
    return this.#versions.get(changeId, minSupported, maxSupported);
  }
  deprecatePatch(changeId: string): void {
    if (this.#admits('deprecatePatch')) this.#versions.deprecate(changeId);
  }

  continueAsNew(input?: unknown, options?: ContinueAsNewOptions): never {
    const run = this.#enter('continueAsNew');
    expectOptions('continueAsNew', options, ['workflow', 'taskQueue']);
    throw this.#cancelledAlready() ?? run.continueAsNew(input, options);
  }

  // ── what others see ─────────────────────────────────────────────────────────────────────────────────────────────

  setState(state: unknown): void {
    if (this.#admits('setState')) this.#run.state = this.#run.encode(state);
  }

  upsertSearchAttributes(attributes: Readonly<Record<string, unknown>>): void {
    if (this.#admits('upsertSearchAttributes')) this.#run.published.upsertSearchAttributes(attributes);
  }
  upsertMemo(memo: Readonly<Record<string, unknown>>): void {
    if (this.#admits('upsertMemo')) this.#run.published.upsertMemo(memo);
  }

  /** Silent during replay. */
  get log(): ContextLogger {
    return (this.#log ??= this.#makeLog());
  }

  #makeLog(): ContextLogger {
    const { recorder, host, started } = this.#run;
    const about = {
      workflowType: started.workflowType,
      workflowId: started.workflowId,
      runId: started.runId,
    };
    const at = (level: keyof ContextLogger) => (message: string, fields?: Record<string, unknown>) => {
      if (recorder.looking || !recorder.replaying) host.log[level](message, { ...about, ...fields });
    };
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }

  // ── guards ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #enter(operation: string): RunningCode {
    this.#run.recorder.guard(`ctx.${operation}`);
    return this.#run;
  }

  /** Like `#enter`, for what returns nothing. */
  #admits(operation: string): boolean {
    return this.#run.recorder.admits(`ctx.${operation}`);
  }

  /** In a scope that was cancelled nothing new begins. */
  #cancelledAlready(): Error | undefined {
    const { cancelled } = this.#run.scopes.current;
    return cancelled === undefined ? undefined : new CancelledError(cancelled);
  }
}

function expected(call: string, holds: boolean, path: string, what: string): void {
  if (holds) return;
  throw new InvalidArgumentError(`This call of ctx.${call} is not valid`, [
    { path, message: `must be ${what}` },
  ]);
}
function expectOptions(call: string, options: object | undefined, known: readonly string[]): void {
  const check = new ArgumentCheck();
  check.options(options, known);
  check.done(`This call of ctx.${call} is not valid`);
}
function expectFunction(call: string, value: unknown, path: string): void {
  expected(call, typeof value === 'function', path, 'a function');
}
function expectActivity(call: string, activity: unknown, path: string): void {
  const isOne = typeof (activity as ActivityReference | null | undefined)?.options === 'object';
  expected(call, isOne, path, 'what defineActivity returned, or a name');
}
function expectTasks(call: string, tasks: unknown): void {
  expected(call, Array.isArray(tasks), 'tasks', 'a list');
}

const handlers = { signal: 'onSignal', query: 'onQuery', update: 'onUpdate' } as const;
const kinds = { signal: 'a signal', query: 'a query', update: 'an update' } as const;
const noOptions: ActivityOptions = Object.freeze({});
const suggestedEvents = 10_000;
const suggestedBytes = 5 * 1024 * 1024;
const suggestedPending = 200;
