/**
 * Stands around what an engine does: for traces, measurements, logs, and context that travels with the work.
 *
 * All of it runs outside the code of a workflow, and nothing of it is recorded: interceptors may come, change and go
 * between two replays of a run. They look on and do not decide. What one returns is ignored; what one throws before the
 * thing itself has begun stops that thing, as each member says; what one throws after that is logged with the code
 * `interceptor_failed`, and what came of the thing counts all the same. So no interceptor can lose work, or have it done
 * twice. The first one in the list is the outermost.
 *
 * @example
 * ```ts
 * import { createEngine, type Interceptor } from '@perdure/core';
 * import { memory } from '@perdure/memory';
 *
 * const timing: Interceptor = {
 *   async activity({ activityType, attempt }, next) {
 *     const begun = Date.now();
 *     await next().catch(() => undefined);
 *     console.log(`${activityType}, attempt ${attempt}: ${Date.now() - begun} ms`);
 *   },
 * };
 * const engine = await createEngine({ storage: memory(), interceptors: [timing] });
 * ```
 */
export interface Interceptor {
  /**
   * Called once for each workflow or activity that this engine or client is asked to start: what it returns goes with the
   * run to every activation, attempt and query of it, to its children, and to the runs that go on in its place. Such as
   * the context of a trace. Of two interceptors that set one name the later wins. Stored as it is, past the codecs: no
   * place for secrets. At most 8192 characters in all.
   *
   * Throws: the start rejects with `InterceptorError`, and nothing was written.
   */
  headers?(start: InterceptedStart): RunHeaders | undefined;
  /**
   * Called before a run is moved on by what has happened to it; what it returns is called once the run has come to rest.
   * Synchronous, so that it cannot hold a run up. What an activation comes to counts once it is committed, which is after
   * that; a commit that is refused is followed by another activation.
   *
   * Throws: logged, and the run is moved on.
   */
  activation?(activation: InterceptedActivation): ((end: ActivationResult) => void) | undefined;
  /**
   * Around one attempt of an activity or a step. `next` begins the code, and settles as it does, or rejects with the
   * reason once the attempt is stopped: timed out, cancelled, its lease lost. The outcome is recorded as soon as the code
   * has ended, and waits for no interceptor. The attempt's timeouts run meanwhile.
   *
   * Throws, or ends without `next`, before the code has begun: the attempt fails with `InterceptorError`, and is retried
   * by the activity's policy.
   */
  activity?(attempt: InterceptedAttempt, next: () => Promise<unknown>): Promise<unknown>;
  /**
   * Around the answer to a query, in the process that answers it.
   *
   * Throws, or ends without `next`, before it is answered: the query rejects with `QueryRejectedError`.
   */
  query?(query: InterceptedQuery, next: () => Promise<unknown>): Promise<unknown>;
}

/** What travels with a run, by name. */
export type RunHeaders = Readonly<Record<string, string>>;

/** What is about to be started. */
export interface InterceptedStart {
  readonly kind: 'workflow' | 'activity';
  /** Name of the workflow or activity. */
  readonly type: string;
  /** Undefined where one is made up. */
  readonly id: string | undefined;
  /** As it was given. Not a copy: leave it as it is. */
  readonly input: unknown;
}

interface InterceptedRun {
  readonly workflowType: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly headers: RunHeaders;
}

export interface InterceptedActivation extends InterceptedRun {
  /** Events before it; 0 for the first activation. */
  readonly historyLength: number;
}
export interface ActivationResult {
  /** Events after it. */
  readonly historyLength: number;
  /** `waiting`: the run goes on with the next thing that happens to it. */
  readonly kind: 'waiting' | 'completed' | 'failed' | 'cancelled' | 'continued' | 'blocked';
  /** Why it is blocked. */
  readonly blocked?: { readonly code: string; readonly message: string };
}

export interface InterceptedAttempt {
  readonly activityType: string;
  readonly activityId: string;
  readonly taskQueue: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** Undefined for a standalone activity, as are the next two. */
  readonly workflowType?: string;
  readonly workflowId?: string;
  readonly runId?: string;
  /** A copy. */
  readonly input: unknown;
  readonly headers: RunHeaders;
}

export interface InterceptedQuery extends InterceptedRun {
  readonly name: string;
  /** A copy. */
  readonly argument: unknown;
}
