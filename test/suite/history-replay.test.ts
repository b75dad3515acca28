import {
  defineActivity,
  defineWorkflow,
  InvalidArgumentError,
  NondeterminismError,
  replay,
  UnknownWorkflowError,
  verify,
  type HistoryBundle,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { open, rejection } from './kit.js';

const double = defineActivity('double', { retry: { maximumAttempts: 2 } }, (n: number) => {
  if (n < 0) throw new RangeError('negative');
  return { n: n * 2, at: new Date(n), tags: new Map([[n, 'x']]) };
});
const busy = defineWorkflow('busy', async (ctx, n: number) => {
  const { tags } = await ctx.runActivity(double, n);
  await ctx.runActivity(double, -1).catch(() => undefined);
  const step = await ctx.step('add', () => n + 1);
  await ctx.sleep('1h');
  const first = await ctx.race({ signal: ctx.waitSignal('go'), late: ctx.sleep('10m') });
  const held = await ctx.waitCondition(() => false, { timeout: '1s' });
  const effect = ctx.sideEffect(() => Math.random());
  ctx.setState({ first: first.key });
  return { tags, step, held, key: first.key, effect, uuid: ctx.uuid4(), random: ctx.random(), at: ctx.now() };
});
const failing = defineWorkflow('failing', async (ctx) => {
  await ctx.sleep(1);
  throw new RangeError('on purpose');
});
const waiting = defineWorkflow('waiting', async (ctx) => (await ctx.waitSignal('end')) as unknown);
const workflows = [busy, failing, waiting];
const activities = [double];

test('A19 B31 a value that was too large when it was recorded is too large on replay, and one that was not is not', async () => {
  const echo = defineActivity('echo', (text: string) => text.length);
  const sizes = defineWorkflow('sizes', async (ctx, size: number) => {
    let refused: unknown;
    try {
      refused = await ctx.runActivity(echo, 'x'.repeat(size));
    } catch (error) {
      refused = (error as { code: string }).code;
    }
    await ctx.waitSignal('end');
    return [refused, 'y'.repeat(size)];
  });
  const bundleOf = async (size: number, limit: { maxPayloadBytes?: number }): Promise<HistoryBundle> => {
    const engine = await open({ workflows: [sizes], activities: [echo], ...limit });
    const handle = await engine.start(sizes, size);
    await engine.runUntilIdle();
    await handle.signal('end');
    await handle.result().catch(() => undefined);
    return handle.exportHistory();
  };
  const usual = await bundleOf(3 << 20, {});
  expect(await replay([sizes], usual)).toMatchObject({
    status: 'failed',
    failure: { code: 'payload_too_large' },
  });
  const small = await bundleOf(2_000, { maxPayloadBytes: 1_000 });
  expect((await replay([sizes], small, { maxPayloadBytes: 1_000 })).status).toBe('failed');
  await rejection(NondeterminismError, replay([sizes], small));
  const large = await bundleOf(3 << 20, { maxPayloadBytes: 8 << 20 });
  expect((await replay([sizes], large)).output).toEqual([3 << 20, 'y'.repeat(3 << 20)]);
  expect((await verify([sizes], [usual, large, small])).failed).toHaveLength(1);
  for (const bad of [0, 1.5, '1' as never])
    await rejection(InvalidArgumentError, replay([sizes], large, { maxPayloadBytes: bad }));
});

/** As it is after any store, file or wire. */
function sent(bundle: HistoryBundle): HistoryBundle {
  return JSON.parse(JSON.stringify(bundle)) as HistoryBundle;
}

test('C12 the history of every finished run replays to the same end', async () => {
  const engine = await open({ workflows, activities });
  const completed = await engine.start(busy, 4, { id: 'completed' });
  const output = await completed.result();
  const failed = await engine.start(failing, undefined, { id: 'failed' });
  await failed.result().catch(() => undefined);
  const cancelled = await engine.start(waiting, undefined, { id: 'cancelled' });
  await cancelled.cancel({ reason: 'r' });
  await cancelled.result().catch(() => undefined);
  const terminated = await engine.start(waiting, undefined, { id: 'terminated' });
  await terminated.terminate();
  const late = await engine.start(waiting, undefined, { id: 'late', runTimeout: '1s' });
  await engine.advance('1s');
  expect(await replay(workflows, sent(await completed.exportHistory()))).toEqual({
    status: 'completed',
    output,
  });
  const again = await replay(workflows, sent(await failed.exportHistory()));
  expect(again).toMatchObject({ status: 'failed', failure: { name: 'RangeError', message: 'on purpose' } });
  for (const [handle, status] of [
    [cancelled, 'cancelled'],
    [terminated, 'terminated'],
    [late, 'timed_out'],
  ] as const) {
    expect((await replay(workflows, sent(await handle.exportHistory()))).status).toBe(status);
  }
});

test('C12 the history of a run that is still open replays too', async () => {
  const engine = await open({ workflows, activities });
  const handle = await engine.start(waiting);
  await handle.signal('other');
  await engine.runUntilIdle();
  expect((await replay(workflows, await handle.exportHistory())).status).toBe('waiting');
});

test('B5 an edited history is refused', async () => {
  const engine = await open({ workflows, activities });
  const handle = await engine.start(busy, 4);
  await handle.result();
  const bundle = sent(await handle.exportHistory());
  const edit = (
    change: (copy: {
      events: { seq: number }[];
      workflow: { runId: string };
      digest: string;
      version: number;
      format: string;
    }) => void,
  ) => {
    const copy = sent(bundle);
    change(copy as unknown as Parameters<typeof change>[0]);
    return rejection(InvalidArgumentError, replay(workflows, copy));
  };
  expect((await edit((copy) => void copy.events.pop())).issues[0]?.path).toBe('digest');
  await edit((copy) => void copy.events.splice(2, 1));
  await edit((copy) => void copy.events.reverse());
  await edit((copy) => void (copy.workflow.runId = 'other'));
  await edit((copy) => void (copy.digest = 'sha256:0'));
  expect((await edit((copy) => void (copy.version = 99))).issues[0]?.path).toBe('version');
  expect((await edit((copy) => void (copy.format = 'other'))).issues[0]?.path).toBe('format');
  for (const nothing of [null, undefined, 1, 'x', {}, []]) {
    await rejection(InvalidArgumentError, replay(workflows, nothing as HistoryBundle));
  }
});

test('C12 a history without its workflow names those that there are', async () => {
  const engine = await open({ workflows, activities });
  const handle = await engine.start(waiting);
  const error = await rejection(UnknownWorkflowError, replay([busy, failing], await handle.exportHistory()));
  expect(error.message).toContain("'waiting'");
  expect(error.message).toContain("'busy'");
});

test('F16 changed code is found against an exported history', async () => {
  const engine = await open({ workflows, activities });
  const handle = await engine.start(busy, 4);
  await handle.result();
  const bundle = await handle.exportHistory();
  const changed = defineWorkflow('busy', async (ctx, n: number) => {
    await ctx.sleep('1h');
    return n;
  });
  const error = await rejection(NondeterminismError, replay([changed], bundle));
  expect(error.details).toMatchObject({
    expected: { type: 'ActivityScheduled', name: 'double' },
    produced: { type: 'TimerStarted' },
  });
  const reworded = defineWorkflow('failing', async (ctx) => {
    await ctx.sleep(1);
    return 'well';
  });
  const failed = await engine.start(failing);
  await failed.result().catch(() => undefined);
  await rejection(NondeterminismError, replay([reworded], await failed.exportHistory()));
});

test('B5 events come in order, without gaps, with their values', async () => {
  const engine = await open({ startAt: new Date(0), workflows, activities });
  const handle = await engine.start(waiting, undefined, { id: 'w' });
  await handle.signal('end', { at: new Date(7) }, { id: 'm1' });
  await handle.result();
  const events = [];
  for await (const event of handle.history()) events.push(event);
  expect(events.map(({ seq, type }) => [seq, type])).toEqual([
    [1, 'WorkflowStarted'],
    [2, 'SignalWaitOpened'],
    [3, 'SignalReceived'],
    [4, 'WorkflowCompleted'],
  ]);
  expect(events[0]).toMatchObject({
    at: new Date(0),
    attributes: { workflowType: 'waiting', workflowId: 'w' },
  });
  expect(events[2]?.attributes).toMatchObject({ name: 'end', messageId: 'm1', input: { at: new Date(7) } });
  expect(events[3]?.attributes).toMatchObject({ result: { at: new Date(7) } });
});

test('B5 a history is read from anywhere, and no more than asked', async () => {
  const engine = await open({ workflows, activities });
  const handle = await engine.start(busy, 1);
  await handle.result();
  const seqs = async (options?: { fromSeq?: number; limit?: number }): Promise<number[]> => {
    const found: number[] = [];
    for await (const { seq } of handle.history(options)) found.push(seq);
    return found;
  };
  const all = await seqs();
  expect(all).toEqual(all.map((_, i) => i + 1));
  expect(await seqs({ fromSeq: 5 })).toEqual(all.slice(4));
  expect(await seqs({ fromSeq: 5, limit: 3 })).toEqual([5, 6, 7]);
  expect(await seqs({ limit: 0 })).toEqual([]);
  expect(await seqs({ fromSeq: 9_999 })).toEqual([]);
  expect(await seqs({ limit: Infinity })).toEqual(all);
  for (const limit of [-1, 1.5, NaN, '2'])
    await rejection(InvalidArgumentError, seqs({ limit: limit as number }));
});

test('B5 a long history is read in pages without a gap', async () => {
  const long = defineWorkflow('long', async (ctx) => {
    await ctx.all(Array.from({ length: 600 }, () => ctx.sleep(1)));
  });
  const engine = await open({ workflows: [long] });
  const handle = await engine.start(long);
  await handle.result();
  let next = 1;
  for await (const { seq } of handle.history()) expect(seq).toBe(next++);
  expect(next).toBe(1_203);
  expect((await replay([long], await handle.exportHistory())).status).toBe('completed');
});
