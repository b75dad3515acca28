import { CancelledError, InvalidArgumentError, SignalRejectedError } from '../model/errors.js';
import type {
  ChildOutcome,
  ChildRef,
  ChildWorkflowScheduled,
  ExternalCancelRequested,
  ExternalSignalRequested,
  InputEvent,
  RequestOutcome,
  Unplaced,
} from '../model/events.js';
import { isValidId, type RunId, type WorkflowId } from '../model/ids.js';
import type { DispatchDefaults } from './activity-call.js';
import { freezeChildCall, type ChildOptions, type ChildReference } from './child-call.js';
import { cancelledChild, childError, requestError } from './child-error.js';
import { identityAt } from './identity.js';
import type { RunningCode } from './running-code.js';
import { deferred, type Task, type TaskPromise } from './task.js';
import type { ChildWait } from './waits.js';

/** A child as its parent's code holds it: awaited for its result. */
export interface ChildTask extends Task<unknown> {
  readonly workflowId: WorkflowId;
  readonly started: Task<{ readonly runId: RunId }>;
  signal(name: string, payload?: unknown): Task<void>;
}
/** Another workflow, by its id. */
export interface ExternalWorkflow {
  signal(name: string, payload?: unknown): Task<void>;
  cancel(reason?: string): Task<void>;
}
/** A child that has been asked for and is not known to have ended. */
export interface OpenChild extends ChildRef {
  readonly workflowType: string;
  readonly runId?: RunId;
}

type OtherRun = Unplaced<ChildOutcome | RequestOutcome>;

/** What a run asks of other runs: children, signals, cancel requests; and what it has heard of them. */
export class Children {
  /** By the name that this run has for each, in the order they were asked for. */
  readonly open = new Map<string, OpenChild>();
  readonly #run: RunningCode;

  constructor(run: RunningCode) {
    this.#run = run;
  }

  /** The children that the end of this run concerns, those of earlier runs of its chain included. */
  get left(): readonly ChildRef[] {
    const own = [...this.open.values()].map(({ workflowId, policy }) => ({ workflowId, policy }));
    return [...(this.#run.started.children ?? []), ...own].filter(({ policy }) => policy !== 'abandon');
  }

  // ── asking ──────────────────────────────────────────────────────────────────────────────────────────────────────

  start(
    child: ChildReference | string,
    input: unknown,
    options: ChildOptions = {},
    defaults: DispatchDefaults,
  ): ChildTask {
    const run = this.#run;
    const id = run.nextId('w');
    const reference = typeof child === 'string' ? (run.host.workflows?.get(child) ?? { name: child }) : child;
    const identity = identityAt(run.started, run.recorder.head);
    const call = freezeChildCall(id, identity, reference, run.encode, input, options, defaults);
    let { workflowId } = call;
    const started = deferred<{ readonly runId: RunId }>(`${id}:started`, run.scopes);
    const pending = deferred<unknown>(id, run.scopes);
    const cancelled = this.#refusal();
    if (cancelled) {
      started.reject(cancelled);
      pending.reject(cancelled);
    } else {
      const scheduled = run.recorder.emit<ChildWorkflowScheduled>(call);
      const { workflowType, parentClosePolicy: policy } = scheduled;
      workflowId = scheduled.workflowId;
      this.open.set(id, { workflowId, workflowType, policy });
      const wait: ChildWait = { kind: 'child', id, scheduled, started, deferred: pending };
      run.waits.add(wait);
      pending.task.onCancel = started.task.onCancel = (reason) => {
        run.cancelWait(wait, cancelledChild(scheduled, this.open.get(id)?.runId, reason));
      };
    }
    return Object.assign(pending.task, {
      workflowId,
      started: started.task,
      signal: (name: string, payload?: unknown) => this.#signal({ workflowId, childId: id }, name, payload),
    });
  }

  external(workflowId: string, runId: string | undefined): ExternalWorkflow {
    if (!isValidId(workflowId) || (runId !== undefined && !isValidId(runId))) {
      throw new InvalidArgumentError('There is no such workflow', [
        { path: 'workflowId', message: "must be 1 to 191 letters, digits, '.', '_', '-', ':'" },
      ]);
    }
    const target = { workflowId, ...(runId !== undefined && { runId }) };
    return {
      signal: (name, payload) => this.#signal(target, name, payload),
      cancel: (reason) => {
        if (reason !== undefined && typeof reason !== 'string')
          throw new InvalidArgumentError(`Workflow '${workflowId}' cannot be asked to cancel`, [
            { path: 'reason', message: 'must be a string' },
          ]);
        return this.#request<ExternalCancelRequested>((requestId) => ({
          type: 'ExternalCancelRequested',
          requestId,
          ...target,
          ...(reason !== undefined && { reason }),
        }));
      },
    };
  }

  #signal(
    target: Pick<ExternalSignalRequested, 'workflowId' | 'runId' | 'childId'>,
    name: string,
    payload: unknown,
  ): Task<void> {
    if (typeof name !== 'string' || name === '') throw new SignalRejectedError('A signal needs a name');
    const input = this.#run.encode(payload);
    return this.#request<ExternalSignalRequested>((requestId) => ({
      type: 'ExternalSignalRequested',
      requestId,
      ...target,
      name,
      input,
    }));
  }

  #request<E extends ExternalSignalRequested | ExternalCancelRequested>(
    command: (requestId: string) => Unplaced<E>,
  ): Task<void> {
    const run = this.#run;
    run.recorder.guard('a request to another workflow');
    const id = run.nextId('r');
    const pending = deferred<void>(id, run.scopes);
    const cancelled = this.#refusal();
    if (cancelled) {
      pending.reject(cancelled);
      return pending.task;
    }
    run.recorder.emit<E>(command(id));
    const wait = { kind: 'request' as const, id, deferred: pending };
    run.waits.add(wait);
    pending.task.onCancel = (reason) => {
      run.cancelWait(wait, new CancelledError(reason ?? 'The request is not waited for any more'));
    };
    return pending.task;
  }

  /** The child is asked, and not waited for; what comes of it is recorded all the same. */
  cancel({ id, scheduled, started, deferred }: ChildWait, error: Error): void {
    this.#run.recorder.emit({
      type: 'ChildWorkflowCancelRequested',
      childId: id,
      workflowId: scheduled.workflowId,
      ...(error.message && { reason: error.message }),
    });
    started.reject(error);
    deferred.reject(error);
  }

  #refusal(): Error | undefined {
    const { cancelled } = this.#run.scopes.current;
    return cancelled === undefined ? undefined : new CancelledError(cancelled);
  }

  // ── hearing ─────────────────────────────────────────────────────────────────────────────────────────────────────

  accepts(input: OtherRun): boolean {
    if ('requestId' in input) return this.#run.waits.get(input.requestId)?.kind === 'request';
    const child = this.open.get(input.childId);
    return child !== undefined && (input.type !== 'ChildWorkflowStarted' || child.runId === undefined);
  }

  /** Returns the task that has failed, where one has. */
  deliver(event: Extract<InputEvent, ChildOutcome | RequestOutcome>): TaskPromise<unknown> | undefined {
    return 'requestId' in event ? this.#deliverRequest(event) : this.#deliverChild(event);
  }

  #deliverRequest(event: RequestOutcome): TaskPromise<unknown> | undefined {
    const wait = this.#run.waits.take('request', event.requestId);
    if (!wait) return undefined;
    this.#run.scopes.follow(wait);
    if (event.type === 'ExternalRequestCompleted') {
      wait.deferred.resolve();
      return undefined;
    }
    wait.deferred.reject(requestError(event.failure));
    return wait.deferred.task;
  }

  #deliverChild(event: ChildOutcome): TaskPromise<unknown> | undefined {
    const { waits, scopes } = this.#run;
    const { childId } = event;
    if (event.type === 'ChildWorkflowStarted') {
      const { runId } = event;
      const child = this.open.get(childId);
      if (child) this.open.set(childId, { ...child, runId });
      const wait = waits.get(childId);
      if (wait?.kind !== 'child') return undefined;
      scopes.follow({ deferred: wait.started });
      wait.started.resolve({ runId });
      return undefined;
    }
    this.open.delete(childId);
    const wait = waits.take('child', childId);
    if (!wait) return undefined;
    scopes.follow(wait);
    if (event.type === 'ChildWorkflowCompleted') {
      wait.deferred.resolve(this.#run.decode(event.result));
      return undefined;
    }
    const error = childError(wait.scheduled, event);
    wait.started.reject(error); // where it was started, this does nothing
    wait.deferred.reject(error);
    return wait.deferred.task;
  }
}
