import { memory } from '@perdure/memory';
import { describe, expect, it } from 'vitest';
import type { NondeterminismError } from '../model/errors.js';
import { defineActivity } from './define-activity.js';
import type { WorkflowContext } from './context.js';
import { defineWorkflow } from './define-workflow.js';
import { createEngine } from './engine.js';
import { replay } from './replay.js';

const double = defineActivity('double', async (n: number) => n * 2);
const fail = defineActivity('fail', { retry: { maximumAttempts: 1 } }, async (_: void): Promise<number> => {
  throw new Error('never works');
});
const original = defineWorkflow('w', async (ctx, n: number) => {
  const first = await ctx.runActivity(double, n);
  await ctx.sleep(1);
  return { first, tags: new Set([ctx.random() < 1]) };
});
const workflow = (fn: (ctx: WorkflowContext, n: number) => Promise<unknown>) => defineWorkflow('w', fn);

async function recorded() {
  const engine = await createEngine({ storage: memory(), workflows: [original], activities: [double] });
  const handle = await engine.start(original, 21);
  await handle.result();
  const bundle = await handle.exportHistory();
  await engine.close();
  return bundle;
}

describe('C12 replay', () => {
  it('gives what today’s code returns, and survives being a file', async () => {
    const bundle = await recorded();
    const read = JSON.parse(JSON.stringify(bundle)) as typeof bundle;
    expect(await replay([original], read)).toEqual({
      status: 'completed',
      output: { first: 42, tags: new Set([true]) },
    });
    expect(bundle.workflow).toMatchObject({ workflowType: 'w' });
  });

  it('A19 code that asks for something else is found, with the place and the difference', async () => {
    const renamed = workflow(async (ctx, n) =>
      ctx.runActivity(
        defineActivity('triple', async (m: number) => m * 3),
        n,
      ),
    );
    const error = await replay([renamed], await recorded()).catch(
      (reason: unknown) => reason as NondeterminismError,
    );
    expect(error).toMatchObject({
      code: 'nondeterminism',
      details: { seq: 2, cause: 'renamed', expected: { name: 'double' }, produced: { name: 'triple' } },
    });
    await expect(
      replay([workflow(async (ctx, n) => ctx.runActivity(double, n + 1))], await recorded()),
    ).rejects.toMatchObject({ details: { cause: 'changed_input' } });
    await expect(
      replay([workflow(async (ctx, n) => ctx.runActivity(double, n))], await recorded()),
    ).rejects.toMatchObject({ code: 'nondeterminism' });
    await expect(replay([workflow(async () => 1)], await recorded())).rejects.toMatchObject({
      code: 'nondeterminism',
    });
  });

  it('code that waits for something foreign is found', async () => {
    const engine = await createEngine({ storage: memory(), workflows: [original], activities: [double] });
    const waiting = workflow(async (ctx): Promise<unknown> => ctx.waitSignal('never'));
    const other = await createEngine({ storage: memory(), workflows: [waiting] });
    const handle = await other.start(waiting, 1);
    const bundle = await handle.exportHistory();
    await Promise.all([engine.close(), other.close()]);
    expect(await replay([waiting], bundle)).toEqual({ status: 'waiting' });
    const foreign = workflow(async (ctx) => {
      void ctx.waitSignal('never').catch(() => undefined);
      await new Promise<void>((resolve) => setTimeout(resolve, 5));
      return ctx.now();
    });
    await expect(replay([foreign], bundle)).resolves.toEqual({ status: 'waiting' }); // still waits for the signal as well
  });

  it('shows how a failed run failed', async () => {
    const failing = workflow(async (ctx) => ctx.runActivity(fail));
    const engine = await createEngine({ storage: memory(), workflows: [failing], activities: [fail] });
    const handle = await engine.start(failing, 1);
    await handle.result().catch(() => undefined);
    const bundle = await handle.exportHistory();
    await engine.close();
    expect(await replay([failing], bundle)).toMatchObject({
      status: 'failed',
      failure: { name: 'ActivityError', cause: { message: 'never works' } },
    });
  });

  it('a run that was ended before it began has run no code', async () => {
    const engine = await createEngine({ storage: memory(), workflows: [original], activities: [double] });
    const [cancelled, terminated] = [
      await engine.start(original, 1, { startDelay: '1h' }),
      await engine.start(original, 1, { startDelay: '1h' }),
    ];
    await cancelled.cancel();
    await terminated.terminate();
    expect(await replay([original], await cancelled.exportHistory())).toEqual({ status: 'cancelled' });
    expect(await replay([original], await terminated.exportHistory())).toEqual({ status: 'terminated' });
    await engine.close();
  });

  it('an unknown type is refused with the registered ones; so is what is no bundle, or an edited one', async () => {
    const bundle = await recorded();
    await expect(replay([defineWorkflow('other', async () => 1)], bundle)).rejects.toMatchObject({
      code: 'unknown_workflow',
      message: expect.stringContaining("'other'") as string,
    });
    await expect(replay([original, original], bundle)).rejects.toMatchObject({ code: 'invalid_argument' });
    for (const bad of [
      {},
      null,
      { ...bundle, digest: 'x' },
      { ...bundle, version: 99 },
      { ...bundle, events: bundle.events.slice(1) },
    ]) {
      await expect(replay([original], bad as typeof bundle)).rejects.toMatchObject({
        code: 'invalid_argument',
      });
    }
  });
});
