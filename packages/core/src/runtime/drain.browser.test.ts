import { expect, test } from 'vitest';
import { chooseDrain, portDrain } from './drain.js';
import { drainCases } from './drain-cases.testkit.js';
import { hostPlatform, type Platform } from './platform.js';

const newChannel = hostPlatform.newChannel as NonNullable<Platform['newChannel']>;

test.each(Object.entries(drainCases))('in a window: %s', async (_case, run) => {
  await run(portDrain(hostPlatform, newChannel));
  await run(await chooseDrain(hostPlatform));
});

test('in a worker', async () => {
  const worker = new Worker(new URL('./drain.worker.testkit.ts', import.meta.url), { type: 'module' });
  const answer = await new Promise<{ failures: string[]; ran: number }>((resolve, reject) => {
    worker.addEventListener('message', (event: MessageEvent<{ failures: string[]; ran: number }>) => {
      resolve(event.data);
    });
    worker.addEventListener('error', (event) => {
      reject(new Error(event.message));
    });
  });
  worker.terminate();
  expect(answer).toEqual({ failures: [], ran: Object.keys(drainCases).length });
});
