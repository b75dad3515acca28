import { memory } from '@perdure/memory';
import { map } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { QueryRejectedError, StorageError, WorkflowFailedError } from '../model/errors.js';
import { ClientReads } from '../runtime/client/reads.js';
import type { RunReads } from '../runtime/client/run-reads.js';
import { openBench, settled, watch, type Bench } from './observe.testkit.js';
import { observeRun } from './run-view.js';

const view = (bench: Bench, workflowId: string, runId?: string) =>
  observeRun(bench.core, bench.reads, { workflowId, runId });
const busyFor = (error: 'storage_busy' | 'storage_corrupt') =>
  new StorageError(error, 'made up', { retryable: error === 'storage_busy', outcome: 'not-applied' });

describe('state$', () => {
  test('gives the current description first, one after each commit, and completes after the terminal one', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const seen = watch(view(bench, 'w').state$);
    await settled();
    expect(seen.values.map(({ status, version }) => [status, version])).toEqual([['running', 1]]);
    await bench.runs.advance(runId, 1, 'half way');
    await settled();
    expect(seen.values.at(-1)).toMatchObject({ state: 'half way', version: 2, historyLength: 2 });
    expect(seen.completed).toBe(0);
    await bench.runs.close(runId);
    await settled();
    expect(seen.values.map(({ status }) => status)).toEqual(['running', 'running', 'completed']);
    expect(seen).toMatchObject({ completed: 1, errors: [] });
  });

  test('of a run that has ended gives its description and completes', async () => {
    const bench = await openBench();
    await bench.runs.close(await bench.runs.start('w'));
    const seen = watch(view(bench, 'w').state$);
    await settled();
    expect(seen.values.map(({ status, output }) => [status, output])).toEqual([['completed', 'done']]);
    expect(seen.completed).toBe(1);
  });

  test('without a run id is about the run that is current at the subscription', async () => {
    const bench = await openBench();
    await bench.runs.close(await bench.runs.start('w'));
    const both = view(bench, 'w');
    const first = watch(both.state$);
    await settled();
    await bench.runs.start('w', { runNumber: 2 });
    const second = watch(both.state$);
    const pinned = watch(view(bench, 'w', 'w-1').state$);
    await settled();
    expect(first.values.map(({ runId }) => runId)).toEqual(['w-1']);
    expect(second.values.map(({ runId, status }) => [runId, status])).toEqual([['w-2', 'running']]);
    expect(pinned.values.map(({ runId, status }) => [runId, status])).toEqual([['w-1', 'completed']]);
  });

  test('begins with what was committed before the subscription, whatever others were told last', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const early = watch(view(bench, 'w').state$);
    await settled();
    bench.storage.deaf = true;
    await bench.runs.advance(runId);
    const late = watch(view(bench, 'w').state$);
    await settled();
    expect(late.values.map(({ version }) => version)).toEqual([2]);
    expect(early.values.map(({ version }) => version)).toEqual([1, 2]);
  });
});

describe('state$, subscribed while others read', () => {
  test('waits for a read that begins after its subscription', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const early = watch(view(bench, 'w', runId).state$);
    await settled();
    let open = (): void => undefined;
    bench.storage.gate = new Promise((resolve) => (open = resolve));
    bench.storage.emit({ kind: 'changed', runs: [runId], queues: [] });
    await settled();
    bench.storage.deaf = true;
    await bench.runs.advance(runId);
    const late = watch(view(bench, 'w', runId).state$);
    await settled();
    bench.storage.gate = undefined;
    open();
    await settled();
    expect(late.values.map(({ version }) => version)).toEqual([2]);
    expect(early.values.map(({ version }) => version)).toEqual([1, 2]);
  });

  test('reads nothing for who has left before the run was found', async () => {
    const bench = await openBench();
    await bench.runs.start('w');
    bench.storage.taken();
    watch(view(bench, 'w').state$).unsubscribe();
    await settled();
    expect(bench.storage.taken()).toBe(2); // the key and the run of the workflow
    expect(bench.clock.timers).toBe(0);
  });

  test('keeps the snapshot at the newest run though another subscriber sees the end of the one before', async () => {
    const bench = await openBench();
    await bench.runs.start('w');
    const both = view(bench, 'w');
    const first = watch(both.state$);
    await settled();
    bench.storage.deaf = true;
    await bench.runs.close('w-1');
    await bench.runs.start('w', { runNumber: 2 });
    watch(both.state$);
    await settled();
    expect(first.completed).toBe(0);
    bench.storage.emit({ kind: 'changed', runs: ['w-1'], queues: [] });
    await settled();
    expect(first.values.at(-1)).toMatchObject({ runId: 'w-1', status: 'completed' });
    expect(first.completed).toBe(1);
    expect(both.snapshot()).toMatchObject({ runId: 'w-2' });
  });
});

describe('result$', () => {
  test('gives the result once and completes', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const seen = watch(view(bench, 'w').result$);
    await settled();
    expect(seen.values).toEqual([]);
    await bench.runs.close(runId, 'completed', { total: 3 });
    await settled();
    expect(seen).toMatchObject({ values: [{ total: 3 }], completed: 1, errors: [] });
  });

  test('stops waiting when it is unsubscribed', async () => {
    const bench = await openBench();
    await bench.runs.start('w');
    const seen = watch(view(bench, 'w').result$);
    await settled();
    expect(bench.core.closings.waits).toBe(1);
    seen.unsubscribe();
    await settled();
    expect(bench.core.closings.waits).toBe(0);
    expect(seen.errors).toEqual([]);
  });
});

describe('query$', () => {
  const asking = (bench: Bench, query: RunReads['query']): RunReads =>
    Object.assign(new ClientReads(bench.core), { query });

  test('gives the answer now and whenever it is another, after each commit, and completes after the last', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const asked: unknown[] = [];
    let answer: unknown = new Map([['a', 1]]);
    const reads = asking(bench, async (...args) => {
      asked.push(args);
      return structuredClone(answer);
    });
    const seen = watch(observeRun(bench.core, reads, { workflowId: 'w' }).query$('total', { of: 'a' }));
    await settled();
    expect(asked).toEqual([[runId, 'total', { of: 'a' }]]);
    await bench.runs.advance(runId);
    await settled();
    expect(asked).toHaveLength(2);
    expect(seen.values).toEqual([new Map([['a', 1]])]);
    answer = new Map([['a', 2]]);
    await bench.runs.advance(runId);
    await settled();
    expect(seen.values).toEqual([new Map([['a', 1]]), new Map([['a', 2]])]);
    answer = 'over';
    await bench.runs.close(runId);
    await settled();
    expect(seen.values.at(-1)).toBe('over');
    expect(seen).toMatchObject({ completed: 1, errors: [] });
  });

  test('is not asked again for a change of tasks alone, such as asking makes', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    let asked = 0;
    const reads = asking(bench, async () => (asked += 1));
    watch(observeRun(bench.core, reads, { workflowId: 'w' }).query$('total'));
    await settled();
    await bench.runs.activity(runId, 1);
    await settled();
    expect(asked).toBe(1);
  });

  test('fails where asking does, and lets go', async () => {
    const bench = await openBench();
    await bench.runs.start('w');
    const reads = asking(bench, () => Promise.reject(new QueryRejectedError('no handler')));
    const total$ = observeRun(bench.core, reads, { workflowId: 'w' }).query$('total');
    const seen = watch(total$);
    await settled();
    expect(seen.errors).toMatchObject([{ code: 'query_rejected' }]);
    expect(bench.clock.timers).toBe(0);
    await expect(total$[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'query_rejected' });
    expect(bench.clock.timers).toBe(0);
  });

  test('asks once for all subscribers', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    let asked = 0;
    const reads = asking(bench, async () => (asked += 1));
    const total$ = observeRun(bench.core, reads, { workflowId: 'w' }).query$('total');
    for (let i = 0; i < 50; i++) watch(total$);
    await settled();
    asked = 0;
    await bench.runs.advance(runId);
    await settled();
    expect(asked).toBe(1);
  });
});

describe('activities$', () => {
  test('gives pending activities with attempt and last heartbeat, and completes with the run', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const seen = watch(view(bench, 'w').activities$);
    await settled();
    await bench.runs.activity(runId, 1);
    await settled();
    await bench.runs.activity(runId, 1, 40n);
    await settled();
    await bench.runs.activity(runId, 1, 50n);
    await settled();
    await bench.runs.advance(runId);
    await settled();
    await bench.runs.close(runId);
    await settled();
    expect(
      seen.values.map((all) => all.map(({ attempt, lastHeartbeat }) => [attempt, lastHeartbeat])),
    ).toEqual([[], [[1, undefined]], [[1, 40n]], [[1, 50n]], []]);
    expect(seen).toMatchObject({ completed: 1, errors: [] });
  });

  test('sees a heartbeat whose hint was lost within a second', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const seen = watch(view(bench, 'w').activities$);
    await settled();
    bench.storage.deaf = true;
    await bench.runs.activity(runId, 2);
    await bench.clock.advance(1_000);
    expect(seen.values.at(-1)).toMatchObject([{ attempt: 2 }]);
  });
});

describe('the laws', () => {
  test('law 1 only after commit', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const seen = watch(view(bench, 'w').state$);
    await settled();
    const refused = await bench.runs.handle.commit([
      {
        expect: [{ kind: 'run-at', runId, seq: 9 }],
        writes: [{ kind: 'advance-run', runId, fromSeq: 1, events: ['{}'] }],
      },
    ]);
    bench.storage.emit({ kind: 'changed', runs: [runId], queues: [] });
    await settled();
    expect(refused[0]).toMatchObject({ ok: false });
    expect(seen.values.map(({ version }) => version)).toEqual([1]);
  });

  test('law 2 snapshots conflate: changes during a read make one more', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const seen = watch(view(bench, 'w').state$);
    await settled();
    bench.storage.taken();
    let open = (): void => undefined;
    bench.storage.gate = new Promise((resolve) => (open = resolve));
    await bench.runs.advance(runId);
    await settled();
    for (let i = 0; i < 20; i++) {
      await bench.runs.advance(runId);
      await settled();
    }
    expect(bench.storage.taken()).toBe(1);
    bench.storage.gate = undefined;
    open();
    await settled();
    expect(seen.values.map(({ version }) => version)).toEqual([1, 2, 22]);
    expect(bench.storage.taken()).toBe(3); // the tasks of the one that waited, the run, its tasks
  });

  test('law 2 the same version is told once, and never one that is older', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    await bench.runs.advance(runId);
    const old = await bench.reads.describe(runId);
    let stale = false;
    const reads: RunReads = Object.assign(new ClientReads(bench.core), {
      describe: async () => (stale ? { ...old, version: 1 } : bench.reads.describe(runId)),
    });
    const seen = watch(observeRun(bench.core, reads, { workflowId: 'w' }).state$);
    await settled();
    bench.storage.emit({ kind: 'changed', runs: [runId], queues: [] });
    await settled();
    stale = true;
    bench.storage.emit({ kind: 'unknown' });
    await settled();
    expect(seen.values.map(({ version }) => version)).toEqual([2]);
  });

  test('law 3 nothing is watched or read before the first subscription, and all is let go after the last', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    bench.storage.taken();
    const all = view(bench, 'w');
    const streams = [all.state$, all.result$, all.activities$, all.history$(), all.query$('q')] as const;
    await settled();
    expect(bench.storage.taken()).toBe(0);
    expect(bench.clock.timers).toBe(0);
    const listeners = listening(bench);
    const seen = [watch(all.state$), watch(all.state$), watch(all.activities$), watch(streams[3])];
    await settled();
    expect(listeners.runs()).toBe(1);
    for (const one of seen) one.unsubscribe();
    expect(listeners.runs()).toBe(0);
    expect(bench.clock.timers).toBe(0);
    bench.storage.taken();
    await bench.runs.advance(runId);
    await bench.clock.advance(5_000);
    expect(bench.storage.taken()).toBe(0);
    expect(seen.flatMap(({ errors, completed }) => [errors.length, completed])).toEqual(Array(8).fill(0));
    expect((await bench.reads.describe(runId)).status).toBe('running');
  });

  test('law 3 a hundred subscribers of one run cost one read a change', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const seen = Array.from({ length: 100 }, (_, i) =>
      watch(view(bench, 'w', i % 2 ? runId : undefined).state$),
    );
    await settled();
    bench.storage.taken();
    await bench.runs.advance(runId);
    await settled();
    expect(bench.storage.taken()).toBe(2); // the run and its tasks
    expect(seen.every(({ values }) => values.at(-1)?.version === 2)).toBe(true);
    for (const one of seen) one.unsubscribe();
  });

  test('law 4 a failed workflow is a value of state$ and an error of result$', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const all = view(bench, 'w');
    const [state, result] = [watch(all.state$), watch(all.result$)];
    await bench.runs.close(runId, 'failed');
    await settled();
    expect(state.values.at(-1)).toMatchObject({ status: 'failed', failure: { message: 'broken' } });
    expect(state).toMatchObject({ errors: [], completed: 1 });
    expect(result.values).toEqual([]);
    expect(result.errors[0]).toBeInstanceOf(WorkflowFailedError);
  });

  test('law 4 an unknown workflow is an error, and so is a run of another', async () => {
    const bench = await openBench();
    await bench.runs.start('w');
    const views = [view(bench, 'nobody'), view(bench, 'nobody', 'w-1'), view(bench, 'w', 'nothing')];
    const seen = views
      .flatMap((one) => [one.state$, one.activities$, one.result$, one.history$(), one.query$('q')])
      .map((one) => watch<unknown>(one));
    await settled();
    expect(seen.map(({ errors }) => (errors[0] as { code?: string } | undefined)?.code)).toEqual(
      Array(15).fill('workflow_not_found'),
    );
  });

  test('law 4 what goes wrong for a moment is tried again, and what stays wrong is an error', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const seen = watch(view(bench, 'w').state$);
    await settled();
    bench.storage.faults.push(busyFor('storage_busy'), busyFor('storage_busy'));
    await bench.runs.advance(runId);
    await settled();
    expect(seen.values).toHaveLength(1);
    await bench.clock.advance(1_000);
    expect(seen.values.at(-1)).toMatchObject({ version: 2 });
    bench.storage.faults.push(busyFor('storage_corrupt'));
    await bench.runs.advance(runId);
    await settled();
    expect(seen.errors).toMatchObject([{ code: 'storage_corrupt' }]);
    expect(bench.clock.timers).toBe(0);
  });

  test('law 4 closing the client is an error', async () => {
    const bench = await openBench();
    await bench.runs.start('w');
    const all = view(bench, 'w');
    all.state$.subscribe();
    const open = [all.state$, all.result$, all.activities$, all.history$()].map((one) => watch<unknown>(one));
    await settled();
    await bench.opened.close();
    await settled();
    const late = watch(all.state$);
    await settled();
    expect([...open, late].map(({ errors }) => (errors[0] as { code?: string } | undefined)?.code)).toEqual(
      Array(5).fill('engine_closed'),
    );
    expect(bench.logged).toEqual([]);
    expect(bench.clock.timers).toBe(0);
  });

  test('law 5 a process that only has a client sees the same, and without hints within a second', async () => {
    const store = memory();
    const [near, far] = [await openBench(store), await openBench(store)];
    const runId = await near.runs.start('w');
    far.storage.deaf = true;
    const [here, there] = [watch(view(near, 'w').state$), watch(view(far, 'w').state$)];
    const history = watch(view(far, 'w').history$());
    await settled();
    await near.runs.advance(runId, 1, { step: 1 });
    await settled();
    expect([here.values.length, there.values.length, history.values.length]).toEqual([2, 1, 1]);
    await far.clock.advance(1_000);
    expect(there.values).toEqual(here.values);
    expect(history.values).toHaveLength(2);
    await near.runs.close(runId);
    await far.clock.advance(1_000);
    expect(there.values).toEqual(here.values);
    expect([there.completed, history.completed]).toEqual([1, 1]);
  });

  test('law 5 looking after many runs reads in pages and describes only those that moved', async () => {
    const bench = await openBench();
    for (let i = 0; i < 250; i++) await bench.runs.start(`w${i}`);
    const seen = Array.from({ length: 250 }, (_, i) => watch(view(bench, `w${i}`).state$));
    await settled();
    bench.storage.deaf = true;
    await bench.runs.advance('w7-1');
    bench.storage.taken();
    await bench.clock.advance(1_000);
    expect(bench.storage.taken()).toBe(2);
    expect(seen.flatMap(({ values }, i) => (values.length > 1 ? [i] : []))).toEqual([7]);
    for (const one of seen) one.unsubscribe();
  });

  test('law 6 snapshot() is the newest value of state$, the same object until there is another', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const all = view(bench, 'w');
    expect(all.snapshot()).toBeUndefined();
    const atEmit: unknown[] = [];
    const subscription = all.state$.subscribe((value) => atEmit.push(value === all.snapshot()));
    await settled();
    const first = all.snapshot();
    expect(first).toMatchObject({ version: 1 });
    const second = watch(all.state$);
    await settled();
    expect(all.snapshot()).toBe(first);
    expect(second.values[0]).toBe(first);
    await bench.runs.advance(runId);
    await settled();
    expect(all.snapshot()).toMatchObject({ version: 2 });
    expect(atEmit).toEqual([true, true]);
    subscription.unsubscribe();
    expect(all.snapshot()).toMatchObject({ version: 2 });
    second.unsubscribe();
    expect(all.snapshot()).toBeUndefined();
    watch(all.state$);
    await bench.runs.close(runId);
    await settled();
    expect(all.snapshot()).toMatchObject({ status: 'completed' });
  });

  test('law 6 each stream can be read with for await', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const all = view(bench, 'w');
    const statuses: string[] = [];
    for await (const { status } of all.state$) {
      statuses.push(status);
      if (statuses.length === 1) await bench.runs.close(runId, 'completed', 7);
    }
    expect(statuses).toEqual(['running', 'completed']);
    const results: unknown[] = [];
    for await (const result of all.result$) results.push(result);
    expect(results).toEqual([7]);
    for await (const { seq } of all.history$({ fromSeq: 2 })) results.push(seq);
    expect(results).toEqual([7, 2]);
    expect(bench.clock.timers).toBe(0);
    await expect(view(bench, 'nobody').state$[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'workflow_not_found',
    });
  });

  test('law 6 leaving the loop lets go, also while it waits', async () => {
    const bench = await openBench();
    await bench.runs.start('w');
    const all = view(bench, 'w');
    for await (const _ of all.state$) break;
    expect(bench.clock.timers).toBe(0);
    const states = all.state$[Symbol.asyncIterator]();
    await states.next();
    const waiting = states.next();
    await states.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(bench.clock.timers).toBe(0);
  });

  test('law 7 a slow reader of state$ costs one slot: it goes on with the newest', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const states = view(bench, 'w').state$[Symbol.asyncIterator]();
    expect((await states.next()).value).toMatchObject({ version: 1 });
    for (let i = 0; i < 50; i++) {
      await bench.runs.advance(runId);
      await settled();
    }
    expect((await states.next()).value).toMatchObject({ version: 51 });
    let more = false;
    void states.next().then(() => (more = true));
    await settled();
    expect(more).toBe(false);
    await bench.runs.close(runId);
    await settled();
    expect(more).toBe(true);
    expect(await states.next()).toEqual({ done: true, value: undefined });
  });

  test('law 7 a slow reader of state$ gets the terminal value, then the end', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const states = view(bench, 'w').state$[Symbol.asyncIterator]();
    expect((await states.next()).value).toMatchObject({ version: 1 });
    await bench.runs.advance(runId);
    await bench.runs.close(runId);
    await settled();
    expect((await states.next()).value).toMatchObject({ status: 'completed' });
    expect(await states.next()).toEqual({ done: true, value: undefined });
  });

  test('law 8 a subscriber that throws is logged, and goes on like the others', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const all = view(bench, 'w');
    let thrown = 0;
    all.state$.subscribe(() => {
      thrown += 1;
      throw new Error('mine');
    });
    all.state$.pipe(map(({ version }) => version)).subscribe({
      next: () => {
        throw new Error('behind an operator');
      },
    });
    all.state$
      .pipe(
        map(() => {
          throw new Error('in an operator');
        }),
      )
      .subscribe();
    const other = watch(all.state$);
    await settled();
    await bench.runs.advance(runId);
    await settled();
    expect(thrown).toBe(2);
    expect(other.values.map(({ version }) => version)).toEqual([1, 2]);
    const errors = bench.logged.map(
      ({ message, fields }) => `${message}: ${(fields?.['error'] as Error).message}`,
    );
    expect(errors.filter((line) => line === 'A subscriber threw: mine')).toHaveLength(2);
    expect(errors.filter((line) => line === 'A subscriber threw: behind an operator')).toHaveLength(2);
    expect(
      errors.filter((line) => line === 'A stream failed and nobody handles it: in an operator'),
    ).toHaveLength(1);
  });

  test('law 9 after a hint that anything may have changed every stream is read again', async () => {
    const bench = await openBench();
    await bench.runs.start('a');
    await bench.runs.start('b');
    const seen = [watch(view(bench, 'a').state$), watch(view(bench, 'b').state$)];
    const history = watch(view(bench, 'b').history$());
    await settled();
    bench.storage.deaf = true;
    await bench.runs.advance('a-1');
    await bench.runs.advance('b-1', 3);
    await settled();
    expect(seen.map(({ values }) => values.length)).toEqual([1, 1]);
    bench.storage.emit({ kind: 'unknown' });
    await settled();
    expect(seen.map(({ values }) => values.length)).toEqual([2, 2]);
    expect(history.values).toHaveLength(4);
  });

  test('reads under way count as busy', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const seen = watch(view(bench, 'w').state$);
    await settled();
    let open = (): void => undefined;
    bench.storage.gate = new Promise((resolve) => (open = resolve));
    await bench.runs.advance(runId);
    let idle = false;
    const whenIdle = bench.core.busy.whenIdle().then(() => (idle = true));
    await settled();
    expect(idle).toBe(false);
    open();
    await whenIdle;
    expect(seen.values).toHaveLength(2);
  });
});

/** How many listeners the change feed has for runs. */
function listening({ core }: Bench): { runs(): number } {
  let runs = 0;
  const { feed } = core;
  const onRun = feed.onRun.bind(feed);
  feed.onRun = (runId, listener) => {
    const unwatch = onRun(runId, listener);
    runs += 1;
    return () => {
      runs -= 1;
      unwatch();
    };
  };
  return { runs: () => runs };
}
