import { openStorage } from '#storage';
import { defineActivity, defineWorkflow, InvalidArgumentError } from '@perdure/core';
import { expect, test } from 'vitest';
import { gate, open } from './kit.js';

const send = defineActivity('send', { requires: 'online' }, (text: string) => `sent ${text}`);
const note = defineActivity('note', (text: string) => `noted ${text}`);
const activities = [send, note];

const mailing = defineWorkflow('mailing', async (ctx) => {
  const sent = ctx.runActivity(send, 'a');
  ctx.setState(await ctx.runActivity(note, 'a'));
  return sent;
});

test('E3 an activity that requires a network waits for one, others do not, and it begins as soon as there is one', async () => {
  const engine = await open({ workflows: [mailing], activities });
  engine.setOnline(false);
  const handle = await engine.start(mailing);
  await engine.advance('1d');
  expect(await handle.describe()).toMatchObject({
    status: 'running',
    state: 'noted a',
    pendingActivities: [{ activityType: 'send', state: 'scheduled', attempt: 0 }],
  });
  engine.setOnline(true);
  await engine.runUntilIdle();
  expect(await handle.describe()).toMatchObject({ status: 'completed', output: 'sent a' });
});

test('E3 a call can ask for a network, or a step, and both survive a crash while they wait', async () => {
  const workflow = defineWorkflow('calls', (ctx) =>
    ctx.all([
      ctx.runActivity(note, 'b', { requires: 'online' }),
      ctx.step('look', () => 'seen', { requires: 'online' }),
    ]),
  );
  const engine = await open({ workflows: [workflow], activities });
  engine.setOnline(false);
  const handle = await engine.start(workflow);
  await engine.advance('1h');
  await engine.crash();
  await engine.advance('1h');
  expect((await handle.describe()).pendingActivities).toMatchObject([{ attempt: 0 }, { attempt: 0 }]);
  engine.setOnline(true);
  expect(await handle.result()).toEqual(['noted b', 'seen']);
});

test('E3 an attempt that failed for want of a network is tried again only with one', async () => {
  const begun = gate();
  const flaky = defineActivity(
    'flaky',
    { requires: 'online', retry: { initialInterval: '1m' } },
    (_: void, { info }) => {
      begun.pass();
      if (info.attempt === 1) throw new Error('the network went away');
      return info.attempt;
    },
  );
  const workflow = defineWorkflow('retrying', (ctx) => ctx.runActivity(flaky));
  const engine = await open({ workflows: [workflow], activities: [flaky] });
  const handle = await engine.start(workflow);
  await begun.passed;
  await engine.runUntilIdle();
  engine.setOnline(false);
  await engine.advance('1h');
  expect((await handle.describe()).pendingActivities).toMatchObject([{ attempt: 1 }]);
  engine.setOnline(true);
  expect(await handle.result()).toBe(2);
});

test('E3 another worker that has a network takes it; the wait for one counts as a wait in the queue', async () => {
  const storage = await openStorage();
  const startAt = new Date(1_000_000);
  const offline = await open({ storage, startAt, workflows: [mailing], activities });
  offline.setOnline(false);
  const handle = await offline.start(mailing);
  await offline.runUntilIdle();
  const online = await open({ storage, startAt, activities });
  for (let round = 0; round < 3; round++) {
    await online.advance('2s');
    await offline.advance('2s');
  }
  expect(await handle.result()).toBe('sent a');

  const impatient = defineWorkflow('impatient', (ctx) =>
    ctx.runActivity(send, 'late', { scheduleToCloseTimeout: '1m' }),
  );
  const alone = await open({ workflows: [impatient], activities });
  alone.setOnline(false);
  const late = await alone.start(impatient);
  await alone.advance('2m');
  expect(await late.describe()).toMatchObject({ status: 'failed', failure: { code: 'activity_timeout' } });
});

test('E3 nothing else can be required', async () => {
  expect(() => defineActivity('x', { requires: 'power' as 'online' }, () => 1)).toThrow(InvalidArgumentError);
  const workflow = defineWorkflow('w', async (ctx) => {
    try {
      await ctx.runActivity(note, 'c', { requires: 'power' as 'online' });
    } catch (error) {
      return (error as InvalidArgumentError).issues[0]?.path;
    }
    return 'taken';
  });
  const engine = await open({ workflows: [workflow], activities });
  expect(await engine.execute(workflow)).toBe('requires');
});
