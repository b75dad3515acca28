import {
  defineActivity,
  defineWorkflow,
  NondeterminismError,
  replay,
  signal,
  type DivergenceReport,
  type HistoryBundle,
  type WorkflowContext,
} from '@perdure/core';
import { describe, expect, test } from 'vitest';
import { open, rejection } from './kit.js';

interface Page {
  readonly next?: Page;
}
type Call = (ctx: WorkflowContext) => unknown;

const anything = (name: string) => defineActivity(name, (value: unknown) => value);
const activities = ['first', 'work', 'last', 'other'].map(anything);
const child = defineWorkflow('child', async (_ctx, value: string) => value);
const cousin = defineWorkflow('cousin', async (_ctx, value: string) => value);
const messages = { go: signal(), gone: signal() };
const target = defineWorkflow('target', { messages }, async (ctx): Promise<void> => {
  await ctx.waitSignal('go');
});

/** What a workflow most often asks for, each awaited, the result read. */
const calls = {
  activity: async (ctx) => JSON.stringify(await ctx.runActivity('work', { n: 1 })),
  step: async (ctx) => JSON.stringify(await ctx.step('count', () => ({ n: 1 }))),
  child: async (ctx) => ctx.runChild('child', 'c'),
  sleep: async (ctx) => ctx.sleep('1m'),
  signal: async (ctx) => ctx.waitSignal('go'),
  condition: async (ctx) => ctx.waitCondition(() => false, { timeout: '5s' }),
  sideEffect: (ctx) => ctx.sideEffect(() => 5),
  memo: (ctx) => {
    ctx.upsertMemo({ a: 1 });
  },
  external: async (ctx) => ctx.external('target').signal('gone', 1),
} satisfies Record<string, Call>;
type Kind = keyof typeof calls;
const kinds = Object.keys(calls) as Kind[];
const first: Call = async (ctx) => ctx.runActivity('first', 'f');
const last: Call = async (ctx) => ctx.runActivity('last', 'l');

const code = (...body: Call[]) =>
  defineWorkflow('evolving', { messages }, async (ctx): Promise<void> => {
    for (const call of body) await call(ctx);
  });

/** What a run of these calls has recorded, to its end. */
async function recorded(...body: Call[]): Promise<HistoryBundle> {
  const workflow = code(...body);
  const engine = await open({ workflows: [workflow, child, cousin, target], activities });
  await engine.start(target, undefined, { id: 'target' });
  const handle = await engine.start(workflow);
  await handle.signal('go');
  await handle.signal('go');
  await handle.result();
  return handle.exportHistory();
}

async function report(bundle: HistoryBundle, ...body: Call[]): Promise<DivergenceReport> {
  const error = await rejection(NondeterminismError, replay([code(...body)], bundle));
  return error.details as DivergenceReport;
}

describe.each(kinds)('F7 %s', (kind) => {
  test('before it another call was inserted, alone or with a second one', async () => {
    const bundle = await recorded(first, calls[kind], last);
    for (const added of kinds.filter((other) => other !== kind)) {
      const one = await report(bundle, first, calls[added], calls[kind], last);
      expect([added, one.cause]).toEqual([added, 'inserted']);
      expect(one.callSites.expected).toContain('divergence-causes');
      const two = await report(bundle, first, calls[added], more, calls[kind], last);
      expect([added, two.cause]).toEqual([added, 'inserted']);
    }
  });

  test('it was inserted before calls of which one has its result for input', async () => {
    let given: unknown;
    const takes: Call = async (ctx) => ctx.runActivity('last', { of: (given as { n: number }).n });
    const bundle = await recorded(first, set(1), takes, last);
    const inserted: Call = async (ctx) => {
      given = (await calls[kind](ctx)) ?? { n: 2 };
      if (typeof given !== 'object') given = { n: 3 };
    };
    expect((await report(bundle, first, inserted, takes, last)).cause).toBe('inserted');

    function set(n: number): Call {
      return () => {
        given = { n };
      };
    }
  });

  test('it was removed', async () => {
    const bundle = await recorded(first, calls[kind], last);
    expect((await report(bundle, first, last)).cause).toBe('removed');
    expect((await report(bundle, first)).cause).toBe('removed');
    const within = await recorded(first, calls[kind], last, first, last, calls[kind]);
    expect((await report(within, first, last, first, last, calls[kind])).cause).toBe('removed');
  });

  test('it has moved', async () => {
    const bundle = await recorded(first, calls[kind], last);
    expect((await report(bundle, calls[kind], first, last)).cause).toBe('moved');
    expect((await report(bundle, first, last, calls[kind])).cause).toBe('moved');
  });
});

const more: Call = async (ctx) => ctx.runActivity('other', 'o');

const renamed: Partial<Record<Kind, Call>> = {
  activity: async (ctx) => ctx.runActivity('other', { n: 1 }),
  step: async (ctx) => ctx.step('sum', () => ({ n: 1 })),
  child: async (ctx) => ctx.runChild('cousin', 'c'),
  signal: async (ctx) => ctx.waitSignal('gone'),
  external: async (ctx) => ctx.external('target').signal('go', 1),
};
test.each(Object.keys(renamed) as Kind[])('F7 %s was renamed, once or wherever it is', async (kind) => {
  const bundle = await recorded(first, calls[kind], last);
  const call = renamed[kind] as Call;
  expect(await report(bundle, first, call, last)).toMatchObject({ cause: 'renamed', differs: ['name'] });
  if (kind === 'signal') return; // the other one is never sent
  const twice = await recorded(first, calls[kind], last, calls[kind]);
  expect((await report(twice, first, call, last, call)).cause).toBe('renamed');
  expect((await report(twice, first, call, last, calls[kind])).cause).toBe('renamed');
});

test('F7 a call by another name and with another input is another call, and no loop over what is not known hangs', async () => {
  const bundle = await recorded(first, last);
  const loops: Call = async (ctx) => {
    let page = (await ctx.runActivity('work', 1)) as Page;
    while (page.next) page = page.next;
  };
  expect((await report(bundle, first, loops, last)).cause).toBe('different');
});
