import { openStorage } from '#storage';
import { defineWorkflow, StorageError } from '@perdure/core';
import { expect, test } from 'vitest';
import { bent } from './bent-storage.js';
import { logBook, open, rejection } from './kit.js';

const waiting = defineWorkflow('waiting', async (ctx) => {
  await ctx.waitSignal('never');
});

test('B6 a run that is damaged in the store hides no other from a list', async () => {
  const damage = <R extends { readonly workflowId: string }>(run: R): R =>
    run.workflowId === 'damaged' ? { ...run, attributes: 'zzz' } : run;
  const storage = bent(await openStorage(), {
    listRuns: async (list, ...query) => (await list(...query)).map(damage),
    readRun: async (read, runId) => {
      const run = await read(runId);
      return run && damage(run);
    },
  });
  const logger = logBook();
  const engine = await open({ storage, workflows: [waiting], logger });
  for (const id of ['damaged', 'fine']) await engine.start(waiting, undefined, { id });
  await engine.runUntilIdle();
  const { items } = await engine.list();
  expect(items.map(({ workflowId }) => workflowId)).toEqual(['fine']);
  expect(logger.lines).toContainEqual(
    expect.objectContaining({ level: 'error', fields: expect.objectContaining({ workflowId: 'damaged' }) }),
  );
  expect((await rejection(StorageError, engine.handle('damaged').describe())).code).toBe('storage_corrupt');
});

test('B6 a run whose history is gone is blocked with what is wrong and what to do', async () => {
  const storage = await openStorage();
  const first = await open({ storage, workflows: [waiting] });
  await first.start(waiting, undefined, { id: 'w' });
  await first.runUntilIdle();
  await first.close();
  const damaged = bent(storage, {
    loadRuns: async (load, requests) =>
      (await load(requests)).map((loaded) => loaded && { ...loaded, events: [] }),
  });
  const second = await open({ storage: damaged, startAt: first.now, workflows: [waiting] });
  await second.handle('w').signal('never');
  await second.runUntilIdle();
  const { blocked } = await second.handle('w').describe();
  expect(blocked?.code).toBe('storage_corrupt');
  expect(blocked?.message).toContain('backup');
});
