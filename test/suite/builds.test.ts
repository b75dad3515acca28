import { openStorage } from '#storage';
import {
  defineActivity,
  defineWorkflow,
  type Storage,
  type WorkflowContext,
  type WorkflowImplementation,
} from '@perdure/core';
import type { TestEngine } from '@perdure/testing';
import { expect, test } from 'vitest';
import { clientOf, codeOf, open } from './kit.js';

type Versioning = 'pinned' | 'auto_upgrade';
type Code = WorkflowImplementation<void, unknown>;

/** Says which build's code ran before and after the signal. */
const telling = (build: string, versioning?: Versioning): Code =>
  defineWorkflow('telling', versioning ? { versioning } : {}, async (ctx): Promise<unknown> => {
    ctx.onQuery('build', () => build);
    ctx.setState(build);
    await ctx.waitSignal('go');
    return build;
  });

interface Fleet {
  readonly storage: Storage;
  build(buildId: string | undefined, workflow: Code): Promise<TestEngine>;
}
async function fleet(): Promise<Fleet> {
  const storage = await openStorage();
  const startAt = new Date(1_000_000);
  return {
    storage,
    build: (buildId, workflow) =>
      open({ storage, startAt, workflows: [workflow], ...(buildId !== undefined && { buildId }) }),
  };
}

const waiting = async (engine: TestEngine, id = 'w'): Promise<void> => {
  await engine.start('telling', undefined, { id });
  await engine.runUntilIdle();
};
const settle = async (...engines: TestEngine[]): Promise<void> => {
  for (let round = 0; round < 3; round++) for (const engine of engines) await engine.advance('2s');
};

test('B21 a pinned run stays with the build that took it first, whatever newer builds are about', async () => {
  const { build } = await fleet();
  const v1 = await build('v1', telling('v1'));
  await waiting(v1);
  const v2 = await build('v2', telling('v2'));
  await v2.handle('w').signal('go');
  await settle(v2, v1, v2);
  expect(await v2.handle('w').describe()).toMatchObject({ status: 'completed', output: 'v1', buildId: 'v1' });
});

test('B21 a run that no worker has taken yet goes to whichever build takes it', async () => {
  const { storage, build } = await fleet();
  const first = await build('v1', telling('v1'));
  const client = await clientOf(first, storage);
  await first.close();
  await client.start('telling', undefined, { id: 'w' });
  const v2 = await build('v2', telling('v2'));
  await v2.runUntilIdle();
  expect(await v2.handle('w').describe()).toMatchObject({ status: 'waiting', state: 'v2', buildId: 'v2' });
});

test('B21 a pinned run whose build is gone waits and says for which; repair frees it', async () => {
  const { build } = await fleet();
  const v1 = await build('v1', telling('v1'));
  await waiting(v1);
  await v1.close();
  const v2 = await build('v2', telling('v2'));
  await v2.handle('w').signal('go');
  await settle(v2);
  expect(await v2.handle('w').describe()).toMatchObject({
    status: 'waiting',
    waitingFor: [{ kind: 'signal' }, { kind: 'worker', taskQueue: 'default', buildId: 'v1' }],
  });
  expect(await v2.handle('w').repair()).toEqual({ outcome: 'repair_dispatched' });
  expect(await v2.handle('w').result()).toBe('v2');
});

test('B21 an engine that goes by the name of a build that is gone takes its runs', async () => {
  const { build } = await fleet();
  const v1 = await build('v1', telling('v1'));
  await waiting(v1);
  await v1.close();
  const again = await build('v1', telling('v1 again'));
  await again.handle('w').signal('go');
  expect(await again.handle('w').result()).toBe('v1 again');
});

test('B21 engines without a build id take what asks for no build, and nothing else', async () => {
  const { build } = await fleet();
  const v1 = await build('v1', telling('v1'));
  await waiting(v1, 'pinned');
  await v1.close();
  const unversioned = await build(undefined, telling('unversioned'));
  await waiting(unversioned, 'free');
  await unversioned.handle('pinned').signal('go');
  await unversioned.handle('free').signal('go');
  await settle(unversioned);
  expect((await unversioned.handle('pinned').describe()).status).toBe('waiting');
  expect(await unversioned.handle('free').result()).toBe('unversioned');
  await waiting(unversioned, 'later');
  await unversioned.close();
  const v2 = await build('v2', telling('v2'));
  await v2.handle('later').signal('go');
  expect(await v2.handle('later').result()).toBe('v2');
});

test('B21 auto_upgrade runs go on with the newest build', async () => {
  const { build } = await fleet();
  const v1 = await build('v1', telling('v1', 'auto_upgrade'));
  await waiting(v1);
  await v1.close();
  const v2 = await build('v2', telling('v2', 'auto_upgrade'));
  await v2.handle('w').signal('go');
  expect(await v2.handle('w').result()).toBe('v2');
});

test('B21 an auto_upgrade run that an older build cannot follow goes back to the build that moved it on', async () => {
  const code = (build: string, newer: boolean): Code =>
    defineWorkflow('telling', { versioning: 'auto_upgrade' }, async (ctx): Promise<unknown> => {
      await ctx.waitSignal('one');
      if (newer) ctx.patched('newer');
      await ctx.waitSignal('two');
      return build;
    });
  const { build } = await fleet();
  const v1 = await build('v1', code('v1', false));
  await waiting(v1);
  await v1.close();
  const v2 = await build('v2', code('v2', true));
  await v2.handle('w').signal('one');
  await v2.runUntilIdle();
  await v2.close();
  // The old build is about again, alone: it cannot go on, and the run is left to the new one.
  const old = await build('v1', code('v1', false));
  await old.handle('w').signal('two');
  await settle(old);
  expect(await old.handle('w').describe()).toMatchObject({
    status: 'blocked',
    buildId: 'v2',
    waitingFor: expect.arrayContaining([{ kind: 'worker', taskQueue: 'default', buildId: 'v2' }]) as unknown,
  });
  const back = await build('v2', code('v2 again', true));
  await settle(back, old);
  expect(await back.handle('w').result()).toBe('v2 again');
});

test('B21 F8 a pinned run that its build cannot go on with is tried by each other build that starts', async () => {
  const code = (fn: (ctx: WorkflowContext) => Promise<unknown>): Code => defineWorkflow('telling', fn);
  const { build } = await fleet();
  const v1 = await build(
    'v1',
    code(async (ctx) => {
      await ctx.sleep(1);
      await ctx.waitSignal('go');
      return 'v1';
    }),
  );
  await waiting(v1);
  await v1.advance('1s');
  await v1.close();
  const wrong = await build(
    'v1',
    code(async (ctx) => {
      await ctx.waitSignal('go');
      return 'wrong';
    }),
  );
  await wrong.advance('1s');
  await wrong.handle('w').signal('go');
  await settle(wrong);
  expect((await wrong.handle('w').describe()).status).toBe('blocked');
  const alsoWrong = await build(
    'v2',
    code((ctx) => ctx.sleep('1d')),
  );
  await alsoWrong.advance('2s');
  expect((await alsoWrong.handle('w').describe()).status).toBe('blocked');
  const right = await build(
    'v3',
    code(async (ctx) => {
      await ctx.sleep(1);
      await ctx.waitSignal('go');
      return 'v3';
    }),
  );
  await right.advance('2s');
  expect(await right.handle('w').describe()).toMatchObject({
    status: 'completed',
    output: 'v3',
    buildId: 'v3',
  });
});

test('B21 steps of a pinned run are run by its build, and come along where the run goes to another', async () => {
  const stepping = (build: string): Code =>
    defineWorkflow('telling', async (ctx): Promise<unknown> => {
      const of = await ctx.step(
        'which',
        () => {
          if (build === 'v1') throw new Error('not in this build');
          return build;
        },
        { retry: { initialInterval: '1h', maximumAttempts: 0 } },
      );
      return of;
    });
  const { build } = await fleet();
  const v1 = await build('v1', stepping('v1'));
  await waiting(v1);
  await v1.advance('1s');
  await v1.close();
  const v2 = await build('v2', stepping('v2'));
  await v2.advance('2h');
  expect((await v2.handle('w').describe()).pendingActivities).toMatchObject([{ attempt: 1 }]);
  await v2.handle('w').signal('wake');
  await v2.advance('1s');
  await v2.handle('w').repair();
  await v2.advance('2h');
  expect(await v2.handle('w').describe()).toMatchObject({ status: 'completed', output: 'v2' });
});

test('B21 activities are anybody’s: only the run itself asks for its build', async () => {
  const work = defineActivity('work', (_: void) => 'done');
  const working = defineWorkflow('telling', (ctx): Promise<unknown> => ctx.runActivity(work));
  const { storage, build } = await fleet();
  const v1 = await build('v1', working);
  await waiting(v1);
  const hands = await open({ storage, startAt: v1.now, activities: [work] });
  await settle(hands, v1);
  expect(await v1.handle('w').result()).toBe('done');
});

test('B21 queries of an open run are answered by its build, those of a closed one by any', async () => {
  const { build } = await fleet();
  const v1 = await build('v1', telling('v1'));
  await waiting(v1);
  const v2 = await build('v2', telling('v2'));
  const asked = v2.handle('w').query('build');
  await settle(v1, v2);
  expect(await asked).toBe('v1');
  await v1.handle('w').signal('go');
  await v1.handle('w').result();
  expect(await v2.handle('w').query('build')).toBe('v2');
});

test('B21 versioning is one of two words', () => {
  let error: unknown;
  try {
    defineWorkflow('w', { versioning: 'newest' as 'pinned' }, async () => 1);
  } catch (thrown) {
    error = thrown;
  }
  expect(codeOf(error)).toBe('invalid_argument');
});
