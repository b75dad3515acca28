import { memory } from '@perdure/memory';
import { CoreClient } from '../../api/client.js';
import { encodeEvent } from '../../codec/events.js';
import { encodeValue } from '../../codec/values.js';
import { StorageError } from '../../model/errors.js';
import type { RunEvent } from '../../model/events.js';
import type { ClosedStatus } from '../../model/status.js';
import type { Batch, CommitResult, Storage, StorageHandle } from '../../storage/port.js';
import type { Clock } from '../clock.js';
import type { WorkflowRecord } from '../definitions.js';
import { openCore, type Opened } from '../open.js';
import type { CoreOptions } from '../open-options.js';
import { encodeBody } from '../run-projection.js';

/** Time that a test moves. */
export class HandClock implements Clock {
  #now = 1_700_000_000_000;
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  now(): number {
    return this.#now;
  }
  setTimer(at: number, callback: () => void): () => void {
    const timer = { at, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
  get timers(): number {
    return this.#timers.size;
  }
  /** Moves on, in steps small enough for polls to come in between. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    while (this.#now < until) {
      this.#now = Math.min(until, this.#now + 250);
      for (const timer of [...this.#timers].filter(({ at }) => at <= this.#now))
        if (this.#timers.delete(timer)) timer.callback();
      await settled();
    }
  }
}

/** Lets everything go on that needs no time. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

export interface TestClient {
  readonly client: CoreClient;
  readonly opened: Opened;
  readonly core: Opened['core'];
  readonly clock: HandClock;
}

/** A client without a worker: runs stay as they were started. */
export async function openClient(
  options: Partial<CoreOptions> & { readonly workflows?: readonly WorkflowRecord[] } = {},
): Promise<TestClient> {
  const clock = new HandClock();
  const { workflows = [], ...rest } = options;
  const opened = await openCore({ storage: memory(), clock, ...rest }, { workflows, activities: [] });
  return { client: new CoreClient(opened.core), opened, core: opened.core, clock };
}

export function workflow(name: string, messages: WorkflowRecord['messages'] = {}): WorkflowRecord {
  return { name, messages, fn: async () => undefined };
}

type End = Extract<
  RunEvent,
  { readonly type: 'WorkflowCompleted' | 'WorkflowFailed' | 'WorkflowCancelled' | 'WorkflowTimedOut' }
>;
type Unplaced<E> = E extends RunEvent ? Omit<E, 'seq' | 'at'> : never;

/** Ends a run as a worker would. */
export async function closeRun(
  { core }: TestClient,
  runId: string | undefined,
  end: Unplaced<End> = { type: 'WorkflowCompleted', result: encodeValue('done') },
): Promise<void> {
  const run = runId === undefined ? undefined : await core.storage.readRun(runId);
  if (!run || runId === undefined) throw new Error('no such run');
  const at = core.clock.now();
  const statuses: Record<End['type'], ClosedStatus> = {
    WorkflowCompleted: 'completed',
    WorkflowFailed: 'failed',
    WorkflowCancelled: 'cancelled',
    WorkflowTimedOut: 'timed_out',
  };
  const body = encodeBody({
    ...('result' in end && { output: end.result }),
    ...('failure' in end && { failure: end.failure }),
    ...('reason' in end && { closedReason: end.reason }),
  });
  const changes = {
    status: statuses[end.type],
    isCurrent: run.isCurrent,
    buildId: null,
    closedAt: at,
    progressAt: at,
    body,
  };
  const event = { seq: run.seq + 1, at, ...end } as RunEvent;
  await core.committer.commit({
    expect: [],
    writes: [
      { kind: 'advance-run', runId, fromSeq: run.seq, events: [encodeEvent(event)], changes },
      { kind: 'drop-tasks', runId },
    ],
  });
}

/** A store whose commits can be made to go wrong. */
export class FaultyStorage implements Storage {
  readonly kind = 'faulty';
  readonly #storage: Storage;
  /** For each commit to come: pass it on, fail before, or apply it and say that the outcome is unknown. */
  readonly faults: ('none' | 'unknown-lost' | 'unknown-applied')[] = [];
  /** Called before a commit is passed on. */
  onCommit: ((batches: readonly Batch[]) => Promise<void>) | undefined;

  constructor(storage: Storage = memory()) {
    this.#storage = storage;
  }

  async open(): Promise<StorageHandle> {
    const handle = await this.#storage.open();
    const commit = async (batches: readonly Batch[]): Promise<readonly CommitResult[]> => {
      await this.onCommit?.(batches);
      const fault = this.faults.shift() ?? 'none';
      if (fault === 'unknown-lost') throw unknown();
      const results = await handle.commit(batches);
      if (fault === 'unknown-applied') throw unknown();
      return results;
    };
    return new Proxy(handle, {
      get: (target, name) => {
        if (name === 'commit') return commit;
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
  }
}

function unknown(): StorageError {
  return new StorageError('storage_lost', 'The connection was lost', { retryable: true, outcome: 'unknown' });
}
