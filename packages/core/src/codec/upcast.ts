/**
 * Old events in today's words. An event that was written in an older form is brought up to date here, when it is read,
 * so that nothing above knows more than one form.
 *
 * To add one: raise `eventVersion`, add an entry that brings an event of the version before to it and says what changed,
 * and have `encodeEvent` write the version into new events as `v`. Events without `v` are of version 1. A golden history of
 * the old form must stand in `test/golden`.
 */
interface Upcast {
  /** Events below this version are brought up to it. */
  readonly to: number;
  readonly apply: (record: Record<string, unknown>) => Record<string, unknown>;
}

export const eventVersion = 1;

/** By version, the lowest first. */
const upcasts: readonly Upcast[] = [];

export function versionOf(record: Readonly<Record<string, unknown>>): number {
  const version = record['v'] ?? 1;
  if (typeof version !== 'number') throw new TypeError('a version that is no number');
  return version;
}

export function upcast(
  record: Record<string, unknown>,
  version: number,
  known = upcasts,
): Record<string, unknown> {
  let current = record;
  for (const { to, apply } of known) if (version < to) current = apply(current);
  return current;
}
