import { openStorage } from '#storage';
import { defineActivity, defineWorkflow, type ActivityContext } from '@perdure/core';
import type { Storage } from '@perdure/core/storage';
import { expect, onTestFinished, test } from 'vitest';
import { bent, storeFailure } from './bent-storage.js';
import { open, untilAborted } from './kit.js';

type Workflows = NonNullable<NonNullable<Parameters<typeof open>[0]>['workflows']>;

const hog = defineWorkflow('hog', (ctx) =>
  ctx.step('hog', ({ signal }: ActivityContext) => untilAborted(signal)),
);

/** Runs what can be run without any activity, and leaves: there is one slot, and it is taken. */
async function prepare(storage: Storage, workflows: Workflows, messages: readonly string[]): Promise<void> {
  const [workflow] = workflows;
  const starter = await open({ storage, workflows: [...workflows, hog], maxConcurrentActivities: 1 });
  await starter.start(hog);
  await starter.runUntilIdle();
  const handle = await starter.start(workflow!.name, undefined, { id: 'w' });
  await starter.runUntilIdle();
  await starter.close({ grace: 0 });
  const sender = await open({ storage, taskQueues: ['another'] });
  for (const message of messages) await sender.handle(handle.workflowId).signal(message);
  await sender.close();
}

test('C1 a claim for which there is no room is given back, and a store that refuses that harms nobody', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  const host = (globalThis as { process?: Partial<Pick<typeof process, 'on' | 'off'>> }).process;
  host?.on?.('unhandledRejection', note);
  onTestFinished(() => void host?.off?.('unhandledRejection', note));
  const work = defineActivity('work', () => 'work');
  const both = defineWorkflow('both', (ctx) => ctx.all([ctx.runActivity(work), ctx.step('s', () => 'step')]));
  const storage = await openStorage();
  await prepare(storage, [both], []);
  let refused = 0;
  const stubborn = bent(storage, {
    commit: (call, batches) => {
      const back = batches.some(({ writes }) =>
        writes.some((write) => write.kind === 'put-task' && write.task.attempt === 0),
      );
      if (!back || refused > 0) return call(batches);
      refused += 1;
      return Promise.reject(storeFailure('unknown'));
    },
  });
  const engine = await open({
    storage: stubborn,
    workflows: [both],
    activities: [work],
    maxConcurrentActivities: 1,
  });
  await engine.advance('1m');
  expect(await engine.handle('w').result()).toEqual(['work', 'step']);
  expect(refused).toBe(1);
  expect(unhandled).toEqual([]);
});

test('G2 runs that cannot be read cost the activities that were claimed with them no attempt', async () => {
  const work = defineActivity('work', { retry: { maximumAttempts: 1 } }, () => 'work');
  const waits = defineWorkflow('waits', async (ctx) => {
    const working = ctx.runActivity(work);
    await ctx.waitSignal('go');
    return working;
  });
  const storage = await openStorage();
  await prepare(storage, [waits], ['go']);
  let failed = 0;
  const failing = bent(storage, {
    loadRuns: (call, requests) =>
      failed++ === 0 ? Promise.reject(storeFailure('not-applied')) : call(requests),
  });
  const engine = await open({ storage: failing, workflows: [waits], activities: [work] });
  expect(await engine.handle('w').result()).toBe('work');
  expect(failed).toBeGreaterThan(1);
});

test('G2 a step whose run cannot be replayed spends no attempts while it waits for code that can', async () => {
  const steps = defineWorkflow('steps', (ctx) => ctx.step('s', () => 'done'));
  const other = defineWorkflow('steps', async (ctx) => {
    await ctx.sleep(1);
    return 'other';
  });
  const storage = await openStorage();
  await prepare(storage, [steps], []);
  const wrong = await open({ storage, workflows: [other] });
  await wrong.advance('10m');
  const startAt = new Date(wrong.now.getTime() + 60_000);
  await wrong.close();
  const right = await open({ storage, workflows: [steps], startAt });
  expect(await right.handle('w').result()).toBe('done');
});

test('G2 a step that is claimed together with its run is under way once', async () => {
  let now = 0;
  let most = 0;
  let begun = 0;
  const steps = defineWorkflow('steps', async (ctx) => {
    const step = ctx.step('s', async () => {
      begun += 1;
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 20));
      now -= 1;
      return 'done';
    });
    await ctx.waitSignal('go');
    return step;
  });
  const storage = await openStorage();
  await prepare(storage, [steps], ['go']);
  const engine = await open({ storage, workflows: [steps] });
  expect(await engine.handle('w').result()).toBe('done');
  expect([begun, most]).toEqual([1, 1]);
});

test('C2 an activity that was claimed while its time in the queue ran out keeps its new token', async () => {
  const work = defineActivity(
    'work',
    { taskQueue: 'work', scheduleToStartTimeout: '1m', retry: { maximumAttempts: 3, initialInterval: 1 } },
    () => 'work',
  );
  const works = defineWorkflow('works', (ctx) => ctx.runActivity(work));
  const storage = await openStorage();
  let claimed: { taskId: string; token: number } | undefined;
  const overtaken = bent(storage, {
    readTasks: async (call, runId) => {
      const tasks = await call(runId);
      const task = tasks.find(({ kind }) => kind === 'activity');
      if (!claimed && task && engine.now.getTime() >= task.visibleAt + 60_000) {
        const other = await storage.open();
        const now = engine.now.getTime();
        const want = { kind: 'activity', queues: ['work'], types: null, limit: 1, leaseMs: 30_000 } as const;
        [claimed] = await other.claim({
          namespace: 'default',
          owner: 'o',
          now,
          buildId: null,
          wants: [want],
        });
        await other.close();
      }
      return tasks;
    },
  });
  const engine = await open({ storage: overtaken, workflows: [works] });
  await engine.start(works);
  await engine.advance('70s');
  expect(claimed).toMatchObject({ token: 1 });
  const handle = await storage.open();
  expect(await handle.readTask(claimed!.taskId)).toMatchObject({ token: 1, leaseOwner: 'o' });
  await handle.close();
});

test('G9 an activity ends in the queue and in history with one commit, behind a thousand signals too', async () => {
  const work = defineActivity('work', { taskQueue: 'nobody', scheduleToCloseTimeout: '1m' }, () => 'work');
  const waits = defineWorkflow('waits', async (ctx) => {
    ctx.onSignal('more', () => undefined);
    return ctx.runActivity(work).catch(() => 'timed out');
  });
  const storage = await openStorage();
  const starter = await open({ storage, workflows: [waits] });
  const { workflowId } = await starter.start(waits);
  const startAt = new Date(starter.now.getTime() + 120_000);
  await starter.close();
  const sender = await open({ storage, taskQueues: ['another'] });
  await Promise.all(Array.from({ length: 1_100 }, () => sender.handle(workflowId).signal('more')));
  await sender.close();
  const ends: boolean[] = [];
  const watched = bent(storage, {
    commit: (call, batches) => {
      for (const { writes } of batches)
        if (writes.some(({ kind }) => kind === 'drop-task' || kind === 'drop-tasks'))
          ends.push(writes.some((write) => JSON.stringify(write).includes('ActivityTimedOut')));
      return call(batches);
    },
  });
  const engine = await open({ storage: watched, workflows: [waits], startAt });
  expect(await engine.handle(workflowId).result()).toBe('timed out');
  expect(ends[0]).toBe(true);
});
