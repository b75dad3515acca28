import { memory } from '@perdure/memory';
import { describe, expect, test } from 'vitest';
import { observeClient } from './client-view.js';
import type { NamespaceEvent } from './event-stream.js';
import { openBench, settled, watch, type Bench } from './observe.testkit.js';

const events = (bench: Bench) => observeClient(bench.core, bench.reads).events$;
/** The seqs of each run, in the order in which they came. */
function byRun(values: readonly NamespaceEvent[]): Record<string, number[]> {
  const seqs: Record<string, number[]> = {};
  for (const { runId, event } of values) (seqs[runId] ??= []).push(event.seq);
  return seqs;
}
const oneTo = (n: number, from = 1) => Array.from({ length: n - from + 1 }, (_, i) => i + from);

describe('events$', () => {
  test('gives every event from the subscription on: of new runs all, of older ones the newer', async () => {
    const bench = await openBench();
    const old = await bench.runs.start('old');
    await bench.runs.advance(old, 5);
    await bench.runs.close(await bench.runs.start('ended'));
    const seen = watch(events(bench));
    // In the breath of the subscription already.
    await bench.runs.advance(old, 2);
    const young = await bench.runs.start('young');
    await settled();
    await bench.runs.advance(young, 2);
    await bench.runs.close(young);
    await bench.runs.close(old);
    await bench.runs.close(await bench.runs.start('brief'));
    await settled();
    expect(byRun(seen.values)).toEqual({
      'old-1': oneTo(9, 7),
      'young-1': oneTo(4),
      'brief-1': [1, 2],
    });
    expect(seen.values[0]).toMatchObject({ workflowId: 'old', event: { type: 'SideEffectRecorded' } });
    expect(seen.errors).toEqual([]);
  });

  test('is silent about what ended before, whatever late hints say', async () => {
    const bench = await openBench();
    await bench.runs.close(await bench.runs.start('before'));
    await bench.clock.advance(60_000);
    await bench.runs.close(await bench.runs.start('just-before'));
    const seen = watch(events(bench));
    await settled();
    const hint = { kind: 'changed' as const, runs: ['before-1', 'just-before-1', 'nothing'], queues: [] };
    bench.storage.emit(hint);
    await settled();
    await bench.clock.advance(30_000);
    bench.storage.emit(hint);
    await bench.clock.advance(30_000);
    expect(seen.values).toEqual([]);
  });

  test('follows runs that have been open for long, and looks back no further than it must', async () => {
    const bench = await openBench();
    await bench.runs.start('old');
    await bench.clock.advance(60_000);
    const seen = watch(events(bench));
    await settled();
    bench.storage.deaf = true;
    await bench.runs.advance('old-1');
    await bench.clock.advance(30_000);
    bench.storage.deaf = false;
    await bench.runs.close('old-1');
    await settled();
    expect(byRun(seen.values)).toEqual({ 'old-1': [2, 3] });
    expect(bench.storage.queries.at(-1)!.startedAfter).toBeGreaterThan(bench.clock.now() - 10_000);
  });

  test('gives each once, though hints are repeated long after', async () => {
    const bench = await openBench();
    const seen = watch(events(bench));
    await settled();
    const runs = [await bench.runs.start('a'), await bench.runs.start('b')];
    await bench.runs.close('a-1');
    for (let i = 0; i < 20; i++) {
      bench.storage.emit({ kind: 'changed', runs, queues: [] });
      bench.storage.emit({ kind: 'unknown' });
      await bench.clock.advance(1_000);
    }
    expect(byRun(seen.values)).toEqual({ 'a-1': [1, 2], 'b-1': [1] });
  });

  test('law 2 nothing is lost without hints: runs that go on, that end, that come, and that come and end', async () => {
    const bench = await openBench();
    await bench.runs.start('goes-on');
    await bench.runs.start('ends');
    const seen = watch(events(bench));
    await settled();
    bench.storage.deaf = true;
    await bench.runs.advance('goes-on-1', 600);
    await bench.runs.close('ends-1');
    await bench.runs.start('comes');
    await bench.runs.close(await bench.runs.start('comes-and-ends'));
    await settled();
    expect(seen.values).toEqual([]);
    await bench.clock.advance(1_000);
    expect(byRun(seen.values)).toEqual({
      'goes-on-1': oneTo(601, 2),
      'ends-1': [2],
      'comes-1': [1],
      'comes-and-ends-1': [1, 2],
    });
    await bench.runs.close('goes-on-1');
    await bench.runs.close('comes-1');
    await bench.clock.advance(1_000);
    expect(byRun(seen.values)).toMatchObject({ 'goes-on-1': oneTo(602, 2), 'comes-1': [1, 2] });
  });

  test('law 2 hints come and go at random, and each event comes exactly once', async () => {
    const bench = await openBench();
    for (let i = 0; i < 5; i++) await bench.runs.start(`w${i}`);
    const seen = watch(events(bench));
    let dice = 7;
    const roll = (sides: number) => (dice = (dice * 48_271) % 2_147_483_647) % sides;
    const open = new Set(oneTo(4, 0));
    for (let next = 5; next < 60;) {
      bench.storage.deaf = roll(3) === 0;
      const some = [...open][roll(open.size)]!;
      const what = roll(4);
      if (what === 0) {
        await bench.runs.start(`w${next}`);
        open.add(next++);
      } else if (what === 1 && open.size > 2) {
        await bench.runs.close(`w${some}-1`);
        open.delete(some);
      } else await bench.runs.advance(`w${some}-1`, roll(4));
      if (roll(4) === 0) bench.storage.emit({ kind: 'changed', runs: [`w${roll(60)}-1`], queues: [] });
      if (roll(5) === 0) await settled();
      if (roll(8) === 0) await bench.clock.advance(250 * roll(12));
    }
    bench.storage.deaf = false;
    await bench.clock.advance(2_000);
    const found = byRun(seen.values);
    for (let i = 0; i < 60; i++) {
      const { historyLength } = await bench.reads.describe(`w${i}-1`);
      expect(found[`w${i}-1`] ?? []).toEqual(oneTo(historyLength, i < 5 ? 2 : 1));
    }
  });

  test('finds new runs among more than one page of others', async () => {
    const bench = await openBench();
    for (let i = 0; i < 1_200; i++) await bench.runs.start(`w${i}`);
    const seen = watch(events(bench));
    await settled();
    bench.storage.deaf = true;
    await bench.runs.advance('w3-1');
    await bench.runs.advance('w1199-1');
    await bench.runs.start('new');
    await bench.clock.advance(1_000);
    expect(byRun(seen.values)).toEqual({ 'w3-1': [2], 'w1199-1': [2], 'new-1': [1] });
  });

  test('is about its namespace only', async () => {
    const bench = await openBench();
    const seen = watch(events(bench));
    await settled();
    await bench.runs.start('elsewhere', { namespace: 'other' });
    await bench.runs.start('here');
    await bench.clock.advance(1_000);
    expect(byRun(seen.values)).toEqual({ 'here-1': [1] });
  });

  test('goes on where a run is removed', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const seen = watch(events(bench));
    await settled();
    await bench.runs.commit({ expect: [], writes: [{ kind: 'purge-run', runId }] });
    await bench.clock.advance(2_000);
    await bench.runs.start('next');
    await settled();
    expect(byRun(seen.values)).toEqual({ 'next-1': [1] });
    expect(seen.errors).toEqual([]);
  });

  test('completes when the client is closed, and lets go when it is unsubscribed', async () => {
    const bench = await openBench(memory());
    const [first, second] = [watch(events(bench)), watch(events(bench))];
    await settled();
    first.unsubscribe();
    await bench.runs.start('w');
    await settled();
    expect([first.values.length, second.values.length]).toEqual([0, 1]);
    await bench.opened.close();
    await settled();
    expect(second).toMatchObject({ completed: 1, errors: [] });
    expect(first).toMatchObject({ completed: 0, errors: [] });
    expect(bench.clock.timers).toBe(0);
    const late = watch(events(bench));
    await settled();
    expect(late).toMatchObject({ values: [], completed: 1, errors: [] });
  });

  test('completes though closing comes between two of its reads', async () => {
    const bench = await openBench();
    let open = (): void => undefined;
    bench.storage.gate = new Promise((resolve) => (open = resolve));
    const seen = watch(events(bench));
    await bench.runs.start('w');
    await settled();
    const closed = bench.opened.close();
    open();
    await closed;
    await settled();
    expect(seen).toMatchObject({ completed: 1, errors: [] });
  });

  test('law 7 a slow reader pulls, and misses nothing', async () => {
    const bench = await openBench();
    const reader = events(bench)[Symbol.asyncIterator]() as AsyncIterator<NamespaceEvent, undefined>;
    const first = reader.next();
    await settled();
    await bench.runs.start('a');
    const seen = [(await first).value!];
    for (let i = 0; i < 20; i++) await bench.runs.close(await bench.runs.start(`w${i}`));
    await bench.runs.advance('a-1', 300);
    await bench.clock.advance(10_000);
    bench.storage.taken();
    await settled();
    expect(bench.storage.taken()).toBe(0);
    for (let i = 0; i < 340; i++) seen.push((await reader.next()).value!);
    const found = byRun(seen);
    expect(found['a-1']).toEqual(oneTo(301));
    for (let i = 0; i < 20; i++) expect(found[`w${i}-1`]).toEqual([1, 2]);
    await reader.return?.();
    expect(bench.clock.timers).toBe(0);
  });
});
