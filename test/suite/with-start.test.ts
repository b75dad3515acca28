import { openStorage } from '#storage';
import {
  EngineClosedError,
  defineWorkflow,
  InvalidArgumentError,
  signal,
  SignalRejectedError,
  update,
  UpdateRejectedError,
  WaitTimeoutError,
  WorkflowAlreadyStartedError,
  WorkflowNotActiveError,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { clientOf, eventTypes, open, rejection } from './kit.js';

const messages = { add: signal<string>(), put: update<number, string>(), end: signal() };

/** Keeps what it is told until it is told to end. */
const cart = defineWorkflow('cart', { messages }, async (ctx, owner: string) => {
  const items: string[] = [];
  ctx.onSignal('add', (item) => void items.push(item));
  ctx.onUpdate('put', (item) => items.push(item), {
    validate: (item) => {
      if (item === 'bomb') throw new Error('not allowed');
    },
  });
  await ctx.waitSignal('end');
  return [owner, ...items];
});
const request = { id: 'cart-1', input: 'ada', signal: 'add' } as const;
const put = { id: 'cart-1', input: 'ada', update: 'put' } as const;

test('E16 C17 signalWithStart starts a run with the signal, and signals the open one', async () => {
  const engine = await open({ workflows: [cart] });
  const first = await engine.signalWithStart(cart, { ...request, payload: 'a' });
  const second = await engine.signalWithStart(cart, { ...request, input: 'bob', payload: 'b' });
  expect(second.workflowId).toBe(first.workflowId);
  await first.signal('end');
  expect(await first.result()).toEqual(['ada', 'a', 'b']);
  expect(await engine.count({ allRuns: true })).toBe(1);
});

test('E16 signalWithStart of a closed run starts the next one', async () => {
  const engine = await open({ workflows: [cart] });
  const first = await engine.signalWithStart(cart, { ...request, payload: 'a' });
  await first.signal('end');
  await first.result();
  const second = await engine.signalWithStart(cart, { ...request, input: 'bob', payload: 'b' });
  await second.signal('end');
  expect(await second.result()).toEqual(['bob', 'b']);
  expect(await first.runs()).toHaveLength(2);
});

test('E16 many at once start one run, which gets every signal', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [cart] });
  const client = await clientOf(engine, storage);
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const [handle] = await Promise.all(
    names.map((payload, i) => (i % 2 === 0 ? engine : client).signalWithStart(cart, { ...request, payload })),
  );
  await handle?.signal('end');
  expect(((await handle?.result()) as string[]).slice(1).sort()).toEqual(names);
  expect(await engine.count({ allRuns: true })).toBe(1);
});

test.each([{ requestId: 'r' }, { signalId: 'r' }])(
  'E16 the same %j applies its signal once, also after the close',
  async (once) => {
    const engine = await open({ workflows: [cart] });
    const handle = await engine.signalWithStart(cart, { ...request, ...once, payload: 'a' });
    await engine.crash();
    await engine.signalWithStart(cart, { ...request, ...once, payload: 'again' });
    await handle.signal('end');
    expect(await handle.result()).toEqual(['ada', 'a']);
    if (!('requestId' in once)) return;
    const same = await engine.signalWithStart(cart, { ...request, ...once, payload: 'late' });
    expect(await same.result()).toEqual(['ada', 'a']);
    await rejection(
      WorkflowNotActiveError,
      engine.signalWithStart(cart, { ...request, ...once, payload: 'x', signalId: 'other' }),
    );
  },
);

test.each(['before-commit', 'after-commit'] as const)(
  'E16 a crash %s of signalWithStart loses nothing and doubles nothing',
  async (at) => {
    const engine = await open({ workflows: [cart] });
    const cut = rejection(
      EngineClosedError,
      engine.signalWithStart(cart, { ...request, payload: 'a', requestId: 'r' }),
    );
    await engine.crash({ at });
    await cut;
    const handle = await engine.signalWithStart(cart, { ...request, payload: 'a', requestId: 'r' });
    await engine.crash();
    await handle.signal('end');
    expect(await handle.result()).toEqual(['ada', 'a']);
    expect((await eventTypes(handle)).filter((type) => type === 'SignalReceived')).toHaveLength(2);
  },
);

test('E16 a duplicate policy that is given decides as it does for start', async () => {
  const engine = await open({ workflows: [cart] });
  const first = await engine.signalWithStart(cart, { ...request, payload: 'a', duplicatePolicy: 'reject' });
  for (const duplicatePolicy of ['reject', 'allow'] as const)
    await rejection(
      WorkflowAlreadyStartedError,
      engine.signalWithStart(cart, { ...request, payload: 'b', duplicatePolicy }),
    );
  const next = await engine.signalWithStart(cart, {
    ...request,
    payload: 'c',
    duplicatePolicy: 'terminate_existing',
  });
  await next.signal('end');
  expect(await next.result()).toEqual(['ada', 'c']);
  expect((await first.runs()).map(({ status }) => status)).toEqual(['terminated', 'completed']);
});

test('E16 what is refused at the door starts nothing', async () => {
  const engine = await open({ workflows: [cart] });
  const unknown = { ...request, signal: 'put', payload: 'a' } as unknown as typeof request & {
    payload: string;
  };
  await rejection(SignalRejectedError, engine.signalWithStart(cart, unknown));
  await rejection(
    InvalidArgumentError,
    engine.signalWithStart(cart, { ...request, payload: 'a', signalId: 'no spaces' }),
  );
  const misspelt = { ...request, payload: 'a', singalId: 'x' };
  expect(
    (await rejection(InvalidArgumentError, engine.signalWithStart(cart, misspelt))).issues[0]?.path,
  ).toBe('singalId');
  expect(await engine.count({ allRuns: true })).toBe(0);
});

test('E16 updateWithStart starts a run with the update, and updates the open one', async () => {
  const engine = await open({ workflows: [cart] });
  expect(await engine.updateWithStart(cart, { ...put, payload: 'a' })).toBe(1);
  expect(await engine.updateWithStart(cart, { ...put, payload: 'b' })).toBe(2);
  const handle = engine.handle(cart, 'cart-1');
  await handle.signal('end');
  expect(await handle.result()).toEqual(['ada', 'a', 'b']);
  expect(await engine.updateWithStart(cart, { ...put, input: 'bob', payload: 'c' })).toBe(1);
});

test('E16 the same request of updateWithStart has one outcome', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [cart] });
  const client = await clientOf(engine, storage);
  const once = { ...put, requestId: 'r', payload: 'a' };
  const outcomes = await Promise.all(
    [engine, client, engine, client].map((sender) => sender.updateWithStart(cart, once)),
  );
  expect(outcomes).toEqual([1, 1, 1, 1]);
  const handle = engine.handle(cart, 'cart-1');
  await handle.signal('end');
  expect(await handle.result()).toEqual(['ada', 'a']);
  expect(await client.updateWithStart(cart, once)).toBe(1);
});

test('E16 an update that is refused has started its run all the same', async () => {
  const engine = await open({ workflows: [cart] });
  const refused = await rejection(
    UpdateRejectedError,
    engine.updateWithStart(cart, { ...put, payload: 'bomb' }),
  );
  expect(refused.message).toContain('not allowed');
  expect((await engine.handle('cart-1').describe()).status).toBe('waiting');
});

test('E16 updateWithStart waits no longer than it is told', async () => {
  const never = defineWorkflow('never', { messages: { put: update<void, string>() } }, async (ctx) => {
    await ctx.sleep('1d');
  });
  const engine = await open({ workflows: [never] });
  await rejection(
    WaitTimeoutError,
    engine.updateWithStart(never, { input: undefined, update: 'put', payload: 'a', timeout: '5s' }),
  );
});
