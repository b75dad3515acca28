import type { Logger } from './core.js';

interface Console {
  warn(...data: unknown[]): void;
  error(...data: unknown[]): void;
}

/** Where reports go when the application names no logger: what somebody has to see, to the console. */
export const consoleLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message, fields) => {
    write('warn', message, fields);
  },
  error: (message, fields) => {
    write('error', message, fields);
  },
};

function write(level: keyof Console, message: string, fields: Record<string, unknown> | undefined): void {
  const { console } = globalThis as { console?: Console };
  if (fields === undefined) console?.[level](`perdure: ${message}`);
  else console?.[level](`perdure: ${message}`, fields);
}
