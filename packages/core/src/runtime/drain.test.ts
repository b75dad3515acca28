import { describe, expect, test } from 'vitest';
import { chooseDrain, hopDrain, portDrain, tickDrain } from './drain.js';
import { drainCases } from './drain-cases.testkit.js';
import { hostPlatform, type Platform } from './platform.js';

const nextTick = hostPlatform.nextTick as NonNullable<Platform['nextTick']>;
const newChannel = hostPlatform.newChannel as NonNullable<Platform['newChannel']>;

describe.each([
  ['ticks', tickDrain(hostPlatform, nextTick)],
  ['hops', hopDrain(hostPlatform)],
])('%s', (_name, drain) => {
  test.each(Object.entries(drainCases))('%s', async (_case, run) => {
    await run(drain);
  });
});

test('a drain that is not exact is not chosen', async () => {
  const early = {
    ...hostPlatform,
    nextTick: (callback: () => void) => {
      queueMicrotask(callback);
    },
    newChannel: undefined,
  };
  const drain = await chooseDrain(early);
  for (const run of Object.values(drainCases)) await run(drain);
});

test('a host that never calls back is not chosen', async () => {
  const mute = { ...hostPlatform, nextTick: () => undefined, newChannel: undefined };
  const drain = await chooseDrain(mute);
  let steps = 0;
  await drain(() => ++steps < 3);
  expect(steps).toBe(3);
});

test('where listeners are not followed by a checkpoint the probe says so', async () => {
  const drain = await chooseDrain({ ...hostPlatform, nextTick: undefined, newChannel });
  for (const run of Object.values(drainCases)) await run(drain);
  expect(portDrain).toBeTypeOf('function');
});
