import { indexedDb } from '../src/index.js';
const body = JSON.stringify({ type: 'ActivityCompleted', at: 179e10, output: 'x'.repeat(80) });
const everything = { kind: 'activity', queues: ['default'], types: null };
function newRun(runId) {
  return {
    ...{
      namespace: 'default',
      runId,
      workflowId: runId,
      runNumber: 1,
      workflowType: 'order',
      taskQueue: 'default',
    },
    ...{ startedAt: 179e10, start: body, ...changes },
  };
}
const changes = {
  ...{ status: 'running', isCurrent: true, buildId: null, closedAt: null, progressAt: 1, body },
};
function task(runId, k, more = {}) {
  return {
    ...{
      taskId: `${runId}/${String(k)}`,
      namespace: 'default',
      kind: 'activity',
      queue: 'default',
      type: 'charge',
    },
    ...{
      runId,
      buildId: null,
      priority: 5,
      fairnessKey: '',
      fairnessWeight: 1,
      visibleAt: 179e10,
    },
    ...{ attempt: 1, token: 1, leaseOwner: 'worker', leaseUntil: 179000003e4 + k, body },
    ...more,
  };
}
function start(runId, more = {}) {
  const waiting = task(runId, 0, {
    taskId: runId,
    kind: 'workflow',
    visibleAt: Number.MAX_SAFE_INTEGER,
    leaseUntil: 0,
    leaseOwner: null,
  });
  return {
    expect: [{ kind: 'key', namespace: 'default', key: runId, value: null }],
    writes: [
      { kind: 'put-key', record: { namespace: 'default', key: runId, value: runId, runId } },
      { kind: 'insert-run', run: newRun(runId), events: [body] },
      { kind: 'put-task', task: waiting },
      { kind: 'put-task', task: task(runId, 0, more) },
    ],
  };
}
function step(runId, k) {
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
function end(runId) {
  return {
    expect: [
      { kind: 'token', taskId: `${runId}/0`, token: 1 },
      { kind: 'inbox-read', runId, through: 0 },
    ],
    writes: [
      {
        kind: 'advance-run',
        runId,
        fromSeq: 1,
        events: [body, body],
        changes: { ...changes, status: 'completed', closedAt: 2 },
      },
      { kind: 'drop-tasks', runId },
    ],
  };
}

async function must(handle, batches) {
  for (const result of await handle.commit(batches)) if (!result.ok) throw new Error(JSON.stringify(result));
}
async function rawPut(durability, puts = 1) {
  const db = await new Promise((resolve, reject) => {
    const request = indexedDB.open(`raw-${durability}-${crypto.randomUUID()}`, 1);
    request.onupgradeneeded = () => request.result.createObjectStore('raw', { keyPath: 'id' });
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error);
    };
  });
  let n = 0;
  return () =>
    new Promise((resolve, reject) => {
      const tx = db.transaction('raw', 'readwrite', { durability });
      for (let i = 0; i < puts; i++) tx.objectStore('raw').put({ id: `${String(i)}`, n: ++n, body });
      tx.commit();
      tx.oncomplete = () => {
        resolve();
      };
      tx.onabort = () => {
        reject(tx.error);
      };
    });
}
/** The layouts that were tried and left: the run's record written anew each time, with a tail of 20 events. */
async function fatRecord(durability, { reads }) {
  const db = await new Promise((resolve, reject) => {
    const request = indexedDB.open(`fat-${crypto.randomUUID()}`, 1);
    request.onupgradeneeded = () => {
      const store = request.result.createObjectStore('runs', { keyPath: 'runId' });
      store.createIndex('marks', 'marks', { multiEntry: true });
      // Instead of a read: a record with the next guard makes the put fail.
      if (!reads) store.createIndex('guard', 'guard', { unique: true });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  let n = 0;
  const marks = () => [0, 1].map((i) => `default\0activity\0default\0L${String(1e13 + i * 1e6 + n)}`);
  return () =>
    new Promise((resolve, reject) => {
      const tx = db.transaction('runs', 'readwrite', { durability });
      const store = tx.objectStore('runs');
      const write = () => {
        n++;
        const tasks = [task('hot', 0), task('hot', n)];
        const tail = body.repeat(20);
        store.put({ ...newRun('hot'), seq: n, tasks, tail, marks: marks(), guard: `owner ${String(n)}` });
        tx.commit();
      };
      if (reads) store.get('hot').onsuccess = write;
      else write();
      tx.oncomplete = () => resolve();
      tx.onabort = () => reject(tx.error);
    });
}

async function operations(durability) {
  const name = `bench-${durability}-${crypto.randomUUID()}`;
  const handle = await indexedDb(name, { durability }).open();
  await must(handle, [start('hot')]);
  let k = 0;
  const many = Array.from({ length: 64 }, (_, i) => `many-${String(i)}`);
  await must(
    handle,
    many.map((runId) => start(runId)),
  );
  let m = 0;
  const sleeping = { visibleAt: 19e11, leaseOwner: null, leaseUntil: 0 };
  for (let i = 0; i < 10; i++) {
    await must(
      handle,
      Array.from({ length: 1e3 }, (_, j) => start(`asleep-${String(i * 1e3 + j)}`, sleeping)),
    );
  }
  let grouped = 0;
  let ended = 0;
  let started = 0;
  let signals = 0;
  const claimAll = { namespace: 'default', owner: 'other', now: 179e10, buildId: null };
  return {
    raw: await rawPut(durability),
    'fat record, read and put': await fatRecord(durability, { reads: true }),
    'fat record, guarded put': await fatRecord(durability, { reads: false }),
    'raw, 64 puts': await rawPut(durability, 64),
    'sequential step': () => must(handle, [step('hot', k++)]),
    'step of 64 runs': async () => {
      await must(
        handle,
        many.map((runId) => step(runId, m)),
      );
      m++;
    },
    'start of 64 runs': () =>
      must(
        handle,
        Array.from({ length: 64 }, () => start(`group-${String(grouped++)}`)),
      ),
    'end of 64 runs': () =>
      must(
        handle,
        Array.from({ length: Math.min(64, grouped - ended) }, () => end(`group-${String(ended++)}`)),
      ),
    start: () => must(handle, [start(`started-${String(started++)}`)]),
    signal: () => {
      const runId = `asleep-${String(signals % 1e4)}`;
      const message = {
        namespace: 'default',
        runId,
        kind: 'signal',
        messageId: String(signals++),
        at: 1,
        body,
      };
      return must(handle, [
        {
          expect: [{ kind: 'run-open', runId }],
          writes: [
            { kind: 'put-message', message },
            { kind: 'wake-task', taskId: runId, at: 189e10 },
          ],
        },
      ]);
    },
    'claim of nothing': () =>
      handle.claim({
        ...claimAll,
        wants: [
          { ...everything, limit: 8, leaseMs: 1 },
          { ...everything, kind: 'workflow', limit: 8, leaseMs: 1 },
        ],
      }),
    nextWakeAt: () => handle.nextWakeAt({ namespace: 'default', wants: [everything] }),
    readRun: () => handle.readRun('hot'),
  };
}
export async function measure(rounds, durabilities, only) {
  const figures = [];
  for (const durability of durabilities) {
    const all = Object.entries(await operations(durability)).filter(
      ([name]) => name === 'raw' || name.includes(only),
    );
    const taken = new Map(all.map(([name]) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [name, operation] of all.sort(() => Math.random() - 0.5)) {
        const before = performance.now();
        await operation();
        taken.get(name)?.push((performance.now() - before) * 1e3);
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
function trimmedMean(times) {
  const rest = times.slice(times.length / 10).sort((a, b) => a - b);
  const kept = rest.slice(0, Math.ceil(rest.length * 0.95));
  return kept.reduce((sum, time) => sum + time, 0) / kept.length;
}
Object.assign(globalThis, { measure });
