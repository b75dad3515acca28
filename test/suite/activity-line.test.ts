import { openStorage } from '#storage';
import { defineActivity, defineWorkflow } from '@perdure/core';
import type { TaskRecord } from '@perdure/core/storage';
import { expect, test } from 'vitest';
import { bent } from './bent-storage.js';
import { open } from './kit.js';

const short = defineActivity('short', (n: number) => n);

/** Hangs on the workers that are told to, until the test lets go. */
const gate = () => {
  let release = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    release = resolve;
  });
  let hangs = true;
  return {
    activity: defineActivity('gated', async () => {
      if (!hangs) return 'elsewhere';
      hangs = false;
      await opened;
      return 'first';
    }),
    release,
  };
};

/** Short attempts first, so that the worker expects more of them; then one that hangs in its only slot. */
const both = (gated: ReturnType<typeof gate>['activity']) =>
  defineWorkflow('both', async (ctx) => {
    for (let n = 0; n < 20; n++) await ctx.runActivity(short, n);
    return ctx.all([ctx.runActivity(gated), ...[1, 2, 3].map((n) => ctx.runActivity(short, n))]);
  });

test('G2 B22 what waits in line behind an attempt that takes long goes to a worker that has a slot', async () => {
  const storage = await openStorage();
  const { activity, release } = gate();
  const code = { storage, workflows: [both(activity)], activities: [short, activity] };
  const engine = await open({ ...code, maxConcurrentActivities: 1 });
  const handle = await engine.start('both');
  await engine.runUntilIdle();
  const other = await open({ ...code, workflows: [], startAt: engine.now });
  await engine.advance(200);
  await other.runUntilIdle();
  await expect.poll(async () => (await handle.describe()).pendingActivities.length).toBe(1);
  release();
  expect(await handle.result()).toEqual(['first', 1, 2, 3]);
});

test('A5 an activity that is cancelled while it waits in line is not begun', async () => {
  const { activity, release } = gate();
  const begun: number[] = [];
  const noted = defineActivity('noted', (n: number) => begun.push(n));
  const workflow = defineWorkflow('cancels', async (ctx) => {
    for (let n = 0; n < 20; n++) await ctx.runActivity(short, n);
    const first = ctx.runActivity(activity);
    const second = ctx.runActivity(noted, 1);
    const third = ctx.runActivity(noted, 2);
    await ctx.sleep(10);
    second.cancel();
    await ctx.allSettled([second]);
    await ctx.waitSignal('go');
    return [await first, await third];
  });
  const engine = await open({
    workflows: [workflow],
    activities: [short, activity, noted],
    maxConcurrentActivities: 1,
  });
  const handle = await engine.start(workflow);
  await engine.advance(50);
  await handle.signal('go');
  release();
  expect(await handle.result()).toEqual(['first', 1]);
  expect(begun).toEqual([2]);
});

test('B22 an engine that closes gives back what waits in line, and nothing counts as attempted', async () => {
  const storage = await openStorage();
  const { activity, release } = gate();
  const attempts: number[] = [];
  const noted = defineActivity('noted', (_n: number, { info }) => attempts.push(info.attempt));
  const workflow = defineWorkflow('closes', async (ctx) => {
    for (let n = 0; n < 20; n++) await ctx.runActivity(short, n);
    return (await ctx.all([ctx.runActivity(activity), ctx.runActivity(noted, 1)])).length;
  });
  const code = { storage, workflows: [workflow], activities: [short, activity, noted] };
  const first = await open({ ...code, maxConcurrentActivities: 1 });
  const { workflowId } = await first.start(workflow);
  await first.runUntilIdle();
  const { now: startAt } = first;
  await first.close({ grace: 0 });
  release();
  const next = await open({ ...code, startAt });
  expect(await next.handle(workflow, workflowId).result()).toBe(2);
  expect(attempts).toEqual([1]);
});

test('B22 steps and activities that wait together are not claimed beyond what there is room for', async () => {
  const mixed = defineWorkflow('mixed', async (ctx) => {
    for (let n = 0; n < 20; n++) await ctx.runActivity(short, n);
    const both = Array.from({ length: 400 }, (_, n) => [ctx.runActivity(short, n), ctx.step('s', () => n)]);
    return (await ctx.all(both.flat())).length;
  });
  let [claims, back] = [0, 0];
  const storage = bent(await openStorage(), {
    claim: (call, request) => {
      claims += 1;
      return call(request);
    },
    commit: (call, batches) => {
      const writes = batches.flatMap((batch) => batch.writes);
      back += writes.filter((write) => write.kind === 'put-task' && isGivenBack(write.task)).length;
      return call(batches);
    },
  });
  const engine = await open({
    storage,
    workflows: [mixed],
    activities: [short],
    maxConcurrentActivities: 1,
    limits: { commands: 0 },
  });
  expect(await engine.execute(mixed)).toBe(800);
  expect(claims).toBeGreaterThan(0);
  expect(back).toBeLessThanOrEqual(2 * claims);
});

/** Claimed, and written back as if it had not been. */
function isGivenBack({ kind, token, attempt, leaseOwner }: TaskRecord): boolean {
  return kind === 'activity' && token > 0 && attempt === 0 && leaseOwner === null;
}
