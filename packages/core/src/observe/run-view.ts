import type { Subscriber } from 'rxjs';
import { EngineClosedError } from '../model/errors.js';
import type { Seq } from '../model/ids.js';
import { isOpen } from '../model/status.js';
import type { HistoryEvent, PendingActivity, WorkflowDescription } from '../runtime/client/description.js';
import type { OpenCore } from '../runtime/client/open-core.js';
import type { RunReads, RunTarget } from '../runtime/client/run-reads.js';
import { waitResult } from '../runtime/client/wait-result.js';
import { historyPages } from './history-stream.js';
import { pulled, pushed, type LiveStream, type Source } from './live-stream.js';
import { answers, encodedText } from './query-stream.js';
import { sharedReads } from './shared-reads.js';
import { watchTarget } from './watch-target.js';

/**
 * What can be watched of one run. All streams are cold, emit committed facts only, and start and cancel nothing. They
 * fail with `WorkflowNotFoundError` where there is no such run, with `EngineClosedError` when the client is closed
 * before the end that they promise has come, and with `StorageError` where the store cannot answer.
 */
export interface RunView {
  /** The run as it stands, then after each commit, or after several where they come fast. Completes after the last one; a failed workflow is a value. */
  readonly state$: LiveStream<WorkflowDescription>;
  /** What the workflow returned, once. Fails as `result()` rejects. */
  readonly result$: LiveStream<unknown>;
  /** Pending activities, with attempt and last heartbeat, whenever they change. Completes with the run. */
  readonly activities$: LiveStream<readonly PendingActivity[]>;
  /** Every event from `fromSeq` (default 1) on, once and in order. Completes at the close of the run. */
  history$(options?: { readonly fromSeq?: Seq }): LiveStream<HistoryEvent>;
  /** The answer, and each other answer after it. Completes after the last commit. Fails where the query does. */
  query$(name: string, argument?: unknown): LiveStream<unknown>;
  /** The newest value of `state$`: the same object until there is another. Undefined while nobody has subscribed. */
  snapshot(): WorkflowDescription | undefined;
}

/** Costs nothing until somebody subscribes. */
export function observeRun(core: OpenCore, reads: RunReads, target: RunTarget): RunView {
  return new TargetView(core, reads, target);
}

class TargetView implements RunView {
  readonly #core: OpenCore;
  readonly #reads: RunReads;
  readonly #target: RunTarget;
  #state: LiveStream<WorkflowDescription> | undefined;
  #result: LiveStream<unknown> | undefined;
  #activities: LiveStream<readonly PendingActivity[]> | undefined;
  #watching = 0;
  #newest: WorkflowDescription | undefined;

  constructor(core: OpenCore, reads: RunReads, target: RunTarget) {
    this.#core = core;
    this.#reads = reads;
    this.#target = target;
  }

  get state$(): LiveStream<WorkflowDescription> {
    return (this.#state ??= pushed(this.#core.log, (subscriber) => {
      this.#states(subscriber);
    }));
  }

  get result$(): LiveStream<unknown> {
    return (this.#result ??= pushed(this.#core.log, (subscriber) => {
      this.#outcome(subscriber);
    }));
  }

  get activities$(): LiveStream<readonly PendingActivity[]> {
    return (this.#activities ??= pushed(this.#core.log, (subscriber) => {
      this.#pending(subscriber);
    }));
  }

  history$({ fromSeq = 1 }: { readonly fromSeq?: Seq } = {}): LiveStream<HistoryEvent> {
    return this.#pulled((changes) => historyPages(this.#core, this.#reads, this.#target, fromSeq, changes));
  }

  query$(name: string, argument?: unknown): LiveStream<unknown> {
    const share = sharedReads(this.#core);
    const ask = (runId: string): Promise<unknown> =>
      share(runId, () => this.#reads.query(runId, name, argument));
    const states = pushed<WorkflowDescription>(this.#core.log, (subscriber) => {
      this.#watch(subscriber, false, (description) => {
        subscriber.next(description);
      });
    });
    return this.#pulled((changes) => answers(states, ask, changes));
  }

  snapshot(): WorkflowDescription | undefined {
    return this.#newest;
  }

  #pulled<T>(source: Source<T>): LiveStream<T> {
    return pulled(this.#core.log, (changes) => {
      changes.onEnd(
        this.#core.onClose(() => {
          changes.end(new EngineClosedError());
        }),
      );
      return source(changes);
    });
  }

  #watch<T>(
    subscriber: Subscriber<T>,
    tasks: boolean,
    take: (description: WorkflowDescription) => void,
  ): void {
    watchTarget(this.#core, this.#reads, this.#target, subscriber, { tasks, take });
  }

  #states(subscriber: Subscriber<WorkflowDescription>): void {
    this.#watching += 1;
    subscriber.add(() => {
      this.#watching -= 1;
      // What has ended stays as it was; what nobody watches any more may have moved on.
      if (this.#watching === 0 && this.#newest && isOpen(this.#newest.status)) this.#newest = undefined;
    });
    let seen: WorkflowDescription | undefined;
    this.#watch(subscriber, false, (description) => {
      const newest = this.#remember(description);
      if (newest === seen) return;
      seen = newest;
      subscriber.next(newest);
    });
  }

  /** Subscribers see one object for one version, and never an older one after a newer. */
  #remember(description: WorkflowDescription): WorkflowDescription {
    const newest = this.#newest;
    if (newest?.runId === description.runId && newest.version >= description.version) return newest;
    // One subscriber may still see the end of a run that another has been followed by.
    if (newest && newest.runNumber > description.runNumber) return description;
    return (this.#newest = description);
  }

  #outcome(subscriber: Subscriber<unknown>): void {
    const abort = new AbortController();
    subscriber.add(() => {
      abort.abort();
    });
    waitResult(this.#core, this.#target, { signal: abort.signal }).then(
      (result) => {
        subscriber.next(result);
        subscriber.complete();
      },
      (error: unknown) => {
        subscriber.error(error);
      },
    );
  }

  #pending(subscriber: Subscriber<readonly PendingActivity[]>): void {
    let seen: string | undefined;
    this.#watch(subscriber, true, ({ pendingActivities }) => {
      const text = encodedText(pendingActivities);
      if (text === seen) return;
      seen = text;
      subscriber.next(pendingActivities);
    });
  }
}
