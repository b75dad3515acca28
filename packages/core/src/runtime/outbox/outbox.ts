import { StorageError } from '../../model/errors.js';
import type { RunEvent } from '../../model/events.js';
import { isCloseEvent } from '../../model/events.js';
import type { RunId, WorkerId } from '../../model/ids.js';
import type { EpochMs } from '../../model/time.js';
import type { TaskRecord } from '../../storage/records.js';
import type { Core } from '../core.js';
import { eventsOf } from '../worker/sealing.js';
import { closeChildren } from './close-children.js';
import { Errand } from './errand.js';
import { outboxOf, type OutboxLease } from './outbox-task.js';
import { cancelChild, sendCancel, sendSignal } from './requests.js';
import { startChild } from './start-child.js';

/** How long an errand may take before somebody else does it. Milliseconds. */
export const outboxLeaseMs = 30_000;
/** What has to wait for an earlier errand of its run is looked at again so much later. Milliseconds. */
const later = 200;

/**
 * Does what runs have asked of other runs: errands of a run that was moved on here, leased as they were written, and
 * those that were claimed. One after the other for each run, in the order in which it asked.
 */
export class Outbox {
  readonly #queues = new Map<RunId, Promise<void>>();
  readonly #core: Core;
  readonly #workerId: WorkerId;
  #stopped = false;

  constructor(core: Core, workerId: WorkerId) {
    this.#core = core;
    this.#workerId = workerId;
  }

  lease(now: EpochMs): OutboxLease | undefined {
    return this.#stopped ? undefined : { leaseOwner: this.#workerId, leaseUntil: now + outboxLeaseMs };
  }

  /** Errands of this run are under way here. */
  has(owner: RunId): boolean {
    return this.#queues.has(owner);
  }

  /** Does a task that is leased to this worker; `event` is what it is about, where that is at hand. */
  take(task: TaskRecord, event?: RunEvent): void {
    const owner = task.runId;
    const before = this.#queues.get(owner) ?? Promise.resolve();
    const done = this.#core.busy
      .during(async () => {
        await before;
        if (!this.#stopped) await this.#do(new Errand(this.#core, task), event);
      })
      .catch((error: unknown) => {
        if (error instanceof StorageError && error.code === 'storage_closed') return;
        const { taskId } = task;
        this.#core.log.warn(
          'Something that a run asked of another could not be done; it will be done later',
          {
            taskId,
            error,
          },
        );
      })
      .finally(() => {
        if (this.#queues.get(owner) === done) this.#queues.delete(owner);
      });
    this.#queues.set(owner, done);
  }

  stop(): void {
    this.#stopped = true;
  }

  async #do(errand: Errand, known: RunEvent | undefined): Promise<void> {
    const event = known ?? (await this.#eventOf(errand));
    if (event?.type === 'ChildWorkflowScheduled') return startChild(errand, event);
    if (await this.#mustWait(errand)) return this.#postpone(errand.task);
    if (event?.type === 'ChildWorkflowCancelRequested') return cancelChild(errand, event);
    if (event?.type === 'ExternalSignalRequested') return sendSignal(errand, event);
    if (event?.type === 'ExternalCancelRequested') return sendCancel(errand, event);
    // A run that was purged asks for nothing any more.
    return event && isCloseEvent(event) ? closeChildren(errand) : errand.end();
  }

  async #eventOf({ runId, seq }: Errand): Promise<RunEvent | undefined> {
    const bodies = await this.#core.storage.readEvents(runId, { from: seq, limit: 1 });
    return (await eventsOf(this.#core, bodies))[0];
  }

  /** Whether the run asked for something else before that is not done yet: the child to be signalled may not be there. */
  async #mustWait({ runId, task }: Errand): Promise<boolean> {
    const [first] = await this.#core.storage.readTasks(outboxOf(runId));
    return first !== undefined && first.taskId !== task.taskId;
  }

  async #postpone(task: TaskRecord): Promise<void> {
    const visibleAt = this.#core.clock.now() + later;
    await this.#core.committer.commit({
      expect: [{ kind: 'token', taskId: task.taskId, token: task.token }],
      writes: [{ kind: 'put-task', task: { ...task, visibleAt, leaseOwner: null, leaseUntil: 0 } }],
    });
  }
}
