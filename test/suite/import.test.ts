import { openStorage } from '#storage';
import {
  defineActivity,
  defineWorkflow,
  InvalidArgumentError,
  NondeterminismError,
  replay,
  signal,
  WorkflowAlreadyStartedError,
  WorkflowNotClosedError,
  type HistoryBundle,
} from '@perdure/core';
import type { TestEngine } from '@perdure/testing';
import { expect, test } from 'vitest';
import { clientOf, open, rejection } from './kit.js';

const charge = defineActivity('charge', (card: { number: string; amount: number }) => ({
  receipt: `${card.number}/${card.amount}`,
}));
const activities = [charge];
const messages = { go: signal<string>() };
const order = defineWorkflow('order', { messages }, async (ctx, number: string) => {
  const { receipt } = await ctx.runActivity(charge, { number, amount: 5 });
  ctx.setState({ receipt });
  ctx.upsertMemo({ receipt });
  ctx.upsertSearchAttributes({ paid: true });
  const by = await ctx.waitSignal('go', { timeout: '1d' });
  return [receipt, by, ctx.random()];
});
const failing = defineWorkflow('failing', async (ctx) => {
  await ctx.sleep('1s');
  throw new TypeError('card 4111 refused');
});
const workflows = [order, failing];

const fresh = async (code = workflows): Promise<TestEngine> =>
  open({ startAt: new Date(5_000), workflows: code, activities });

async function exported(
  close = true,
): Promise<{ bundle: HistoryBundle; output: unknown; engine: TestEngine }> {
  const engine = await open({ startAt: new Date(0), workflows, activities });
  const handle = await engine.start(order, '4111', {
    id: 'w',
    memo: { m: 1 },
    searchAttributes: { city: 'Oslo' },
  });
  await engine.runUntilIdle();
  let output: unknown;
  if (close) {
    await handle.signal('go', 'Ada');
    output = await handle.result();
  }
  const bundle = JSON.parse(JSON.stringify(await handle.exportHistory())) as HistoryBundle;
  return { bundle, output, engine };
}

test('E9 a closed run comes in as the record that it was', async () => {
  const { bundle, output, engine } = await exported();
  const was = await engine.handle('w').describe();
  const there = await fresh();
  const handle = await there.importHistory(bundle);
  const is = await handle.describe();
  expect(await handle.result()).toEqual(output);
  const { version: _v, lastProgressAt: _p, ...before } = was;
  expect(is).toMatchObject({ ...before, historyBytes: is.historyBytes });
  expect(await handle.exportHistory()).toEqual(bundle);
  expect(await there.count({ query: "paid = true AND city = 'Oslo'" })).toBe(1);
  expect(await handle.repair()).toEqual({ outcome: 'repair_not_needed' });
});

test('E9 an open run is taken over, and goes on where it was', async () => {
  const { bundle, engine } = await exported(false);
  const there = await fresh();
  const handle = await there.importHistory(bundle, { takeOver: true });
  await there.runUntilIdle();
  expect(await handle.describe()).toMatchObject({
    status: 'waiting',
    state: { receipt: '4111/5' },
    memo: { m: 1, receipt: '4111/5' },
    searchAttributes: { city: 'Oslo', paid: true },
    waitingFor: [{ kind: 'signal', name: 'go' }],
  });
  await handle.signal('go', 'Bob');
  await engine.handle('w').signal('go', 'Bob');
  expect(await handle.result()).toEqual(await engine.handle('w').result());
});

test('E9 what was pending and due in a run that is taken over happens there', async () => {
  const engine = await open({
    startAt: new Date(0),
    workflows,
    activities: [charge],
    taskQueues: ['workflows'],
  });
  const bundles: HistoryBundle[] = [];
  const handle = await engine.start(order, '1', { id: 'pending', taskQueue: 'workflows' });
  const timed = await engine.start(failing, undefined, { id: 'timed', taskQueue: 'workflows' });
  bundles.push(await handle.exportHistory(), await timed.exportHistory());
  const there = await open({
    startAt: new Date(60_000),
    workflows,
    activities,
    taskQueues: ['workflows', 'default'],
  });
  const [first, second] = await Promise.all(
    bundles.map((bundle) => there.importHistory(bundle, { takeOver: true })),
  );
  await first?.signal('go', 'x');
  expect(((await first?.result()) as unknown[]).slice(0, 2)).toEqual(['1/5', 'x']);
  await expect(second?.result()).rejects.toThrow('card 4111 refused');
});

test('E9 an open run is not taken in by mistake', async () => {
  const { bundle } = await exported(false);
  const there = await fresh();
  const error = await rejection(WorkflowNotClosedError, there.importHistory(bundle));
  expect(error.message).toContain('takeOver');
  expect(await there.count()).toBe(0);
});

test('E9 a run comes in once under its own ids, and as a copy under others', async () => {
  const { bundle, output } = await exported();
  const there = await fresh();
  await there.importHistory(bundle);
  const error = await rejection(WorkflowAlreadyStartedError, there.importHistory(bundle));
  expect(error.code).toBe('workflow_already_started');
  const copy = await there.importHistory(bundle, { id: 'copy' });
  expect(await copy.result()).toEqual(output);
  expect(await copy.describe()).toMatchObject({
    workflowId: 'copy',
    origin: { workflowId: 'w', runId: bundle.workflow.runId, seq: bundle.events.length },
  });
  await rejection(WorkflowAlreadyStartedError, there.importHistory(bundle, { id: 'copy' }));
  await replay([order], await copy.exportHistory());
  const open = await exported(false);
  const going = await there.importHistory(open.bundle, { id: 'going', takeOver: true });
  await going.signal('go', 'Ada');
  expect(((await going.result()) as unknown[]).slice(0, 2)).toEqual(['4111/5', 'Ada']);
});

test('E9 runs of one workflow id come in in any order, and the newest is the current one', async () => {
  const engine = await open({ startAt: new Date(0), workflows, activities });
  const bundles: HistoryBundle[] = [];
  for (let i = 0; i < 3; i++) {
    const handle = await engine.start(failing, undefined, { id: 'w', duplicatePolicy: 'allow' });
    await handle.result().catch(() => undefined);
    bundles.push(await engine.handle('w', handle.runId).exportHistory());
  }
  const there = await fresh();
  for (const i of [1, 0, 2]) await there.importHistory(bundles[i] as HistoryBundle);
  const runs = await there.handle('w').runs();
  expect(runs.map(({ runNumber, isCurrentRun, status }) => [runNumber, isCurrentRun, status])).toEqual([
    [1, false, 'failed'],
    [2, false, 'failed'],
    [3, true, 'failed'],
  ]);
  await rejection(WorkflowAlreadyStartedError, there.importHistory(bundles[0] as HistoryBundle));
  const next = await there.start(order, '1', { id: 'w', duplicatePolicy: 'allow' });
  expect((await next.describe()).runNumber).toBe(4);
});

test('E8 a bundle is checked: format, version, digest, order, and what is no bundle', async () => {
  const { bundle } = await exported();
  const there = await fresh();
  const spoilt: unknown[] = [
    undefined,
    null,
    'bundle',
    {},
    { ...bundle, format: 'other' },
    { ...bundle, version: 99 },
    { ...bundle, digest: 'sha256:0' },
    { ...bundle, events: bundle.events.slice(0, -1) },
    { ...bundle, events: [] },
    { ...bundle, workflow: { ...bundle.workflow, redacted: true } },
  ];
  for (const one of spoilt) await rejection(InvalidArgumentError, there.importHistory(one as HistoryBundle));
  await rejection(InvalidArgumentError, there.importHistory(bundle, { id: 'no id' }));
  expect(await there.count({ allRuns: true })).toBe(0);
});

test('E8 a bundle whose code is here is replayed before it comes in', async () => {
  const { bundle } = await exported();
  const other = defineWorkflow('order', async (ctx) => ctx.sleep('1h'));
  const there = await open({ workflows: [other] });
  await rejection(NondeterminismError, there.importHistory(bundle));
  expect(await there.count()).toBe(0);
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [] });
  const client = await clientOf(engine, storage);
  const handle = await client.importHistory(bundle);
  expect((await handle.describe()).status).toBe('completed');
});

const mask = (value: unknown): unknown =>
  typeof value === 'string'
    ? value.replace(/\d/g, '#')
    : typeof value === 'object' && value !== null && !(value instanceof Date)
      ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, mask(one)]))
      : value;

test('E8 a redacted bundle holds none of what was replaced, says so, and replays', async () => {
  const { bundle, engine } = await exported();
  const places: string[] = [];
  const redacted = await engine.handle('w').exportHistory({
    redact: (value, { seq, type, field }) => {
      places.push(`${type}.${field}`);
      expect(seq).toBeGreaterThan(0);
      return mask(value);
    },
  });
  expect(JSON.stringify(bundle)).toContain('4111');
  expect(JSON.stringify(redacted)).not.toContain('4111');
  expect(redacted.workflow).toEqual({ ...bundle.workflow, redacted: true });
  expect(redacted.digest).not.toBe(bundle.digest);
  expect(places).toEqual(
    expect.arrayContaining([
      'WorkflowStarted.input',
      'WorkflowStarted.memo',
      'WorkflowStarted.searchAttributes',
      'ActivityScheduled.input',
      'ActivityCompleted.result',
      'SignalReceived.input',
      'WorkflowCompleted.result',
    ]),
  );
  const { status, output } = await replay([order], JSON.parse(JSON.stringify(redacted)) as HistoryBundle);
  expect(status).toBe('completed');
  expect((output as unknown[]).slice(0, 2)).toEqual(['####/#', 'Ada']);
});

test('E8 messages and details of failures are redacted, and their stacks go', async () => {
  const engine = await fresh();
  const handle = await engine.start(failing, undefined, { id: 'f' });
  await handle.result().catch(() => undefined);
  const redacted = await handle.exportHistory({ redact: mask });
  expect(JSON.stringify(redacted)).toContain('card #### refused');
  expect(JSON.stringify(redacted)).not.toContain('4111');
  expect((await replay([failing], redacted)).status).toBe('failed');
  await rejection(InvalidArgumentError, handle.exportHistory({ redact: () => 7 }));
  await rejection(InvalidArgumentError, handle.exportHistory({ redact: true as never }));
});

test('E8 where a replay of a redacted bundle parts, it says that this may be why', async () => {
  const choosy = defineWorkflow('choosy', async (ctx, card: string) => {
    if (card.startsWith('4')) await ctx.sleep('1s');
    return 1;
  });
  const engine = await open({ workflows: [choosy] });
  const handle = await engine.start(choosy, '4111', { id: 'w' });
  await handle.result();
  const error = await rejection(
    NondeterminismError,
    replay([choosy], await handle.exportHistory({ redact: mask })),
  );
  expect(error.message).toContain('The history is redacted');
});

test('E8 a redacted run comes in as a record, and is not taken over', async () => {
  const { engine } = await exported();
  const there = await fresh();
  const redacted = await engine.handle('w').exportHistory({ redact: mask });
  const handle = await there.importHistory(redacted);
  expect(((await handle.result()) as unknown[])[0]).toBe('####/#');
  expect((await handle.describe()).input).toBe('####');
  const open = await exported(false);
  const openRedacted = await open.engine.handle('w').exportHistory({ redact: mask });
  await rejection(InvalidArgumentError, there.importHistory(openRedacted, { id: 'x', takeOver: true }));
});

test('E8 E9 F7 a redacted history that parts from the code says that it is redacted, to whoever replays or imports it', async () => {
  const workflow = defineWorkflow('by-value', async (ctx) => {
    if ((await ctx.waitSignal('s')) === 'x') await ctx.sleep(1);
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.signal('s', 'x');
  await handle.result();
  const bundle = await handle.exportHistory({
    redact: (value) => (typeof value === 'string' ? '***' : value),
  });
  const imported = await rejection(NondeterminismError, engine.importHistory(bundle, { id: 'copy' }));
  const replayed = await rejection(NondeterminismError, replay([workflow], bundle));
  expect(imported.message).toContain('The history is redacted');
  expect(imported.message).toBe(replayed.message);
});
