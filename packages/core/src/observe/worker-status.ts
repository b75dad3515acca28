import type { Worker, WorkerStatus } from '../runtime/worker/worker.js';
import type { Changes } from './changes.js';
import { pulled, type LiveStream } from './live-stream.js';

/** What can be watched of a worker. */
export interface WorkerView {
  /** What it does now, and again whenever that changes. Completes when it has stopped or failed. */
  readonly status$: LiveStream<WorkerStatus>;
}

type Watchable = Pick<Worker, 'status' | 'onStatus'> & { readonly core: Pick<Worker['core'], 'log'> };

/** Costs nothing until somebody subscribes. */
export function observeWorker(worker: Watchable): WorkerView {
  return { status$: pulled(worker.core.log, (changes) => statuses(worker, changes)) };
}

async function* statuses(
  worker: Watchable,
  changes: Changes,
): AsyncGenerator<readonly WorkerStatus[], void, undefined> {
  changes.onEnd(worker.onStatus(changes.mark));
  for (let seen = ''; await changes.next();) {
    const status = worker.status();
    const text = JSON.stringify(status);
    if (text !== seen) yield [status];
    seen = text;
    if (status.state === 'stopped' || status.state === 'failed') return;
  }
}
