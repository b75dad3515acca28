import type { Batch, NewRun, StorageHandle, TaskRecord } from '@perdure/core/storage';
import { indexedDb, type Durability } from '../src/index.js';

/** Runs in the page: one operation of each kind in turn, so that all of them have the same weather. */

type Operation = () => Promise<unknown>;
export interface Figure {
  readonly durability: Durability;
  readonly name: string;
  readonly microseconds: number;
  /** Rate as a share of the raw one-put rate. */
  readonly ratio: number;
}

const body = JSON.stringify({ type: 'ActivityCompleted', at: 1_790_000_000_000, output: 'x'.repeat(80) });
const everything = { kind: 'activity', queues: ['default'], types: null } as const;

function newRun(runId: string): NewRun {
  return {
    ...{ namespace: 'default', runId, workflowId: runId, runNumber: 1, workflowType: 'order', taskQueue: 'default' },
    ...{ startedAt: 1_790_000_000_000, start: body, ...changes },
  };
}
const changes = {
  ...{ status: 'running', isCurrent: true, buildId: null, closedAt: null, progressAt: 1, body },
} as const;

function task(runId: string, k: number, more: Partial<TaskRecord> = {}): TaskRecord {
  return {
    ...{ taskId: `${runId}/${String(k)}`, namespace: 'default', kind: 'activity', queue: 'default', type: 'charge' },
    ...{ runId, buildId: null, priority: 5, fairnessKey: '', fairnessWeight: 1, visibleAt: 1_790_000_000_000 },
    ...{ attempt: 1, token: 1, leaseOwner: 'worker', leaseUntil: 1_790_000_030_000 + k, body },
    ...more,
  };
}

function start(runId: string, more: Partial<TaskRecord> = {}): Batch {
  const waiting = task(runId, 0, { taskId: runId, kind: 'workflow', visibleAt: Number.MAX_SAFE_INTEGER, leaseUntil: 0, leaseOwner: null });
  return {
    expect: [],
    writes: [
      { kind: 'insert-run', run: newRun(runId), events: [body] },
      { kind: 'put-task', task: waiting },
      { kind: 'put-task', task: task(runId, 0, more) },
    ],
  };
}

function step(runId: string, k: number): Batch {
  const seq = 1 + 2 * k;
  return {
    expect: [
      { kind: 'run-at', runId, seq },
      { kind: 'token', taskId: `${runId}/${String(k)}`, token: 1 },
    ],
    writes: [
      { kind: 'advance-run', runId, fromSeq: seq, events: [body, body], changes },
      { kind: 'drop-task', taskId: `${runId}/${String(k)}` },
      { kind: 'put-task', task: task(runId, k + 1) },
    ],
  };
}

async function must(handle: StorageHandle, batches: readonly Batch[]): Promise<void> {
  for (const result of await handle.commit(batches)) if (!result.ok) throw new Error(JSON.stringify(result));
}

async function rawPut(durability: Durability, puts = 1): Promise<Operation> {
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(`raw-${durability}-${crypto.randomUUID()}`, 1);
    request.onupgradeneeded = () => request.result.createObjectStore('raw', { keyPath: 'id' });
    request.onsuccess = () => { resolve(request.result); };
    request.onerror = () => { reject(request.error as Error); };
  });
  let n = 0;
  return () =>
    new Promise<void>((resolve, reject) => {
      const tx = db.transaction('raw', 'readwrite', { durability });
      for (let i = 0; i < puts; i++) tx.objectStore('raw').put({ id: `${String(i)}`, n: ++n, body });
      tx.commit();
      tx.oncomplete = () => { resolve(); };
      tx.onabort = () => { reject(tx.error as Error); };
    });
}

async function operations(durability: Durability): Promise<Record<string, Operation>> {
  const name = `bench-${durability}-${crypto.randomUUID()}`;
  const handle = await indexedDb(name, { durability }).open();
  await must(handle, [start('hot')]);
  let k = 0;
  const many = Array.from({ length: 64 }, (_, i) => `many-${String(i)}`);
  await must(handle, many.map((runId) => start(runId)));
  let m = 0;
  const sleeping = { visibleAt: 1_900_000_000_000, leaseOwner: null, leaseUntil: 0 };
  for (let i = 0; i < 10; i++) {
    await must(handle, Array.from({ length: 1_000 }, (_, j) => start(`asleep-${String(i * 1_000 + j)}`, sleeping)));
  }
  let started = 0;
  let signals = 0;
  const claimAll = { namespace: 'default', owner: 'other', now: 1_790_000_000_000, buildId: null };
  return {
    raw: await rawPut(durability),
    'raw, 64 puts': await rawPut(durability, 64),
    'sequential step': () => must(handle, [step('hot', k++)]),
    'step of 64 runs': async () => {
      await must(handle, many.map((runId) => step(runId, m)));
      m++;
    },
    start: () => must(handle, [start(`started-${String(started++)}`)]),
    signal: () => {
      const runId = `asleep-${String(signals % 10_000)}`;
      const message = { namespace: 'default', runId, kind: 'signal', messageId: String(signals++), at: 1, body };
      return must(handle, [{ expect: [{ kind: 'run-open', runId }], writes: [{ kind: 'put-message', message }, { kind: 'wake-task', taskId: runId, at: 1_890_000_000_000 }] }]);
    },
    'claim of nothing': () => handle.claim({ ...claimAll, wants: [{ ...everything, limit: 8, leaseMs: 1 }, { ...everything, kind: 'workflow', limit: 8, leaseMs: 1 }] }),
    nextWakeAt: () => handle.nextWakeAt({ namespace: 'default', wants: [everything] }),
    readRun: () => handle.readRun('hot'),
  };
}

export async function measure(rounds: number, durabilities: readonly Durability[]): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const durability of durabilities) {
    const all = Object.entries(await operations(durability));
    const taken = new Map<string, number[]>(all.map(([name]) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [name, operation] of all.sort(() => Math.random() - 0.5)) {
        const before = performance.now();
        await operation();
        taken.get(name)?.push((performance.now() - before) * 1_000);
      }
    }
    const raw = trimmedMean(taken.get('raw') ?? []);
    for (const [name, times] of taken) {
      const microseconds = trimmedMean(times);
      figures.push({ durability, name, microseconds, ratio: raw / microseconds });
    }
  }
  return figures;
}

/** Without the first tenth, and the slowest twentieth of the rest: clocks of pages are too coarse for a median. */
function trimmedMean(times: readonly number[]): number {
  const rest = times.slice(times.length / 10).sort((a, b) => a - b);
  const kept = rest.slice(0, Math.ceil(rest.length * 0.95));
  return kept.reduce((sum, time) => sum + time, 0) / kept.length;
}

Object.assign(globalThis, { measure });
