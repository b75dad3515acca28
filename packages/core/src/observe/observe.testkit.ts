import { memory } from '@perdure/memory';
import type { Observable } from 'rxjs';
import { encodeEvent } from '../codec/events.js';
import { encodeValue } from '../codec/values.js';
import type { RunEvent } from '../model/events.js';
import type { ClosedStatus } from '../model/status.js';
import type { HandClock } from '../runtime/client/client.testkit.js';
import { openClient, settled, type TestClient } from '../runtime/client/client.testkit.js';
import { ClientReads } from '../runtime/client/reads.js';
import { encodeActivityTask } from '../runtime/activity-task.js';
import type { Logger } from '../runtime/core.js';
import { encodeBody, encodeStart } from '../runtime/run-projection.js';
import type { Batch, ChangeHint, RunQuery, Storage, StorageHandle } from '../storage/port.js';

export { settled };

/** A store whose hints can be held back and made up, and whose reads are counted and can fail. */
class WatchedStorage implements Storage {
  readonly kind = 'watched';
  readonly reads: Record<string, number> = {};
  /** Hints are lost. */
  deaf = false;
  /** Thrown by the reads to come. */
  readonly faults: Error[] = [];
  /** What reads wait for. */
  gate: Promise<void> | undefined;
  watches = 0;
  /** What runs were listed by. */
  readonly queries: RunQuery[] = [];
  readonly #listeners = new Set<(hint: ChangeHint) => void>();
  readonly #storage: Storage;

  constructor(storage: Storage = memory()) {
    this.#storage = storage;
  }

  emit(hint: ChangeHint): void {
    for (const listener of this.#listeners) listener(hint);
  }

  async open(): Promise<StorageHandle> {
    const handle = await this.#storage.open();
    const watch = (listener: (hint: ChangeHint) => void): (() => void) => {
      this.watches += 1;
      this.#listeners.add(listener);
      const unwatch = handle.watch((hint) => {
        if (!this.deaf) listener(hint);
      });
      return () => {
        this.watches -= 1;
        this.#listeners.delete(listener);
        unwatch();
      };
    };
    return new Proxy(handle, {
      get: (target, name: string) => {
        if (name === 'watch') return watch;
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        if (!/^(read|load|list|count)/.test(name)) return member.bind(target) as unknown;
        return async (...args: unknown[]) => {
          this.reads[name] = (this.reads[name] ?? 0) + 1;
          if (name === 'listRuns') this.queries.push(args[0] as RunQuery);
          const fault = this.faults.shift();
          if (fault) throw fault;
          const result = (await member.apply(target, args)) as unknown;
          await this.gate;
          return result;
        };
      },
    });
  }

  /** How many reads there were since the last call, besides the sweeps. */
  taken(): number {
    const { loadRuns: _, ...rest } = this.reads;
    const count = Object.values(rest).reduce((sum, one) => sum + one, 0);
    for (const name of Object.keys(this.reads)) this.reads[name] = 0;
    return count;
  }
}

export interface Bench extends TestClient {
  readonly storage: WatchedStorage;
  readonly reads: ClientReads;
  readonly runs: Runs;
  readonly logged: { readonly message: string; readonly fields: Record<string, unknown> | undefined }[];
}

/** A client of a store, and somebody else who writes to it: there is no worker in this process. */
export async function openBench(inner: Storage = memory()): Promise<Bench> {
  const storage = new WatchedStorage(inner);
  const logged: Bench['logged'] = [];
  const log = (message: string, fields?: Record<string, unknown>): void =>
    void logged.push({ message, fields });
  const logger: Logger = { debug: () => undefined, info: log, warn: log, error: log };
  const client = await openClient({ storage, logger });
  const runs = new Runs(await inner.open(), client.clock);
  return { ...client, storage, reads: new ClientReads(client.core), runs, logged };
}

/** Writes runs straight through the port, as a worker of another process would. */
class Runs {
  readonly handle: StorageHandle;
  readonly #clock: HandClock;

  constructor(handle: StorageHandle, clock: HandClock) {
    this.handle = handle;
    this.#clock = clock;
  }

  async commit(...batches: Batch[]): Promise<void> {
    for (const result of await this.handle.commit(batches))
      if (!result.ok) throw new Error(result.refusal.reason);
  }

  /** A run `<workflowId>-<runNumber>` with its first event. */
  async start(
    workflowId: string,
    { runNumber = 1, startedAt = this.#clock.now(), namespace = 'default' } = {},
  ): Promise<string> {
    const runId = `${workflowId}-${runNumber}`;
    const nothing = encodeValue(undefined);
    const start = encodeStart({ input: nothing, memo: encodeValue({}) });
    const event: RunEvent = {
      ...{ seq: 1, type: 'WorkflowStarted', at: startedAt, workflowType: 'order', workflowId, runId },
      ...{ taskQueue: 'default', input: nothing, runNumber, attempt: 1 },
    };
    const run = {
      ...{
        namespace,
        runId,
        workflowId,
        runNumber,
        workflowType: 'order',
        taskQueue: 'default',
        startedAt,
        start,
        attributes: '{}',
        archivedAt: null,
      },
      ...{
        status: 'running' as const,
        isCurrent: true,
        buildId: null,
        closedAt: null,
        progressAt: startedAt,
        body: '{}',
      },
    };
    const record = { namespace, key: `workflow:${workflowId}`, value: runId, runId };
    await this.commit({
      expect: [],
      writes: [
        { kind: 'insert-run', run, events: [encodeEvent(event)] },
        { kind: 'put-key', record },
      ],
    });
    return runId;
  }

  /** `count` more events of a run, in one commit. */
  async advance(runId: string, count = 1, state?: unknown): Promise<void> {
    const run = await this.#run(runId);
    const at = this.#clock.now();
    const events = Array.from({ length: count }, (_, i) =>
      encodeEvent({
        seq: run.seq + 1 + i,
        type: 'SideEffectRecorded',
        at,
        value: encodeValue(run.seq + 1 + i),
      }),
    );
    const body = encodeBody({ state: encodeValue(state) });
    const changes = {
      status: 'running' as const,
      isCurrent: run.isCurrent,
      buildId: null,
      closedAt: null,
      progressAt: at,
      body,
    };
    await this.commit({
      expect: [],
      writes: [{ kind: 'advance-run', runId, fromSeq: run.seq, events, changes }],
    });
  }

  async close(runId: string, status: ClosedStatus = 'completed', output: unknown = 'done'): Promise<void> {
    const run = await this.#run(runId);
    const at = this.#clock.now();
    const failure = { name: 'Error', message: 'broken' };
    const end: RunEvent =
      status === 'failed'
        ? { seq: run.seq + 1, type: 'WorkflowFailed', at, failure }
        : { seq: run.seq + 1, type: 'WorkflowCompleted', at, result: encodeValue(output) };
    const body = encodeBody(status === 'failed' ? { failure } : { output: encodeValue(output) });
    const changes = { status, isCurrent: run.isCurrent, buildId: null, closedAt: at, progressAt: at, body };
    await this.commit({
      expect: [],
      writes: [
        { kind: 'advance-run', runId, fromSeq: run.seq, events: [encodeEvent(end)], changes },
        { kind: 'drop-tasks', runId },
      ],
    });
  }

  /** The task of an activity: pending until the run closes. Replaces the one before. */
  async activity(runId: string, attempt: number, heartbeat?: unknown): Promise<void> {
    const body = encodeActivityTask({
      ...{ activityId: 'a1', activityType: 'charge', workflowId: 'w', workflowType: 'order' },
      ...{ scheduledSeq: 2, queuedAt: 0, finished: 0 },
      ...(heartbeat !== undefined && { heartbeat: encodeValue(heartbeat), heartbeatAt: this.#clock.now() }),
    });
    const task = {
      ...{
        taskId: `${runId}/a1`,
        namespace: 'default',
        kind: 'activity' as const,
        queue: 'default',
        type: 'charge',
        runId,
      },
      ...{
        buildId: null,
        priority: 5,
        fairnessKey: '',
        fairnessWeight: 1,
        visibleAt: 0,
        attempt,
        token: attempt,
      },
      ...{ leaseOwner: null, leaseUntil: 0, body },
    };
    await this.commit({ expect: [], writes: [{ kind: 'put-task', task }] });
  }

  async #run(runId: string) {
    const run = await this.handle.readRun(runId);
    if (!run) throw new Error('no such run');
    return run;
  }

  count(query: Omit<RunQuery, 'namespace'> = {}): Promise<number> {
    return this.handle.countRuns({ namespace: 'default', ...query });
  }
}

export interface Seen<T> {
  readonly values: T[];
  readonly errors: unknown[];
  completed: number;
  /** Everything in order: values, then `complete` or the error. */
  unsubscribe(): void;
}

export function watch<T>(stream: Observable<T>): Seen<T> {
  const seen: Omit<Seen<T>, 'unsubscribe'> = { values: [], errors: [], completed: 0 };
  const subscription = stream.subscribe({
    next: (value) => void seen.values.push(value),
    error: (error: unknown) => void seen.errors.push(error),
    complete: () => void (seen.completed += 1),
  });
  return Object.assign(seen, { unsubscribe: () => subscription.unsubscribe() });
}
