import type { OpenCore } from '../runtime/client/open-core.js';
import type { Changes } from './changes.js';
import { nextOrPoll } from './polling.js';

/**
 * Something about all runs of the namespace, read again after changes, one read at a time, and told where it is another.
 * Reading is held to a fifth of the time while changes keep coming.
 */
export async function* rereads<T>(
  { feed, clock }: OpenCore,
  read: () => Promise<T>,
  identity: (value: T) => unknown,
  changes: Changes,
): AsyncGenerator<readonly T[], void, undefined> {
  changes.onEnd(
    feed.onHint((hint) => {
      if (hint.kind !== 'changed' || hint.runs.length > 0) changes.mark();
    }),
  );
  let told: unknown = undefined;
  for (let cost = 0; await nextOrPoll(clock, changes, cost);) {
    const began = clock.now();
    const value = await read();
    cost = clock.now() - began;
    const what = identity(value);
    if (what === told) continue;
    told = what;
    yield [value];
  }
}
