import {
  isCancelled,
  isPerdureError,
  type ActivityImplementation,
  type ActivityOptions,
  type RetryPolicy,
  type WorkflowContext,
  type WorkflowImplementation,
} from '@perdure/core';
import type { Ledger } from './ledger.js';
import type { SimulatedProcess } from './process.js';
import { waits, type Part, type Waiting, type Input } from './program.js';
import type { DoWork, Work } from './work.js';

/** What handlers of messages and the parts of a program share. */
export interface State {
  bumps: number;
  locked: boolean;
  readonly taken: string[];
}

interface Running {
  readonly ledger: Ledger;
  readonly process: SimulatedProcess;
  readonly ctx: WorkflowContext;
  readonly state: State;
  readonly work: DoWork;
  readonly activity: ActivityImplementation<Work, string>;
  readonly program: WorkflowImplementation<Input, unknown>;
  readonly build: 'old' | 'new';
}

/** Does a part of a program. */
export function evaluate(run: Running, part: Part): PromiseLike<unknown> {
  return waits(part) ? task(run, part) : branch(run, part);
}

/** The task of `ctx` itself, so that a race can cancel it. */
function task(run: Running, part: Waiting): PromiseLike<unknown> {
  const { ctx, state, work, activity } = run;
  switch (part.kind) {
    case 'activity': {
      const options = optionsOf(part);
      if (part.mode === 'step') return ctx.step(`step-${part.id}`, (step) => work(part, step), options);
      return ctx.runActivity(activity, part, options);
    }
    case 'sleep':
      return ctx.sleep(part.ms);
    case 'signal':
      return ctx.waitSignal(part.name, { timeout: part.ms });
    case 'condition':
      return ctx.waitCondition(() => state.bumps >= part.bumps, { timeout: part.ms });
    case 'tell':
      return ctx.external(part.to).signal(part.name, messageOf(run, part));
    case 'stop':
      return ctx.external(part.to).cancel(`part ${part.id}`);
    case 'map':
      return ctx.map(part.parts, (one) => evaluate(run, one), { concurrency: part.atOnce });
  }
}

function optionsOf({ id, attempts, mode, ms, within }: Work): ActivityOptions {
  return {
    retry: retryOf(attempts),
    ...(mode === 'hang' && { startToCloseTimeout: 300 + ms }),
    // Short enough that it is now and then completed at the very moment at which it is given up.
    ...(mode === 'later' && { startToCloseTimeout: 100 + ms }),
    ...(mode === 'beat' && { heartbeatTimeout: 500 }),
    ...(within !== undefined &&
      (id % 2 === 0 ? { scheduleToCloseTimeout: within } : { scheduleToStartTimeout: within })),
  };
}

/** Tells where a signal comes from: no two are the same. */
function messageOf({ ctx }: Running, { id }: Part): string {
  return `${ctx.info.runId}/${id}`;
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
    case 'show':
      ctx.upsertMemo({ [`m${part.id % 2}`]: part.id });
      ctx.upsertSearchAttributes({ [`a${part.id % 2}`]: part.id });
      await ctx.sleep(part.id);
      return 'shown';
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
    case 'version': {
      // Every other change was not there yet in the old build.
      const decide = (): number =>
        run.build === 'old' && part.id % 2 === 0
          ? -1
          : ctx.getVersion(`v${part.id}`, -1, run.build === 'new' ? 2 : 1);
      const version = decide();
      const value = await evaluate(run, part.parts[Math.max(0, version)] as Part);
      return [version, value, decide()];
    }
    case 'saga':
      return ctx.saga(async (undo) => {
        const values: unknown[] = [];
        for (let i = 0; i < part.parts.length; i += 2) {
          values.push(await evaluate(run, part.parts[i] as Part));
          const back = part.parts[i + 1];
          if (back) undo(() => evaluate(run, back));
        }
        return values;
      });
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
    case 'left':
      return child(run, part);
  }
}

async function child(run: Running, part: Extract<Part, { kind: 'child' | 'left' }>): Promise<unknown> {
  const { ctx } = run;
  const { attempts, runTimeout, executionTimeout } = part.terms ?? {};
  const task = ctx.runChild(
    run.program,
    { root: part.parts[0], rounds: 0, stubborn: false, seen: [] },
    {
      ...(attempts !== undefined && { retry: retryOf(attempts) }),
      ...(runTimeout !== undefined && { runTimeout }),
      ...(executionTimeout !== undefined && { executionTimeout }),
      parentClosePolicy: (['request_cancel', 'terminate', 'abandon'] as const)[part.id % 3] as 'abandon',
      id: `${ctx.info.runId}-${part.id}`,
    },
  );
  const outcome = part.kind === 'child' ? task : task.started.then(() => 'left');
  return part.say ? ctx.all([outcome, task.signal(part.say, messageOf(run, part))]) : outcome;
}

/** Another attempt soon after one that has failed. */
export function retryOf(maximumAttempts: number): RetryPolicy {
  return { maximumAttempts, initialInterval: 50, backoffCoefficient: 1, jitter: 0 };
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
