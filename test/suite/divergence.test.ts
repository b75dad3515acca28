import { openStorage } from '#storage';
import {
  defineActivity,
  defineWorkflow,
  QueryRejectedError,
  type WorkflowImplementation,
} from '@perdure/core';
import type { TestEngine } from '@perdure/testing';
import { expect, test } from 'vitest';
import { eventTypes, logBook, open } from './kit.js';

const work = defineActivity('work', (n: number) => n + 1);
const other = defineActivity('other', (n: number) => n + 1);
const activities = [work, other];

const original = defineWorkflow('evolving', async (ctx) => {
  const one = await ctx.runActivity(work, 1);
  const go = (await ctx.waitSignal('go')) as unknown;
  return [one, await ctx.runActivity(work, 2), go];
});

type Code = WorkflowImplementation<void, unknown>;

/** A run of the original that waits for its signal; then another engine with other code on the same storage. */
async function deploy(
  code: Code,
  first: Code = original,
): Promise<{ engine: TestEngine; redeploy: (code: Code) => Promise<TestEngine> }> {
  const storage = await openStorage();
  const before = await open({ storage, workflows: [first], activities });
  await before.start('evolving', undefined, { id: 'w' });
  await before.runUntilIdle();
  await before.close();
  let last = before;
  const redeploy = async (next: Code): Promise<TestEngine> => {
    await last.close();
    last = await open({ storage, startAt: last.now, workflows: [next], activities });
    return last;
  };
  return { engine: await redeploy(code), redeploy };
}

test('G12 changed code blocks the run: neither failed nor touched, with expected, produced and a hint', async () => {
  const renamed = defineWorkflow('evolving', async (ctx) => {
    const one = await ctx.runActivity(other, 1);
    return [one, await ctx.waitSignal('go')] as unknown[];
  });
  const { engine } = await deploy(renamed);
  const handle = engine.handle('w');
  const before = await eventTypes(handle);
  await handle.signal('go', 'now');
  await engine.runUntilIdle();
  const { status, statusBucket, blocked, actions } = await handle.describe();
  expect([status, statusBucket]).toEqual(['blocked', 'running']);
  expect(actions).toContain('terminate');
  expect(blocked).toMatchObject({
    code: 'nondeterminism',
    details: {
      seq: 2,
      cause: 'renamed',
      expected: { seq: 2, type: 'ActivityScheduled', name: 'work' },
      produced: { type: 'ActivityScheduled', name: 'other' },
      lastMatching: [],
    },
  });
  const { hint, stack } = blocked?.details as { hint: string; stack?: string };
  expect(hint).toContain('patched');
  expect(blocked?.message).toContain(hint);
  expect(stack).toContain('divergence.test');
  expect(await eventTypes(handle)).toEqual(before);
});

test('G12 the old code put back, the run goes on by itself and nothing is lost', async () => {
  const renamed = defineWorkflow('evolving', (ctx) => ctx.runActivity(other, 1));
  const { engine, redeploy } = await deploy(renamed);
  await engine.handle('w').signal('go', 'kept');
  await engine.runUntilIdle();
  expect((await engine.handle('w').describe()).status).toBe('blocked');
  const next = await redeploy(original);
  expect(await next.handle('w').result()).toEqual([2, 3, 'kept']);
  expect((await next.handle('w').describe()).blocked).toBeUndefined();
});

test('G12 the same wrong code again leaves the run blocked, without a storm of attempts', async () => {
  const renamed = (): Code => defineWorkflow('evolving', (ctx) => ctx.runActivity(other, 1));
  const code = renamed();
  const { engine, redeploy } = await deploy(code);
  await engine.handle('w').signal('go');
  await engine.advance('1h');
  const { version } = await engine.handle('w').describe();
  const next = await redeploy(code);
  await next.advance('1h');
  await next.handle('w').signal('go');
  await next.advance('1h');
  const after = await next.handle('w').describe();
  expect(after.status).toBe('blocked');
  expect(after.version - version).toBeLessThanOrEqual(3);
});

const changes: [string, string, Code][] = [
  [
    'an inserted call',
    'different',
    defineWorkflow<void, unknown>('evolving', async (ctx) => [
      await ctx.sleep(1),
      await ctx.runActivity(work, 1),
    ]),
  ],
  ['a changed input', 'changed_input', defineWorkflow('evolving', (ctx) => ctx.runActivity(work, 99))],
  [
    'a removed call',
    'removed',
    defineWorkflow('evolving', async (ctx) => {
      await ctx.waitCondition(() => false);
    }),
  ],
  [
    'an added call at the end',
    'inserted',
    defineWorkflow('evolving', async (ctx) => {
      void ctx.runActivity(work, 1);
      void ctx.sleep(5);
      await ctx.waitSignal('go');
    }),
  ],
  ['an end that comes earlier', 'removed', defineWorkflow('evolving', async () => 'at once')],
];

test.each(changes)('F7 %s is told apart', async (_name, _cause, code) => {
  const { engine, redeploy } = await deploy(code);
  await engine.handle('w').signal('go', 1);
  await engine.runUntilIdle();
  const { status, blocked } = await engine.handle('w').describe();
  expect(status).toBe('blocked');
  expect(blocked?.code).toBe('nondeterminism');
  expect(blocked?.message).toMatch(/history has .*, code asks for/);
  const next = await redeploy(original);
  expect(await next.handle('w').result()).toEqual([2, 3, 1]);
});

test('A19 options that changed are no divergence: what was recorded counts', async () => {
  const retimed = defineWorkflow('evolving', async (ctx) => {
    const one = await ctx.runActivity(work, 1, {
      startToCloseTimeout: '1m',
      retry: { maximumAttempts: 9 },
      summary: 'new',
    });
    const go = (await ctx.waitSignal('go')) as unknown;
    return [one, await ctx.runActivity(work, 2), go];
  });
  const { engine } = await deploy(retimed);
  await engine.handle('w').signal('go', 1);
  expect(await engine.handle('w').result()).toEqual([2, 3, 1]);
});

test('F16 code may grow beyond what is recorded', async () => {
  const grown = defineWorkflow('evolving', async (ctx) => {
    const one = await ctx.runActivity(work, 1);
    const go = (await ctx.waitSignal('go')) as unknown;
    await ctx.sleep('1d');
    return [one, await ctx.runActivity(other, 10), go];
  });
  const { engine } = await deploy(grown);
  await engine.handle('w').signal('go', 1);
  expect(await engine.handle('w').result()).toEqual([2, 11, 1]);
});

test('F8 a divergence that is caught by user code blocks all the same', async () => {
  const swallowing = defineWorkflow('evolving', async (ctx) => {
    try {
      await ctx.runActivity(other, 1);
    } catch {
      return 'swallowed';
    }
    return 'never';
  });
  const { engine } = await deploy(swallowing);
  await engine.handle('w').signal('go');
  await engine.runUntilIdle();
  expect((await engine.handle('w').describe()).status).toBe('blocked');
});

test('F8 a blocked run is logged, can be cancelled in vain and terminated for good', async () => {
  const storage = await openStorage();
  const first = await open({ storage, workflows: [original], activities });
  await first.start(original, undefined, { id: 'w' });
  await first.runUntilIdle();
  await first.close();
  const logger = logBook();
  const code = defineWorkflow('evolving', (ctx) => ctx.runActivity(other, 1));
  const engine = await open({ storage, logger, startAt: first.now, workflows: [code], activities });
  const handle = engine.handle('w');
  await handle.signal('go');
  await engine.runUntilIdle();
  expect(logger.lines.filter(({ level }) => level === 'error')).toMatchObject([
    { fields: { code: 'nondeterminism' } },
  ]);
  expect(await engine.count({ status: 'blocked' })).toBe(1);
  await expect(handle.query('anything')).rejects.toSatisfy(
    (error) => error instanceof QueryRejectedError || (error as { code?: string }).code === 'nondeterminism',
  );
  await handle.terminate();
  expect((await handle.describe()).status).toBe('terminated');
});
