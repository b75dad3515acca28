import { openStorage } from '#storage';
import {
  defineActivity,
  defineWorkflow,
  NondeterminismError,
  QueryRejectedError,
  replay,
  type,
  verify,
  type DivergenceReport,
  type Schema,
  type Storage,
  type WorkflowImplementation,
} from '@perdure/core';
import type { TestEngine } from '@perdure/testing';
import { expect, test } from 'vitest';
import { clientOf, eventTypes, logBook, open, rejection } from './kit.js';

const work = defineActivity('work', (n: number) => n + 1);
const other = defineActivity('other', (n: number) => n + 1);
const activities = [work, other];

const original = defineWorkflow('evolving', async (ctx) => {
  const one = await ctx.runActivity(work, 1);
  const go = (await ctx.waitSignal('go')) as unknown;
  return [one, await ctx.runActivity(work, 2), go];
});

type Code = WorkflowImplementation<void, unknown>;

/** A run of the original that waits for its signal; then another engine with other code on the same storage. */
async function deploy(
  code: Code,
  first: Code = original,
): Promise<{ engine: TestEngine; storage: Storage; redeploy: (code: Code) => Promise<TestEngine> }> {
  const storage = await openStorage();
  const before = await open({ storage, workflows: [first], activities });
  await before.start('evolving', undefined, { id: 'w' });
  await before.runUntilIdle();
  await before.close();
  let last = before;
  const redeploy = async (next: Code): Promise<TestEngine> => {
    await last.close();
    last = await open({ storage, startAt: last.now, workflows: [next], activities });
    return last;
  };
  return { engine: await redeploy(code), storage, redeploy };
}

test('G12 changed code blocks the run: neither failed nor touched, with expected, produced and a hint', async () => {
  const renamed = defineWorkflow('evolving', async (ctx) => {
    const one = await ctx.runActivity(other, 1);
    return [one, await ctx.waitSignal('go')] as unknown[];
  });
  const { engine } = await deploy(renamed);
  const handle = engine.handle('w');
  const before = await eventTypes(handle);
  await handle.signal('go', 'now');
  await engine.runUntilIdle();
  const { status, statusBucket, blocked, actions } = await handle.describe();
  expect([status, statusBucket]).toEqual(['blocked', 'running']);
  expect(actions).toContain('terminate');
  expect(blocked).toMatchObject({
    code: 'nondeterminism',
    details: {
      seq: 2,
      cause: 'renamed',
      expected: { seq: 2, type: 'ActivityScheduled', name: 'work' },
      produced: { type: 'ActivityScheduled', name: 'other' },
      lastMatching: [],
    },
  });
  const { hint, callSites } = blocked?.details as DivergenceReport;
  expect(hint).toContain('patched');
  expect(blocked?.message).toContain(hint);
  expect(callSites.produced).toContain('divergence.test');
  expect(callSites.produced).not.toContain('recorder');
  expect(await eventTypes(handle)).toEqual(before);
});

test('G12 the old code put back, the run goes on by itself and nothing is lost', async () => {
  const renamed = defineWorkflow('evolving', (ctx) => ctx.runActivity(other, 1));
  const { engine, redeploy } = await deploy(renamed);
  await engine.handle('w').signal('go', 'kept');
  await engine.runUntilIdle();
  expect((await engine.handle('w').describe()).status).toBe('blocked');
  const next = await redeploy(original);
  expect(await next.handle('w').result()).toEqual([2, 3, 'kept']);
  expect((await next.handle('w').describe()).blocked).toBeUndefined();
});

test('G12 the same wrong code again leaves the run blocked, without a storm of attempts', async () => {
  const renamed = (): Code => defineWorkflow('evolving', (ctx) => ctx.runActivity(other, 1));
  const code = renamed();
  const { engine, redeploy } = await deploy(code);
  await engine.handle('w').signal('go');
  await engine.advance('1h');
  const { version } = await engine.handle('w').describe();
  const next = await redeploy(code);
  await next.advance('1h');
  await next.handle('w').signal('go');
  await next.advance('1h');
  const after = await next.handle('w').describe();
  expect(after.status).toBe('blocked');
  expect(after.version - version).toBeLessThanOrEqual(3);
});

/** Each call on a line of its own, so that its call site says which it is. */
const changes: [
  string,
  Partial<DivergenceReport> & { sites: (keyof DivergenceReport['callSites'])[] },
  Code,
][] = [
  [
    'a timer inserted before',
    {
      cause: 'inserted',
      expected: { seq: 2, type: 'ActivityScheduled', name: 'work' },
      produced: { type: 'TimerStarted', name: 'sleep' },
      sites: ['produced', 'expected'],
    },
    defineWorkflow<void, unknown>('evolving', async (ctx) => [
      await ctx.sleep(1),
      await ctx.runActivity(work, 1),
    ]),
  ],
  [
    'an activity inserted before, at the same time',
    {
      cause: 'inserted',
      produced: { type: 'ActivityScheduled', name: 'other' },
      sites: ['produced', 'expected'],
    },
    defineWorkflow<void, unknown>('evolving', (ctx) =>
      ctx.all([ctx.runActivity(other, 7), ctx.runActivity(work, 1), ctx.waitSignal('go')]),
    ),
  ],
  [
    'a renamed activity',
    {
      cause: 'renamed',
      differs: ['name'],
      produced: { type: 'ActivityScheduled', name: 'other' },
      sites: ['produced'],
    },
    defineWorkflow('evolving', async (ctx): Promise<unknown> => {
      const one = await ctx.runActivity(other, 1);
      return [one, await ctx.waitSignal('go')];
    }),
  ],
  [
    'a changed input',
    { cause: 'changed_input', differs: ['input'], sites: ['produced'] },
    defineWorkflow('evolving', (ctx) => ctx.runActivity(work, 99)),
  ],
  [
    'a step in the place of an activity of the same name',
    { cause: 'changed_input', differs: ['input', 'inline'], sites: ['produced'] },
    defineWorkflow('evolving', (ctx) => ctx.step('work', () => 1)),
  ],
  [
    'a removed call, where another one stands now',
    { cause: 'removed', nearest: { seq: 4, type: 'SignalWaitOpened', name: 'go' }, sites: ['produced'] },
    defineWorkflow('evolving', async (ctx): Promise<unknown> => ctx.waitSignal('go')),
  ],
  [
    'two calls that trade places',
    {
      cause: 'moved',
      nearest: { seq: 4, type: 'SignalWaitOpened', name: 'go' },
      sites: ['produced', 'expected'],
    },
    defineWorkflow('evolving', async (ctx): Promise<unknown> => {
      const signal = ctx.waitSignal('go');
      const one = ctx.runActivity(work, 1);
      return [await one, await signal];
    }),
  ],
  [
    'a call that is made later',
    { cause: 'different', produced: { type: 'ConditionWaitOpened' }, sites: ['produced'] },
    defineWorkflow('evolving', async (ctx) => {
      await ctx.waitCondition(() => false);
    }),
  ],
  [
    'an added call at the end of an activation',
    {
      cause: 'inserted',
      expected: null,
      produced: { type: 'TimerStarted', name: 'sleep' },
      sites: ['produced'],
    },
    defineWorkflow('evolving', async (ctx) => {
      void ctx.runActivity(work, 1);
      void ctx.sleep(5);
      await ctx.waitSignal('go');
    }),
  ],
  [
    'a call that comes an activation too early',
    {
      cause: 'moved',
      expected: null,
      nearest: { seq: 4, type: 'SignalWaitOpened', name: 'go' },
      sites: ['produced'],
    },
    defineWorkflow('evolving', async (ctx) => {
      void ctx.runActivity(work, 1);
      await ctx.waitSignal('go');
    }),
  ],
  [
    'a condition that held at once before it',
    { cause: 'renumbered', differs: [], sites: ['produced'] },
    defineWorkflow('evolving', async (ctx): Promise<unknown> => {
      await ctx.waitCondition(() => true);
      return ctx.runActivity(work, 1);
    }),
  ],
  [
    'an end that comes earlier',
    { cause: 'removed', produced: null, expected: { seq: 2, type: 'ActivityScheduled' }, sites: [] },
    defineWorkflow('evolving', async () => 'at once'),
  ],
];

test.each(changes)(
  'F7 A19 %s is told apart, with call sites and the way out',
  async (_name, { sites, ...facts }, code) => {
    const { engine, redeploy, storage } = await deploy(code);
    await engine.handle('w').signal('go', 1);
    await engine.runUntilIdle();
    const { status, blocked } = await engine.handle('w').describe();
    expect([status, blocked?.code]).toEqual(['blocked', 'nondeterminism']);
    const report = blocked?.details as DivergenceReport;
    expect(report).toMatchObject(facts);
    expect(Object.keys(report.callSites).sort()).toEqual([...sites].sort());
    for (const site of Object.values(report.callSites)) expect(site).toContain('divergence.test');
    if (sites.length === 2) expect(report.callSites.produced).not.toBe(report.callSites.expected);
    expect(blocked?.message).toMatch(/history has .*, code asks for/);
    expect(blocked?.message).toContain('ctx.patched()');

    // A query finds the same, here and from elsewhere, and so does looking at it as it was.
    const asked = await rejection(NondeterminismError, engine.handle('w').query('anything'));
    expect([asked.message, asked.details]).toEqual([blocked?.message, report]);
    const client = await clientOf(engine, storage);
    const away = await rejection(NondeterminismError, client.handle('w').query('anything'));
    expect([away.message, away.details]).toEqual([blocked?.message, report]);
    const { historyLength } = await engine.handle('w').describe();
    const then = await rejection(NondeterminismError, engine.handle('w').at(historyLength));
    expect([then.message, then.details]).toEqual([blocked?.message, report]);

    // replay() finds the same, without a store; verify() lists it.
    const bundle = await engine.handle('w').exportHistory();
    const error = await rejection(NondeterminismError, replay([code], bundle));
    expect([error.message, error.details]).toEqual([blocked?.message, report]);
    expect(await verify([code], [bundle, bundle])).toMatchObject({
      replayed: 2,
      failed: Array(2).fill({
        workflowId: 'w',
        workflowType: 'evolving',
        error: { details: report },
      }) as unknown,
    });
    const next = await redeploy(original);
    expect(await next.handle('w').result()).toEqual([2, 3, 1]);
  },
);

const refusing: Schema<number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: () => ({ issues: [{ message: 'too small' }] }),
  },
};

const throwing: [string, string, Code][] = [
  [
    'throws at the start',
    'Error: not ready',
    defineWorkflow<void, unknown>('evolving', async () => {
      throw new Error('not ready');
    }),
  ],
  [
    'trips over a result',
    'TypeError: ',
    defineWorkflow<void, unknown>('evolving', async (ctx) => {
      const one = (await ctx.runActivity(work, 1)) as unknown as { foo: { bar(): void } };
      one.foo.bar();
      return ctx.waitSignal('go');
    }),
  ],
  [
    'has an activity with a stricter schema',
    'InvalidArgumentError: ',
    defineWorkflow<void, unknown>('evolving', (ctx) =>
      ctx.runActivity(defineActivity('work', { input: refusing, output: type<number>() }), 1),
    ),
  ],
];

test.each(throwing)(
  'F7 F8 code that %s: the error is named as the likely cause',
  async (_name, error, code) => {
    const storage = await openStorage();
    const before = await open({ storage, workflows: [original], activities });
    await before.start(original, undefined, { id: 'w' });
    await before.runUntilIdle();
    const bundle = await before.handle('w').exportHistory();
    await before.close();
    const logger = logBook();
    const engine = await open({ storage, logger, startAt: before.now, workflows: [code], activities });
    await engine.handle('w').signal('go', 1);
    await engine.runUntilIdle();
    const { blocked } = await engine.handle('w').describe();
    const { ended, hint } = blocked?.details as DivergenceReport;
    const thrown = `${ended?.error?.name ?? ''}: ${ended?.error?.message ?? ''}`;
    expect([ended?.how, thrown]).toEqual(['threw', expect.stringContaining(error)]);
    expect(hint).toContain(`${thrown} (${ended?.error?.at?.split('\n')[0] ?? ''})`);
    expect(hint).toMatch(/likely cause/);
    expect(blocked?.message).toContain(hint);
    expect(logger.lines.find(({ level }) => level === 'error')?.message).toContain(hint);
    const raised = await rejection(NondeterminismError, replay([code], bundle));
    expect([raised.message, raised.details]).toEqual([blocked?.message, blocked?.details]);
    expect((await verify([code], [bundle])).failed[0]?.error).toMatchObject({ message: blocked?.message });
  },
);

const quiet: [string, string, RegExp, Code][] = [
  ['returns early', 'returned', /returns before/, defineWorkflow('evolving', async () => 1)],
  [
    'waits for a promise of its own',
    'waits_outside',
    /not durable/,
    defineWorkflow<void, unknown>('evolving', async (ctx) => {
      await new Promise(() => undefined);
      return ctx.runActivity(work, 1);
    }),
  ],
  [
    'waits for something else',
    'waits',
    /may not be durable/,
    defineWorkflow<void, unknown>('evolving', async (ctx) => {
      ctx.onSignal('go', () => undefined);
      await new Promise(() => undefined);
    }),
  ],
];
test.each(quiet)('F7 code that %s: the report says so', async (_name, how, hint, code) => {
  const engine = await open({ workflows: [original], activities });
  await engine.start(original, undefined, { id: 'w' });
  await engine.runUntilIdle();
  const bundle = await engine.handle('w').exportHistory();
  const raised = await rejection(NondeterminismError, replay([code], bundle));
  expect(raised.details).toMatchObject({ produced: null, ended: { how } });
  expect(raised.message).toMatch(hint);
});

test('F7 a lost version marker says which change, and how to keep it', async () => {
  const marked = defineWorkflow('evolving', async (ctx): Promise<unknown> => {
    ctx.patched('tax');
    return ctx.waitSignal('go');
  });
  const { engine } = await deploy(
    defineWorkflow('evolving', async (ctx): Promise<unknown> => ctx.waitSignal('go')),
    marked,
  );
  await engine.handle('w').signal('go');
  await engine.runUntilIdle();
  const { blocked } = await engine.handle('w').describe();
  expect(blocked?.details).toMatchObject({ expected: { type: 'VersionMarkerRecorded', name: 'tax' } });
  expect(blocked?.message).toContain('ctx.deprecatePatch()');
});

test('F7 looking for the call does nothing: no effect runs, nothing is logged, nothing is written', async () => {
  let effects = 0;
  const first = defineWorkflow('evolving', async (ctx): Promise<unknown> => {
    await ctx.sleep(1);
    ctx.sideEffect(() => (effects += 1));
    return ctx.waitSignal('go');
  });
  const logger = logBook();
  const changed = defineWorkflow('evolving', async (ctx): Promise<unknown> => {
    await ctx.sleep(1);
    await ctx.waitCondition(() => true);
    ctx.log.warn('here');
    ctx.patched('new');
    void ctx.sleep(2);
    ctx.sideEffect(() => (effects += 1));
    ctx.sideEffect(() => (effects += 1));
    await ctx.step('never', () => (effects += 1));
    return ctx.waitSignal('go');
  });
  const storage = await openStorage();
  const before = await open({ storage, workflows: [first] });
  await before.start('evolving', undefined, { id: 'w' });
  await before.advance('1s');
  await before.close();
  const engine = await open({ storage, logger, startAt: before.now, workflows: [changed] });
  const history = await eventTypes(engine.handle('w'));
  await engine.handle('w').signal('go');
  await engine.advance('1h');
  expect((await engine.handle('w').describe()).blocked?.details).toMatchObject({
    cause: 'inserted',
    expected: { type: 'SideEffectRecorded' },
    callSites: { expected: expect.stringContaining('divergence.test') as unknown },
  });
  expect(effects).toBe(1);
  expect(logger.lines.filter(({ message }) => message === 'here')).toEqual([]);
  expect(await eventTypes(engine.handle('w'))).toEqual(history);
});

test('F7 code that runs on and on without history is left alone', async () => {
  const endless = defineWorkflow('evolving', async (ctx): Promise<unknown> => {
    for (;;) await ctx.sleep(1);
  });
  const { engine } = await deploy(endless);
  await engine.handle('w').signal('go');
  await engine.runUntilIdle();
  expect((await engine.handle('w').describe()).blocked?.details).toMatchObject({ cause: 'different' });
});

test('F16 C12 verify: an async source, what is no bundle, a type without code, and what fits', async () => {
  const engine = await open({ workflows: [original], activities });
  await engine.start(original, undefined, { id: 'good' });
  await engine.runUntilIdle();
  const good = await engine.handle('good').exportHistory();
  async function* bundles(): AsyncGenerator<typeof good> {
    yield good;
    yield { ...good, digest: 'edited' };
    yield null as never;
    yield good;
  }
  const { replayed, failed } = await verify([original], bundles());
  expect(replayed).toBe(4);
  expect(failed.map(({ workflowId, error }) => [workflowId, error.code])).toEqual([
    ['good', 'invalid_argument'],
    ['', 'invalid_argument'],
  ]);
  const other = defineWorkflow('someone', async () => 1);
  const [unknown] = (await verify([other], [good])).failed;
  expect(unknown?.error.code).toBe('unknown_workflow');
  expect(unknown?.error.message).toContain("'someone'");
  await expect(verify([original, original], [good])).rejects.toMatchObject({ code: 'invalid_argument' });
});

test('A19 a run that ended otherwise says how', async () => {
  const engine = await open({ workflows: [original], activities });
  const handle = await engine.start(original);
  await handle.signal('go', 1);
  await handle.result();
  const throwing = defineWorkflow('evolving', async (ctx): Promise<unknown> => {
    await ctx.runActivity(work, 1);
    await ctx.waitSignal('go');
    await ctx.runActivity(work, 2);
    throw new RangeError('too much');
  });
  const error = await rejection(NondeterminismError, replay([throwing], await handle.exportHistory()));
  expect(error.details).toMatchObject({
    cause: 'different_end',
    expected: { type: 'WorkflowCompleted' },
    produced: { type: 'failed', name: 'RangeError: too much' },
    ended: { how: 'threw', error: { at: expect.stringContaining('divergence.test') as unknown } },
    hint: expect.stringContaining('RangeError: too much') as unknown,
  });
});

test('A19 options that changed are no divergence: what was recorded counts', async () => {
  const retimed = defineWorkflow('evolving', async (ctx) => {
    const one = await ctx.runActivity(work, 1, {
      startToCloseTimeout: '1m',
      retry: { maximumAttempts: 9 },
      summary: 'new',
    });
    const go = (await ctx.waitSignal('go')) as unknown;
    return [one, await ctx.runActivity(work, 2), go];
  });
  const { engine } = await deploy(retimed);
  await engine.handle('w').signal('go', 1);
  expect(await engine.handle('w').result()).toEqual([2, 3, 1]);
});

test('F16 code may grow beyond what is recorded', async () => {
  const grown = defineWorkflow('evolving', async (ctx) => {
    const one = await ctx.runActivity(work, 1);
    const go = (await ctx.waitSignal('go')) as unknown;
    await ctx.sleep('1d');
    return [one, await ctx.runActivity(other, 10), go];
  });
  const { engine } = await deploy(grown);
  await engine.handle('w').signal('go', 1);
  expect(await engine.handle('w').result()).toEqual([2, 11, 1]);
});

test('F8 a divergence that is caught by user code blocks all the same', async () => {
  const swallowing = defineWorkflow('evolving', async (ctx) => {
    try {
      await ctx.runActivity(other, 1);
    } catch {
      return 'swallowed';
    }
    return 'never';
  });
  const { engine } = await deploy(swallowing);
  await engine.handle('w').signal('go');
  await engine.runUntilIdle();
  expect((await engine.handle('w').describe()).status).toBe('blocked');
});

test('F8 a blocked run is logged, can be cancelled in vain and terminated for good', async () => {
  const storage = await openStorage();
  const first = await open({ storage, workflows: [original], activities });
  await first.start(original, undefined, { id: 'w' });
  await first.runUntilIdle();
  await first.close();
  const logger = logBook();
  const code = defineWorkflow('evolving', (ctx) => ctx.runActivity(other, 1));
  const engine = await open({ storage, logger, startAt: first.now, workflows: [code], activities });
  const handle = engine.handle('w');
  await handle.signal('go');
  await engine.runUntilIdle();
  expect(logger.lines.filter(({ level }) => level === 'error')).toMatchObject([
    { fields: { code: 'nondeterminism' } },
  ]);
  expect(await engine.count({ status: 'blocked' })).toBe(1);
  await expect(handle.query('anything')).rejects.toSatisfy(
    (error) => error instanceof QueryRejectedError || (error as { code?: string }).code === 'nondeterminism',
  );
  await handle.terminate();
  expect((await handle.describe()).status).toBe('terminated');
});
