import { openStorage } from '#storage';
import {
  createClient,
  defineWorkflow,
  InvalidArgumentError,
  signal,
  SignalRejectedError,
  WorkflowFailedError,
  WorkflowNotActiveError,
  WorkflowNotFoundError,
  type Schema,
  type WorkflowContext,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { bent, storeFailure } from './bent-storage.js';
import { clientOf, eventTypes, open, rejection } from './kit.js';

const collecting = defineWorkflow('collecting', async (ctx, count: number) => {
  const values: unknown[] = [];
  for (let i = 0; i < count; i++) values.push(await ctx.waitSignal('item'));
  return values;
});

test('A14 signals come in the order in which they were sent, each wait takes one', async () => {
  const engine = await open({ workflows: [collecting] });
  const handle = await engine.start(collecting, 3);
  await handle.signal('item', 'a');
  await handle.signal('item', { b: new Date(1) });
  await handle.signal('item');
  expect(await handle.result()).toEqual(['a', { b: new Date(1) }, undefined]);
});

test('A4 A14 signals that are sent before the wait are buffered, other names are left alone', async () => {
  const workflow = defineWorkflow('buffers', async (ctx) => {
    await ctx.sleep('1h');
    const first = (await ctx.waitSignal('a')) as unknown;
    const other = (await ctx.waitSignal('b')) as unknown;
    const second = (await ctx.waitSignal('a')) as unknown;
    return [first, other, second];
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.signal('b', 'b1');
  await handle.signal('a', 'a1');
  await handle.signal('c', 'c1');
  await handle.signal('a', 'a2');
  expect(await handle.result()).toEqual(['a1', 'b1', 'a2']);
});

test('A14 several waits of one name take one signal each, in the order they asked', async () => {
  const workflow = defineWorkflow('several', (ctx) =>
    ctx.all([ctx.waitSignal('x'), ctx.waitSignal('y'), ctx.waitSignal('x')]),
  );
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  for (const [name, value] of [
    ['x', 1],
    ['x', 2],
    ['y', 3],
  ] as const)
    await handle.signal(name, value);
  expect(await handle.result()).toEqual([1, 3, 2]);
});

test('A14 a wait with a timeout gives undefined exactly when it elapses', async () => {
  const workflow = defineWorkflow('patient', async (ctx) => {
    const value: unknown = await ctx.waitSignal('x', { timeout: '10s' });
    return [value, ctx.now().getTime()];
  });
  const engine = await open({ startAt: new Date(0), workflows: [workflow] });
  const handle = await engine.start(workflow);
  await engine.advance(9_999);
  expect((await handle.describe()).status).toBe('waiting');
  await engine.advance(1);
  expect(await handle.result({ timeout: 0 })).toEqual([undefined, 10_000]);
});

test('A14 a signal in time is taken, and its timer is cancelled', async () => {
  const workflow = defineWorkflow('patient', async (ctx) => {
    const value = (await ctx.waitSignal('x', { timeout: '10s' })) as unknown;
    await ctx.sleep('1h');
    return value;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await engine.advance(9_999);
  await handle.signal('x', 'in time');
  expect(await handle.result()).toBe('in time');
  const types = await eventTypes(handle);
  expect(types.filter((type) => type === 'TimerFired')).toHaveLength(1);
  expect(types).toContain('TimerCancelled');
});

test('A14 a wait that has timed out takes no signal any more', async () => {
  const workflow = defineWorkflow('patient', async (ctx) => {
    const first = (await ctx.waitSignal('x', { timeout: '1s' })) as unknown;
    return [first, await ctx.waitSignal('x')] as unknown[];
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await engine.advance('1m');
  await handle.signal('x', 'late');
  expect(await handle.result()).toEqual([undefined, 'late']);
});

test('A14 a wait of zero looks once into the buffer', async () => {
  const workflow = defineWorkflow('peeks', async (ctx) => {
    await ctx.sleep('1h');
    return [
      await ctx.waitSignal('x', { timeout: 0 }),
      await ctx.waitSignal('x', { timeout: 0 }),
    ] as unknown[];
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.signal('x', 'there');
  expect(await handle.result()).toEqual(['there', undefined]);
});

test('A14 a cancelled wait leaves the signal for the next one', async () => {
  const workflow = defineWorkflow('gives-up', async (ctx) => {
    const first = await ctx.race({ x: ctx.waitSignal('x'), late: ctx.sleep('1s') });
    return [first.key, await ctx.waitSignal('x')] as unknown[];
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await engine.advance('1s');
  await handle.signal('x', 1);
  expect(await handle.result()).toEqual(['late', 1]);
});

test('G3 a signal with an id is applied once, however often it is sent', async () => {
  const engine = await open({ workflows: [collecting] });
  const handle = await engine.start(collecting, 2);
  for (let i = 0; i < 3; i++) await handle.signal('item', `first-${i}`, { id: 'one' });
  await handle.signal('item', 'second', { id: 'two' });
  expect(await handle.result()).toEqual(['first-0', 'second']);
});

test('G3 the id counts also long after the signal was taken, and after a crash', async () => {
  const engine = await open({ workflows: [collecting] });
  const handle = await engine.start(collecting, 2);
  await handle.signal('item', 1, { id: 'one' });
  await engine.runUntilIdle();
  await handle.signal('item', 2, { id: 'one' });
  await engine.runUntilIdle();
  await engine.crash();
  await handle.signal('item', 3, { id: 'one' });
  await engine.runUntilIdle();
  expect((await handle.describe()).status).toBe('waiting');
  await handle.signal('item', 4);
  expect(await handle.result()).toEqual([1, 4]);
});

test('G3 the same id sent at once from many sides is applied once', async () => {
  const engine = await open({ workflows: [collecting] });
  const handle = await engine.start(collecting, 2);
  await Promise.all(Array.from({ length: 20 }, () => handle.signal('item', 'same', { id: 'one' })));
  await handle.signal('item', 'end');
  expect(await handle.result()).toEqual(['same', 'end']);
});

test('G3 an id that was applied is a success also after the run has closed', async () => {
  const engine = await open({ workflows: [collecting] });
  const handle = await engine.start(collecting, 1);
  await handle.signal('item', 1, { id: 'one' });
  await handle.result();
  await handle.signal('item', 1, { id: 'one' });
  await rejection(WorkflowNotActiveError, handle.signal('item', 1, { id: 'two' }));
});

test('D8 a signal to a closed run is refused, one to an unknown workflow as well', async () => {
  const engine = await open({ workflows: [collecting] });
  const handle = await engine.start(collecting, 0);
  await handle.result();
  await rejection(WorkflowNotActiveError, handle.signal('item'));
  await rejection(WorkflowNotFoundError, engine.handle('nowhere').signal('item'));
});

const positive: Schema<number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof value === 'number' && value > 0
        ? { value }
        : { issues: [{ message: 'must be positive', path: ['amount'] }] },
  },
};
const declaring = defineWorkflow(
  'declaring',
  { messages: { pay: signal(positive), stop: signal() } },
  async (ctx) => {
    const amount = await ctx.waitSignal('pay');
    await ctx.waitSignal('stop');
    return amount;
  },
);

test('D11 a type that declares messages refuses other names at the door, and lists its own', async () => {
  const engine = await open({ workflows: [declaring] });
  const handle = await engine.start(declaring);
  const untyped = engine.handle(handle.workflowId);
  const error = await rejection(SignalRejectedError, untyped.signal('steal', 1));
  expect(error.message).toContain("'pay'");
  await handle.signal('pay', 5);
  await handle.signal('stop');
  expect(await handle.result()).toBe(5);
  expect((await eventTypes(handle)).filter((type) => type === 'SignalReceived')).toHaveLength(2);
});

test('B10 a value that its schema refuses is refused at the door, with the issues', async () => {
  const engine = await open({ workflows: [declaring] });
  const handle = await engine.start(declaring);
  const error = await rejection(SignalRejectedError, handle.signal('pay', -5));
  expect(error.cause).toBeInstanceOf(InvalidArgumentError);
  expect((error.cause as InvalidArgumentError).issues).toEqual([
    { path: 'amount', message: 'must be positive' },
  ]);
  expect(await eventTypes(handle)).not.toContain('SignalReceived');
});

test('B10 a pure client that knows the definition checks as well', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [declaring] });
  const { workflowId } = await engine.start(declaring);
  const client = await clientOf(engine, storage);
  await rejection(SignalRejectedError, client.handle(declaring, workflowId).signal('pay', 0));
  await client.handle(declaring, workflowId).signal('pay', 7);
  await client.handle(declaring, workflowId).signal('stop');
  expect(await engine.handle(workflowId).result()).toBe(7);
});

test('C6 a handler takes what was buffered, then what comes, in order', async () => {
  const workflow = defineWorkflow('handles', async (ctx) => {
    const seen: unknown[] = [];
    await ctx.sleep('1s');
    ctx.onSignal('x', (value) => {
      seen.push(value);
    });
    await ctx.waitCondition(() => seen.length === 4);
    return seen;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.signal('x', 1);
  await handle.signal('x', 2);
  await engine.advance('1s');
  await handle.signal('x', 3);
  await handle.signal('x', 4);
  expect(await handle.result()).toEqual([1, 2, 3, 4]);
});

test('C6 a wait of the same name goes before the handler', async () => {
  const workflow = defineWorkflow('both', async (ctx) => {
    const seen: unknown[] = [];
    ctx.onSignal('x', (value) => {
      seen.push(value);
    });
    const waited = (await ctx.waitSignal('x')) as unknown;
    await ctx.waitCondition(() => seen.length === 1);
    return [waited, seen] as unknown[];
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.signal('x', 'wait');
  await handle.signal('x', 'handler');
  expect(await handle.result()).toEqual(['wait', ['handler']]);
});

test('C6 an asynchronous handler may use durable work', async () => {
  const workflow = defineWorkflow('slow-handler', async (ctx) => {
    const seen: string[] = [];
    ctx.onSignal('x', async (value: string) => {
      await ctx.sleep('1m');
      seen.push(value);
    });
    await ctx.waitCondition(() => seen.length === 2);
    return seen;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.signal('x', 'a');
  await engine.advance('30s');
  await handle.signal('x', 'b');
  expect(await handle.result()).toEqual(['a', 'b']);
});

test('C6 a handler that throws fails the workflow', async () => {
  const workflow = defineWorkflow('fragile', async (ctx) => {
    ctx.onSignal('x', () => {
      throw new RangeError('too much');
    });
    await ctx.sleep('1h');
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.signal('x');
  const { failure } = await rejection(WorkflowFailedError, handle.result());
  expect(failure).toMatchObject({ name: 'RangeError', message: 'too much' });
});

test('C6 a signal that arrives before the first step applies after initialisation', async () => {
  const workflow = defineWorkflow('delayed', async (ctx) => {
    const seen: unknown[] = [];
    ctx.onSignal('x', (value) => {
      seen.push(value);
    });
    await ctx.sleep(0);
    return seen;
  });
  const storage = await openStorage();
  const client = await createClient({ storage });
  const handle = await client.start('delayed', undefined, { id: 'early' });
  await handle.signal('x', 'early');
  await client.close();
  const engine = await open({ storage, workflows: [workflow] });
  expect(await engine.handle('early').result()).toEqual(['early']);
});

test('G3 a thousand signals from ten senders are all taken, those of each sender in order', async () => {
  const engine = await open({ workflows: [collecting] });
  const handle = await engine.start(collecting, 200);
  await Promise.all(
    Array.from({ length: 10 }, async (_, sender) => {
      for (let i = 0; i < 20; i++) await handle.signal('item', [sender, i]);
    }),
  );
  const values = (await handle.result()) as [number, number][];
  expect(values).toHaveLength(200);
  for (let sender = 0; sender < 10; sender++) {
    expect(values.filter(([from]) => from === sender).map(([, i]) => i)).toEqual(
      Array.from({ length: 20 }, (_, i) => i),
    );
  }
});

test('B10 a signal whose value cannot be stored is refused, and nothing is written', async () => {
  const engine = await open({ workflows: [collecting] });
  const handle = await engine.start(collecting, 1);
  const error = await rejection(SignalRejectedError, handle.signal('item', { a: { b: () => 1 } }));
  expect(error.message).toContain('a.b');
  await handle.signal('item', 'fine');
  expect(await handle.result()).toEqual(['fine']);
});

test('F17 a wait for a signal that the type does not declare throws, and names those that it does', async () => {
  const messages = { paid: signal() };
  const workflow = defineWorkflow('w', { messages }, async (ctx) => {
    const caught: unknown = await (async () => ctx.waitSignal('payed' as never))().catch(
      (error: unknown) => error,
    );
    await ctx.waitSignal('paid');
    return caught instanceof InvalidArgumentError ? caught.message : 'waited';
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await engine.runUntilIdle();
  await engine.crash();
  await handle.signal('paid');
  expect(await handle.result()).toMatch(/'paid'.*'payed'/);
});

test('A14 a wait that was recorded goes on, whatever signals are declared since', async () => {
  const storage = await openStorage();
  const code = async (ctx: WorkflowContext): Promise<string> => {
    await ctx.waitSignal('old', { timeout: '1h' });
    await ctx.sleep(1);
    return 'done';
  };
  const before = await open({ storage, workflows: [defineWorkflow('w', code)], autoSkip: false });
  await before.start('w', undefined, { id: 'w' });
  await before.runUntilIdle();
  await before.close();
  const declared = defineWorkflow('w', { messages: { young: signal() } }, (ctx) => code(ctx as never));
  const after = await open({ storage, workflows: [declared], startAt: before.now });
  expect(await after.handle('w').result()).toBe('done');
});

test('G10 a signal whose commit said nothing is not sent again to the next run of the chain', async () => {
  const passing = defineWorkflow('passing', async (ctx, n: number): Promise<unknown> => {
    const word = await ctx.waitSignal('word');
    return word === 'on' ? ctx.continueAsNew(n + 1) : word;
  });
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [passing] });
  await engine.start(passing, 0, { id: 'w' });
  await engine.runUntilIdle();
  let silent = 2;
  const client = await clientOf(
    engine,
    bent(storage, {
      commit: async (call, batches) => {
        const results = await call(batches);
        if (silent-- <= 0) return results;
        await engine.runUntilIdle();
        throw storeFailure('unknown');
      },
    }),
  );
  await client.handle('w').signal('word', 'on');
  expect(await client.handle('w').describe()).toMatchObject({ runNumber: 2 });
  await client.signalWithStart(passing, { id: 'w', input: 0, signal: 'word', payload: 'on' });
  expect(await client.handle('w').describe()).toMatchObject({ runNumber: 3, status: 'waiting' });
});
