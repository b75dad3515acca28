import { openStorage } from '#storage';
import {
  ActivityError,
  defineActivity,
  defineWorkflow,
  WorkflowCancelledError,
  type ActivityContext,
  type PayloadCodec,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { bent } from './bent-storage.js';
import { codeOf, gate, open, untilAborted } from './kit.js';

test('A18 the next attempt goes on from what the last one recorded', async () => {
  const seen: unknown[] = [];
  const counting = defineActivity('counting', (_: void, activity) => {
    const from = activity.lastHeartbeat<{ done: number; at: Date }>();
    seen.push(from);
    activity.heartbeat({ done: (from?.done ?? 0) + 10, at: new Date(0) });
    activity.heartbeat({ done: (from?.done ?? 0) + 20, at: new Date(0) });
    if (activity.info.attempt < 3) throw new Error('again');
  });
  const workflow = defineWorkflow('counts', (ctx) => ctx.runActivity(counting));
  const engine = await open({ workflows: [workflow], activities: [counting] });
  await engine.execute(workflow);
  expect(seen).toEqual([undefined, { done: 20, at: new Date(0) }, { done: 40, at: new Date(0) }]);
});

test('A18 details are kept through an attempt that records none', async () => {
  const seen: unknown[] = [];
  const once = defineActivity('once', (_: void, activity) => {
    seen.push(activity.lastHeartbeat());
    if (activity.info.attempt === 1) activity.heartbeat('kept');
    if (activity.info.attempt < 3) throw new Error('again');
  });
  const workflow = defineWorkflow('keeps', (ctx) => ctx.runActivity(once));
  const engine = await open({ workflows: [workflow], activities: [once] });
  await engine.execute(workflow);
  expect(seen).toEqual([undefined, 'kept', 'kept']);
});

/** A workflow around an activity that hangs, with the reins in the hands of the test. */
function reins() {
  const attempts: ActivityContext[] = [];
  const hanging = defineActivity(
    'hanging',
    { heartbeatTimeout: '10s', retry: { maximumAttempts: 1 } },
    (_: void, activity) => {
      attempts.push(activity);
      return untilAborted(activity.signal);
    },
  );
  const workflow = defineWorkflow('watched', async (ctx) => {
    try {
      await ctx.runActivity(hanging);
      return undefined;
    } catch (error) {
      if (!(error instanceof ActivityError)) throw error;
      return { kind: error.kind, timeout: error.timeout, attempt: error.attempt };
    }
  });
  return { attempts, hanging, workflow };
}

test('A18 without a heartbeat the attempt times out exactly when it is due, and that can be caught', async () => {
  const { workflow, hanging, attempts } = reins();
  const engine = await open({ workflows: [workflow], activities: [hanging] });
  const handle = await engine.start(workflow);
  await engine.advance(9_999);
  expect((await handle.describe()).status).toBe('running');
  expect(attempts[0]?.signal.aborted).toBe(false);
  await engine.advance(1);
  expect(codeOf(attempts[0]?.signal.reason)).toBe('activity_timeout');
  expect(await handle.result({ timeout: 0 })).toEqual({
    kind: 'timed_out',
    timeout: 'heartbeat',
    attempt: 1,
  });
});

test('A18 each heartbeat takes the time on', async () => {
  const { workflow, hanging, attempts } = reins();
  const engine = await open({ workflows: [workflow], activities: [hanging] });
  const handle = await engine.start(workflow);
  for (let i = 0; i < 4; i++) {
    await engine.advance('8s');
    attempts[0]?.heartbeat(i);
  }
  await engine.advance(9_999);
  expect((await handle.describe()).status).toBe('running');
  await engine.advance(1);
  expect(await handle.result({ timeout: 0 })).toMatchObject({ timeout: 'heartbeat' });
});

test('A18 a missed heartbeat is retried while attempts remain', async () => {
  const attempts: unknown[] = [];
  const stalling = defineActivity('stalling', { heartbeatTimeout: '10s' }, async (_: void, activity) => {
    attempts.push(activity.lastHeartbeat());
    activity.heartbeat(activity.info.attempt);
    return activity.info.attempt === 1 ? untilAborted(activity.signal) : 'done';
  });
  const workflow = defineWorkflow('stalls', (ctx) => ctx.runActivity(stalling));
  const engine = await open({ workflows: [workflow], activities: [stalling] });
  const handle = await engine.start(workflow);
  await engine.advance('11s');
  expect(await handle.result()).toBe('done');
  expect(attempts).toEqual([undefined, 1]);
});

test('B3 a description shows the last details and when they came', async () => {
  const { workflow, hanging, attempts } = reins();
  const engine = await open({ startAt: new Date(1_000_000), workflows: [workflow], activities: [hanging] });
  const handle = await engine.start(workflow);
  await engine.advance('3s');
  attempts[0]?.heartbeat({ percent: 10 });
  attempts[0]?.heartbeat({ percent: 20 });
  await engine.advance('5s');
  expect((await handle.describe()).pendingActivities).toMatchObject([
    { state: 'started', attempt: 1, lastHeartbeat: { percent: 20 }, lastHeartbeatAt: new Date(1_003_000) },
  ]);
});

test('A18 details survive a crash', async () => {
  const seen: unknown[] = [];
  const begun = gate<ActivityContext>();
  const working = defineActivity('working', (_: void, activity) => {
    seen.push(activity.lastHeartbeat());
    if (seen.length > 1) return 'done';
    activity.heartbeat({ page: 7 });
    begun.pass(activity);
    return untilAborted(activity.signal);
  });
  const workflow = defineWorkflow('works', (ctx) => ctx.runActivity(working));
  const engine = await open({ workflows: [workflow], activities: [working] });
  const handle = await engine.start(workflow);
  await begun.passed;
  await engine.advance(0);
  await engine.crash();
  expect(await handle.result()).toBe('done');
  expect(seen).toEqual([undefined, { page: 7 }]);
});

test('A18 a heartbeat of an attempt that must stop throws the reason', async () => {
  const caught = gate<unknown>();
  const begun = gate<ActivityContext>();
  const hanging = defineActivity('hanging', async (_: void, activity) => {
    begun.pass(activity);
    await untilAborted(activity.signal).catch(() => undefined);
    try {
      activity.heartbeat();
      caught.pass('nothing');
    } catch (error) {
      caught.pass(error);
    }
  });
  const workflow = defineWorkflow('stopped', (ctx) => ctx.runActivity(hanging));
  const engine = await open({ workflows: [workflow], activities: [hanging] });
  const handle = await engine.start(workflow);
  const activity = await begun.passed;
  await handle.cancel({ reason: 'enough' });
  expect(codeOf(await caught.passed)).toBe('activity_cancelled');
  expect(await caught.passed).toBe(activity.signal.reason);
  await expect(handle.result()).rejects.toBeInstanceOf(WorkflowCancelledError);
});

test('A18 a heartbeat after the activity has ended throws', async () => {
  let kept: ActivityContext | undefined;
  const quick = defineActivity('quick', (_: void, activity) => {
    kept = activity;
  });
  const workflow = defineWorkflow('quicks', (ctx) => ctx.runActivity(quick));
  const engine = await open({ workflows: [workflow], activities: [quick] });
  await engine.execute(workflow);
  expect(() => kept?.heartbeat(1)).toThrow();
});

test('A18 details that cannot be stored are refused where they are given', async () => {
  const bad = defineActivity('bad', { retry: { maximumAttempts: 1 } }, (_: void, activity) => {
    try {
      activity.heartbeat({ progress: { callback: () => 1 } });
      return 'accepted';
    } catch (error) {
      return codeOf(error);
    }
  });
  const workflow = defineWorkflow('bads', (ctx) => ctx.runActivity(bad));
  const engine = await open({ workflows: [workflow], activities: [bad] });
  expect(await engine.execute(workflow)).toBe('payload_invalid');
});

test('A18 a heartbeat whose codec is slow does not undo how the attempt ended', async () => {
  const [sealed, parked] = [gate(), gate()];
  const tokens: string[] = [];
  let beats = false;
  const codec: PayloadCodec = {
    id: 'slow',
    encode: async (bytes) => {
      if (beats) await sealed.passed;
      return bytes;
    },
    decode: (bytes) => bytes,
  };
  const left = defineActivity<void, unknown>('left', (_, { info, heartbeat, completeLater }) => {
    tokens.push(info.taskToken);
    beats = true;
    heartbeat('half');
    beats = false;
    return completeLater();
  });
  const workflow = defineWorkflow('leaves', (ctx) =>
    ctx.runActivity(left, undefined, { heartbeatTimeout: '1h' }),
  );
  const storage = bent(await openStorage(), {
    commit: async (call, batches) => {
      const results = await call(batches);
      const tasks = batches.flatMap(({ writes }) => writes.filter((write) => write.kind === 'put-task'));
      if (tasks.some(({ task }) => task.body.includes('"later"'))) parked.pass();
      return results;
    },
  });
  const engine = await open({ storage, workflows: [workflow], activities: [left], codecs: [codec] });
  const handle = await engine.start(workflow);
  await parked.passed;
  sealed.pass();
  await engine.runUntilIdle();
  await engine.crash();
  await engine.runUntilIdle();
  await engine.activities.complete(tokens[0] as string, 'done');
  expect(await handle.result()).toBe('done');
  expect(tokens).toHaveLength(1);
});
