/** Milliseconds since 1970-01-01T00:00:00Z, an integer. */
export type EpochMs = number;

/** A moment that does not come: the largest integer that every store keeps exactly. */
export const NEVER: EpochMs = Number.MAX_SAFE_INTEGER;

/** Latest moment that a `Date` can hold; later ones are cut to it where a `Date` is shown. */
const LATEST_DATE: EpochMs = 8_640_000_000_000_000;

export function toDate(at: EpochMs): Date {
  return new Date(Math.min(at, LATEST_DATE));
}
