import {
  defineWorkflow,
  isCancelled,
  type ActivityImplementation,
  type WorkflowImplementation,
} from '@perdure/core';
import { errorOf, evaluate, type State } from './evaluate.js';
import type { Ledger } from './ledger.js';
import type { Input } from './program.js';
import type { SimulatedProcess } from './process.js';
import { workOf, type Outside } from './work.js';

/** Code of a process: the same programs, read by one build of the code or by the next. */
export function codeOf(
  process: SimulatedProcess,
  ledger: Ledger,
  build: 'old' | 'new',
  note: (what: string) => void,
  outside: Outside,
): {
  workflows: WorkflowImplementation<any, any, any, any, any>[];
  activities: ActivityImplementation<any, any>[];
} {
  const { work, activity } = workOf(process, ledger, note, outside);
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
      const running = { ledger, process, ctx, state, work, activity, program, build };
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
  return { workflows: [program], activities: [activity] };
}

/** Nothing is null, so that a result is the same before and after it was stored. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
  }
  return value ?? null;
}
