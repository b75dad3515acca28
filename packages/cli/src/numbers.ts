import type { Duration } from '@perdure/core';
import { misused } from './refusal.js';

/** A whole number from `least` on. Throws a refusal that names the option. */
export function whole(text: string, option: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
    throw misused(`${option} must be a whole number from ${least}, and is '${text}'`);
  return value;
}

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** Seconds, or with a unit: `90`, `500ms`, `5m`, `2h`. In milliseconds. */
export function milliseconds(text: string, option: string): number & Duration {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)?$/.exec(text) ?? [];
  const value = Math.round(Number(number) * units[unit as keyof typeof units]);
  if (number === undefined || value < 1 || !Number.isSafeInteger(value))
    throw misused(
      `${option} must be a time above zero in seconds, or with a unit (90, 500ms, 5m, 2h), and is '${text}'`,
    );
  return value;
}
