import { openStorage } from '#storage';
import {
  defineActivity,
  defineWorkflow,
  query,
  signal,
  WorkflowFailedError,
  type HistoryEvent,
  type LiveStream,
  type WorkflowDescription,
} from '@perdure/core';
import { firstValueFrom, lastValueFrom, map, toArray } from 'rxjs';
import { expect, test } from 'vitest';
import { clientOf, codeOf, eventTypes, gate, logBook, open, untilAborted } from './kit.js';

const add = defineActivity('add', ({ a, b }: { a: number; b: number }) => a + b);

/** Sums what it is sent, and sleeps a day after each. */
const summing = defineWorkflow(
  'summing',
  { messages: { more: signal<number>(), total: query<number>() } },
  async (ctx) => {
    let total = 0;
    ctx.onQuery('total', () => total);
    for (;;) {
      const b = await ctx.waitSignal('more');
      if (b < 0) throw new Error('no less');
      if (b === 0) return total;
      total = await ctx.runActivity(add, { a: total, b });
      ctx.setState({ total });
      await ctx.sleep('1d');
    }
  },
);
const code = { workflows: [summing], activities: [add] };

interface Seen<T> {
  readonly values: T[];
  readonly errors: unknown[];
  completed: boolean;
  unsubscribe(): void;
}
function watch<T>(stream: LiveStream<T>): Seen<T> {
  const seen: Seen<T> = { values: [], errors: [], completed: false, unsubscribe: () => undefined };
  const subscription = stream.subscribe({
    next: (value) => void seen.values.push(value),
    error: (error: unknown) => void seen.errors.push(error),
    complete: () => (seen.completed = true),
  });
  seen.unsubscribe = () => {
    subscription.unsubscribe();
  };
  return seen;
}
const seqs = (events: readonly HistoryEvent[]) => events.map(({ seq }) => seq);
const oneTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
const totals = (states: readonly WorkflowDescription[]) => [
  ...new Set(states.flatMap(({ state }) => (state ? [(state as { total: number }).total] : []))),
];

test('G13 F13 law 1 only after commit, law 2 in order: what subscribers see, the store has', async () => {
  const engine = await open(code);
  const handle = await engine.start(summing);
  const before = (await eventTypes(handle)).length;
  const [states, history, events] = [watch(handle.state$), watch(handle.history$()), watch(engine.events$)];
  const recorded: Promise<boolean>[] = [];
  handle.history$().subscribe(({ seq }) => {
    recorded.push(eventTypes(handle).then((types) => types.length >= seq));
  });
  for (const more of [1, 2, 3]) {
    await handle.signal('more', more);
    await engine.advance('2d');
  }
  await handle.signal('more', 0);
  expect(await handle.result()).toBe(6);
  await expect.poll(() => [states, history].every(({ completed }) => completed)).toBe(true);

  const types = await eventTypes(handle);
  expect(history.values.map(({ type }) => type)).toEqual(types);
  expect(seqs(history.values)).toEqual(oneTo(types.length));
  expect((await Promise.all(recorded)).every(Boolean)).toBe(true);
  await expect.poll(() => events.values.at(-1)?.event.seq).toBe(types.length);
  expect(seqs(events.values.map(({ event }) => event))).toEqual(oneTo(types.length).slice(before));
  expect(events.values.every(({ runId }) => runId === handle.runId)).toBe(true);

  expect(totals(states.values)).toEqual([1, 3, 6]);
  const versions = states.values.map(({ version }) => version);
  expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
  expect(states.values.at(-1)).toMatchObject({ status: 'completed', output: 6 });
});

test('law 3 subscribing starts nothing, unsubscribing cancels nothing', async () => {
  const engine = await open(code);
  const handle = engine.handle(summing, 'later');
  const early = watch(handle.state$);
  await engine.runUntilIdle();
  expect(early.errors.map(codeOf)).toEqual(['workflow_not_found']);
  expect(await engine.count()).toBe(0);

  const started = await engine.start(summing, undefined, { id: 'later' });
  const seen = [
    watch<unknown>(started.state$),
    watch<unknown>(started.result$),
    watch<unknown>(started.history$()),
    watch<unknown>(started.query$('total')),
  ];
  await engine.runUntilIdle();
  for (const one of seen) one.unsubscribe();
  await started.signal('more', 0);
  expect(await started.result()).toBe(0);
  expect(seen.flatMap(({ errors, completed }) => [...errors, ...(completed ? [true] : [])])).toEqual([]);
});

test('law 4 a failed workflow is a value of state$ and an error of result$', async () => {
  const engine = await open(code);
  const handle = await engine.start(summing);
  const [states, result, history] = [watch(handle.state$), watch(handle.result$), watch(handle.history$())];
  await handle.signal('more', -1);
  await expect.poll(() => result.errors).toHaveLength(1);
  expect(result.errors[0]).toBeInstanceOf(WorkflowFailedError);
  await expect.poll(() => [states.completed, history.completed]).toEqual([true, true]);
  expect(states.values.at(-1)).toMatchObject({ status: 'failed', failure: { message: 'no less' } });
  expect(states.errors).toEqual([]);
});

test('result$ gives the result once, and time passes while it is awaited', async () => {
  const engine = await open(code);
  const handle = await engine.start(summing);
  await handle.signal('more', 5);
  await handle.signal('more', 0);
  expect(await lastValueFrom(handle.result$.pipe(toArray()))).toEqual([5]);
  expect(await firstValueFrom(engine.handle(summing, handle.workflowId).result$)).toBe(5);
});

test('F13 query$ gives each other answer, and asks nothing of history', async () => {
  const engine = await open(code);
  const handle = await engine.start(summing);
  const answers = watch(handle.query$('total'));
  await engine.runUntilIdle();
  for (const more of [4, 5]) {
    await handle.signal('more', more);
    await engine.advance('2d');
  }
  await handle.signal('more', 0);
  await expect.poll(() => answers.completed).toBe(true);
  expect(answers.values).toEqual([0, 4, 9]);
  expect(await eventTypes(handle)).not.toContain('QueryReceived');
  const wrong = watch(engine.handle(handle.workflowId).query$('nothing'));
  await expect.poll(() => wrong.errors.map(codeOf)).toEqual(['query_rejected']);
});

test('activities$ shows attempts and heartbeats as they come, and completes with the run', async () => {
  const [beaten, finish] = [gate(), gate()];
  const work = defineActivity('work', async (_: void, activity) => {
    if (activity.info.attempt === 1) throw new Error('again');
    activity.heartbeat({ done: 50n });
    beaten.pass();
    await Promise.race([finish.passed, untilAborted(activity.signal)]);
  });
  const working = defineWorkflow('working', (ctx) => ctx.runActivity(work));
  const engine = await open({ workflows: [working], activities: [work] });
  const handle = await engine.start(working);
  const seen = watch(handle.activities$);
  const aSecondLater = async (): Promise<unknown> => {
    await engine.advance('1s');
    return seen.values.at(-1)?.[0];
  };
  await expect.poll(aSecondLater).toMatchObject({ attempt: 2 });
  await beaten.passed;
  await expect.poll(aSecondLater).toMatchObject({
    attempt: 2,
    lastHeartbeat: { done: 50n },
    lastFailure: { message: 'again' },
  });
  finish.pass();
  await expect.poll(() => seen.completed).toBe(true);
  expect(seen.values.at(-1)).toEqual([]);
  expect(seen.errors).toEqual([]);
});

test('F13 list$ and count$ are live', async () => {
  const engine = await open(code);
  const list = watch(engine.list$({ statusBucket: 'running' }));
  const count = watch(engine.count$({ statusBucket: 'completed' }));
  await expect.poll(() => [list.values, count.values]).toEqual([[[]], [0]]);
  const handles = [await engine.start(summing), await engine.start(summing)];
  await expect.poll(() => list.values.at(-1)).toHaveLength(2);
  for (const handle of handles) await handle.signal('more', 0);
  await expect.poll(() => [list.values.at(-1), count.values.at(-1)]).toEqual([[], 2]);
  expect([list.completed, count.completed]).toEqual([false, false]);
});

test('events$ gives each event of every run once, in order', async () => {
  const engine = await open(code);
  const old = await engine.start(summing, undefined, { id: 'old' });
  await engine.runUntilIdle();
  const before = (await eventTypes(old)).length;
  const events = watch(engine.events$);
  const handles = await Promise.all(oneTo(20).map((i) => engine.start(summing, undefined, { id: `w${i}` })));
  await Promise.all(
    [old, ...handles].map(async (handle) => {
      await handle.signal('more', 1);
      await handle.signal('more', 0);
      await handle.result();
    }),
  );
  for (const handle of [old, ...handles]) {
    const types = await eventTypes(handle);
    const expected = oneTo(types.length).slice(handle === old ? before : 0);
    const mine = () => events.values.filter(({ runId }) => runId === handle.runId).map(({ event }) => event);
    await expect.poll(() => seqs(mine())).toEqual(expected);
  }
  expect(events.values.every(({ workflowId }) => /^(old|w\d+)$/.test(workflowId))).toBe(true);
});

test('G13 law 5 a client without a worker sees the same', async () => {
  const storage = await openStorage();
  const engine = await open({ ...code, storage });
  const client = await clientOf(engine, storage);
  const here = await engine.start(summing, undefined, { id: 'w' });
  const there = client.handle(summing, 'w');
  await engine.runUntilIdle();
  const states = [watch(here.state$), watch(there.state$)] as const;
  const histories = [watch(here.history$()), watch(there.history$())] as const;
  const [answers, result, events] = [
    watch(there.query$('total')),
    watch(there.result$),
    watch(client.events$),
  ];
  await expect
    .poll(() => [...states, ...histories, answers].every(({ values }) => values.length > 0))
    .toBe(true);
  await there.signal('more', 7);
  await expect.poll(() => answers.values.at(-1)).toBe(7);
  await engine.advance('2d');
  await there.signal('more', 0);
  await expect.poll(() => result.values).toEqual([7]);
  const done = [...states, ...histories, answers, result];
  await expect.poll(() => done.every(({ completed }) => completed)).toBe(true);
  expect(states[1].values.at(-1)).toEqual(states[0].values.at(-1));
  expect(totals(states[1].values)).toEqual([7]);
  expect(histories[1].values).toEqual(histories[0].values);
  expect(answers.values).toEqual([0, 7]);
  await expect.poll(() => events.values.at(-1)?.event.type).toBe('WorkflowCompleted');
  const told = seqs(events.values.map(({ event }) => event));
  expect(told).toEqual(oneTo(histories[0].values.length).slice(-told.length));
});

test('law 6 snapshot() is at hand, and every stream can be read with for await', async () => {
  const engine = await open(code);
  const handle = await engine.start(summing);
  expect(handle.snapshot()).toBeUndefined();
  const states = watch(handle.state$);
  await expect.poll(() => handle.snapshot()).toMatchObject({ status: 'waiting' });
  expect(handle.snapshot()).toBe(states.values.at(-1));
  await handle.signal('more', 0);
  const read: string[] = [];
  for await (const { type } of handle.history$()) read.push(type);
  expect(read).toEqual(await eventTypes(handle));
  for await (const result of handle.result$) expect(result).toBe(0);
  await expect.poll(() => handle.snapshot()).toMatchObject({ status: 'completed' });
  for await (const page of engine.list$()) {
    expect(page).toHaveLength(1);
    break;
  }
});

test('G13 law 7 a slow reader loses no event and goes on with the newest state', async () => {
  const engine = await open(code);
  const handle = await engine.start(summing);
  const events = handle.history$()[Symbol.asyncIterator]();
  const states = handle.state$[Symbol.asyncIterator]();
  const slow = [(await events.next()).value as HistoryEvent];
  await states.next();
  for (const more of [1, 2, 3]) {
    await handle.signal('more', more);
    await engine.advance('2d');
  }
  await handle.signal('more', 0);
  await handle.result();
  await engine.runUntilIdle();
  let last: WorkflowDescription | undefined;
  let count = 0;
  for (let next = await states.next(); !next.done; next = await states.next()) {
    last = next.value;
    count += 1;
  }
  expect(last).toMatchObject({ status: 'completed', output: 6 });
  expect(count).toBeLessThanOrEqual(2);
  for (let next = await events.next(); !next.done; next = await events.next()) slow.push(next.value);
  expect(slow.map(({ type }) => type)).toEqual(await eventTypes(handle));
});

test('law 8 a subscriber that throws stalls neither the engine nor others', async () => {
  const logger = logBook();
  const engine = await open({ ...code, logger });
  const handle = await engine.start(summing);
  const blow = () => {
    throw new Error('mine');
  };
  handle.state$.subscribe(blow);
  handle.state$.pipe(map(({ status }) => status)).subscribe(blow);
  handle.history$().subscribe({ next: blow, complete: blow });
  engine.events$.subscribe(blow);
  handle.result$.subscribe(blow);
  const states = watch(handle.state$);
  await handle.signal('more', 2);
  await handle.signal('more', 0);
  expect(await handle.result()).toBe(2);
  await expect.poll(() => states.completed).toBe(true);
  const thrown = logger.lines.filter(({ message }) => message === 'A subscriber threw');
  expect(thrown.length).toBeGreaterThan(4);
  expect(thrown.every(({ level }) => level === 'error')).toBe(true);
});

test('closing ends every stream: those of runs fail, those of the namespace complete', async () => {
  const engine = await open(code);
  const handle = await engine.start(summing);
  const ofRun = [
    handle.state$,
    handle.result$,
    handle.history$(),
    handle.activities$,
    handle.query$('total'),
  ];
  const failing = ofRun.map((stream) => watch<unknown>(stream));
  const completing = [engine.list$(), engine.count$(), engine.events$].map((stream) =>
    watch<unknown>(stream),
  );
  const status = watch(engine.worker.status$);
  await engine.runUntilIdle();
  await engine.close();
  await expect.poll(() => [...completing, status].every(({ completed }) => completed)).toBe(true);
  await expect
    .poll(() => failing.flatMap(({ errors }) => errors.map(codeOf)))
    .toEqual(Array(5).fill('engine_closed'));
  expect(status.values.map(({ state }) => state)).toContain('running');
  expect(status.values.at(-1)).toMatchObject({ state: 'stopped', activities: 0 });
});

test('streams of a handle go on with the next engine after a crash', async () => {
  const engine = await open(code);
  const handle = await engine.start(summing);
  await handle.signal('more', 3);
  await engine.runUntilIdle();
  await engine.crash();
  const history = watch(handle.history$());
  await handle.signal('more', 0);
  expect(await firstValueFrom(handle.result$)).toBe(3);
  await expect.poll(() => history.completed).toBe(true);
  expect(seqs(history.values)).toEqual(oneTo((await eventTypes(handle)).length));
});
