import type { Option, Options } from './option.js';

interface Described {
  readonly name: string;
  readonly summary: string;
  readonly about?: readonly string[];
  readonly takes: readonly string[];
  readonly more?: string;
  readonly options: Options;
}

/** What `--help` of one command says. */
export function helpOf({ name, summary, about = [], takes, more, options }: Described): readonly string[] {
  const places = [...takes, ...(more === undefined ? [] : [`[${more} …]`])];
  return [
    `perdure ${[name, ...places, '[options]'].join(' ')}`,
    '',
    summary,
    ...about,
    '',
    'Options:',
    ...columns(Object.entries(options).map(([key, option]) => [spelled(key, option), option.help])),
  ];
}

/** Two columns, the second behind the longest of the first. */
export function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}

function spelled(key: string, { short, value, type }: Option): string {
  const long = `--${key}${type === 'string' ? ` ${value ?? 'TEXT'}` : ''}`;
  return short === undefined ? long : `-${short}, ${long}`;
}
