import { describe, expect, test } from 'vitest';
import type { Seq } from '../model/ids.js';
import { ClientReads } from '../runtime/client/reads.js';
import type { HistoryEvent } from '../runtime/client/description.js';
import { openBench, settled, watch, type Bench } from './observe.testkit.js';
import { observeRun } from './run-view.js';

const history = (bench: Bench, fromSeq?: Seq) =>
  observeRun(bench.core, bench.reads, { workflowId: 'w' }).history$(fromSeq === undefined ? {} : { fromSeq });
const oneTo = (n: number, from = 1) => Array.from({ length: n - from + 1 }, (_, i) => i + from);

describe('history$', () => {
  test('gives each event once, in order: what is recorded, then what comes, up to the close', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    await bench.runs.advance(runId, 700);
    const seen = watch(history(bench));
    await settled();
    expect(seen.values.map(({ seq }) => seq)).toEqual(oneTo(701));
    for (let i = 0; i < 20; i++) {
      await bench.runs.advance(runId, i);
      if (i % 3 === 0) await settled();
    }
    await settled();
    await bench.runs.close(runId);
    await settled();
    expect(seen.values.map(({ seq }) => seq)).toEqual(oneTo(892));
    expect(seen.values.at(-1)).toMatchObject({ type: 'WorkflowCompleted' });
    expect(seen).toMatchObject({ completed: 1, errors: [] });
  });

  test('begins where it is told to, also ahead of what is recorded', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    await bench.runs.advance(runId, 4);
    const [middle, ahead] = [watch(history(bench, 4)), watch(history(bench, 7))];
    await settled();
    expect([middle, ahead].map(({ values }) => values.map(({ seq }) => seq))).toEqual([[4, 5], []]);
    await bench.runs.advance(runId, 3);
    await settled();
    await bench.runs.close(runId);
    await settled();
    expect([middle, ahead].map(({ values }) => values.map(({ seq }) => seq))).toEqual([
      oneTo(9, 4),
      oneTo(9, 7),
    ]);
    expect([middle.completed, ahead.completed]).toEqual([1, 1]);
  });

  test('completes where the run ends before the event to begin with', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const seen = watch(history(bench, 10));
    await settled();
    await bench.runs.close(runId);
    await settled();
    const late = watch(history(bench, 10));
    await settled();
    expect([seen, late]).toMatchObject([
      { values: [], completed: 1 },
      { values: [], completed: 1 },
    ]);
  });

  test('is not cut short by an end that comes between two reads', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    let closing = true;
    const reads = Object.assign(new ClientReads(bench.core), {
      events: async (...range: Parameters<ClientReads['events']>) => {
        const page = await new ClientReads(bench.core).events(...range);
        if (page.length > 0 || !closing) return page;
        closing = false;
        await bench.runs.close(runId);
        return page;
      },
    });
    const seen = watch(observeRun(bench.core, reads, { workflowId: 'w' }).history$({ fromSeq: 2 }));
    await settled();
    expect(seen.values.map(({ type }) => type)).toEqual(['WorkflowCompleted']);
    expect(seen.completed).toBe(1);
  });

  test('fails where the run is removed while it is watched', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const seen = watch(history(bench));
    await settled();
    await bench.runs.commit({ expect: [], writes: [{ kind: 'purge-run', runId }] });
    await settled();
    expect(seen.errors).toMatchObject([{ code: 'workflow_not_found' }]);
  });

  test('law 2 events never drop: every subscriber gets each of them whatever comes in between', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const early = watch(history(bench));
    await settled();
    const late: { readonly values: { readonly seq: number }[] }[] = [];
    let written = Promise.resolve();
    for (let i = 0; i < 30; i++) {
      written = written.then(() => bench.runs.advance(runId, 1 + (i % 5)));
      bench.storage.deaf = i % 4 === 0;
      if (i % 2) await Promise.resolve();
      if (i % 3) await settled();
      if (i % 7 === 0) late.push(watch(history(bench)));
    }
    await written;
    await bench.runs.close(runId);
    await bench.clock.advance(1_000);
    const length = (await bench.reads.describe(runId)).historyLength;
    for (const { values } of [early, ...late]) expect(values.map(({ seq }) => seq)).toEqual(oneTo(length));
  });

  test('law 3 a hundred subscribers cost one read a change', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    const seen = Array.from({ length: 100 }, () => watch(history(bench)));
    await settled();
    bench.storage.taken();
    await bench.runs.advance(runId, 3);
    await settled();
    expect(bench.storage.reads).toMatchObject({ readEvents: 1 });
    expect(seen.every(({ values }) => values.length === 4)).toBe(true);
    for (const one of seen) one.unsubscribe();
  });

  test('law 7 a slow reader pulls: pages are read when it asks for more', async () => {
    const bench = await openBench();
    const runId = await bench.runs.start('w');
    await bench.runs.advance(runId, 2_000);
    const events = history(bench)[Symbol.asyncIterator]() as AsyncIterator<HistoryEvent, undefined>;
    const seqs = [(await events.next()).value!.seq];
    await settled();
    expect(bench.storage.reads['readEvents']).toBe(1);
    for (let i = 0; i < 10; i++) await bench.runs.advance(runId, 100);
    await bench.runs.close(runId);
    await settled();
    expect(bench.storage.reads['readEvents']).toBe(1);
    for (let event = await events.next(); !event.done; event = await events.next())
      seqs.push(event.value.seq);
    expect(seqs).toEqual(oneTo(3_002));
    expect(bench.storage.reads['readEvents']).toBe(12);
  });

  test('unsubscribing in the middle of a page ends it there', async () => {
    const bench = await openBench();
    await bench.runs.advance(await bench.runs.start('w'), 50);
    const seqs: number[] = [];
    const subscription = history(bench).subscribe(({ seq }) => {
      seqs.push(seq);
      if (seq === 5) subscription.unsubscribe();
    });
    await settled();
    expect(seqs).toEqual(oneTo(5));
    expect(bench.clock.timers).toBe(0);
  });
});
