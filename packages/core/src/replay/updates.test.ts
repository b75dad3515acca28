import { describe, expect, test } from 'vitest';
import { encodeValue } from '../codec/values.js';
import type { UpdateAccepted } from '../model/events.js';
import { begin, outcome, replayed, signalled, typesOf } from './instance.testkit.js';

const update = (name: string, input?: unknown, updateId = name): Omit<UpdateAccepted, 'seq' | 'at'> => ({
  type: 'UpdateAccepted',
  updateId,
  name,
  input: encodeValue(input),
});

const counting = async (ctx: any): Promise<number> => {
  let sum = 0;
  ctx.onUpdate('add', (n: number) => (sum += n), {
    validate: (n: number) => {
      if (n < 0) throw new RangeError('negative');
    },
  });
  await ctx.waitSignal('end');
  return sum;
};

describe('C6 updates', () => {
  test('the verdict: accept, hold, known, or the error of the validator', async () => {
    const run = await begin(counting);
    expect(run.instance.judge(update('add', 1))).toBe('ask');
    expect(run.instance.validate(update('add', 1))).toBeUndefined();
    expect(run.instance.validate(update('add', -1))).toMatchObject({ name: 'RangeError' });
    expect(run.instance.judge(update('add', 1), true)).toBe('accept');
    expect(run.instance.judge(update('other'))).toBe('hold');
    await run.feed(update('add', 1));
    expect(run.instance.judge(update('add', 1))).toBe('known');
    await run.feed(signalled('end'));
    expect(run.instance.judge(update('add', 1, 'late'))).toBe('ask');
  });

  test('acceptance is an input, the outcome a command in the same window', async () => {
    const run = await begin(counting);
    await run.feed(update('add', 2));
    await run.feed(signalled('end'));
    expect(typesOf(run.history)).toEqual([
      'WorkflowStarted',
      'SignalWaitOpened',
      'UpdateAccepted',
      'UpdateCompleted',
      'SignalReceived',
    ]);
    expect(outcome(run)).toBe(2);
  });

  test('a validator that has become stricter does not judge what was accepted', async () => {
    const run = await begin(counting);
    await run.feed(update('add', 2));
    const back = await replayed(async (ctx) => {
      ctx.onUpdate('add', (n: number) => n, {
        validate: () => {
          throw new Error('nothing goes any more');
        },
      });
      await ctx.waitSignal('end');
    }, run.history);
    expect(back.instance.blockage).toBeUndefined();
  });

  test('code without the handler, or whose handler ends otherwise, blocks the run', async () => {
    const run = await begin(counting);
    await run.feed(update('add', 2));
    const gone = await replayed(async (ctx) => ctx.waitSignal('end'), run.history);
    expect(gone.instance.blockage).toMatchObject({ code: 'nondeterminism' });
    expect(gone.instance.blockage?.message).toContain("'add'");
    const failing = await replayed(async (ctx) => {
      ctx.onUpdate('add', () => {
        throw new Error('now it throws');
      });
      await ctx.waitSignal('end');
    }, run.history);
    expect(failing.instance.blockage).toMatchObject({ code: 'nondeterminism' });
  });

  test('handlers under way are counted until they have ended', async () => {
    const run = await begin(async (ctx) => {
      ctx.onUpdate('slow', () => ctx.waitSignal('go'));
      await ctx.waitCondition(() => ctx.info.unfinishedUpdates === 0 && ctx.info.historyLength > 6);
      return 'done';
    });
    await run.feed(update('slow', undefined, 'a'));
    await run.feed(update('slow', undefined, 'b'));
    expect([...run.instance.updates.unfinished.keys()]).toEqual(['a', 'b']);
    await run.feed(signalled('go'));
    expect([...run.instance.updates.unfinished.keys()]).toEqual(['b']);
    expect(run.instance.settlement).toBeUndefined();
    await run.feed(signalled('go'));
    expect(outcome(run)).toBe('done');
  });

  test('a handler that waits for something foreign blocks the run', async () => {
    const run = await begin(async (ctx) => {
      ctx.onUpdate('foreign', () => new Promise((resolve) => setTimeout(resolve, 30)));
      await ctx.waitSignal('end');
    });
    await run.feed(update('foreign'));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(run.instance.blockage?.code).toBe('foreign_await');
    expect(run.foreign()).toBe(1);
  });

  test('a handler that continues as new leaves its update without an outcome', async () => {
    const run = await begin(async (ctx) => {
      ctx.onUpdate('next', () => ctx.continueAsNew('more'));
      await ctx.waitSignal('end');
    });
    await run.feed(update('next'));
    expect(run.instance.settlement?.kind).toBe('continued');
    expect(typesOf(run.history)).not.toContain('UpdateFailed');
    const back = await replayed(async (ctx) => {
      ctx.onUpdate('next', () => ctx.continueAsNew('more'));
      await ctx.waitSignal('end');
    }, run.history);
    expect(back.instance.blockage).toBeUndefined();
    expect(back.instance.settlement?.kind).toBe('continued');
  });
});
