import { validateSync } from '../../codec/schema.js';
import { encodeFailure } from '../../codec/failures.js';
import { nearLimit, readLimits } from '../../codec/limits.js';
import { decodeValue, encodeValue } from '../../codec/values.js';
import { isCompleteLater } from '../../model/complete-later.js';
import { CancelledError, PerdureError, isPerdureError } from '../../model/errors.js';
import type { ActivityScheduled, ActivityTimeoutKind } from '../../model/events.js';
import type { FailureRecord } from '../../model/failure.js';
import { asText, type Payload, type TextPayload } from '../../model/payload.js';
import type { EpochMs } from '../../model/time.js';
import type { TaskRecord } from '../../storage/records.js';
import type { ActivityTaskBody } from '../activity-task.js';
import type { CancelTimer } from '../clock.js';
import type { Core, Logger } from '../core.js';
import type { ActivityRecord } from '../definitions.js';
import { AttemptContext } from './activity-context.js';
import { interceptedAttempt } from './intercepted.js';

/** How an attempt ended. */
export type AttemptEnd =
  | { readonly kind: 'completed'; readonly result: TextPayload }
  | { readonly kind: 'failed'; readonly failure: FailureRecord }
  | { readonly kind: 'timed_out'; readonly timeout: ActivityTimeoutKind }
  /** Its code has left it to somebody else to complete. */
  | { readonly kind: 'later' }
  /** Stopped because its outcome no longer counts; nothing is to be recorded. */
  | { readonly kind: 'abandoned' };

/** Why an attempt must stop though its activity was not cancelled: the reason of its `AbortSignal`. */
export class AttemptStoppedError extends PerdureError {
  declare readonly code: 'activity_timeout' | 'lease_lost' | 'worker_shutdown';
}

export interface AttemptOwner {
  /** The attempt said that it lives. Called at most every `heartbeatEvery` milliseconds, first call at once. */
  heartbeat(attempt: Attempt): void;
}

/**
 * One attempt of one activity in this process: the activity's code, its `AbortSignal` and its timeouts.
 * Knows nothing of stores: `ActivityLoop` records how it ends.
 */
export class Attempt {
  readonly scheduled: ActivityScheduled;
  readonly body: ActivityTaskBody;
  /** The task as this worker last wrote or claimed it. */
  task: TaskRecord;
  readonly startedAt: EpochMs;
  /** Newest details of `heartbeat`, and when. */
  lastHeartbeat: { readonly details: Payload; readonly at: EpochMs } | undefined;
  #controller: AbortController | undefined;
  #stopped: Error | undefined;
  /** Tells interceptors, which wait for code that may never end. */
  #onStop: ((reason: Error) => void) | undefined;
  #end: ((end: AttemptEnd) => void) | undefined;
  #timers: CancelTimer[] | undefined;
  #heartbeatTimer: CancelTimer | undefined;
  #beatAt = -Infinity;
  #beatDue: CancelTimer | undefined;
  readonly #core: Core;
  readonly #owner: AttemptOwner;

  constructor(
    core: Core,
    owner: AttemptOwner,
    task: TaskRecord,
    body: ActivityTaskBody,
    scheduled: ActivityScheduled,
  ) {
    this.#core = core;
    this.#owner = owner;
    this.task = task;
    this.body = body;
    this.scheduled = scheduled;
    this.startedAt = core.clock.now();
    if (body.heartbeat)
      this.lastHeartbeat = { details: asText(body.heartbeat), at: body.heartbeatAt ?? body.queuedAt };
  }

  get hasEnded(): boolean {
    return this.#end === undefined;
  }

  /** Runs the activity's code; calls back once, when it has ended or must no longer count. */
  run(activity: ActivityRecord, ended: (end: AttemptEnd) => void): void {
    this.#end = ended;
    this.#startTimers();
    try {
      const result: unknown =
        this.#core.interceptors.activity.length > 0 ? this.#intercepted(activity) : this.#call(activity);
      if (typeof (result as { then?: unknown } | null | undefined)?.then !== 'function') {
        this.#complete(activity, result);
        return;
      }
      Promise.resolve(result).then(
        (value) => {
          this.#complete(activity, value);
        },
        (error: unknown) => {
          this.#finish(failed(error));
        },
      );
    } catch (error) {
      this.#finish(failed(error));
    }
  }

  #call(activity: ActivityRecord): unknown {
    return activity.fn(
      decodeValue(asText(this.scheduled.input), readLimits) as never,
      new AttemptContext(this) as never,
    );
  }

  async #intercepted(activity: ActivityRecord): Promise<unknown> {
    const { interceptors } = this.#core;
    const stopped = new Promise<never>((_, reject) => {
      this.#onStop = reject;
    });
    stopped.catch(() => undefined); // nobody looks where the code was never begun
    let later: unknown;
    const result = await interceptors.around(interceptors.activity, interceptedAttempt(this), async () => {
      try {
        return await Promise.race([this.#call(activity), stopped]);
      } catch (error) {
        if (!isCompleteLater(error)) throw error;
        later = error;
        return undefined;
      }
    });
    if (later !== undefined) throw later;
    return result;
  }

  #complete(activity: ActivityRecord, result: unknown): void {
    try {
      const accepted = activity.outputSchema
        ? validateSync(activity.outputSchema, result, `Output of activity '${activity.name}'`)
        : result;
      const payload = encodeValue(accepted, this.#core.limits);
      if (nearLimit(payload, this.#core.limits)) {
        const { activityType, activityId } = this.scheduled;
        this.#core.log.warn('The result of an activity is close to the largest payload allowed', {
          activityType,
          activityId,
          bytes: payload.text.length,
        });
      }
      this.#finish({ kind: 'completed', result: payload });
    } catch (error) {
      this.#finish(failed(error));
    }
  }

  /** Asks the code to stop, and takes no notice of how it ends. */
  stop(reason: AttemptStoppedError | CancelledError, end: AttemptEnd = { kind: 'abandoned' }): void {
    this.#abort(reason);
    this.#finish(end);
  }

  #abort(reason: Error): void {
    this.#stopped ??= reason;
    this.#controller?.abort(this.#stopped);
    this.#onStop?.(this.#stopped);
  }

  #finish(end: AttemptEnd): void {
    const resolve = this.#end;
    if (!resolve) return;
    this.#end = undefined;
    if (this.#timers) for (const cancel of this.#timers) cancel();
    this.#heartbeatTimer?.();
    this.#beatDue?.();
    resolve(end);
  }

  // ── time ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #startTimers(): void {
    const { timeouts, at } = this.scheduled;
    if (timeouts.startToClose !== undefined)
      this.#timeOutAt(this.startedAt + timeouts.startToClose, 'start_to_close');
    if (timeouts.scheduleToClose !== undefined)
      this.#timeOutAt(at + timeouts.scheduleToClose, 'schedule_to_close');
    this.#expectHeartbeat();
  }

  #timeOutAt(at: EpochMs, timeout: ActivityTimeoutKind): void {
    (this.#timers ??= []).push(
      this.#core.clock.setTimer(
        at,
        () => {
          this.#timeOut(timeout);
        },
        'foreground',
      ),
    );
  }

  #expectHeartbeat(): void {
    const { heartbeat } = this.scheduled.timeouts;
    if (heartbeat === undefined) return;
    this.#heartbeatTimer?.();
    this.#heartbeatTimer = this.#core.clock.setTimer(
      this.#core.clock.now() + heartbeat,
      () => {
        this.#timeOut('heartbeat');
      },
      'foreground',
    );
  }

  #timeOut(timeout: ActivityTimeoutKind): void {
    const reason = new AttemptStoppedError('activity_timeout', `The activity timed out (${timeout})`);
    this.stop(reason, { kind: 'timed_out', timeout });
  }

  // ── what the code sees ──────────────────────────────────────────────────────────────────────────────────────────

  get logger(): Logger {
    return this.#core.log;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#stopped) this.#controller.abort(this.#stopped);
    }
    return this.#controller.signal;
  }

  /** Records progress; throws the abort reason when the activity should stop. */
  heartbeat(details: unknown): void {
    if (this.#stopped) throw this.#stopped;
    if (!this.#end) throw new CancelledError('The activity has ended');
    const now = this.#core.clock.now();
    this.lastHeartbeat = { details: encodeValue(details, this.#core.limits), at: now };
    this.#expectHeartbeat();
    if (now >= this.#beatAt + this.heartbeatEvery) this.#beat();
    else {
      this.#beatDue ??= this.#core.clock.setTimer(
        this.#beatAt + this.heartbeatEvery,
        () => {
          this.#beat();
        },
        'background',
      );
    }
  }

  #beat(): void {
    this.#beatDue?.();
    this.#beatDue = undefined;
    this.#beatAt = this.#core.clock.now();
    this.#owner.heartbeat(this);
  }

  /** Heartbeats closer together than this are written as one. Milliseconds. */
  get heartbeatEvery(): number {
    const { heartbeat } = this.scheduled.timeouts;
    return heartbeat === undefined ? 1_000 : Math.min(1_000, heartbeat * 0.4);
  }
}

/** A value that cannot be stored, or that its schema refuses, will not be better the next time. */
const lasting: ReadonlySet<string> = new Set([
  'payload_invalid',
  'payload_too_large',
  'invalid_argument',
  'unknown_activity',
]);

function failed(error: unknown): AttemptEnd {
  if (isCompleteLater(error)) return { kind: 'later' };
  const failure = encodeFailure(error);
  const hopeless = isPerdureError(error) && lasting.has(failure.code ?? '');
  return { kind: 'failed', failure: hopeless ? { ...failure, nonRetryable: true } : failure };
}
