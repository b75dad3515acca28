import { memory } from '@perdure/memory';
import { describe, expect, test } from 'vitest';
import { observeClient } from './client-view.js';
import { openBench, settled, watch, type Bench } from './observe.testkit.js';

const view = (bench: Bench) => observeClient(bench.core, bench.reads);

describe('list$ and count$', () => {
  test('give the live page and the live number, when they are another', async () => {
    const bench = await openBench();
    await bench.runs.start('a');
    const list = watch(view(bench).list$({ statusBucket: 'running' }));
    const count = watch(view(bench).count$({ statusBucket: 'running' }));
    await settled();
    await bench.clock.advance(1);
    const runId = await bench.runs.start('b');
    await settled();
    await bench.runs.advance(runId);
    await settled();
    await bench.runs.close(runId);
    await settled();
    expect(list.values.map((page) => page.map((run) => `${run.workflowId} ${run.version}`))).toEqual([
      ['a 1'],
      ['b 1', 'a 1'],
      ['b 2', 'a 1'],
      ['a 1'],
    ]);
    expect(count.values).toEqual([1, 2, 1]);
    expect([list.completed, count.completed]).toEqual([0, 0]);
  });

  test('law 2 are read once for many changes, and one read at a time', async () => {
    const bench = await openBench();
    const count = watch(view(bench).count$());
    await settled();
    let open = (): void => undefined;
    bench.storage.gate = new Promise((resolve) => (open = resolve));
    bench.storage.taken();
    for (let i = 0; i < 30; i++) {
      await bench.runs.start(`w${i}`);
      await settled();
    }
    expect(bench.storage.reads).toEqual({ countRuns: 1 });
    bench.storage.gate = undefined;
    open();
    await settled();
    expect(bench.storage.reads['countRuns']).toBe(2);
    expect(count.values).toEqual([0, 1, 30]);
  });

  test('rest in proportion to what a read costs while changes keep coming', async () => {
    const bench = await openBench();
    let open = (): void => undefined;
    bench.storage.gate = new Promise((resolve) => (open = resolve));
    const count = watch(view(bench).count$());
    await settled();
    await bench.clock.advance(100);
    open();
    await bench.runs.start('w');
    await settled();
    expect(count.values).toEqual([0]);
    await bench.clock.advance(500);
    expect(count.values).toEqual([0, 1]);
  });

  test('law 3 subscribers of one stream share reads, and nothing is read before the first or after the last', async () => {
    const bench = await openBench();
    const list$ = view(bench).list$();
    await settled();
    expect(bench.storage.taken()).toBe(0);
    const seen = Array.from({ length: 50 }, () => watch(list$));
    await settled();
    bench.storage.taken();
    await bench.runs.start('w');
    await settled();
    expect(bench.storage.reads['listRuns']).toBe(1);
    expect(seen.every(({ values }) => values.at(-1)?.length === 1)).toBe(true);
    for (const one of seen) one.unsubscribe();
    expect(bench.clock.timers).toBe(0);
    bench.storage.taken();
    await bench.runs.start('x');
    await bench.clock.advance(5_000);
    expect(bench.storage.taken()).toBe(0);
  });

  test('law 4 a bad filter is an error; closing the client completes', async () => {
    const bench = await openBench();
    const bad = watch(view(bench).list$({ pageSize: 0 }));
    const good = [watch(view(bench).list$()), watch(view(bench).count$())];
    await settled();
    expect(bad.errors).toMatchObject([{ code: 'invalid_argument' }]);
    await bench.opened.close();
    await settled();
    const late = watch<unknown>(view(bench).count$());
    await settled();
    for (const one of [...good, late]) expect(one).toMatchObject({ completed: 1, errors: [] });
    expect(bench.clock.timers).toBe(0);
  });

  test('law 5 see within a second what others did, hints or not', async () => {
    const store = memory();
    const [near, far] = [await openBench(store), await openBench(store)];
    far.storage.deaf = true;
    const count = watch(view(far).count$());
    await settled();
    await near.runs.start('w');
    await far.clock.advance(1_000);
    expect(count.values).toEqual([0, 1]);
    count.unsubscribe();
  });

  test('law 9 after a hint that anything may have changed they are read again', async () => {
    const bench = await openBench();
    const count = watch(view(bench).count$());
    await settled();
    bench.storage.deaf = true;
    await bench.runs.start('w');
    await settled();
    expect(count.values).toEqual([0]);
    bench.storage.emit({ kind: 'unknown' });
    await settled();
    expect(count.values).toEqual([0, 1]);
  });
});
