import { batch, type BatchAction, type BatchProgress } from '../runtime/client/batch.js';
import type { ListFilter, WorkflowDescription } from '../runtime/client/description.js';
import type { OpenCore } from '../runtime/client/open-core.js';
import type { RunReads } from '../runtime/client/run-reads.js';
import { namespaceEvents, type NamespaceEvent } from './event-stream.js';
import { rereads } from './live-list.js';
import { pulled, type LiveStream, type Source } from './live-stream.js';
import { sharedReads } from './shared-reads.js';

/**
 * What can be watched of a namespace. All streams are cold. They have no end of their own, so they complete when the
 * client is closed: nothing that was promised is missing then, unlike with the streams of a run. They fail with
 * `StorageError` where the store cannot answer.
 */
export interface ClientView {
  /** The first page of what `list` gives, and again whenever it is another. Fails with `InvalidArgumentError` for a bad filter. */
  list$(filter?: ListFilter): LiveStream<readonly WorkflowDescription[]>;
  /** What `count` gives, and each other number after it. */
  count$(filter?: ListFilter): LiveStream<number>;
  /** Does something to every open run that matches, and tells how far it is; stops when nobody looks any more. Fails with `InvalidArgumentError` for a bad filter or action. */
  batch(filter: ListFilter, action: BatchAction): LiveStream<BatchProgress>;
  /** Every event committed from the subscription on: in order within a run, and once. */
  readonly events$: LiveStream<NamespaceEvent>;
}

/** Costs nothing until somebody subscribes. */
export function observeClient(core: OpenCore, reads: RunReads): ClientView {
  const stream = <T>(source: Source<T>): LiveStream<T> =>
    pulled(core.log, (changes) => {
      changes.onEnd(
        core.onClose(() => {
          changes.end();
        }),
      );
      return source(changes);
    });
  const live = <T>(read: () => Promise<T>, identity: (value: T) => unknown): LiveStream<T> => {
    const share = sharedReads(core);
    return stream((changes) => rereads(core, () => share('', read), identity, changes));
  };
  return {
    list$: (filter = {}) => live(() => reads.list(filter), pageIdentity),
    count$: (filter = {}) => live(() => reads.count(filter), Number),
    batch: (filter, action) =>
      pulled(core.log, async function* (changes) {
        for await (const progress of batch(core, filter, action)) {
          yield [progress];
          if (changes.over) return;
        }
      }),
    events$: stream((changes) => namespaceEvents(core, reads, changes)),
  };
}

function pageIdentity(page: readonly WorkflowDescription[]): string {
  return page.map(({ runId, version }) => `${runId} ${version}`).join();
}
