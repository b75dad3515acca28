import type { Logger } from '@perdure/core';
import { cleanLine } from './clean.js';
import { inShort } from './json.js';

/** Warnings and errors of the engine, one line each, to stderr. */
export const stderrLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message, fields) => {
    write('warning', message, fields);
  },
  error: (message, fields) => {
    write('error', message, fields);
  },
};

function write(level: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  const about = Object.entries(fields).map(([name, value]) => `${name}=${inShort(value, 500)}`);
  process.stderr.write(`${cleanLine([`perdure: ${level}:`, message, ...about].join(' '))}\n`);
}
