import { defineActivity, defineWorkflow } from '@perdure/core';
import type { Storage } from '@perdure/core/storage';
import { createTestEngine } from '@perdure/testing';

/** A store in the middle of its life: runs of every standing, left behind by a worker that died. */
const silent = { debug: () => 0, info: () => 0, warn: () => 0, error: () => 0 };

let hanging = true;
const double = defineActivity('double', (n: number) => n * 2);
const slow = defineActivity('slow', { startToCloseTimeout: '1h' }, (n: number) =>
  hanging ? new Promise<number>(() => undefined) : n * 3,
);

const done = defineWorkflow('done', (ctx, n: number) => ctx.runActivity(double, n));
const waits = defineWorkflow('waits', async (ctx, before: unknown) => {
  ctx.setState({ waiting: true });
  ctx.upsertSearchAttributes({ city: 'Paris' });
  return [before, await ctx.runActivity(double, 1), await ctx.waitSignal('go')];
});
const sleeps = defineWorkflow('sleeps', async (ctx) => {
  await ctx.sleep('12h');
  return ctx.runActivity(double, 2);
});
const works = defineWorkflow('works', (ctx) => ctx.runActivity(slow, 5));
const parent = defineWorkflow('parent', async (ctx) => {
  const child = ctx.runChild(waits, 'child', { id: 'child' });
  return ['parent', await child];
});
const long = defineWorkflow('long', async (ctx) => {
  let sum = 0;
  for (let n = 0; n < 300; n++) sum += await ctx.runActivity(double, n);
  await ctx.waitSignal('go');
  return sum;
});

const code = {
  workflows: [done, waits, sleeps, works, parent, long],
  activities: [double, slow],
  logger: silent,
};

/** Fills an empty store, and leaves it as a crash would. */
export async function fillStore(storage: Storage): Promise<void> {
  const engine = await createTestEngine({ ...code, storage, startAt: new Date('2026-01-01T00:00:00Z') });
  for (let n = 0; n < 3; n++) await engine.execute(done, n, { id: `done-${n}` });
  await engine.start(waits, new Map([['a', new Date(1)]]), { id: 'waits', memo: { note: 'kept' } });
  await engine.start(sleeps, undefined, { id: 'sleeps' });
  await engine.start(parent, undefined, { id: 'parent' });
  await engine.start(long, undefined, { id: 'long' });
  await engine.start(works, undefined, { id: 'works' });
  await engine.activities.start(slow, 7, { id: 'alone' });
  await engine.runUntilIdle();
  await engine.handle('long').signal('go', undefined, { id: 'once' });
  await engine.runUntilIdle();
  await engine.start(done, 9, { id: 'delayed', startDelay: '1d' });
  await engine.crash({ keepLeases: true });
  await engine.close({ grace: 0 });
}

/** Opens it with the code of today, and brings every run to its end; resolves to what they came to. */
export async function finishStore(storage: Storage): Promise<Readonly<Record<string, unknown>>> {
  hanging = false;
  const engine = await createTestEngine({ ...code, storage, startAt: new Date('2026-01-01T06:00:00Z') });
  try {
    const listed = await engine.count({ query: "city = 'Paris'" });
    const { memo, state } = await engine.handle('waits').describe();
    for (const id of ['waits', 'child']) await engine.handle(id).signal('go', `to ${id}`, { id: 'go' });
    await engine.handle('done-0').archive();
    const results: Record<string, unknown> = { listed, memo, state };
    for (const id of ['done-0', 'waits', 'sleeps', 'works', 'parent', 'long', 'delayed'])
      results[id] = await engine.handle(id).result();
    results['alone'] = await engine.activities.handle('alone').result();
    results['new'] = await engine.execute(done, 11, { id: 'new' });
    return results;
  } finally {
    await engine.close({ grace: 0 });
  }
}

/** What they come to. */
export const finished = {
  listed: 2,
  memo: { note: 'kept' },
  state: { waiting: true },
  'done-0': 0,
  waits: [new Map([['a', new Date(1)]]), 2, 'to waits'],
  sleeps: 4,
  works: 15,
  parent: ['parent', ['child', 2, 'to child']],
  long: 89_700,
  delayed: 18,
  alone: 21,
  new: 22,
};
