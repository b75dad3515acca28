import { appendFileSync } from 'node:fs';
import { defineActivity, defineWorkflow, query, signal } from '@perdure/core';

/** A module as a user names it with `--workflows`. */
export const effect = defineActivity('effect', (line: string): string => {
  const file = process.env['LEDGER'];
  if (file !== undefined) appendFileSync(file, `${line}\n`);
  return line;
});
/** As a bug in native code would: the process is gone before anybody can do anything about it. */
export const deadly = defineActivity(
  'deadly',
  { retry: { maximumAttempts: 5, initialInterval: 10 } },
  (_: string, { info }): string => {
    if (info.attempt === 1) process.kill(process.pid, 'SIGKILL');
    return `attempt ${info.attempt}`;
  },
);

export const order = defineWorkflow(
  'order',
  { messages: { approve: signal<{ by: string }>(), progress: query<string>() } },
  async (ctx, input: { item: string }) => {
    let progress = 'begun';
    ctx.onQuery('progress', () => progress);
    await ctx.runActivity(effect, input.item);
    progress = 'waiting';
    const { by } = await ctx.waitSignal('approve');
    return `${input.item} approved by ${by}`;
  },
);
export const fatal = defineWorkflow('fatal', (ctx) => ctx.runActivity(deadly, ''));
export const broken = defineWorkflow('broken', async () => {
  throw new Error('\u001b[31mred\u001b[0m\u0007 alert');
});
