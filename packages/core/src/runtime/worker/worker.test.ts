import { memory } from '@perdure/memory';
import { expect, test } from 'vitest';
import { encodeValue } from '../../codec/values.js';
import { runTaskId } from '../../model/ids.js';
import type { Storage } from '../../storage/port.js';
import { encodeSignal } from '../messages.js';
import { openWorker, untilClosed } from './worker.testkit.js';

test('a workflow without work completes in the commit that starts it', async () => {
  const { core, start } = await openWorker({ workflows: { hello: async (_ctx, name) => `hello ${name}` } });
  const { runId } = await start('hello', 'w1', 'you');
  expect(await untilClosed(core, runId)).toMatchObject({
    status: 'completed',
    output: { data: 'hello you' },
  });
});

test('activities one after the other', async () => {
  const { core, start } = await openWorker({
    workflows: {
      count: async (ctx, n) => {
        let sum = 0;
        for (let i = 0; i < n; i++) sum = await ctx.runActivity('add', { sum, i });
        return sum;
      },
    },
    activities: { add: ({ sum, i }) => sum + i },
  });
  const { runId } = await start('count', 'w1', 100);
  expect(await untilClosed(core, runId)).toMatchObject({ status: 'completed', output: { data: 4950 } });
});

test('a timer, a step and a retry', async () => {
  let tries = 0;
  const { core, start } = await openWorker({
    workflows: {
      mixed: async (ctx) => {
        await ctx.sleep(5);
        const stepped = await ctx.step('s', () => 41);
        const retried = await ctx.runActivity('flaky', undefined, { retry: { initialInterval: 5 } });
        return [stepped, retried];
      },
    },
    activities: {
      flaky: () => {
        tries += 1;
        if (tries < 3) throw new Error('not yet');
        return tries;
      },
    },
  });
  const { runId } = await start('mixed', 'w1');
  expect(await untilClosed(core, runId)).toMatchObject({ status: 'completed', output: { data: [41, 3] } });
});

for (const checks of [{ alwaysEvict: true }, { shadowReplay: true }]) {
  test(`the same with ${JSON.stringify(checks)}`, async () => {
    const { core, start } = await openWorker({
      checks,
      workflows: {
        mixed: async (ctx) => {
          const many = await ctx.all([1, 2, 3].map((n) => ctx.runActivity('double', n)));
          const first = await ctx.race({ slow: ctx.sleep(60_000), fast: ctx.sleep(1) });
          return [many, first.key, await ctx.step('s', () => 41)];
        },
      },
      activities: { double: (n) => n * 2 },
    });
    const { runId } = await start('mixed', 'w1');
    expect(await untilClosed(core, runId)).toMatchObject({
      status: 'completed',
      output: { data: [[2, 4, 6], 'fast', 41] },
    });
  });
}

test('waiting for something foreign blocks the run', async () => {
  const { core, start } = await openWorker({
    workflows: { foreign: async () => new Promise(() => undefined) },
  });
  const { runId } = await start('foreign', 'w1');
  expect(await untilClosed(core, runId)).toMatchObject({
    status: 'blocked',
    blocked: { code: 'foreign_await' },
  });
});

test('an outcome reaches a run that another worker has moved on meanwhile, however old the one in memory here is', async () => {
  const store = memory();
  let asleep = false;
  const sleeper: Storage = {
    kind: 'memory',
    open: async () => {
      const handle = await store.open();
      const claim: typeof handle.claim = async (request) => (asleep ? [] : handle.claim(request));
      return new Proxy(handle, { get: (target, name) => (name === 'claim' ? claim : bound(target, name)) });
    },
  };
  const workflows = {
    late: async (ctx: any) => {
      await ctx.waitSignal('go');
      return ctx.runActivity('work');
    },
  };
  const here = await openWorker({ storage: sleeper, workflows, activities: { work: () => 'done here' } });
  const { runId, namespace } = await here.start('late', 'w1');
  asleep = true;

  let begun = (): void => undefined;
  const working = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const hang = (): Promise<void> => {
    begun();
    return new Promise(() => undefined);
  };
  const there = await openWorker({ storage: store, workflows, activities: { work: hang } });
  const body = encodeSignal({ name: 'go', input: encodeValue(undefined) });
  const message = { namespace, runId, kind: 'signal', messageId: 'm1', at: 1, body };
  await there.core.committer.commit({
    expect: [],
    writes: [
      { kind: 'put-message', message },
      { kind: 'wake-task', taskId: runTaskId(runId), at: 1 },
    ],
  });
  await working;
  there.worker.abandon();
  asleep = false;
  await here.core.storage.releaseLeases(there.worker.id);
  here.worker.poke('another run');
  expect(await untilClosed(here.core, runId)).toMatchObject({
    status: 'completed',
    output: { data: 'done here' },
  });
});

function bound<T extends object>(target: T, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === 'function' ? (value.bind(target) as unknown) : value;
}
