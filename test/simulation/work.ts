import { defineActivity, type ActivityContext, type ActivityImplementation } from '@perdure/core';
import type { Ledger } from './ledger.js';
import type { Part } from './program.js';
import type { SimulatedProcess } from './process.js';

/** What an activity of a program is asked to do. */
export type Work = Extract<Part, { kind: 'activity' }>;
export type DoWork = (part: Work, context: ActivityContext) => Promise<string>;
/** Those who complete what is left to be completed later: told of it, and of how it will end. */
export type Outside = (taskToken: string, part: Work, end: () => { readonly error?: Error }) => void;

/** The activity of a program, as a function and as a definition: it notes down what it does, and fails as often as it is asked to. */
export function workOf(
  process: SimulatedProcess,
  ledger: Ledger,
  note: (what: string) => void,
  outside: Outside,
): { readonly work: DoWork; readonly activity: ActivityImplementation<Work, string> } {
  const work: DoWork = async (part, context) => {
    const { idempotencyKey, info, signal, heartbeat } = context;
    const done = ledger.begin(idempotencyKey);
    note(`begins ${idempotencyKey}, attempt ${info.attempt}`);
    const end = (): { readonly error?: Error } => {
      if (done.failed >= part.fails) {
        done.succeeded += 1;
        return {};
      }
      done.failed += 1;
      return { error: new Error('fails') };
    };
    if (part.mode === 'later') {
      outside(info.taskToken, part, end);
      return context.completeLater();
    }
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
    const { error } = end();
    if (error) throw error;
    return `a${part.id}`;
  };
  return { work, activity: defineActivity('work', {}, work) };
}
