import {
  defineActivity,
  defineWorkflow,
  isPerdureError,
  query,
  replay,
  signal,
  update,
  type WorkflowContext,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { maxPayloadBytes, stored } from './hostile-stored.js';
import { open } from './kit.js';

/** `same`: it came back equal. `refused`: with an error of the library, which has a code. Anything else is a fault. */
type Verdict = string;

const make = (index: number): unknown => stored[index]?.make();
function verdict(index: number, back: unknown): Verdict {
  try {
    expect(back).toStrictEqual(stored[index]?.back?.());
    return 'same';
  } catch (error) {
    return `another: ${String(error).slice(0, 300)}`;
  }
}
async function judged(index: number, travel: () => unknown): Promise<Verdict> {
  try {
    return verdict(index, await travel());
  } catch (error) {
    return isPerdureError(error) || isRecorded(error) ? 'refused' : `thrown: ${String(error)}`;
  }
}
/** An error of the library that went through history has lost its class; a side effect is asked whether it is a promise. */
const isRecorded = (error: unknown): boolean =>
  error instanceof Error && (error.name.startsWith('Payload') || error.message === 'hands off');
const expected = (index: number): Verdict => (stored[index]?.back ? 'same' : 'refused');

const once = { retry: { maximumAttempts: 1 } };
const echo = defineActivity('echo', once, (value: unknown) => value);
const gives = defineActivity('gives', once, (index: number) => make(index));
/** What the first attempt has told, the second one gives back. */
const beats = defineActivity('beats', (index: number, { heartbeat, lastHeartbeat, info }) => {
  if (info.attempt > 1) return lastHeartbeat();
  heartbeat(make(index));
  throw new Error('again');
});
const activities = [echo, gives, beats];

const messages = {
  take: signal<unknown>(),
  index: signal<number>(),
  ask: query<unknown, unknown>(),
  give: query<unknown, number>(),
  state: query<unknown, number>(),
  echo: update<unknown, unknown>(),
  change: update<unknown, number>(),
};

const takes = defineWorkflow('takes', async (_ctx, value: unknown) => value);
const returns = defineWorkflow('returns', async (_ctx, index: number) => make(index));
const follows = defineWorkflow('follows', async (ctx, { index, value, next }: Followed): Promise<unknown> => {
  if (next) return value;
  return ctx.continueAsNew({ index, value: make(index), next: true });
});
interface Followed {
  readonly index: number;
  readonly value?: unknown;
  readonly next?: boolean;
}

type Place = (ctx: WorkflowContext<typeof messages>, index: number) => unknown;
const inside: Record<string, Place> = {
  'the input of an activity': (ctx, index) => ctx.runActivity(echo, make(index)),
  'the result of an activity': (ctx, index) => ctx.runActivity(gives, index),
  'a heartbeat': (ctx, index) => ctx.runActivity(beats, index),
  'the result of a step': (ctx, index) => ctx.step('gives', () => make(index), once),
  'a side effect': (ctx, index) => ctx.sideEffect(() => make(index)),
  'the input of a child': (ctx, index) => ctx.runChild(takes, make(index)),
  'the result of a child': (ctx, index) => ctx.runChild(returns, index),
  'a signal to itself': async (ctx, index) => {
    await ctx.external(ctx.info.workflowId).signal('take', make(index));
    return ctx.waitSignal('take');
  },
};
const travels = defineWorkflow('travels', { messages }, async (ctx, index: number) => {
  ctx.onQuery('ask', (value) => value);
  ctx.onQuery('give', make);
  ctx.onUpdate('echo', (value) => value);
  ctx.onUpdate('change', async (index) => make(index));
  const verdicts: Record<string, Verdict> = {};
  for (const [place, travel] of Object.entries(inside)) {
    verdicts[place] = await judged(index, () => travel(ctx, index));
  }
  verdicts['the state'] = await judged(index, () => {
    ctx.setState(make(index));
    return stored[index]?.back?.();
  });
  await ctx.waitSignal('index');
  return verdicts;
});
const workflows = [travels, takes, returns, follows];

test.each(stored.map(({ what }, index) => [what, index] as const))(
  'F12 F18 %s comes back equal or is refused, wherever it goes, and the run goes on',
  async (_, index) => {
    const engine = await open({ workflows, activities, maxPayloadBytes });
    const handle = await engine.start(travels, index);
    await engine.advance('1m');
    const outside: Record<string, () => unknown> = {
      'the input of a workflow': () => engine.execute(takes, make(index)),
      'the output of a workflow': () => engine.execute(returns, index),
      'the argument of a query': () => handle.query('ask', make(index)),
      'the answer of a query': () => handle.query('give', index),
      'the argument of an update': () => handle.update('echo', make(index)),
      'the result of an update': () => handle.update('change', index),
    };
    const verdicts: Record<string, Verdict> = {};
    for (const [place, travel] of Object.entries(outside)) verdicts[place] = await judged(index, travel);
    if (stored[index]?.back) {
      verdicts['the state, outside'] = verdict(index, (await handle.describe()).state);
      await handle.signal('take', make(index));
    } else await expect(handle.signal('take', make(index))).rejects.toSatisfy(isPerdureError);
    await handle.signal('index', index);
    Object.assign(verdicts, await handle.result());
    for (const [place, found] of Object.entries(verdicts)) expect(found, place).toBe(expected(index));

    const { output, status } = await replay(workflows, await handle.exportHistory(), {
      maxPayloadBytes,
    });
    expect([status, output]).toEqual(['completed', (await handle.describe()).output]);
  },
);

test('F12 F18 what is wrapped goes the same way: memos, activities of their own, and the input of the run that goes on', async () => {
  const engine = await open({ workflows, activities, maxPayloadBytes });
  for (const [index, { what }] of stored.entries()) {
    // A memo takes less than other values, and what is wrapped is larger.
    if (what.includes('as allowed') || what === 'a thousand members') continue;
    const memo = await judged(index, async () => {
      const handle = await engine.start(takes, 1, { memo: { value: make(index), next: true } });
      return (await handle.describe()).memo['value'];
    });
    const alone = await judged(index, async () =>
      (await engine.activities.start(echo, make(index))).result(),
    );
    const next = await judged(index, () => engine.execute(follows, { index }));
    expect([memo, alone, next], what).toEqual(Array(3).fill(expected(index)));
  }
});
