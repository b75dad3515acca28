import type { Logger } from './core.js';

/** For code that is run again only to look at it. */
export const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Of code that is run again, only what somebody asks of it now. */
export function heardWhile(asked: () => boolean, log: Logger): Logger {
  const heard =
    (level: keyof Logger): Logger[keyof Logger] =>
    (message, fields) => {
      if (asked()) log[level](message, fields);
    };
  return { debug: heard('debug'), info: heard('info'), warn: heard('warn'), error: heard('error') };
}
