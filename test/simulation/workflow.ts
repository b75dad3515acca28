import {
  defineActivity,
  defineWorkflow,
  isCancelled,
  isPerdureError,
  type ActivityImplementation,
  type WorkflowContext,
  type WorkflowImplementation,
} from '@perdure/core';
import type { Ledger } from './ledger.js';
import { waits, type Part, type Program, type Waiting } from './program.js';
import type { SimulatedProcess } from './process.js';

/** What an activity of a program is asked to do. */
export type Work = Extract<Part, { kind: 'activity' }>;

export interface Input extends Program {
  /** What the runs before this one have taken, to be shown by the last one. */
  readonly seen: readonly string[];
}

/** Code of a process: the same programs, read by one build of the code or by the next. */
export function codeOf(
  process: SimulatedProcess,
  ledger: Ledger,
  build: 'old' | 'new',
  note: (what: string) => void,
): {
  workflows: WorkflowImplementation<any, any, any, any, any>[];
  activities: ActivityImplementation<any, any>[];
} {
  const work = defineActivity('work', {}, async (part: Work, { idempotencyKey, info, signal, heartbeat }) => {
    const done = ledger.begin(idempotencyKey);
    note(`begins ${idempotencyKey}, attempt ${info.attempt}`);
    if (part.mode === 'hang') {
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    }
    if (part.mode !== 'sync') {
      for (let left = part.ms; left >= 0; left -= 100) {
        await new Promise<void>((resolve) => process.after(Math.min(left, 100), resolve));
        if (part.mode === 'beat') heartbeat(left);
      }
    }
    if (done.failed < part.fails) {
      done.failed += 1;
      throw new Error('fails');
    }
    done.succeeded += 1;
    return `a${part.id}`;
  });

  const program = defineWorkflow(
    'program',
    async (ctx, { root, rounds, stubborn, seen }: Input): Promise<unknown> => {
      const state: State = { bumps: 0, locked: false, taken: [...seen] };
      ctx.onSignal('bump', (id: string) => {
        state.bumps += 1;
        state.taken.push(id);
      });
      ctx.onUpdate(
        'add',
        async ({ id, n }: { id: string; n: number }) => {
          state.taken.push(`update ${id}`);
          state.bumps += 1;
          if (n > 1) await ctx.sleep(n * 100);
          if (n > 2) throw new Error('too many');
          return state.taken.length;
        },
        {
          validate: ({ n }) => {
            if (n === 0) throw new Error('nothing to add');
          },
        },
      );
      ctx.onQuery('bumps', () => state.bumps);
      const running = { ledger, process, ctx, state, work, program, build };
      let value: unknown;
      try {
        value = await evaluate(running, root);
      } catch (error) {
        if (!stubborn || !isCancelled(error)) throw error;
        value = errorOf(error);
      }
      await ctx.nonCancellable(() => ctx.waitCondition(() => ctx.info.unfinishedUpdates === 0));
      if (rounds > 0) {
        const goOn = async (): Promise<never> =>
          ctx.continueAsNew({ root, rounds: rounds - 1, stubborn, seen: state.taken });
        await (stubborn ? ctx.nonCancellable(goOn) : goOn());
      }
      return { value: plain(value), bumps: state.bumps, taken: state.taken };
    },
  );
  return { workflows: [program], activities: [work] };
}

interface State {
  bumps: number;
  locked: boolean;
  readonly taken: string[];
}

interface Running {
  readonly ledger: Ledger;
  readonly process: SimulatedProcess;
  readonly ctx: WorkflowContext;
  readonly state: State;
  readonly work: ActivityImplementation<Work, string>;
  readonly program: WorkflowImplementation<Input, unknown>;
  readonly build: 'old' | 'new';
}

function evaluate(run: Running, part: Part): PromiseLike<unknown> {
  return waits(part) ? task(run, part) : branch(run, part);
}

/** The task of `ctx` itself, so that a race can cancel it. */
function task({ ctx, state, work }: Running, part: Waiting): PromiseLike<unknown> {
  switch (part.kind) {
    case 'activity':
      return ctx.runActivity(work, part, {
        retry: { maximumAttempts: part.attempts, initialInterval: 50, backoffCoefficient: 1, jitter: 0 },
        ...(part.mode === 'hang' && { startToCloseTimeout: 300 + part.ms }),
        ...(part.mode === 'beat' && { heartbeatTimeout: 500 }),
      });
    case 'sleep':
      return ctx.sleep(part.ms);
    case 'signal':
      return ctx.waitSignal(part.name, { timeout: part.ms });
    case 'condition':
      return ctx.waitCondition(() => state.bumps >= part.bumps, { timeout: part.ms });
  }
}

async function branch(run: Running, part: Exclude<Part, Waiting>): Promise<unknown> {
  const { ctx, process } = run;
  const each = (parts: readonly Part[]): PromiseLike<unknown>[] => parts.map((one) => evaluate(run, one));
  switch (part.kind) {
    case 'effect': {
      const ms = ctx.sideEffect(() => process.chance(100));
      await waitOneWay(ctx, ms);
      return ms;
    }
    case 'hop':
      for (let i = 0; i < 20; i++) await undefined;
      await waitOneWay(ctx, Math.floor(ctx.random() * 100));
      return 'hop';
    case 'throw':
      throw new Error(`thrown ${part.id}`);
    case 'sequence': {
      const values: unknown[] = [];
      for (const one of part.parts) values.push(await evaluate(run, one));
      return values;
    }
    case 'all':
      return ctx.all(each(part.parts));
    case 'settled':
      return (await ctx.allSettled(each(part.parts))).map((one) =>
        one.status === 'fulfilled' ? one.value : errorOf(one.reason),
      );
    case 'race': {
      const { key, value } = await ctx.race(
        Object.fromEntries(each(part.parts).map((one, i) => [String(i), one])),
      );
      return [Number(key), value];
    }
    case 'any':
      return ctx.any(each(part.parts));
    case 'attempt':
      try {
        return await evaluate(run, part.parts[0]);
      } catch (error) {
        return [errorOf(error), await evaluate(run, part.parts[1])];
      }
    case 'finally':
      try {
        return await evaluate(run, part.parts[0]);
      } finally {
        await ctx.nonCancellable(() => evaluate(run, part.parts[1]));
      }
    case 'patched':
      return evaluate(run, run.build === 'new' && ctx.patched(`c${part.id}`) ? part.parts[1] : part.parts[0]);
    case 'scope':
      return ctx.scope(async (scope) => {
        void ctx.sleep(part.ms).then(() => {
          scope.cancel(`scope ${part.id}`);
        });
        return evaluate(run, part.parts[0]);
      });
    case 'within':
      return ctx.withTimeout(part.ms, () => evaluate(run, part.parts[0]));
    case 'shielded':
      return ctx.nonCancellable(() => evaluate(run, part.parts[0]));
    case 'locked':
      return ctx.all(part.parts.map((one) => locked(run, one)));
    case 'child':
    case 'left': {
      const policy = (['request_cancel', 'terminate', 'abandon'] as const)[part.id % 3] as 'abandon';
      const child = ctx.runChild(
        run.program,
        { root: part.parts[0], rounds: 0, stubborn: false, seen: [] },
        { parentClosePolicy: policy, id: `${ctx.info.runId}-${part.id}` },
      );
      if (part.kind === 'child') return child;
      await child.started;
      return 'left';
    }
  }
}

/** What was drawn decides what comes next, so that another draw on replay comes to light. */
function waitOneWay(ctx: WorkflowContext, ms: number): PromiseLike<unknown> {
  return ms % 2 === 0 ? ctx.sleep(ms) : ctx.waitCondition(() => false, { timeout: ms });
}

async function locked(run: Running, part: Part): Promise<unknown> {
  const { ctx, state, ledger } = run;
  await ctx.waitCondition(() => !state.locked);
  if (state.locked) ledger.wrong = `§4 two are inside one lock of ${ctx.info.runId}`;
  state.locked = true;
  try {
    return await evaluate(run, part);
  } finally {
    state.locked = false;
  }
}

/** What can be told of an error on every path that leads to it. */
export function errorOf(error: unknown): string {
  if (isCancelled(error)) return '!cancelled';
  if (isPerdureError(error)) return `!${error.code}`;
  if (error instanceof AggregateError) return '!aggregate';
  return `!${(error as Error).message}`;
}

/** Nothing is null, so that a result is the same before and after it was stored. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
  }
  return value ?? null;
}
