/**
 * Old events in today's words. An event that was written in an older form is brought up to date here, when it is read,
 * so that nothing above knows more than one form.
 *
 * To add one: give it the next version, say what changed, and write the version into new events as `v`. Events
 * without `v` are of version 1. A golden history of the old form must stand in `test/golden`.
 */
interface Upcast {
  /** Events below this version are brought up to it. */
  readonly to: number;
  readonly apply: (record: Record<string, unknown>) => Record<string, unknown>;
}

const upcasts: readonly Upcast[] = [];

export function upcast(record: Record<string, unknown>): Record<string, unknown> {
  let current = record;
  for (const { to, apply } of upcasts)
    if (((current['v'] as number | undefined) ?? 1) < to) current = apply(current);
  return current;
}
