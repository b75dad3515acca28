import { openStorage } from '#storage';
import {
  defineActivity,
  defineWorkflow,
  PayloadError,
  replay,
  WorkflowFailedError,
  type ActivityError,
  type PayloadCodec,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { clientOf, open, rejection } from './kit.js';

/** Encrypts with AES-GCM: asynchronous, and other bytes each time. */
async function encrypting(id: string): Promise<PayloadCodec> {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ]);
  return {
    id,
    encode: async (bytes) => {
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const sealed = new Uint8Array(
        await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new Uint8Array(bytes)),
      );
      const whole = new Uint8Array(12 + sealed.length);
      whole.set(iv);
      whole.set(sealed, 12);
      return whole;
    },
    decode: async (bytes) => {
      const whole = new Uint8Array(bytes);
      return new Uint8Array(
        await crypto.subtle.decrypt({ name: 'AES-GCM', iv: whole.slice(0, 12) }, key, whole.slice(12)),
      );
    },
  };
}

const secret = 'TOPSECRET';
const flaky = defineActivity('flaky', { retry: { initialInterval: '1s' } }, (value: string, activity) => {
  const last = activity.lastHeartbeat<string>();
  activity.heartbeat(`${value} beat`);
  if (activity.info.attempt === 1) throw Object.assign(new Error('again'), { details: `${secret} details` });
  return { value, last };
});
const workflow = defineWorkflow('guarded', async (ctx, input: string) => {
  ctx.onQuery('state', () => `${secret} answer`);
  ctx.setState({ input });
  const result = await ctx.runActivity(flaky, input);
  const signal = (await ctx.waitSignal('go')) as unknown;
  const effect = ctx.sideEffect(() => `${secret} effect`);
  return { ...result, signal, effect, step: await ctx.step('s', () => `${secret} step`) };
});
const options = { workflows: [workflow], activities: [flaky] };

test('B29 values pass through an asynchronous codec both ways, everywhere', async () => {
  const codec = await encrypting('k1');
  const storage = await openStorage();
  const engine = await open({ storage, codecs: [codec], ...options });
  const handle = await engine.start(workflow, secret, { memo: { secret } });
  await engine.advance('2s');
  expect(await handle.describe()).toMatchObject({
    status: 'waiting',
    input: secret,
    state: { input: secret },
    memo: { secret },
  });
  await engine.crash();
  await handle.signal('go', `${secret} signal`);
  const output = {
    value: secret,
    last: `${secret} beat`,
    signal: `${secret} signal`,
    effect: `${secret} effect`,
    step: `${secret} step`,
  };
  expect(await handle.result()).toEqual(output);
  expect(await handle.query('state')).toBe(`${secret} answer`);
  expect((await handle.describe()).output).toEqual(output);
  const client = await clientOf(engine, storage, { codecs: [codec] });
  expect(await client.handle(workflow, handle.workflowId).query('state')).toBe(`${secret} answer`);
  expect(await replay([workflow], await handle.exportHistory())).toMatchObject({
    status: 'completed',
    output,
  });
});

test('B29 without the key nothing can be read, and the error names the codec', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, codecs: [await encrypting('k1')], ...options });
  const { workflowId } = await engine.start(workflow, secret, { memo: { secret } });
  const client = await clientOf(engine, storage);
  const error = await rejection(PayloadError, client.handle(workflowId).describe());
  expect(error.message).toContain('k1');
  expect(error.message).not.toContain(secret);
});

test('B29 a run that cannot be read is listed with what can, and hides no other', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, codecs: [await encrypting('k1')], ...options });
  const { workflowId } = await engine.start(workflow, secret, { memo: { secret } });
  await engine.close();
  const plain = await open({ storage, startAt: engine.now, ...options });
  const other = await plain.start(workflow, 'open');
  const { items } = await plain.list();
  const found = Object.fromEntries(items.map((item) => [item.workflowId, item]));
  expect(found[other.workflowId]).toMatchObject({ input: 'open' });
  expect(found[other.workflowId]?.unreadable).toBeUndefined();
  expect(found[workflowId]).toMatchObject({ workflowId, workflowType: workflow.name, memo: {} });
  expect(found[workflowId]?.unreadable).toContain('k1');
  expect(JSON.stringify(found[workflowId])).not.toContain(secret);
  const iterated: string[] = [];
  for await (const item of plain.iterate()) iterated.push(item.workflowId);
  expect(iterated.sort()).toEqual([other.workflowId, workflowId].sort());
  const [run] = await plain.handle(workflowId).runs();
  expect(run?.unreadable).toContain('k1');
  for await (const live of plain.list$()) {
    expect(live).toHaveLength(2);
    break;
  }
});

test('B29 keys rotate: the last codec writes, all of them read', async () => {
  const [k1, k2] = [await encrypting('k1'), await encrypting('k2')];
  const storage = await openStorage();
  const first = await open({ storage, codecs: [k1], ...options });
  const { workflowId } = await first.start(workflow, 'old');
  await first.advance('2s');
  await first.close();
  const second = await open({ storage, startAt: first.now, codecs: [k1, k2], ...options });
  const handle = second.handle(workflow, workflowId);
  await handle.signal('go', 'new');
  expect(await handle.result()).toMatchObject({ value: 'old', signal: 'new' });
  const fresh = await second.start(workflow, 'fresh');
  await second.close();
  const third = await open({ storage, startAt: second.now, codecs: [k2], ...options });
  expect((await third.handle(fresh.workflowId).describe()).input).toBe('fresh');
  await rejection(PayloadError, third.handle(workflowId).describe());
});

test('B29 a run whose values cannot be read is blocked, not failed, and goes on with the key', async () => {
  const [k1, k2] = [await encrypting('k1'), await encrypting('k2')];
  const storage = await openStorage();
  const first = await open({ storage, codecs: [k1], ...options });
  const { workflowId } = await first.start(workflow, 'kept');
  await first.advance('2s');
  await first.close();
  const second = await open({ storage, startAt: first.now, codecs: [k2], ...options });
  await second.handle(workflowId).signal('go', 'new');
  await second.advance('5s');
  await second.close();
  const third = await open({
    storage,
    startAt: second.now,
    buildId: 'with-key',
    codecs: [k1, k2],
    ...options,
  });
  expect(await third.handle(workflowId).result()).toMatchObject({ value: 'kept', signal: 'new' });
});

test('B29 details of failures are sealed too', async () => {
  const failing = defineActivity('failing', { retry: { maximumAttempts: 1 } }, () => {
    throw Object.assign(new Error('no'), { details: { card: secret } });
  });
  const fails = defineWorkflow('fails', (ctx) => ctx.runActivity(failing));
  const engine = await open({ codecs: [await encrypting('k1')], workflows: [fails], activities: [failing] });
  const error = await rejection(WorkflowFailedError, engine.execute(fails));
  expect(error.failure.cause?.details).toEqual({ card: secret });
  const rebuilt = (error.cause as ActivityError).cause as Error & { details: unknown };
  expect(rebuilt.details).toEqual({ card: secret });
});

test('B29 a codec that fails refuses the start', async () => {
  const broken: PayloadCodec = {
    id: 'broken',
    encode: () => Promise.reject(new Error('no key')),
    decode: (bytes) => bytes,
  };
  const engine = await open({ codecs: [broken], ...options });
  const error = await rejection(PayloadError, engine.start(workflow, secret));
  expect(error.message).toContain('no key');
});

test('B29 a client without the codec is told its name', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, codecs: [await encrypting('k1')], ...options });
  const { workflowId } = await engine.start(workflow, secret);
  const client = await clientOf(engine, storage);
  const error = await rejection(PayloadError, client.handle(workflowId).describe());
  expect(error.message).toContain("'k1'");
});
