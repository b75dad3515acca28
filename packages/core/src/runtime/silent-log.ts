import type { Logger } from './core.js';

/** For code that is run again only to look at it. */
export const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
