import type { RunId } from '../../model/ids.js';
import type { EpochMs } from '../../model/time.js';
import type { ClaimRequest, TaskWant } from '../../storage/port.js';
import type { TaskRecord } from '../../storage/records.js';
import type { CancelTimer } from '../clock.js';
import type { Core } from '../core.js';

type Want = ClaimRequest['wants'][number];

export interface DispatcherOptions {
  readonly workerId: string;
  readonly buildId: string | null;
  /** What to ask for now; a limit of 0 asks for nothing. */
  readonly wants: () => readonly Want[];
  /** What this worker serves, whether it has room or not. */
  readonly serves: readonly TaskWant[];
  readonly take: (tasks: readonly TaskRecord[]) => Promise<void>;
  /** Looks after those of these runs that are in memory here; true where that takes care of all of them. */
  readonly handled: (runs: readonly RunId[]) => boolean;
}

/** Longest waits between two looks at the store, however quiet its hints are. Milliseconds. */
const activePoll = 1_000;
const idlePoll = 30_000;
/** The store counts as quiet after so many looks without a task. */
const quietAfter = 30;

/**
 * Finds work: one batched claim a wake-up, sized to what this worker has room for.
 * Woken by what this process writes, by hints, by the time at which the next task becomes visible, and by a poll that
 * alone would be enough.
 */
export class Dispatcher {
  #claiming = false;
  #again = false;
  #stopped = false;
  /** The last claim left something behind for want of room. */
  #starved = false;
  #wakeAt = Infinity;
  #cancelTimer: CancelTimer = () => undefined;
  #quietLooks = 0;
  #hinted: RunId[] = [];
  readonly #core: Core;
  readonly #options: DispatcherOptions;
  readonly #unwatch: () => void;

  constructor(core: Core, options: DispatcherOptions) {
    this.#core = core;
    this.#options = options;
    const queues = new Set(options.serves.flatMap((want) => want.queues));
    this.#unwatch = core.feed.onHint((hint) => {
      if (hint.kind === 'worker-gone') void this.reap();
      else if (hint.kind === 'unknown') this.wake();
      else if (hint.kind === 'changed' && hint.queues.some((queue) => queues.has(queue)))
        this.#consider(hint.runs);
    });
  }

  /**
   * A hint may come before the answer to the very commit that caused it, in this process, which will see to the run
   * itself. So look a little later whether there is anything left to claim.
   */
  #consider(runs: readonly RunId[]): void {
    this.#hinted.push(...runs);
    if (this.#hinted.length > runs.length) return;
    this.#core.busy.enter();
    const { platform, busy } = this.#core;
    platform.hop(() => {
      platform.hop(() => {
        const hinted = this.#hinted;
        this.#hinted = [];
        if (!this.#options.handled(hinted)) this.wake();
        busy.leave();
      });
    });
  }

  /** There may be something to claim now. */
  wake(): void {
    if (this.#stopped) return;
    this.#again = true;
    if (this.#claiming) return;
    this.#claiming = true;
    void this.#core.busy.during(() => this.#claim());
  }

  /** There will be something to claim then. */
  wakeAt(at: EpochMs): void {
    if (at >= this.#wakeAt || this.#stopped) return;
    const now = this.#core.clock.now();
    if (at <= now) this.wake();
    else this.#setTimer(at, 'foreground');
  }

  /** Whether the store may have something that was not claimed for want of room. */
  get starved(): boolean {
    return this.#starved;
  }

  /** Room has become free. */
  room(): void {
    if (this.#starved) this.wake();
  }

  async reap(): Promise<void> {
    await this.#core.busy.during(async () => {
      try {
        if ((await this.#core.storage.reapDeadWorkers()) > 0) this.wake();
      } catch (error) {
        this.#report(error);
      }
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#unwatch();
    this.#cancelTimer();
  }

  async #claim(): Promise<void> {
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false;
        await this.#claimOnce();
      }
      if (!this.#stopped) await this.#planNext();
    } catch (error) {
      this.#report(error);
      this.#setTimer(this.#core.clock.now() + activePoll, 'background');
    } finally {
      this.#claiming = false;
      if (this.#again) this.wake();
    }
  }

  async #claimOnce(): Promise<void> {
    const { workerId, buildId, wants, take } = this.#options;
    const asked = wants();
    const possible = asked.filter(
      (want) => want.limit > 0 && want.queues.length > 0 && want.types?.length !== 0,
    );
    this.#starved = possible.length < asked.filter((want) => want.types?.length !== 0).length;
    if (possible.length === 0) return;
    const { namespace, clock, storage } = this.#core;
    const tasks = await storage.claim({
      namespace,
      owner: workerId,
      now: clock.now(),
      buildId,
      wants: possible,
    });
    if (tasks.length === 0) return;
    this.#quietLooks = 0;
    for (const want of possible) {
      const got = tasks.filter((task) => task.kind === want.kind && want.queues.includes(task.queue)).length;
      if (got >= want.limit) this.#again = this.#starved = true;
    }
    await take(tasks);
    // Without room a further claim would only find that out; `room` comes back to it.
    if (this.#again && this.#options.wants().every((want) => want.limit === 0)) this.#again = false;
  }

  async #planNext(): Promise<void> {
    const { namespace, clock, storage } = this.#core;
    // What there is no room for says nothing of the rest, and `room` comes back to it.
    const wants = this.#options.wants().filter((want) => want.limit > 0);
    if (wants.length < this.#options.serves.length) this.#starved = true;
    this.#wakeAt = Infinity;
    const stored = await storage.nextWakeAt({ namespace, wants });
    // What is announced while the store is asked may be missing from its answer.
    const next = this.#wakeAt < (stored ?? Infinity) ? this.#wakeAt : stored;
    const now = clock.now();
    this.#quietLooks += 1;
    const poll = now + (this.#quietLooks > quietAfter ? idlePoll : activePoll);
    this.#wakeAt = Infinity;
    if (next === null || next > poll) this.#setTimer(poll, 'background', next);
    else if (next > now) this.#setTimer(next, 'foreground');
    // What is visible and was not taken waits for room; looking again at once would find the same.
    else this.#setTimer(poll, 'background');
  }

  /** The next look. `due` is told to the clock as well where it is further away than the poll. */
  #setTimer(at: EpochMs, kind: 'foreground' | 'background', due: EpochMs | null = null): void {
    this.#cancelTimer();
    this.#wakeAt = kind === 'foreground' ? at : (due ?? Infinity);
    const cancelPoll = this.#core.clock.setTimer(
      at,
      () => {
        this.wake();
      },
      kind,
    );
    const cancelDue =
      due === null
        ? undefined
        : this.#core.clock.setTimer(
            due,
            () => {
              this.wake();
            },
            'foreground',
          );
    this.#cancelTimer = () => {
      cancelPoll();
      cancelDue?.();
    };
  }

  #report(error: unknown): void {
    if (!this.#stopped)
      this.#core.log.warn('The store could not be asked for work; it will be asked again', { error });
  }
}
