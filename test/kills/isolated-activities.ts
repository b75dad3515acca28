// What isolation.test.ts runs in processes of their own.
import { appendFileSync } from 'node:fs';
import { defineActivity, NonRetryableError } from '@perdure/core';

const once = { retry: { maximumAttempts: 1 } } as const;
const quick = { retry: { initialInterval: 1, maximumAttempts: 3 } } as const;

export const echo = defineActivity('echo', async (value: unknown, { info, idempotencyKey, log }) => {
  log.info('echoed', { attempt: info.attempt });
  return { value, pid: process.pid, info, idempotencyKey };
});
export const where = defineActivity('where', async () => process.pid);
/** Says that it has begun, and never yields again. */
export const spin = defineActivity('spin', once, (file: string): never => {
  appendFileSync(file, `${process.pid}\n`);
  for (;;) process.uptime();
});
/** Ends when it is told to, and writes down why. */
export const polite = defineActivity('polite', once, async (file: string, { signal }) => {
  appendFileSync(file, `begun ${process.pid}\n`);
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
  appendFileSync(file, `${(signal.reason as { code?: string }).code ?? ''}\n`);
});
export const beats = defineActivity('beats', quick, async (file: string, activity) => {
  const before = activity.lastHeartbeat<{ at: Date }>();
  appendFileSync(file, `${activity.info.attempt} ${before?.at.getTime() ?? 'none'}\n`);
  if (before) return before.at;
  activity.heartbeat({ at: new Date(7) });
  throw new Error('not yet');
});
export const crashes = defineActivity('crashes', quick, async (_: void, { info }) => {
  if (info.attempt < 3) process.kill(process.pid, 'SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, info.attempt < 3 ? 60_000 : 0));
  return info.attempt;
});
export const fails = defineActivity('fails', quick, async (how: 'typed' | 'final' | 'unstorable') => {
  if (how === 'final')
    throw new NonRetryableError('never', { name: 'NeverError', details: { at: new Date(3) } });
  if (how === 'typed')
    throw Object.assign(new RangeError('too far', { cause: new Error('why') }), { code: 'far' });
  return () => 1;
});
export const later = defineActivity('later', async (file: string, { info, completeLater }) => {
  appendFileSync(file, info.taskToken);
  return completeLater();
});
/** Beats with so many characters. */
export const shouts = defineActivity('shouts', once, async (length: number, { heartbeat }) => {
  heartbeat('x'.repeat(length));
  await new Promise((resolve) => setTimeout(resolve, 600_000));
});
export const measures = defineActivity('measures', async (value: string) => value.length);
