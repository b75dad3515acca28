import {
  defineActivity,
  defineWorkflow,
  query,
  replay,
  signal,
  update,
  type ActivityOptions,
  type HistoryEvent,
  type WorkflowContext,
  type WorkflowHandle,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { open } from './kit.js';

/** Changes everything in a value that can be changed. */
function ruin(value: unknown, met = new Set<unknown>()): void {
  if (typeof value !== 'object' || value === null || met.has(value)) return;
  met.add(value);
  if (value instanceof Date) value.setTime(1);
  if (value instanceof Map || value instanceof Set) value.clear();
  if (value instanceof Uint8Array) value.fill(9);
  for (const key of Object.keys(value)) {
    ruin((value as Record<string, unknown>)[key], met);
    Reflect.set(value, key, 'ruined');
  }
  if (Array.isArray(value)) value.push('ruined');
}

interface Cargo {
  readonly at: Date;
  readonly items: { n: number }[];
  readonly tags: Map<string, Set<number>>;
  readonly bytes: Uint8Array;
}
const cargo = (): Cargo => ({
  at: new Date(5),
  items: [{ n: 1 }, { n: 2 }],
  tags: new Map([['a', new Set([1])]]),
  bytes: new Uint8Array([1, 2]),
});

const seen: unknown[] = [];
const look = defineActivity('look', (value: unknown) => {
  seen.push(structuredClone(value));
  ruin(value);
  return value;
});
const one = cargo();
/** Gives everybody the same object. */
const shares = defineActivity('shares', () => one);
const inner = defineWorkflow('inner', async (_ctx, value: unknown) => {
  const copy = structuredClone(value);
  ruin(value);
  return copy;
});
const messages = { take: signal<Cargo>(), ask: query<Cargo>(), change: update<Cargo, Cargo>() };

const ruins = defineWorkflow('ruins', { messages }, async (ctx, input: Cargo) => {
  const held = cargo();
  ctx.onQuery('ask', () => held);
  ctx.onUpdate('change', (value) => {
    ruin(value);
    return held;
  });
  ruin(input);
  const given = cargo();
  const options: ActivityOptions = { retry: { maximumAttempts: 2 }, summary: 'as it was' };
  const asked = ctx.runActivity(look, given, options);
  const child = ctx.runChild(inner, given);
  const memo = { given };
  ctx.upsertMemo(memo);
  ctx.setState(given);
  const effect = ctx.sideEffect(() => given);
  ruin(options);
  ruin(memo);
  await asked;
  const shared = await ctx.runActivity(shares);
  const was = structuredClone(shared);
  ruin(shared);
  const taken = await ctx.waitSignal('take');
  const signalled = structuredClone(taken);
  ruin(taken);
  await ctx.sleep('1s');
  const again = await ctx.runActivity(shares);
  return { effect, child: await child, was, signalled, again };
});
const workflows = [ruins, inner];

async function eventsOf(handle: WorkflowHandle): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  for await (const event of handle.history()) events.push(event);
  return events;
}

test('F12 whatever a run, its activities and its callers do to values afterwards changes nothing that is recorded', async () => {
  seen.length = 0;
  const engine = await open({ workflows, activities: [look, shares] });
  const input = cargo();
  const options = {
    id: 'w',
    memo: { m: cargo().items },
    searchAttributes: { tags: ['a', 'b'], due: new Date(7) },
  };
  const starting = engine.start(ruins, input, options);
  ruin(input);
  ruin(options);
  const handle = await starting;
  await engine.advance(1);
  const answer = await handle.query('ask');
  expect(answer).toEqual(cargo());
  ruin(answer);
  expect(await handle.query('ask')).toEqual(cargo());
  const change = cargo();
  const changed = await handle.update('change', change);
  ruin(change);
  expect(changed).toEqual(cargo());
  ruin(changed);
  const taken = cargo();
  await handle.signal('take', taken);
  ruin(taken);
  expect(await handle.result()).toEqual({
    effect: cargo(),
    child: cargo(),
    was: cargo(),
    signalled: cargo(),
    again: cargo(),
  });
  expect(seen).toEqual([cargo()]);
  expect(one).toEqual(cargo());
  const { memo, searchAttributes, state, input: recorded } = await handle.describe();
  expect({ memo, searchAttributes, state, recorded }).toEqual({
    memo: { m: cargo().items, given: cargo() },
    searchAttributes: { tags: ['a', 'b'], due: new Date(7) },
    state: cargo(),
    recorded: cargo(),
  });
  expect((await replay(workflows, await handle.exportHistory())).output).toEqual(
    (await handle.describe()).output,
  );
});

test('F12 what was read is its reader’s own: nobody else sees what becomes of it', async () => {
  const engine = await open({ workflows, activities: [look, shares] });
  const handle = await engine.start(ruins, cargo(), {
    id: 'w',
    memo: { a: [1] },
    searchAttributes: { tags: ['a'] },
  });
  await engine.advance(1);
  const reads: Record<string, () => Promise<unknown>> = {
    describe: () => handle.describe(),
    history: () => eventsOf(handle),
    exportHistory: () => handle.exportHistory(),
    list: () => engine.list(),
    runs: () => handle.runs(),
    at: async () => (await handle.at(3)).description,
    state$: () =>
      new Promise((resolve, reject) => void handle.state$.subscribe({ next: resolve, error: reject })),
    snapshot: async () => handle.snapshot(),
    activities$: () =>
      new Promise((resolve, reject) => void handle.activities$.subscribe({ next: resolve, error: reject })),
  };
  for (const [name, read] of Object.entries(reads)) {
    const first = await read();
    const was = structuredClone(first);
    ruin(first);
    if (name !== 'snapshot') expect(await read(), name).toEqual(was);
  }
  await handle.signal('take', cargo());
  expect(await handle.result()).toMatchObject({ signalled: cargo() });
});

test('F12 inputs and options may be frozen, and definitions are as they were made', async () => {
  const freeze = <T>(value: T): T => {
    if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value))
      Object.values(Object.freeze(value)).forEach(freeze);
    return value;
  };
  let attempts = 0;
  const options = { retry: { maximumAttempts: 2, initialInterval: '1s' as const } };
  const failing = defineActivity('failing', options, () => {
    attempts += 1;
    throw new Error('no');
  });
  const contract = { retry: { maximumAttempts: 1 }, searchAttributes: { city: 'keyword' as const } };
  const runs = defineWorkflow('runs', contract, async (ctx, input: Cargo) => {
    await ctx.runActivity(failing, undefined, freeze({ summary: 'x' })).catch(() => undefined);
    return input.items.length;
  });
  ruin(options);
  ruin(contract);
  const engine = await open({ workflows: [runs], activities: [failing] });
  const given = freeze({
    id: 'w',
    memo: { a: [1] },
    searchAttributes: { city: 'Oslo' },
    retry: { maximumAttempts: 1 },
  });
  const handle = await engine.start(runs, freeze(cargo()), given);
  expect(await handle.result()).toBe(2);
  expect(attempts).toBe(2);
});

test('F12 a run that overwrites what it was given harms itself only', async () => {
  const patching = defineWorkflow('patching', async (ctx) => {
    const patched = ctx as unknown as Record<string, unknown>;
    for (const name of ['sleep', 'now', 'waitSignal', 'setState', 'random']) {
      try {
        patched[name] = () => 'patched';
      } catch {
        // then it may not be overwritten at all
      }
    }
    ruin(ctx.info);
    ruin(ctx.now());
    return [typeof ctx.info.workflowId, ctx.sleep(1)];
  });
  const plain = defineWorkflow('plain', async (ctx: WorkflowContext) => {
    await ctx.sleep('1s');
    return [ctx.now() instanceof Date, typeof ctx.random(), ctx.info.workflowType];
  });
  const engine = await open({ workflows: [patching, plain] });
  const before = await engine.start(plain);
  expect(await engine.execute(patching)).toEqual(['string', 'patched']);
  for (const handle of [before, await engine.start(plain)])
    expect(await handle.result()).toEqual([true, 'number', 'plain']);
});

test('F12 what is sent is what it was at the call, whatever becomes of it before it is written', async () => {
  const messages = { take: signal<Cargo>(), ask: query<Cargo, Cargo>(), change: update<Cargo, Cargo>() };
  const takes = defineWorkflow('takes', { messages }, async (ctx) => {
    ctx.onQuery('ask', (value) => value);
    ctx.onUpdate('change', (value) => value);
    return ctx.waitSignal('take');
  });
  const engine = await open({ workflows: [takes] });
  const sent = async (send: (value: Cargo) => Promise<unknown>): Promise<unknown> => {
    const value = cargo();
    const sending = send(value);
    ruin(value);
    return sending;
  };
  const handle = await engine.start(takes);
  expect(await sent((value) => handle.query('ask', value))).toEqual(cargo());
  expect(await sent((value) => handle.update('change', value))).toEqual(cargo());
  await sent((value) => handle.signal('take', value));
  expect(await handle.result()).toEqual(cargo());
  const request = { input: undefined, id: 'with-start' };
  const answer = sent((payload) => engine.updateWithStart(takes, { ...request, update: 'change', payload }));
  expect(await answer).toEqual(cargo());
  await sent((payload) =>
    engine.signalWithStart(takes, { ...request, duplicatePolicy: 'use_existing', signal: 'take', payload }),
  );
  expect(await engine.handle('with-start').result()).toEqual(cargo());
});
