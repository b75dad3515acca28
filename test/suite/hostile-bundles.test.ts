import { openStorage } from '#storage';
import {
  defineActivity,
  defineWorkflow,
  query,
  replay,
  signal,
  update,
  verify,
  type HistoryBundle,
} from '@perdure/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changed, changes, coded, expectNoPollution, tries } from './fuzz.js';
import { clientOf, open } from './kit.js';

const charge = defineActivity('charge', { retry: { maximumAttempts: 1 } }, (amount: number) => {
  if (amount < 0) throw Object.assign(new Error('no'), { at: new Date(0), amounts: new Map([[1, -0]]) });
  return { amount, at: new Date(5), more: [undefined, 1n] };
});
const inner = defineWorkflow('inner', async (ctx, value: unknown) => ctx.sleep('1s').then(() => value));
const messages = { go: signal<unknown>(), set: update<number, number>(), ask: query<unknown>() };
/** Leaves events of most kinds. */
const order = defineWorkflow('order', { messages }, async (ctx, amount: number) => {
  let sum = amount;
  ctx.onUpdate('set', (value) => (sum += value));
  ctx.onQuery('ask', () => sum);
  const paid = await ctx.runActivity(charge, amount);
  const failed = await ctx.runActivity(charge, -1).catch((error: unknown) => (error as Error).message);
  const child = await ctx.runChild(inner, paid, { memo: { m: 1 } });
  if (ctx.patched('change')) sum += ctx.sideEffect(() => 1);
  ctx.upsertMemo({ sum });
  ctx.upsertSearchAttributes({ sum, tags: ['a'] });
  ctx.setState({ sum, child });
  await ctx
    .external('nobody')
    .signal('x', paid)
    .catch(() => undefined);
  await ctx.race({ time: ctx.sleep('1d'), go: ctx.waitSignal('go') });
  await ctx.waitCondition(() => sum > 10, { timeout: '1h' });
  return { failed, sum, random: ctx.random() };
});
const workflows = [order, inner];
const activities = [charge];

/** The history of a run that has ended, and of one that has not. */
async function recorded(): Promise<readonly [HistoryBundle, HistoryBundle]> {
  const engine = await open({ startAt: new Date(1_000), workflows, activities });
  const bundles: HistoryBundle[] = [];
  for (const id of ['closed', 'open']) {
    const options = { id, memo: { a: 1 }, searchAttributes: { city: 'Oslo' }, retry: { maximumAttempts: 2 } };
    const handle = await engine.start(order, 5, { ...options, executionTimeout: '30d' });
    await engine.advance('1m');
    if (id === 'closed') {
      await handle.signal('go', new Set([1]));
      await handle.update('set', 20);
      await handle.result();
    }
    bundles.push(JSON.parse(JSON.stringify(await handle.exportHistory())) as HistoryBundle);
  }
  return bundles as unknown as readonly [HistoryBundle, HistoryBundle];
}

/** The digest that belongs to what the bundle holds now: whoever can change a bundle can do this too. */
async function signed(bundle: HistoryBundle): Promise<HistoryBundle> {
  const { format, version, workflow, events } = bundle;
  const bytes = new TextEncoder().encode(canonical({ format, version, workflow, events }));
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return {
    ...bundle,
    digest: `sha256:${[...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`,
  };
}
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const record = value as Readonly<Record<string, unknown>>;
  const fields = Object.keys(record)
    .sort()
    .filter((name) => record[name] !== undefined);
  return `{${fields.map((name) => `${JSON.stringify(name)}:${canonical(record[name])}`).join()}}`;
}

/** The same history under ids of its own. */
function named({ workflow, ...rest }: HistoryBundle, id: string): HistoryBundle {
  const text = JSON.stringify({ workflow, ...rest });
  const renamed = text
    .replaceAll(workflow.runId, `run-${id}`)
    .replaceAll(`"${workflow.workflowId}"`, `"${id}"`);
  return JSON.parse(renamed) as HistoryBundle;
}

const way = fc.constantFrom('as it is', 'as a copy', 'by a client');
const which = fc.constantFrom<0 | 1>(0, 1);

test('E8 the digest of these tests is that of the library', async () => {
  for (const bundle of await recorded()) expect(await signed(bundle)).toEqual(bundle);
});

test('E8 a list of events with a hole, which a digest over JSON does not show, is refused', async () => {
  const [bundle] = await recorded();
  const events = bundle.events.filter((_, i) => i !== 3);
  events.length += 1;
  const engine = await open({ workflows, activities });
  for (const spoilt of [
    await signed({ ...bundle, events }),
    await signed({ ...bundle, events: new Array(3) }),
  ]) {
    expect(await coded(replay(workflows, spoilt))).toEqual({ code: 'invalid_argument' });
    expect(await coded(engine.importHistory(spoilt))).toEqual({ code: 'invalid_argument' });
  }
  expect(await engine.count({ allRuns: true })).toBe(0);
});

test('E8 E12 a bundle that was changed anywhere is replayed, or refused with a code', async () => {
  const bundles = await recorded();
  await fc.assert(
    fc.asyncProperty(which, changes, async (one, made) => {
      const bundle = await signed(changed(bundles[one], made));
      await coded(replay(workflows, bundle));
      const { replayed, failed } = await verify(workflows, [bundle]);
      expect(replayed).toBe(1);
      for (const { error } of failed) await coded(Promise.reject(error));
      expectNoPollution();
    }),
    tries(300),
  );
});

test('E9 a bundle that was changed anywhere comes in, or is refused with a code and leaves nothing behind', async () => {
  const bundles = await recorded();
  const storage = await openStorage();
  const engine = await open({
    storage,
    startAt: new Date(1_000_000),
    workflows,
    activities,
    taskQueues: ['default', 'q'],
  });
  const client = await clientOf(engine, storage);
  let tried = 0;
  await fc.assert(
    fc.asyncProperty(which, changes, way, async (one, made, how) => {
      const fresh = named(bundles[one], `try-${(tried += 1)}`);
      const bundle = await signed(changed(fresh, made));
      const before = await client.count({ allRuns: true });
      // A client has no code: what it takes in nobody has replayed.
      const by = how === 'by a client' ? client : engine;
      const options = { takeOver: true, ...(how === 'as a copy' && { id: `copy-${tried}` }) };
      const taken = await coded(by.importHistory(bundle, options));
      expectNoPollution();
      expect(await client.count({ allRuns: true })).toBe(before + ('value' in taken ? 1 : 0));
      if ('code' in taken) {
        // Its ids are as free as they were.
        if (how === 'as it is') await engine.importHistory(await signed(fresh), { takeOver: true });
        return;
      }
      const handle = engine.handle(taken.value.workflowId, taken.value.runId);
      await engine.runUntilIdle();
      await coded(handle.describe());
      await coded(handle.query('ask'));
      const exported = await coded(handle.exportHistory());
      if ('value' in exported) await coded(replay(workflows, exported.value));
      await coded(handle.signal('go', 1));
      await engine.runUntilIdle();
      await coded(handle.terminate());
      await engine.runUntilIdle();
    }),
    tries(60),
  );
  // The engine is as it was: lists can be read, and what nobody has changed comes in and goes on.
  const { items } = await engine.list({ allRuns: true, pageSize: 1_000 });
  expect(items.length).toBe(Math.min(1_000, await engine.count({ allRuns: true })));
  const sound = await engine.importHistory(await signed(named(bundles[1], 'sound')), { takeOver: true });
  await sound.signal('go', 1);
  await sound.update('set', 20);
  expect(await sound.result()).toMatchObject({ sum: 26 });
});
