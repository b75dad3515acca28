import {
  defineActivity,
  defineWorkflow,
  isPerdureError,
  query,
  replay,
  signal,
  update,
  type ActivityError,
  type ChildWorkflowError,
  type Failure,
  type PerdureError,
  type WorkflowContext,
} from '@perdure/core';
import type { TestEngine } from '@perdure/testing';
import { expect, test } from 'vitest';
import { thrown } from './hostile-values.js';
import { open } from './kit.js';

const make = (index: number): unknown => thrown[index]?.[1]();
/** Throws the value of that number, each time a new one. */
function fling(index: number): never {
  throw make(index);
}

const once = { retry: { maximumAttempts: 1 } };
const flinging = defineActivity('flinging', once, async (index: number) => fling(index));
const flingingAtOnce = defineActivity('flingingAtOnce', once, fling);
const told = defineActivity('told', once, (index: number, { heartbeat }) => {
  heartbeat({ index });
  return fling(index);
});
const activities = [flinging, flingingAtOnce, told];

const messages = {
  go: signal<number>(),
  ask: query<unknown, number>(),
  change: update<unknown, number>(),
  checked: update<unknown, number>(),
};

type Place = (ctx: WorkflowContext, index: number) => PromiseLike<unknown>;
const name = (error: unknown): unknown => (error as ActivityError).name;
const howMany = (error: unknown): unknown => (error as AggregateError).errors.length;

/** Where it is thrown inside a run that catches it, and what the run makes of it. */
const caught: Record<string, Place> = {
  'an activity': (ctx, index) => ctx.runActivity(flinging, index).catch(name),
  'an activity that is no async function': (ctx, index) => ctx.runActivity(flingingAtOnce, index).catch(name),
  'an activity that has told how far it is': (ctx, index) => ctx.runActivity(told, index).catch(name),
  'a step': (ctx, index) => ctx.step('flings', () => fling(index), once).catch(name),
  'a child': (ctx, index) =>
    ctx.runChild(flings, index).catch((error: unknown) => (error as ChildWorkflowError).kind),
  'a scope': (ctx, index) => ctx.scope(async () => fling(index)).catch(() => 'caught'),
  'a scope with a limit': (ctx, index) => ctx.withTimeout('1h', () => fling(index)).catch(() => 'caught'),
  'a race': (ctx, index) =>
    ctx.race({ lost: ctx.sleep('1h'), won: ctx.scope(async () => fling(index)) }).catch(() => 'caught'),
  'any of several': (ctx, index) => ctx.any([ctx.scope(async () => fling(index))]).catch(howMany),
  'one of all': (ctx, index) =>
    ctx
      .allSettled([ctx.scope(async () => fling(index)), ctx.sleep(1)])
      .then((all) => all.map(({ status }) => status)),
  'a map': (ctx, index) => ctx.map([index, index], async (one) => fling(one)).catch(() => 'caught'),
  'a condition': (ctx, index) => {
    let looks = 0;
    return ctx
      .waitCondition(() => (looks++ > 0 ? fling(index) : false), { timeout: '1h' })
      .catch(() => 'caught');
  },
  'a side effect': async (ctx, index) => {
    try {
      return ctx.sideEffect(() => fling(index));
    } catch (error) {
      return name(error);
    }
  },
  'the undo of a saga': (ctx, index) =>
    ctx
      .saga(async (undo) => {
        undo(async () => fling(index));
        undo(() => fling(index));
        throw new Error('the body');
      })
      .catch(howMany),
  'the body of a saga': async (ctx, index) => {
    let undone = 0;
    await ctx
      .saga(async (undo) => {
        undo(async () => void (undone += 1));
        return fling(index);
      })
      .catch(() => 'caught');
    if (undone !== 1) throw new Error('nothing was undone');
    return undone;
  },
};

/** Where it is thrown inside a run that it ends. */
const uncaught: Record<string, Place> = {
  'its function': async (_ctx, index) => fling(index),
  'an activity that nobody catches': (ctx, index) => ctx.runActivity(flinging, index),
  'a child that nobody catches': (ctx, index) => ctx.runChild(flings, index),
  'a handler of a signal': async (ctx, index) => {
    ctx.onSignal('self', () => fling(index));
    await ctx.external(ctx.info.workflowId).signal('self');
    await ctx.sleep('1h');
  },
  'a listener of its signal': async (ctx, index) => {
    await ctx.scope(async ({ signal, cancel }) => {
      signal.addEventListener('abort', () => fling(index));
      cancel();
    });
    await ctx.nonCancellable(() => ctx.sleep('1h'));
  },
};

const flings = defineWorkflow('flings', async (_ctx, index: number): Promise<void> => fling(index));
const catching = defineWorkflow(
  'catching',
  async (ctx, { place, index }: { place: string; index: number }) => {
    const outcome = await caught[place]?.(ctx, index);
    await ctx.sleep(1);
    return outcome;
  },
);
const failing = defineWorkflow('failing', async (ctx, { place, index }: { place: string; index: number }) =>
  uncaught[place]?.(ctx, index),
);
const asked = defineWorkflow('asked', { messages }, async (ctx) => {
  ctx.onQuery('ask', fling);
  ctx.onUpdate('change', async (index) => fling(index));
  ctx.onUpdate('checked', () => 'let pass', { validate: fling });
  return ctx.waitSignal('go');
});
const bystander = defineWorkflow('bystander', async (ctx) => ctx.waitSignal('end'));
const workflows = [flings, catching, failing, asked, bystander];

/** Runs all values through one engine beside a run that must not notice. */
async function beside(
  work: (engine: TestEngine, index: number, what: string) => Promise<void>,
): Promise<void> {
  const engine = await open({ workflows, activities });
  const other = await engine.start(bystander);
  for (const [index, [what]] of thrown.entries()) await work(engine, index, what);
  await other.signal('end', 'unharmed');
  expect(await other.result()).toBe('unharmed');
}

function isBounded(failure: Failure | undefined): boolean {
  for (let at = failure, depth = 0; at; at = at.cause, depth++)
    if (depth > 20 || at.message.length > 10_000 || at.name.length > 300) return false;
  return failure !== undefined;
}

test.each(Object.keys(caught))('F8 whatever %s throws is caught, and the run goes on', async (place) => {
  await beside(async (engine, index, what) => {
    const handle = await engine.start(catching, { place, index });
    expect(await handle.result(), what).toBeDefined();
    const { output, status } = await replay(workflows, await handle.exportHistory());
    expect([status, output], what).toEqual(['completed', (await handle.describe()).output]);
  });
});

test.each(Object.keys(uncaught))('F8 whatever %s throws ends that run, and nothing else', async (place) => {
  await beside(async (engine, index, what) => {
    const handle = await engine.start(failing, { place, index });
    const error = await handle.result().catch((reason: unknown) => reason);
    expect([isPerdureError(error), (error as PerdureError).code], what).toEqual([true, 'workflow_failed']);
    const { failure, status } = await handle.describe();
    expect([status, isBounded(failure)], what).toEqual(['failed', true]);
    expect((await replay(workflows, await handle.exportHistory())).failure, what).toMatchObject({
      name: failure?.name,
      message: failure?.message,
    });
  });
});

test('F8 whatever the handler of a query throws is a coded error, and the run goes on', async () => {
  const engine = await open({ workflows, activities });
  const handle = await engine.start(asked);
  for (const [index, [what]] of thrown.entries()) {
    const error = await handle.query('ask', index).catch((reason: unknown) => reason);
    expect([isPerdureError(error), (error as PerdureError).code], what).toEqual([true, 'query_rejected']);
  }
  await handle.signal('go', 7);
  expect(await handle.result()).toBe(7);
});

test('F8 whatever the handler or the validator of an update throws is a coded error, and the run goes on', async () => {
  await beside(async (engine, index, what) => {
    const handle = await engine.start(asked);
    for (const [name, code] of [
      ['change', 'update_failed'],
      ['checked', 'update_rejected'],
    ] as const) {
      const error = await handle.update(name, index).catch((reason: unknown) => reason);
      expect([isPerdureError(error), (error as PerdureError).code], `${what}, ${name}`).toEqual([true, code]);
    }
    await handle.signal('go', 7);
    expect(await handle.result()).toBe(7);
    expect((await replay(workflows, await handle.exportHistory())).output).toBe(7);
  });
});
