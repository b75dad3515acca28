import { openStorage } from '#storage';
import {
  defineWorkflow,
  type Storage,
  type WorkflowContext,
  type WorkflowImplementation,
} from '@perdure/core';
import type { TestEngine } from '@perdure/testing';
import { expect, test } from 'vitest';
import { eventTypes, open } from './kit.js';

type Code = WorkflowImplementation<void, unknown>;
const code = (fn: (ctx: WorkflowContext) => Promise<unknown>): Code => defineWorkflow('changing', fn);

/** One storage, and one engine after another on it, each with other code. */
async function fleet(): Promise<(workflow: Code) => Promise<TestEngine>> {
  const storage: Storage = await openStorage();
  let last: TestEngine | undefined;
  return async (workflow) => {
    await last?.close();
    last = await open({ storage, workflows: [workflow], ...(last && { startAt: last.now }) });
    return last;
  };
}

const start = async (engine: TestEngine, id: string): Promise<void> => {
  await engine.start('changing', undefined, { id });
  await engine.runUntilIdle();
};
const go = async (engine: TestEngine, id: string): Promise<unknown> => {
  await engine.handle(id).signal('go');
  await engine.runUntilIdle();
  const { status, output } = await engine.handle(id).describe();
  return status === 'completed' ? output : status;
};
const markers = async (engine: TestEngine, id: string): Promise<unknown[]> => {
  const found: unknown[] = [];
  for await (const { type, attributes } of engine.handle(id).history())
    if (type === 'VersionMarkerRecorded') found.push(attributes);
  return found;
};

test('A16 C10 the first visit records the newest version, and a later deploy changes nothing for the run', async () => {
  const versioned = (max: number): Code =>
    code(async (ctx) => {
      const before = ctx.getVersion('change', 1, max);
      await ctx.waitSignal('go');
      return [before, ctx.getVersion('change', 1, max)];
    });
  const deploy = await fleet();
  let engine = await deploy(versioned(1));
  await start(engine, 'old');
  engine = await deploy(versioned(3));
  await start(engine, 'new');
  expect(await go(engine, 'old')).toEqual([1, 1]);
  expect(await go(engine, 'new')).toEqual([3, 3]);
  expect(await markers(engine, 'old')).toEqual([{ changeId: 'change', version: 1 }]);
});

test('A17 C10 a run that was past the change goes the old way, without an event, also where history ends right there', async () => {
  const original = code(async (ctx) => {
    await ctx.waitSignal('go');
    return 'old';
  });
  const changed = code(async (ctx) => {
    const waiting = ctx.waitSignal('go');
    // The last thing of an activation whose commands are all recorded.
    const replies = [ctx.patched('change'), ctx.getVersion('other', -1, 4)];
    await waiting;
    replies.push(ctx.patched('change'), ctx.getVersion('other', -1, 4), ctx.patched('later'));
    return replies;
  });
  const deploy = await fleet();
  await start(await deploy(original), 'old');
  const engine = await deploy(changed);
  await start(engine, 'new');
  expect(await go(engine, 'old')).toEqual([false, -1, false, -1, true]);
  expect(await markers(engine, 'old')).toEqual([{ changeId: 'later', version: 1 }]);
  expect(await go(engine, 'new')).toEqual([true, 4, true, 4, true]);
});

test('A17 a change between recorded commands is legacy for runs that were past it', async () => {
  const original = code(async (ctx) => {
    void ctx.sleep('1d');
    const effect = ctx.sideEffect(() => 'effect');
    await ctx.waitSignal('go');
    return effect;
  });
  const changed = code(async (ctx) => {
    void ctx.sleep('1d');
    if (ctx.patched('between')) void ctx.sleep('2d');
    const effect = ctx.sideEffect(() => 'effect');
    await ctx.waitSignal('go');
    return [effect, ctx.patched('between')];
  });
  const deploy = await fleet();
  await start(await deploy(original), 'old');
  const engine = await deploy(changed);
  await start(engine, 'new');
  expect(await go(engine, 'old')).toEqual(['effect', false]);
  expect(await go(engine, 'new')).toEqual(['effect', true]);
});

test('D6 markers are found by their change id: a change in front of another one, and two that trade places', async () => {
  const first = code(async (ctx) => {
    const replies = [ctx.patched('a'), ctx.getVersion('b', 1, 2)];
    await ctx.waitSignal('go');
    return replies;
  });
  const second = code(async (ctx) => {
    const replies = [ctx.patched('new'), ctx.getVersion('b', 1, 9), ctx.patched('a')];
    await ctx.waitSignal('go');
    return replies;
  });
  const deploy = await fleet();
  await start(await deploy(first), 'old');
  expect(await go(await deploy(second), 'old')).toEqual([false, 2, true]);
});

test('C10 patched is version 1 of a change: what one of them records the other understands', async () => {
  const patched = code(async (ctx) => {
    const is = ctx.patched('change');
    await ctx.waitSignal('go');
    return is;
  });
  const versioned = code(async (ctx) => {
    const version = ctx.getVersion('change', -1, 2);
    await ctx.waitSignal('go');
    return version;
  });
  const deploy = await fleet();
  let engine = await deploy(patched);
  await start(engine, 'patched');
  engine = await deploy(versioned);
  await start(engine, 'versioned');
  expect(await go(engine, 'patched')).toBe(1);
  engine = await deploy(patched);
  expect(await go(engine, 'versioned')).toBe('blocked');
});

test('C10 a version out of range blocks the run until code that supports it is back', async () => {
  const between = (min: number, max: number): Code =>
    code(async (ctx) => {
      try {
        const version = ctx.getVersion('change', min, max);
        await ctx.waitSignal('go');
        return version;
      } catch {
        return 'caught';
      }
    });
  const deploy = await fleet();
  await start(await deploy(between(1, 1)), 'w');
  let engine = await deploy(between(2, 3));
  expect(await go(engine, 'w')).toBe('blocked');
  expect((await engine.handle('w').describe()).blocked).toMatchObject({
    code: 'version_not_supported',
    details: { changeId: 'change', version: 1, minSupported: 2, maxSupported: 3 },
  });
  engine = await deploy(between(-1, 2));
  expect(await engine.handle('w').result()).toBe(1);
});

test('C10 a bad id or range is refused at the call', async () => {
  const bad = code(async (ctx) => {
    const codes: unknown[] = [];
    for (const call of [
      () => ctx.patched(''),
      () => ctx.deprecatePatch('x'.repeat(192)),
      () => ctx.getVersion('x', 2, 1),
      () => ctx.getVersion('x', -2, 1),
      () => ctx.getVersion('x', 0.5, 1),
    ]) {
      try {
        call();
      } catch (error) {
        codes.push((error as { code: string }).code);
      }
    }
    return codes;
  });
  const engine = await open({ workflows: [bad] });
  expect(await engine.execute(bad)).toEqual(Array(5).fill('invalid_argument'));
});

/** The life of a change: each code as it would be deployed, and the two ways that a run can go. */
const oldWay = async (ctx: WorkflowContext): Promise<string> => {
  await ctx.sleep(1);
  return 'old';
};
const newWay = async (ctx: WorkflowContext): Promise<string> => {
  ctx.sideEffect(() => 1);
  return 'new';
};
const life = {
  original: code(async (ctx) => {
    const way = await oldWay(ctx);
    await ctx.waitSignal('go');
    return way;
  }),
  patched: code(async (ctx) => {
    const way = ctx.patched('change') ? await newWay(ctx) : await oldWay(ctx);
    await ctx.waitSignal('go');
    return way;
  }),
  deprecated: code(async (ctx) => {
    ctx.deprecatePatch('change');
    const way = await newWay(ctx);
    await ctx.waitSignal('go');
    return way;
  }),
  removed: code(async (ctx) => {
    const way = await newWay(ctx);
    await ctx.waitSignal('go');
    return way;
  }),
};
type Stage = keyof typeof life;
const rolls: [from: Stage, to: Stage, outcome: unknown][] = [
  ['original', 'patched', 'old'],
  ['patched', 'deprecated', 'new'],
  ['deprecated', 'removed', 'new'],
  ['deprecated', 'patched', 'new'],
  ['removed', 'deprecated', 'new'],
  ['original', 'deprecated', 'blocked'],
  ['patched', 'removed', 'blocked'],
  ['patched', 'original', 'blocked'],
];

test.each(rolls)('A17 a run of %s code goes on with %s code: %s', async (from, to, outcome) => {
  const deploy = await fleet();
  const first = await deploy(life[from]);
  await start(first, 'w');
  await first.advance('1s');
  const engine = await deploy(life[to]);
  expect(await go(engine, 'w')).toBe(outcome);
  if (outcome !== 'blocked') return;
  const repaired = await deploy(life[from]);
  expect(await repaired.handle('w').result()).toBe(from === 'original' ? 'old' : 'new');
});

test('A17 a fleet rolls through the whole life of a change with runs of every stage in flight', async () => {
  const deploy = await fleet();
  let engine = await deploy(life.original);
  await start(engine, 'original');
  await engine.advance('1s');
  engine = await deploy(life.patched);
  await start(engine, 'patched');
  expect(await go(engine, 'original')).toBe('old');
  engine = await deploy(life.deprecated);
  await start(engine, 'deprecated');
  expect(await go(engine, 'patched')).toBe('new');
  engine = await deploy(life.removed);
  await start(engine, 'removed');
  expect(await go(engine, 'deprecated')).toBe('new');
  expect(await go(engine, 'removed')).toBe('new');
  expect(await eventTypes(engine.handle('removed'))).not.toContain('VersionMarkerRecorded');
});
