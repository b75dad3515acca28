import { EngineClosedError } from '../../model/errors.js';
import type { RunId } from '../../model/ids.js';
import type { EpochMs } from '../../model/time.js';
import type { OpenCore } from './open-core.js';

const firstPause = 20;
const longestPause = 1_000;

export interface WaitLimits {
  /** When the time is up; undefined: never. */
  readonly until: EpochMs | undefined;
  /** Rejects the wait with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks, and again after every change of a run, and now and then without one, until there is something to see or the time
 * is up (undefined); at least once. Rejects with `EngineClosedError` when the client is closed, and with what looking throws.
 */
export function waitFor<T>(
  core: OpenCore,
  runId: RunId,
  look: () => Promise<T | undefined>,
  { until, signal }: WaitLimits,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const wait = new Wait(core, look, resolve, reject);
    wait.begin(runId, until, signal);
  });
}

class Wait<T> {
  #over = false;
  /** However short the time is: what is there already is seen. */
  #looked = false;
  #isLate = false;
  #looking = false;
  /** Grows with each reason to look. */
  #reasons = 0;
  #pause = firstPause;
  #cancelPoll: () => void = () => undefined;
  readonly #cleanups: (() => void)[] = [];
  readonly #core: OpenCore;
  readonly #look: () => Promise<T | undefined>;
  readonly #resolve: (seen: T | undefined) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    core: OpenCore,
    look: () => Promise<T | undefined>,
    resolve: (seen: T | undefined) => void,
    reject: (error: unknown) => void,
  ) {
    this.#core = core;
    this.#look = look;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(runId: RunId, until: EpochMs | undefined, signal: AbortSignal | undefined): void {
    if (signal?.aborted) {
      this.#fail(signal.reason);
      return;
    }
    const { clock, feed } = this.#core;
    this.#cleanups.push(feed.onRun(runId, this.#lookAgain));
    if (until !== undefined) this.#cleanups.push(clock.setTimer(until, this.#timeIsUp, 'foreground'));
    if (signal) this.#heed(signal);
    this.#pollLater();
    this.#lookAgain();
    this.#cleanups.push(
      this.#core.onClose(() => {
        this.#fail(new EngineClosedError());
      }),
    );
  }

  #heed(signal: AbortSignal): void {
    const aborted = (): void => {
      this.#fail(signal.reason);
    };
    signal.addEventListener('abort', aborted, { once: true });
    this.#cleanups.push(() => {
      signal.removeEventListener('abort', aborted);
    });
  }

  readonly #timeIsUp = (): void => {
    this.#isLate = true;
    if (!this.#looked) return;
    this.#end(() => {
      this.#resolve(undefined);
    });
  };

  readonly #lookAgain = (): void => {
    this.#reasons += 1;
    if (this.#looking || this.#over) return;
    this.#looking = true;
    this.#lookWhileThereIsReason().catch(this.#fail);
  };

  async #lookWhileThereIsReason(): Promise<void> {
    for (let seen = 0; seen < this.#reasons && !this.#over;) {
      seen = this.#reasons;
      const found = await this.#core.command(this.#look);
      if (found !== undefined)
        this.#end(() => {
          this.#resolve(found);
        });
      this.#looked = true;
      if (this.#isLate) this.#timeIsUp();
    }
    this.#looking = false;
  }

  #pollLater(): void {
    const { clock } = this.#core;
    const poll = (): void => {
      this.#pause = Math.min(this.#pause * 2, longestPause);
      this.#pollLater();
      this.#lookAgain();
    };
    this.#cancelPoll = clock.setTimer(clock.now() + this.#pause, poll, 'background');
  }

  readonly #fail = (error: unknown): void => {
    this.#end(() => {
      this.#reject(error);
    });
  };

  #end(settle: () => void): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelPoll();
    for (const clean of this.#cleanups.splice(0)) clean();
    settle();
  }
}
