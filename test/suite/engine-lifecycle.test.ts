import { openStorage } from '#storage';
import {
  createClient,
  createEngine,
  defineActivity,
  defineWorkflow,
  EngineClosedError,
  type Clock,
} from '@perdure/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { codeOf, gate, logBook, open, rejection, untilAborted } from './kit.js';

const waiting = defineWorkflow('waiting', async (ctx) => (await ctx.waitSignal('end')) as unknown);

test('B22 close lets a running activity finish within its grace', async () => {
  const storage = await openStorage();
  const begun = gate();
  const end = gate<string>();
  const slow = defineActivity('slow', () => {
    begun.pass();
    return end.passed;
  });
  const workflow = defineWorkflow('slows', (ctx) => ctx.runActivity(slow));
  const first = await open({ storage, workflows: [workflow], activities: [slow] });
  const { workflowId } = await first.start(workflow);
  await begun.passed;
  const closing = first.close();
  end.pass('finished');
  await closing;
  let again = 0;
  const second = await open({
    storage,
    startAt: first.now,
    workflows: [workflow],
    activities: [
      slow.implement(() => {
        again += 1;
        return Promise.resolve('again');
      }),
    ],
  });
  expect(await second.handle(workflowId).result()).toBe('finished');
  expect(again).toBe(0);
});

test('B22 an activity that does not finish in time is stopped when the grace is over', async () => {
  const begun = gate();
  const reason = gate<unknown>();
  const slow = defineActivity('slow', (_: void, { signal }) => {
    begun.pass();
    return untilAborted(signal).catch((error: unknown) => {
      reason.pass(error);
    });
  });
  const workflow = defineWorkflow('slows', (ctx) => ctx.runActivity(slow));
  const engine = await open({ workflows: [workflow], activities: [slow] });
  await engine.start(workflow);
  await begun.passed;
  const before = engine.now.getTime();
  await engine.close({ grace: '5s' });
  expect(codeOf(await reason.passed)).toBe('worker_shutdown');
  expect(engine.now.getTime() - before).toBeGreaterThanOrEqual(5_000);
});

test('B24 a wait for a result ends with the engine', async () => {
  const engine = await open({ workflows: [waiting] });
  const handle = await engine.start(waiting);
  const waited = rejection(EngineClosedError, handle.result());
  await engine.runUntilIdle();
  await engine.close();
  await waited;
});

test('B24 a wait that began while its client closed leaves no timer and no listener behind', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [waiting] });
  const { workflowId } = await engine.start(waiting);
  let left = 0;
  const clock: Clock = {
    now: () => engine.now.getTime(),
    setTimer: () => {
      left += 1;
      return () => (left -= 1);
    },
  };
  for (let turns = 0; turns < 20; turns++) {
    const client = await createClient({ clock, storage });
    left = 0;
    const { signal } = new AbortController();
    const listened = vi.spyOn(signal, 'addEventListener');
    const ignored = vi.spyOn(signal, 'removeEventListener');
    const result = client.handle(workflowId).result({ timeout: '1h', signal });
    for (let turn = 0; turn < turns; turn++) await null;
    await Promise.all([client.close(), rejection(EngineClosedError, result)]);
    expect([left, listened.mock.calls.length]).toEqual([0, ignored.mock.calls.length]);
  }
});

test.each(['as it begins', 'under way', 'beside an activity'])(
  'B24 a wait for a result, %s, ends with the engine, and close does not resolve before',
  async (when) => {
    const begun = gate();
    const slow = defineActivity('slow', (_: void, { signal }) => {
      begun.pass();
      return untilAborted(signal);
    });
    const workflow = defineWorkflow('waits', async (ctx, works: boolean) => {
      if (works) await ctx.runActivity(slow);
      await ctx.waitSignal('never');
    });
    const engine = await open({ workflows: [workflow], activities: [slow], autoSkip: false });
    const handle = await engine.start(workflow, when === 'beside an activity');
    if (when === 'beside an activity') await begun.passed;
    const settled: string[] = [];
    const note = (name: string) => (error: unknown) => {
      settled.push(`${name} ${error instanceof EngineClosedError}`);
    };
    handle.result$.subscribe({ error: note('result$') });
    const result = handle.result().catch(note('result'));
    if (when === 'under way') await engine.runUntilIdle();
    await engine.close({ grace: 0 });
    expect(settled.sort()).toEqual(['result true', 'result$ true']);
    await result;
  },
);

test('B22 a drained engine claims nothing new, and goes on answering', async () => {
  const storage = await openStorage();
  let runs = 0;
  const counted = defineActivity('counted', () => ++runs);
  const workflow = defineWorkflow('counts', (ctx) => ctx.runActivity(counted));
  const first = await open({ storage, workflows: [workflow], activities: [counted] });
  await first.worker.drain();
  const handle = await first.start(workflow);
  await first.advance('1m');
  expect(runs).toBe(0);
  expect((await handle.describe()).statusBucket).toBe('running');
  const second = await open({ storage, startAt: first.now, workflows: [workflow], activities: [counted] });
  expect(await second.handle(handle.workflowId).result()).toBe(1);
});

test('F22 what was started and not finished goes on when an engine opens the same storage again', async () => {
  const storage = await openStorage();
  let last: Awaited<ReturnType<typeof open>> | undefined;
  for (let i = 0; i < 4; i++) {
    const engine = await open({ storage, workflows: [waiting], ...(last && { startAt: last.now }) });
    if (!last) await engine.start(waiting, undefined, { id: 'w' });
    else expect((await engine.handle('w').describe()).status).toBe('waiting');
    await engine.close();
    last = engine;
  }
  const engine = await open({ storage, workflows: [waiting] });
  await engine.handle('w').signal('end', 'at last');
  expect(await engine.handle('w').result()).toBe('at last');
});

test('G2 two engines on one storage share the work, and each piece is done once', async () => {
  const storage = await openStorage();
  const done: number[] = [];
  const work = defineActivity('work', (n: number) => {
    done.push(n);
    return n;
  });
  const workflow = defineWorkflow('shared', async (ctx, n: number) => {
    await ctx.sleep(10);
    return ctx.runActivity(work, n);
  });
  const options = { storage, workflows: [workflow], activities: [work], logger: logBook() };
  const engines = await Promise.all([createEngine(options), createEngine(options)]);
  onTestFinished(async () => {
    await Promise.all(engines.map((engine) => engine.close({ grace: 0 })));
  });
  const [one, two] = engines;
  const handles = await Promise.all(
    Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one : two).start(workflow, i)),
  );
  const results = await Promise.all(
    handles.map(({ workflowId }, i) => (i % 2 === 0 ? two : one).handle(workflowId).result()),
  );
  expect(results).toEqual(Array.from({ length: 20 }, (_, i) => i));
  expect([...done].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test('G7 a signal through one engine wakes a run in the other', async () => {
  const storage = await openStorage();
  const options = { storage, workflows: [waiting], logger: logBook() };
  const one = await createEngine(options);
  const two = await createEngine({ storage, logger: logBook() });
  onTestFinished(async () => {
    await Promise.all([one.close({ grace: 0 }), two.close({ grace: 0 })]);
  });
  const handle = await one.start(waiting, undefined, { id: 'w' });
  await two.handle('w').signal('end', 'from the other');
  expect(await handle.result()).toBe('from the other');
  expect(await two.handle('w').result()).toBe('from the other');
});

test('B19 queues are apart: a worker takes what it serves', async () => {
  const storage = await openStorage();
  const where: string[] = [];
  const at = (name: string) =>
    defineActivity('where', (_: void, { info }) => where.push(`${name}:${info.taskQueue}`));
  const workflow = defineWorkflow('spread', async (ctx) => {
    await ctx.runActivity('where', undefined, { taskQueue: 'gpu' });
    await ctx.runActivity('where');
  });
  const cpu = await open({ storage, workflows: [workflow], activities: [at('cpu')] });
  const handle = await cpu.start(workflow);
  await cpu.runUntilIdle();
  expect(where).toEqual([]);
  const gpu = await open({ storage, startAt: cpu.now, taskQueues: ['gpu'], activities: [at('gpu')] });
  await gpu.advance('2s');
  await cpu.advance('2s');
  await handle.result();
  expect(where).toEqual(['gpu:gpu', 'cpu:default']);
});

test('G2 a stop in good order is no worker lost: an activity may be stopped as often as there are deploys', async () => {
  let begun = gate();
  const attempts: number[] = [];
  let patient = true;
  const long = defineActivity('long', (_: void, activity) => {
    attempts.push(activity.info.attempt);
    begun.pass();
    activity.heartbeat(attempts.length);
    return patient ? untilAborted(activity.signal) : activity.lastHeartbeat<number>();
  });
  const workflow = defineWorkflow('longs', (ctx) => ctx.runActivity(long));
  const options = { storage: await openStorage(), workflows: [workflow], activities: [long] };
  const first = await open(options);
  const { workflowId } = await first.start(workflow);
  await begun.passed;
  await first.close({ grace: 0 });
  for (let deploys = 0; deploys < 11; deploys++) {
    begun = gate();
    const engine = await open(options);
    await begun.passed;
    await engine.close({ grace: 0 });
  }
  patient = false;
  const last = await open(options);
  expect(await last.handle(workflow, workflowId).result()).toBe(12);
  expect(attempts).toEqual(Array.from({ length: 13 }, (_, i) => i + 1));
});
