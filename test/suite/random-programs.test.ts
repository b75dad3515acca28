import { openStorage, suiteMode } from '#storage';
import {
  NonRetryableError,
  defineActivity,
  defineWorkflow,
  replay,
  type HistoryBundle,
  type WorkflowContext,
} from '@perdure/core';
import { createTestEngine } from '@perdure/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { logBook } from './kit.js';

/**
 * Random programs over the authoring API, on the real engine, with crashes around random commits and messages at random
 * moments. Whatever happens: the run ends, nothing acknowledged is lost or applied twice, each activity has one outcome,
 * and the history of every run replays.
 */
type Part =
  | { kind: 'activity'; n: number; fails: number }
  | { kind: 'lost' | 'sleep' | 'signal' | 'condition' | 'effect' | 'hop' | 'throw'; n: number }
  | { kind: 'sequence' | 'all' | 'settled' | 'race' | 'any' | 'native'; parts: Part[] }
  | { kind: 'map'; parts: Part[]; n: number }
  | { kind: 'attempt'; body: Part; otherwise: Part }
  | { kind: 'scope' | 'within' | 'shielded'; body: Part; n: number }
  | { kind: 'child' | 'left'; body: Part; n: number }
  | { kind: 'saga'; body: Part; undo: Part[] }
  | { kind: 'patched'; n: number; body: Part; otherwise: Part };

const { program } = fc.letrec<{ program: Part }>((tie) => {
  const n = fc.integer({ min: 0, max: 4 });
  const body = tie('program');
  const parts = fc.array(body, { minLength: 1, maxLength: 3 });
  return {
    program: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      fc.record({ kind: fc.constant('activity' as const), n, fails: fc.integer({ min: 0, max: 2 }) }),
      fc.record({
        kind: fc.constantFrom('lost', 'sleep', 'signal', 'condition', 'effect', 'hop', 'throw'),
        n,
      }),
      fc.record({ kind: fc.constantFrom('sequence', 'all', 'settled', 'race', 'any', 'native'), parts }),
      fc.record({ kind: fc.constant('map' as const), parts, n }),
      fc.record({ kind: fc.constant('attempt' as const), body, otherwise: body }),
      fc.record({ kind: fc.constantFrom('scope', 'within', 'shielded'), body, n }),
      fc.record({ kind: fc.constantFrom('child', 'left'), body, n }),
      fc.record({ kind: fc.constant('saga' as const), body, undo: fc.array(body, { maxLength: 2 }) }),
      fc.record({ kind: fc.constant('patched' as const), n, body, otherwise: body }),
    ),
  };
});

interface Input {
  readonly program: Part;
  /** How often it still goes on as a new run. */
  readonly rounds: number;
}

const failed = new Map<string, number>();
const ledger = new Map<string, number>();
const work = defineActivity(
  'work',
  { retry: { maximumAttempts: 3, initialInterval: '1s' } },
  async ({ n, fails }: { n: number; fails: number }, { idempotencyKey }) => {
    await Promise.resolve();
    const before = failed.get(idempotencyKey) ?? 0;
    failed.set(idempotencyKey, before + 1);
    if (before < fails) throw new Error('again');
    ledger.set(idempotencyKey, (ledger.get(idempotencyKey) ?? 0) + 1);
    return n;
  },
);
const lost = defineActivity('lost', (): never => {
  throw new NonRetryableError('lost for good');
});

const random = defineWorkflow('random', async (ctx, { program: part, rounds }: Input): Promise<unknown> => {
  let bumps = 0;
  ctx.onSignal('bump', () => {
    bumps += 1;
  });
  ctx.onUpdate('add', async (n: number) => {
    if (n % 2 === 0) await ctx.runActivity(work, { n, fails: n % 3 });
    if (n === 5) throw new Error('five is refused late');
    bumps += n;
    return bumps;
  });
  const seen = await run(ctx, part, () => bumps);
  if (rounds > 0) ctx.continueAsNew({ program: part, rounds: rounds - 1 });
  return [seen, bumps];
});

async function run(ctx: WorkflowContext, part: Part, bumps: () => number): Promise<unknown> {
  const each = (parts: readonly Part[]): Promise<unknown>[] => parts.map((one) => run(ctx, one, bumps));
  switch (part.kind) {
    case 'activity':
      return ctx.runActivity(work, { n: part.n, fails: part.fails });
    case 'lost':
      return ctx.runActivity(lost);
    case 'sleep':
      return ctx.sleep(part.n * 1_000);
    case 'signal':
      return ctx.waitSignal(`s${part.n % 2}`, { timeout: part.n * 1_000 });
    case 'condition':
      return ctx.waitCondition(() => bumps() >= part.n, { timeout: part.n * 1_000 });
    case 'effect':
      return ctx.sideEffect(() => Math.random()) + ctx.random();
    case 'hop':
      for (let i = 0; i < part.n * 5; i++) await undefined;
      return ctx.uuid4();
    case 'throw':
      throw new Error(`thrown ${part.n}`);
    case 'sequence': {
      const seen: unknown[] = [];
      for (const one of part.parts) seen.push(await run(ctx, one, bumps));
      return seen;
    }
    case 'all':
      return ctx.all(each(part.parts));
    case 'settled':
      return (await ctx.allSettled(each(part.parts))).map(({ status }) => status);
    case 'race':
      return ctx.race(Object.fromEntries(each(part.parts).map((one, i) => [`p${i}`, one])));
    case 'any':
      return ctx.any(each(part.parts));
    case 'native':
      return Promise.all(each(part.parts));
    case 'map':
      return ctx.map(part.parts, (one) => run(ctx, one, bumps), { concurrency: part.n + 1 });
    case 'attempt':
      return run(ctx, part.body, bumps).catch(() => run(ctx, part.otherwise, bumps));
    case 'scope':
      return ctx.scope(async (scope) => {
        if (part.n === 0) scope.cancel('at once');
        else if (part.n < 3) void ctx.sleep(part.n * 1_000).then(() => scope.cancel('late'));
        return run(ctx, part.body, bumps);
      });
    case 'within':
      return ctx.withTimeout((part.n + 1) * 1_000, () => run(ctx, part.body, bumps));
    case 'shielded':
      return ctx.nonCancellable(() => run(ctx, part.body, bumps));
    case 'child':
    case 'left': {
      const policy = (['request_cancel', 'terminate', 'abandon'] as const)[part.n % 3] as 'abandon';
      const input = { program: part.body, rounds: part.n % 2 };
      const child = ctx.runChild(random, input, { parentClosePolicy: policy });
      if (part.kind === 'left') return (await child.started).runId === '';
      if (part.n === 4) await child.signal('bump', part.n);
      return child;
    }
    case 'saga':
      return ctx.saga(async (undo) => {
        for (const one of part.undo) undo(() => run(ctx, one, bumps));
        return run(ctx, part.body, bumps);
      });
    case 'patched':
      return ctx.patched(`c${part.n}`) ? run(ctx, part.body, bumps) : run(ctx, part.otherwise, bumps);
  }
}

const disturbance = fc.oneof(
  fc.record({
    kind: fc.constant('crash' as const),
    at: fc.constantFrom('now', 'before-commit', 'after-commit'),
  }),
  fc.record({ kind: fc.constant('signal' as const), name: fc.constantFrom('bump', 's0', 's1') }),
  fc.record({ kind: fc.constant('update' as const), n: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ kind: fc.constantFrom('advance', 'yield') }),
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const) }) },
);

/** `PERDURE_PROGRAMS=2000` in Node for a longer look; pages have no environment. */
const { process: host } = globalThis as { process?: { env?: Record<string, string | undefined> } };
const runs = Number(host?.env?.['PERDURE_PROGRAMS'] ?? 40);

test(
  'G1 to G11 random programs end, lose nothing and replay, whatever disturbs them',
  { timeout: 60_000 + runs * 200 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        program,
        fc.integer({ min: 0, max: 2 }),
        fc.array(disturbance, { maxLength: 6 }),
        async (part, rounds, disturbances) => {
          failed.clear();
          ledger.clear();
          const engine = await createTestEngine({
            ...suiteMode,
            logger: logBook(),
            storage: await openStorage(),
            workflows: [random],
            activities: [work, lost],
          });
          try {
            const handle = await engine.start(random, { program: part, rounds }, { id: 'w' });
            const sent: string[] = [];
            const updates: { ask: () => Promise<unknown>; first: Promise<unknown> }[] = [];
            for (const [i, what] of disturbances.entries()) {
              if (what.kind === 'crash') {
                // Something is written all the same, where the run itself has nothing to write any more.
                const crashed = engine.crash({ at: what.at });
                void engine
                  .start(random, { program: { kind: 'hop', n: 0 }, rounds: 0 })
                  .catch(() => undefined);
                await crashed;
              } else if (what.kind === 'signal') {
                const id = `m${String(i)}`;
                await handle.signal(what.name, i, { id }).then(
                  () => sent.push(id),
                  () => undefined,
                );
              } else if (what.kind === 'update') {
                const { n } = what;
                const ask = (): Promise<unknown> => handle.update('add', n, { id: `u${String(i)}` });
                // One that is under way in a crash is never answered: asked again, it is the same update.
                updates.push({ ask, first: ask().catch(String) });
              } else if (what.kind === 'cancel') await handle.cancel().catch(() => undefined);
              else if (what.kind === 'advance') await engine.advance(700);
              else await new Promise((resolve) => setTimeout(resolve, 1));
            }
            const ended = await handle.result().then(
              () => 'completed',
              (error: unknown) => String(error),
            );
            expect(ended).not.toMatch(/nondeterminism|blocked|history_malformed/);
            const received: string[] = [];
            for await (const { workflowId, runId, status } of engine.iterate({ allRuns: true })) {
              expect(status).not.toBe('blocked');
              const one = engine.handle(random, workflowId, runId);
              const bundle: HistoryBundle = await one.exportHistory();
              await replay([random], bundle);
              const outcomes: string[] = [];
              for (const event of bundle.events as {
                type: string;
                activityId?: string;
                messageId?: string;
              }[]) {
                if (event.type === 'SignalReceived' && workflowId === 'w')
                  received.push(event.messageId ?? '');
                if (/^Activity(Completed|Failed|TimedOut|Cancelled)$/.test(event.type))
                  outcomes.push(event.activityId ?? '');
              }
              expect(new Set(outcomes).size).toBe(outcomes.length);
            }
            for (const { ask, first } of updates) {
              const again = await ask().catch(String);
              const before = await Promise.race([first, Promise.resolve('unanswered')]);
              if (typeof before === 'number') expect(again).toBe(before);
            }
            for (const id of sent) expect(received.filter((one) => one === id).length).toBeGreaterThan(0);
          } finally {
            await engine.close({ grace: 0 });
          }
        },
      ),
      { numRuns: runs },
    );
  },
);
