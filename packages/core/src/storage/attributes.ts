import type { EpochMs } from '../model/time.js';

/** A search attribute as it is stored; a moment is told apart from a number. */
export type AttributeValue = string | number | boolean | readonly string[] | { readonly at: EpochMs };

/** The `attributes` of a run: JSON that a person can read, and an adapter need not. Null and undefined leave a value out. */
export function writeAttributes(values: Readonly<Record<string, unknown>>): string {
  const stored: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined) continue;
    // Not by assignment: the name may be `__proto__`.
    Object.defineProperty(stored, name, {
      value: value instanceof Date ? { at: value.getTime() } : value,
      enumerable: true,
    });
  }
  return JSON.stringify(stored);
}

/** Throws `SyntaxError` for what `writeAttributes` did not write. */
export function readAttributes(attributes: string): ReadonlyMap<string, AttributeValue> {
  return new Map(Object.entries(JSON.parse(attributes) as Record<string, AttributeValue>));
}

export function isMoment(value: AttributeValue): value is { readonly at: EpochMs } {
  return typeof value === 'object' && !Array.isArray(value);
}
