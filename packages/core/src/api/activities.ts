import { InvalidArgumentError } from '../model/errors.js';
import { observeActivity } from '../observe/activity-stream.js';
import type { LiveStream } from '../observe/live-stream.js';
import type { ActivityReference } from '../replay/activity-call.js';
import {
  activityResult,
  describeActivity,
  listActivities,
  readActivity,
  type ActivityFilter,
} from '../runtime/client/activity-result.js';
import { cancelRun } from '../runtime/client/cancel.js';
import { completeActivity, failActivity, heartbeatActivity } from '../runtime/client/complete-activity.js';
import type { ActivityDescription } from '../runtime/client/describe-activity.js';
import type { Page } from '../runtime/client/description.js';
import type { OpenCore } from '../runtime/client/open-core.js';
import { startActivity, type StartActivityOptions } from '../runtime/client/standalone-activity.js';
import type { WaitOptions } from '../runtime/client/wait-result.js';
import { besideOf } from '../runtime/standalone.js';
import type { Args } from './carries.js';
import type { ActivityDefinition } from './define-activity.js';

export type { ActivityDescription, ActivityFilter, StartActivityOptions };

/** Activities on their own, without a workflow, and those that others complete. */
export interface StandaloneActivities {
  /**
   * Starts an activity of its own: by its definition, or by its name without types; then by the definition that this
   * engine has of that name. It is durable when this resolves,
   * and runs as one of a workflow does: retries, timeouts, heartbeats, cancellation.
   *
   * Rejects with `WorkflowAlreadyStartedError` where the id is taken, `InvalidArgumentError`, `PayloadError` and
   * `PayloadTooLargeError`.
   *
   * @example
   * ```ts
   * import { defineActivity, type Client } from '@perdure/core';
   * const resize = defineActivity('resize', { startToCloseTimeout: '1m' }, async (image: string) => `${image}.small`);
   * export async function thumbnail(client: Client, image: string): Promise<string> {
   *   const handle = await client.activities.start(resize, image, { label: `Thumbnail of ${image}` });
   *   return handle.result({ timeout: '5m' });
   * }
   * ```
   */
  start<I, O>(
    activity: ActivityDefinition<I, O>,
    ...args: Args<I, StartActivityOptions>
  ): Promise<ActivityHandle<O>>;
  start(activity: string, input?: unknown, options?: StartActivityOptions): Promise<ActivityHandle>;
  /** A handle of an activity that is there already, or will be. No round trip. */
  handle<O = any>(activityId: string): ActivityHandle<O>;
  /** One page, newest first. Rejects with `InvalidArgumentError` for a bad filter, and for a token that this list did not give. */
  list(filter?: ActivityFilter): Promise<Page<ActivityDescription>>;

  /**
   * Completes the attempt that a token stands for: one whose code returned `activity.completeLater()`, from any process.
   * Rejects with `ActivityNotActiveError` where the token counts no more: the activity has ended, was cancelled or timed
   * out, or was attempted again; with `InvalidArgumentError` and `PayloadError` for a result that cannot be taken.
   *
   * @example
   * ```ts
   * import type { Client } from '@perdure/core';
   * export async function approved(client: Client, token: string, by: string): Promise<void> {
   *   await client.activities.complete(token, { by });
   * }
   * ```
   */
  complete(taskToken: string, result?: unknown): Promise<void>;
  /** Fails it, as if its code had thrown: the retry policy decides whether it is attempted again. Rejects as `complete` does. */
  fail(taskToken: string, error: unknown): Promise<void>;
  /** Records progress, and that it lives. Rejects as `complete` does: that is how cancellation is learnt of. */
  heartbeat(taskToken: string, details?: unknown): Promise<void>;
}

/** A standalone activity. Every method rejects with `WorkflowNotFoundError` where there is none of its id. */
export interface ActivityHandle<O = any> {
  readonly activityId: string;
  /**
   * Waits for its end. Resolves to what it returned. Rejects as a workflow would: with `WorkflowFailedError`, whose
   * `failure` is the activity's own error, `WorkflowTimedOutError` or `WorkflowCancelledError`; and with
   * `WaitTimeoutError` where the wait was too long: then it goes on.
   */
  result(options?: WaitOptions): Promise<O>;
  describe(): Promise<ActivityDescription>;
  /** Ends it; code that runs is told by its `AbortSignal`, or at its next heartbeat. Nothing happens where it has ended. */
  cancel(reason?: string): Promise<void>;
  /** The activity as it stands, then whenever that is another; completes after its end. */
  readonly state$: LiveStream<ActivityDescription>;
}

export class ClientActivities implements StandaloneActivities {
  readonly #core: OpenCore;

  constructor(core: OpenCore) {
    this.#core = core;
  }

  async start(
    activity: unknown,
    input?: unknown,
    options: StartActivityOptions = {},
  ): Promise<ActivityHandle> {
    const reference = this.#referenceOf(activity);
    const { workflowId } = await this.#core.command(() =>
      startActivity(this.#core, reference, input, options),
    );
    return this.handle(workflowId);
  }

  handle(activityId: string): ActivityHandle {
    const core = this.#core;
    return {
      activityId,
      result: (options) => activityResult(core, activityId, options),
      describe: () => core.command(() => describeActivity(core, activityId)),
      cancel: (reason) =>
        core.command(async () => {
          const { runId } = await readActivity(core, activityId);
          const target = { workflowId: activityId, runId };
          await cancelRun(besideOf(core), target, { ...(reason !== undefined && { reason }) });
        }),
      get state$() {
        return observeActivity(core, activityId);
      },
    };
  }

  list(filter: ActivityFilter = {}): Promise<Page<ActivityDescription>> {
    return this.#core.command(() => listActivities(this.#core, filter));
  }

  complete(taskToken: string, result?: unknown): Promise<void> {
    return this.#core.command(() => completeActivity(this.#core, taskToken, result));
  }
  fail(taskToken: string, error: unknown): Promise<void> {
    return this.#core.command(() => failActivity(this.#core, taskToken, error));
  }
  heartbeat(taskToken: string, details?: unknown): Promise<void> {
    return this.#core.command(() => heartbeatActivity(this.#core, taskToken, details));
  }

  #referenceOf(activity: unknown): ActivityReference {
    if (typeof activity !== 'string') return givenReference(activity);
    return this.#core.registry.activities.get(activity) ?? { name: activity, options: {} };
  }
}

function givenReference(activity: unknown): ActivityReference {
  const given = activity as Partial<ActivityReference> | null | undefined;
  if (typeof given === 'object' && typeof given?.name === 'string' && given.options)
    return given as ActivityReference;
  throw new InvalidArgumentError('An activity is named by its definition or its name', [
    { path: 'activity', message: 'must be what defineActivity returned, or a string' },
  ]);
}
