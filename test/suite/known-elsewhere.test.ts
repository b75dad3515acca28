import { openStorage } from '#storage';
import {
  InvalidArgumentError,
  NondeterminismError,
  defineActivity,
  defineWorkflow,
  replay,
  signal,
  verify,
  type HistoryBundle,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { bent } from './bent-storage.js';
import { eventTypes, open, rejection } from './kit.js';

test('C17 a step is the local activity: it runs where its run is, and its end and the next step are one commit', async () => {
  let commits = 0;
  const storage = bent(await openStorage(), {
    commit: (call, batches) => {
      commits += batches.length;
      return call(batches);
    },
  });
  const local = defineWorkflow('local', async (ctx) => {
    const ran: unknown[] = [];
    for (let i = 0; i < 5; i++) await ctx.step(`part ${i}`, ({ info }) => void ran.push(info.activityType));
    return ran.length;
  });
  const engine = await open({ storage, workflows: [local] });
  await engine.runUntilIdle();
  commits = 0;
  const handle = await engine.start(local);
  await handle.result();
  expect(commits).toBe(6);
  const scheduled = (await eventTypes(handle)).filter((type) => type === 'ActivityScheduled');
  expect(scheduled).toHaveLength(5);
});

test('C17 a queue of the host’s own is the worker session: what one host prepared, the same host uses', async () => {
  const storage = await openStorage();
  const download = defineActivity('download', async (_: void, { info }) => info.taskQueue);
  const transcode = defineActivity<string, string>(
    'transcode',
    async (file, { info }) => `${file} on ${info.taskQueue}`,
  );
  const processing = defineWorkflow('processing', { messages: { go: signal() } }, async (ctx) => {
    const host = await ctx.step('choose a host', () => 'host-a');
    const file = await ctx.runActivity(download, undefined, { taskQueue: host });
    await ctx.waitSignal('go');
    return ctx
      .runActivity(transcode, file, {
        taskQueue: host,
        scheduleToStartTimeout: '1m',
        retry: { maximumAttempts: 1 },
      })
      .catch((error: unknown) => (error as Error & { code: string }).code);
  });
  const options = { storage, workflows: [processing], activities: [download, transcode] };
  const [first] = [await open({ ...options, taskQueues: ['default', 'host-a'] })];
  const done = await first.start(processing);
  await done.signal('go');
  expect(await done.result()).toBe('host-a on host-a');
  const lost = await first.start(processing);
  await first.runUntilIdle();
  await first.close({ grace: 0 });
  const other = await open({ ...options, taskQueues: ['default', 'host-b'], startAt: first.now });
  await other.handle(lost.workflowId).signal('go');
  await other.runUntilIdle();
  await other.advance('1m');
  // The host is gone: the workflow is told, and can begin again on another.
  expect(await other.handle(lost.workflowId).result()).toBe('activity_timeout');
});

const first = defineActivity('first', async (n: number) => n);
const second = defineActivity('second', async (n: number) => n);
const counting = defineWorkflow('counting', async (ctx) => {
  const one = await ctx.runActivity(first, 1);
  return one + (await ctx.runActivity(second, 2));
});

async function exported(): Promise<HistoryBundle> {
  const engine = await open({ workflows: [counting], activities: [first, second] });
  const handle = await engine.start(counting, undefined, { id: 'counted' });
  await handle.result();
  return handle.exportHistory();
}

test('C17 a bundle is signed by its digest: nothing in it changes without one of the two telling', async () => {
  const bundle = JSON.parse(JSON.stringify(await exported())) as HistoryBundle;
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', new Uint8Array(32), hmac, false, ['sign', 'verify']);
  const textOf = ({ digest }: HistoryBundle) => new TextEncoder().encode(digest);
  const signature = await crypto.subtle.sign('HMAC', key, textOf(bundle));
  const signed = (one: HistoryBundle) => crypto.subtle.verify('HMAC', key, signature, textOf(one));
  expect(await signed(JSON.parse(JSON.stringify(bundle)) as HistoryBundle)).toBe(true);
  const [started, ...rest] = bundle.events as Record<string, unknown>[];
  const edited: HistoryBundle = { ...bundle, events: [{ ...started, workflowId: 'another' }, ...rest] };
  const error = await rejection(InvalidArgumentError, replay([counting], edited));
  expect(error.issues[0]?.path).toBe('digest');
  // Who makes the digest fit has no key for it.
  const engine = await open({ workflows: [counting], activities: [first, second] });
  const other = await engine.start(counting, undefined, { id: 'another' });
  await other.result();
  expect(await signed(await other.exportHistory())).toBe(false);
});

test('C17 the difference between a history and what today’s code does is told command by command', async () => {
  const bundle = await exported();
  const swapped = defineWorkflow('counting', async (ctx) => {
    const two = await ctx.runActivity(second, 2);
    return two + (await ctx.runActivity(first, 1));
  });
  const { replayed, failed } = await verify([swapped], [bundle]);
  expect([replayed, failed.length]).toEqual([1, 1]);
  const { error, workflowId } = failed[0]!;
  expect(workflowId).toBe('counted');
  expect(error).toBeInstanceOf(NondeterminismError);
  expect((error as { details?: unknown }).details).toMatchObject({
    seq: 2,
    expected: { type: 'ActivityScheduled', name: 'first' },
    produced: { type: 'ActivityScheduled', name: 'second' },
  });
  expect(error.message).toContain('first');
  expect(error.message).toContain('second');
});

test('C17 runs at rest stay in memory up to a number, the least recently used go first', async () => {
  let replays = 0;
  const storage = bent(await openStorage(), {
    loadRuns: (call, requests) => {
      replays += requests.filter(({ afterSeq }) => afterSeq === 0).length;
      return call(requests);
    },
  });
  const waiting = defineWorkflow('waiting', { messages: { go: signal() } }, async (ctx) => {
    await ctx.waitSignal('go');
    await ctx.waitSignal('go');
  });
  const engine = await open({
    storage,
    workflows: [waiting],
    maxCachedWorkflows: 2,
    alwaysEvict: false,
    shadowReplay: false,
  });
  for (const id of ['a', 'b', 'c']) await engine.start(waiting, undefined, { id });
  await engine.runUntilIdle();
  replays = 0;
  await engine.handle('c').signal('go');
  await engine.runUntilIdle();
  expect(replays).toBe(0);
  await engine.handle('a').signal('go');
  await engine.runUntilIdle();
  expect(replays).toBe(1);
});
