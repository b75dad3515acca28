import { clean, cleanJson } from './clean.js';
import { jsonText } from './json.js';

/** Where a command writes. Nothing that comes from a store reaches a terminal with its control characters. */
export interface Output {
  /** For people, to stdout. */
  line(text?: string): void;
  /** For programs, to stdout: one document, or with `compact` one on a line. */
  json(value: unknown, layout?: 'compact'): void;
  /** What is said beside the result, to stderr. */
  note(text: string): void;
}

export const processOutput: Output = {
  line: (text = '') => {
    process.stdout.write(`${clean(text)}\n`);
  },
  json: (value, layout) => {
    process.stdout.write(`${cleanJson(jsonText(value, layout === 'compact' ? 0 : 2))}\n`);
  },
  note: (text) => {
    process.stderr.write(`${clean(text)}\n`);
  },
};

/** Columns as wide as their longest cell, the last one as long as it is. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((row) => row[column]?.length ?? 0)));
  return lines.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
