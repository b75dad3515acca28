import { expect, test } from 'vitest';
import { chooseDrain } from './drain.js';
import { drainCases } from './drain-cases.testkit.js';
import { hostPlatform } from './platform.js';

test('there is a window here', () => {
  expect(typeof document).toBe('object');
});

test.each(Object.entries(drainCases))('%s', async (_case, run) => {
  await run(await chooseDrain(hostPlatform));
});

test.each(Object.entries(drainCases))('without ticks: %s', async (_case, run) => {
  await run(await chooseDrain({ ...hostPlatform, nextTick: undefined }));
});
