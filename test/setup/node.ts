import { afterAll } from 'vitest';

/**
 * A rejection nobody handles would end a host process, so it must never be passed over: one that
 * surfaces while a file runs fails that file.
 */
const unhandled: unknown[] = [];
const remember = (reason: unknown): void => {
  unhandled.push(reason);
};
process.on('unhandledRejection', remember);

afterAll(() => {
  process.off('unhandledRejection', remember);
  if (unhandled.length > 0) throw new AggregateError(unhandled, 'rejections that nobody handled');
});
