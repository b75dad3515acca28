import type { RunId } from '../../model/ids.js';
import type { CancelTimer } from '../clock.js';
import type { Core } from '../core.js';

/** Hints are gathered for so long before the store is asked what they were about. Milliseconds. */
const gatherFor = 25;
/** Without any hint the runs in work here are looked at this often. Milliseconds. */
const pollEvery = 1_000;

/**
 * What others do to runs that this worker holds: messages to a run whose task it has leased, which no claim would bring,
 * and ends by force. Hints name this worker's own commits too, so they are gathered and looked into together.
 */
export class OutsideChanges {
  #suspects = new Set<RunId>();
  #cancelLook: CancelTimer | undefined;
  #cancelPoll: CancelTimer | undefined;
  readonly #core: Core;
  readonly #inWork: () => Iterable<RunId>;
  readonly #look: (runIds: readonly RunId[]) => Promise<void>;

  constructor(core: Core, inWork: () => Iterable<RunId>, look: (runIds: readonly RunId[]) => Promise<void>) {
    this.#core = core;
    this.#inWork = inWork;
    this.#look = look;
  }

  /** Something may have changed in these runs. */
  suspect(runIds: Iterable<RunId>): void {
    for (const runId of runIds) this.#suspects.add(runId);
    if (this.#suspects.size === 0) return;
    this.#cancelLook ??= this.#core.platform.setTimer(
      () => {
        this.#cancelLook = undefined;
        const suspects = [...this.#suspects];
        this.#suspects.clear();
        void this.#core.busy.during(() => this.#look(suspects));
      },
      gatherFor,
      true,
    );
  }

  /** Polls from now on, while anything is in work. */
  poll(): void {
    this.#cancelPoll ??= this.#core.clock.setTimer(
      this.#core.clock.now() + pollEvery,
      () => {
        this.#cancelPoll = undefined;
        const inWork = [...this.#inWork()];
        if (inWork.length === 0) return;
        this.suspect(inWork);
        this.poll();
      },
      'background',
    );
  }

  stop(): void {
    this.#cancelLook?.();
    this.#cancelPoll?.();
  }
}
