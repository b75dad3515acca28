import { expect, test } from 'vitest';
import { silent } from '../runtime/silent-log.js';
import type { WorkerStatus } from '../runtime/worker/worker.js';
import { settled, watch } from './observe.testkit.js';
import { observeWorker } from './worker-status.js';

class StillWorker {
  readonly core = { log: silent };
  readonly listeners = new Set<(status: WorkerStatus) => void>();
  now: WorkerStatus = { state: 'starting', activities: 0, workflows: 0, cached: 0 };

  status(): WorkerStatus {
    return this.now;
  }
  onStatus(listener: (status: WorkerStatus) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  become(status: Partial<WorkerStatus>): void {
    this.now = { ...this.now, ...status };
    for (const listener of this.listeners) listener(this.now);
  }
}

test('status$ gives what the worker does now and whenever that changes, and completes when it has stopped', async () => {
  const worker = new StillWorker();
  const { status$ } = observeWorker(worker);
  expect(worker.listeners.size).toBe(0);
  const seen = watch(status$);
  await settled();
  worker.become({ state: 'running' });
  await settled();
  worker.become({});
  await settled();
  worker.become({ activities: 1 });
  worker.become({ activities: 2 });
  await settled();
  worker.become({ state: 'stopped', activities: 0 });
  await settled();
  expect(seen.values.map(({ state, activities }) => [state, activities])).toEqual([
    ['starting', 0],
    ['running', 0],
    ['running', 2],
    ['stopped', 0],
  ]);
  expect(seen.completed).toBe(1);
  expect(worker.listeners.size).toBe(0);
});

test('status$ lets go of the worker when it is unsubscribed, and completes when it has failed', async () => {
  const worker = new StillWorker();
  const { status$ } = observeWorker(worker);
  const [first, second] = [watch(status$), watch(status$)];
  await settled();
  first.unsubscribe();
  expect(worker.listeners.size).toBe(1);
  worker.become({ state: 'failed' });
  await settled();
  expect(first.values.map(({ state }) => state)).toEqual(['starting']);
  expect(second.values.map(({ state }) => state)).toEqual(['starting', 'failed']);
  expect(second.completed).toBe(1);
});
