import { defineActivity, defineWorkflow } from '@perdure/core';
import type { GoldenCase, Cases } from '../golden-case.js';

const double = defineActivity('double', (n: number) => n * 2);

const sides = defineWorkflow('sides', async (ctx) => {
  let thrown: unknown;
  const value = ctx.sideEffect(() => ({ at: new Date(5), ids: new Set([1, 2]) }));
  try {
    ctx.sideEffect(() => {
      throw new TypeError('a side effect');
    });
  } catch (error) {
    thrown = (error as Error).message;
  }
  await ctx.sleep(1);
  return [value, thrown];
});
const chance = defineWorkflow('chance', async (ctx) => {
  const drawn = [ctx.random(), ctx.uuid4(), ctx.uuid7()];
  await ctx.sleep(1);
  drawn.push(ctx.random());
  await ctx.runActivity(double, Math.floor(ctx.random() * 1_000));
  await ctx.step(ctx.uuid4(), () => undefined);
  return drawn.length;
});
const publishes = defineWorkflow('publishes', async (ctx) => {
  ctx.setState({ progress: 1 });
  ctx.upsertSearchAttributes({ city: 'Paris', n: 1, due: new Date(9), tags: ['a', 'b'], flag: true });
  ctx.upsertMemo({ note: new Map([['k', 'v']]), gone: 1 });
  await ctx.sleep(1);
  ctx.upsertSearchAttributes({ city: null, n: 2 });
  ctx.upsertMemo({ gone: null });
  ctx.log.info('done', { progress: 2 });
  return ctx.info.historyLength > 0;
});

const versioned = (): Pick<GoldenCase, 'workflows' | 'activities'> => ({
  workflows: [
    defineWorkflow('versioned', async (ctx) => {
      const version = ctx.getVersion('change', 1, 3);
      await ctx.runActivity(double, version);
      return [version, ctx.getVersion('change', 1, 3)];
    }),
  ],
  activities: [double],
});
const newWay = defineWorkflow('patched', async (ctx) => {
  const patched = ctx.patched('tax');
  await ctx.runActivity(double, patched ? 2 : 1);
  return patched;
});
const deprecated = defineWorkflow('patched', async (ctx) => {
  ctx.deprecatePatch('tax');
  await ctx.runActivity(double, 2);
  return true;
});
const deprecates = defineWorkflow('deprecates', async (ctx) => {
  ctx.deprecatePatch('old');
  await ctx.sleep(1);
  return 'done';
});
const forgets = defineWorkflow('deprecates', async (ctx) => {
  await ctx.sleep(1);
  return 'done';
});
const oldWay = defineWorkflow('before', async (ctx) => {
  await ctx.runActivity(double, 1);
  await ctx.sleep(1);
  return 'old';
});
const oldWayPatched = defineWorkflow('before', async (ctx) => {
  await ctx.runActivity(double, ctx.patched('late') ? 2 : 1);
  await ctx.sleep(1);
  return ctx.getVersion('late', -1, 4) === -1 ? 'old' : 'new';
});

export const recorded: Cases = [
  {
    name: 'side-effects',
    workflows: [sides],
    output: () => [{ at: new Date(5), ids: new Set([1, 2]) }, 'a side effect'],
  },
  { name: 'random-and-uuids', workflows: [chance], activities: [double], output: () => 4 },
  { name: 'state-attributes-memo', workflows: [publishes], output: () => true },
  { name: 'get-version', ...versioned(), output: () => [3, 3] },
  { name: 'patched', workflows: [newWay], activities: [double], output: () => true },
  {
    name: 'patch-deprecated-later',
    workflows: [newWay],
    activities: [double],
    replayedBy: [deprecated],
    output: () => true,
  },
  { name: 'deprecated-patch', workflows: [deprecates], output: () => 'done' },
  {
    name: 'deprecated-patch-forgotten-later',
    workflows: [deprecates],
    replayedBy: [forgets],
    output: () => 'done',
  },
  {
    name: 'from-before-a-patch',
    workflows: [oldWay],
    activities: [double],
    replayedBy: [oldWayPatched],
    output: () => 'old',
  },
];
