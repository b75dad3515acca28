import { inspect } from 'node:util';
import { cleanLine } from './clean.js';
import { misused } from './refusal.js';

/** What `--input` says. Throws a refusal for what is no JSON. */
export function parseInput(text: string | undefined, option = '--input'): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw misused(
      `${option} is no JSON (${(error as Error).message}): quote it for the shell, as in ${option} '{"amount":1}'`,
    );
  }
}

/**
 * Any value that a store can hold, as JSON: big integers, sets, maps and whatever else JSON lacks are what a person
 * would write in their place.
 */
export function jsonText(value: unknown, indent = 0): string {
  return JSON.stringify(plain(value, []) ?? null, null, indent);
}

function plain(value: unknown, above: readonly unknown[]): unknown {
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function')
    return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (above.includes(value)) return '[circular]';
  const path = [...above, value];
  if (Array.isArray(value)) return value.map((item) => plain(item, path));
  if (value instanceof Set) return [...value].map((item) => plain(item, path));
  if (value instanceof Map) return [...value].map((entry) => plain(entry, path));
  if (value instanceof Error) return { name: value.name, message: value.message };
  if (
    ArrayBuffer.isView(value) ||
    value instanceof ArrayBuffer ||
    value instanceof RegExp ||
    value instanceof URL
  )
    return inShort(value);
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field, path)]));
}

/** A value on one line, for people. */
export function inShort(value: unknown, length = 100): string {
  const text = cleanLine(
    inspect(value, { depth: 4, breakLength: Infinity, maxStringLength: length, maxArrayLength: 20 }),
  );
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
