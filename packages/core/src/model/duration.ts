import { InvalidArgumentError } from './errors.js';
import { NEVER } from './time.js';

/** Milliseconds, or `'250ms' | '30s' | '5m' | '2h' | '1d' | '1w'`, or parts. Kept as whole milliseconds, rounded up. */
export type Duration =
  | number
  | `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w'}`
  | {
      weeks?: number;
      days?: number;
      hours?: number;
      minutes?: number;
      seconds?: number;
      milliseconds?: number;
    };

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const week = 7 * day;

const suffixes: Readonly<Record<string, number>> = { ms: 1, s: second, m: minute, h: hour, d: day, w: week };
const parts: Readonly<Record<string, number>> = {
  weeks: week,
  days: day,
  hours: hour,
  minutes: minute,
  seconds: second,
  milliseconds: 1,
};
const written = /^(-?\d{1,15}(?:\.\d{1,9})?)(ms|s|m|h|d|w)$/;

/**
 * A duration in whole milliseconds; a fraction is rounded up. Negative durations pass: the caller decides what they mean.
 * Throws `InvalidArgumentError` naming `path` for anything else.
 */
export function parseDuration(duration: Duration, path = 'duration'): number {
  const milliseconds = toMilliseconds(duration);
  if (milliseconds === undefined || Number.isNaN(milliseconds)) {
    throw new InvalidArgumentError(`Not a duration: ${describe(duration)}`, [
      {
        path,
        message:
          "expected milliseconds as a number, a string such as '250ms', '30s', '5m', '2h', '1d', '1w', or parts such as { minutes: 5 }",
      },
    ]);
  }
  return Math.max(-NEVER, Math.min(NEVER, Math.ceil(milliseconds)));
}

function toMilliseconds(duration: unknown): number | undefined {
  if (typeof duration === 'number') return duration;
  if (typeof duration === 'string') {
    const match = written.exec(duration);
    return match ? Number(match[1]) * (suffixes[match[2] ?? ''] ?? NaN) : undefined;
  }
  if (typeof duration !== 'object' || duration === null || Array.isArray(duration)) return undefined;
  const entries = Object.entries(duration);
  if (entries.length === 0) return undefined;
  let sum = 0;
  for (const [part, amount] of entries) {
    const unit = Object.hasOwn(parts, part) ? parts[part] : undefined;
    if (unit === undefined || typeof amount !== 'number') return undefined;
    sum += amount * unit;
  }
  return sum;
}

function describe(value: unknown): string {
  return typeof value === 'string'
    ? JSON.stringify(value.slice(0, 40))
    : typeof value === 'number' || value === null
      ? String(value)
      : typeof value;
}
