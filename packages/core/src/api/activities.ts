import { completeActivity, failActivity, heartbeatActivity } from '../runtime/client/complete-activity.js';
import type { OpenCore } from '../runtime/client/open-core.js';

/** Activities, as somebody sees them who runs none. */
export interface Activities {
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

export class ClientActivities implements Activities {
  readonly #core: OpenCore;

  constructor(core: OpenCore) {
    this.#core = core;
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
}
