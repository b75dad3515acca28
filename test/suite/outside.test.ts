import { openStorage } from '#storage';
import { createClient, createEngine, defineActivity, defineWorkflow } from '@perdure/core';
import { expect, test } from 'vitest';

/** An engine and a client that share nothing but the store, on the real clock. */
const long = defineActivity(
  'long',
  (_: void, { signal }) =>
    new Promise<void>((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    }),
);
const working = defineWorkflow('working', async (ctx) => {
  const heard: unknown[] = [];
  ctx.onSignal('note', (note: unknown) => {
    heard.push(note);
    ctx.setState(heard);
  });
  await ctx.runActivity(long);
});

async function apart() {
  const storage = await openStorage();
  const engine = await createEngine({ storage, workflows: [working], activities: [long] });
  const client = await createClient({ storage });
  const handle = await client.start(working);
  await expect.poll(async () => (await handle.describe()).pendingActivities.length).toBe(1);
  return {
    engine,
    client,
    handle,
    end: async () => {
      await client.close();
      await engine.close({ grace: 0 });
    },
  };
}

test('F11 a cancel from another client reaches a run whose activity is under way', async () => {
  const { handle, end } = await apart();
  await handle.cancel({ reason: 'enough' });
  await expect(handle.result({ timeout: '5s' })).rejects.toMatchObject({ code: 'workflow_cancelled' });
  await end();
});

test('F11 a terminate from another client stops the activity under way', async () => {
  const { engine, handle, end } = await apart();
  await handle.terminate('now');
  await expect(handle.result({ timeout: '5s' })).rejects.toMatchObject({ code: 'workflow_terminated' });
  // Nothing is left running: the engine drains at once.
  await engine.worker.drain();
  await end();
});

test('G3 a signal from another client is seen while an activity is under way', async () => {
  const { handle, end } = await apart();
  await handle.signal('note', 'hello');
  await expect.poll(async () => (await handle.describe()).state, { timeout: 5_000 }).toEqual(['hello']);
  await handle.terminate();
  await end();
});
