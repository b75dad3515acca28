import { memory } from '@perdure/memory';
import { StorageError, type ChangeHint, type StorageHandle } from '@perdure/core/storage';
import { expect, test } from 'vitest';
import { storageConformance } from '../conformance/conformance.js';
import { claimAt, insert, namespace, newRun, newTask, putTask } from '../conformance/make.js';
import { batch, eventsOf } from '../conformance/steps.js';
import { faulty } from './faulty.js';
import { allOf, faultAt, noHints, randomFaults, randomHintFaults, type FaultPlan } from './plan.js';

const start = (runId: string) => [batch([insert(newRun(runId))])];
const count = (store: StorageHandle): Promise<number> => store.countRuns({ namespace });

async function opened(plan?: FaultPlan) {
  const storage = faulty(memory(), plan);
  return { storage, store: await storage.open() };
}

test('fail-before rejects as not applied, and nothing has happened', async () => {
  const { store } = await opened(faultAt({ method: 'commit', nth: 2 }, { kind: 'fail-before' }));
  await store.commit(start('a'));
  const outcome = { code: 'storage_failed', retryable: true, outcome: 'not-applied' };
  await expect(store.commit(start('b'))).rejects.toMatchObject(outcome);
  expect(await count(store)).toBe(1);
  expect(await store.commit(start('b'))).toEqual([{ ok: true }]);
});

test('fail-after rejects as unknown, and it was done', async () => {
  const { store } = await opened(faultAt({ method: 'commit' }, { kind: 'fail-after' }));
  await expect(store.commit(start('a'))).rejects.toMatchObject({ outcome: 'unknown' });
  expect(await count(store)).toBe(1);
});

test('a read that fails after has changed nothing', async () => {
  const { store } = await opened(faultAt({ method: 'countRuns' }, { kind: 'fail-after' }));
  await expect(count(store)).rejects.toMatchObject({ outcome: 'not-applied' });
});

test('an error of one’s own is the one that is seen', async () => {
  const error = new StorageError('storage_busy', 'busy', { retryable: true, outcome: 'not-applied' });
  const { store } = await opened(faultAt({ index: 2 }, { kind: 'fail-before', error }));
  await expect(count(store)).rejects.toBe(error);
});

test('a claim that fails after has leased the task', async () => {
  const { store } = await opened(faultAt({ method: 'claim', nth: 1 }, { kind: 'fail-after' }));
  await store.commit([batch([putTask(newTask('t'))])]);
  await expect(store.claim(claimAt(1_000))).rejects.toMatchObject({ outcome: 'unknown' });
  expect(await store.claim(claimAt(1_000))).toEqual([]);
  expect((await store.readTask('t'))?.token).toBe(1);
});

test('a delay before keeps the work back, a delay after only the answer', async () => {
  for (const when of ['before', 'after'] as const) {
    let release: () => void = () => {};
    const until = () => new Promise<void>((resolve) => (release = resolve));
    const { store } = await opened(faultAt({ method: 'commit' }, { kind: 'delay', when, until }));
    let answered = false;
    const commit = store.commit(start('a')).then(() => (answered = true));
    expect(await count(store)).toBe(when === 'before' ? 0 : 1);
    expect(answered).toBe(false);
    release();
    await commit;
    expect(await count(store)).toBe(1);
  }
});

test('a delay without a condition ends by itself', async () => {
  const { store } = await opened(faultAt({ method: 'countRuns' }, { kind: 'delay', when: 'before' }));
  expect(await count(store)).toBe(0);
});

test('a duplicated commit is applied twice and answered once', async () => {
  const { store, storage } = await opened(faultAt({ method: 'commit' }, { kind: 'duplicate' }));
  const doubled = { kind: 'advance-run', runId: 'a', fromSeq: 1, events: ['two'] } as const;
  expect(await store.commit(start('a'))).toEqual([{ ok: true }]);
  expect(await store.commit([batch([doubled])])).toEqual([{ ok: true }]);
  expect(await eventsOf(store, 'a')).toEqual(['started', 'two']);
  storage.heal();
  expect(await store.commit([batch([doubled])])).toMatchObject([{ ok: false }]);
});

test('a call that hangs never settles, before or after the work', async () => {
  for (const when of ['before', 'after'] as const) {
    const { store } = await opened(faultAt({ method: 'commit' }, { kind: 'hang', when }));
    let settled = false;
    void store.commit(start('a')).finally(() => (settled = true));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([settled, await count(store)]).toEqual([false, when === 'before' ? 0 : 1]);
  }
});

test('opening can fail, and a handle that nobody gets is closed', async () => {
  const inner = memory();
  let closed = 0;
  const open = async (): Promise<StorageHandle> => {
    const handle = await inner.open();
    const close = handle.close.bind(handle);
    handle.close = () => {
      closed++;
      return close();
    };
    return handle;
  };
  const storage = faulty({ ...inner, open }, faultAt({ method: 'open', nth: 1 }, { kind: 'fail-after' }));
  await expect(storage.open()).rejects.toMatchObject({ code: 'storage_failed' });
  expect(closed).toBe(1);
  expect(await count(await storage.open())).toBe(0);
});

test('calls are counted over all handles and recorded with their faults', async () => {
  const plan = allOf(
    faultAt({ method: 'commit', nth: 2 }, { kind: 'fail-before' }),
    faultAt({ index: 3 }, { kind: 'duplicate' }),
  );
  const storage = faulty(memory(), plan);
  const [one, two] = [await storage.open(), await storage.open()];
  await one.commit(start('a'));
  await two.commit(start('b')).catch(() => {});
  expect(storage.calls).toEqual([
    { method: 'open', nth: 1, index: 1, fault: null },
    { method: 'open', nth: 2, index: 2, fault: null },
    { method: 'commit', nth: 1, index: 3, fault: 'duplicate' },
    { method: 'commit', nth: 2, index: 4, fault: 'fail-before' },
  ]);
});

test('E11 random faults are the same for the same seed, whatever is called between', async () => {
  const plan = randomFaults({ seed: 7, probability: 0.5 });
  const faultsOf = (between: number) => {
    let index = 0;
    return Array.from({ length: 40 }, (_, n) => {
      index += 1 + between;
      return plan.fault?.({ method: 'commit', nth: n + 1, index })?.kind;
    });
  };
  expect(faultsOf(0)).toEqual(faultsOf(3));
  expect(new Set(faultsOf(0))).toEqual(new Set([undefined, 'fail-before', 'fail-after', 'delay']));
  const other = randomFaults({ seed: 8, probability: 0.5 });
  const others = Array.from({ length: 40 }, (_, n) =>
    other.fault?.({ method: 'commit', nth: n + 1, index: n }),
  );
  expect(others.map((fault) => fault?.kind)).not.toEqual(faultsOf(0));
  expect(plan.fault?.({ method: 'open', nth: 1, index: 1 })).toBeUndefined();
});

test('random faults hit as often as they are told to, and only those methods', () => {
  const plan = randomFaults({
    seed: 3,
    probability: 0.2,
    methods: ['claim'],
    faults: [{ kind: 'fail-before' }],
  });
  const hits = Array.from({ length: 1_000 }, (_, n) => plan.fault?.({ method: 'claim', nth: n, index: n }));
  expect(hits.filter((fault) => fault !== undefined).length).toBeGreaterThan(150);
  expect(hits.filter((fault) => fault !== undefined).length).toBeLessThan(250);
  expect(plan.fault?.({ method: 'commit', nth: 1, index: 1 })).toBeUndefined();
});

async function hintsUnder(plan: FaultPlan, commits = 1): Promise<readonly ChangeHint[]> {
  const { store } = await opened(plan);
  const hints: ChangeHint[] = [];
  store.watch((hint) => hints.push(hint));
  for (let n = 0; n < commits; n++) {
    await store.commit(start(`${n}`));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return hints;
}

test('hints can be dropped, told twice and told late', async () => {
  expect(await hintsUnder({})).toHaveLength(1);
  expect(await hintsUnder(noHints)).toEqual([]);
  expect(await hintsUnder({ hint: () => ({ kind: 'duplicate' }) })).toHaveLength(2);
  expect(await hintsUnder({ hint: () => ({ kind: 'delay' }) })).toHaveLength(1);
  const never = (): Promise<never> => new Promise(() => {});
  expect(await hintsUnder({ hint: () => ({ kind: 'delay', until: never }) })).toEqual([]);
  const random = await hintsUnder(randomHintFaults({ seed: 1, probability: 0.6 }), 20);
  expect(random).toEqual(await hintsUnder(randomHintFaults({ seed: 1, probability: 0.6 }), 20));
});

test('hints that are not so reach those who listen, and nobody else', async () => {
  const { storage, store } = await opened();
  const other = await storage.open();
  const heard: string[] = [];
  const unwatch = store.watch(() => heard.push('first'));
  other.watch(() => heard.push('second'));
  storage.tell({ kind: 'unknown' });
  unwatch();
  storage.tell({ kind: 'unknown' });
  await other.close();
  storage.tell({ kind: 'unknown' });
  expect(heard).toEqual(['first', 'second', 'second']);
});

test('healed, nothing goes wrong any more', async () => {
  const { storage, store } = await opened(randomFaults({ seed: 1, probability: 1, methods: ['countRuns'] }));
  storage.heal();
  for (let n = 0; n < 20; n++) expect(await count(store)).toBe(0);
});

/** A wrapper without faults, and one with faults that no caller can tell, is as good a storage as what it wraps. */
test.each<[string, FaultPlan]>([
  ['no faults', {}],
  [
    'delays of every call',
    randomFaults({
      seed: 1,
      probability: 1,
      faults: [
        { kind: 'delay', when: 'before' },
        { kind: 'delay', when: 'after' },
      ],
    }),
  ],
])(
  'the kit passes through a wrapper with %s',
  async (_name, plan) => {
    const fixture = { name: 'faulty memory', create: () => faulty(memory(), plan) };
    // Delayed calls are no longer carried out in the order, or before the close, in which they were made.
    const groups = plan.fault === undefined ? [] : ['open', 'watch'];
    for (const { group, skip, run } of storageConformance(fixture)) {
      if (skip === undefined && !groups.includes(group)) await run();
    }
  },
  60_000,
);
