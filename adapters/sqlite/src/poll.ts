import type { Hints } from '@perdure/core/storage';
import { every } from './patience.js';
import { deadWorkers } from './presence.js';
import type { Sql } from './statements.js';

/** SQLite tells nobody of a change, but it counts those that other connections make. */
const everyMs = 25;
/** Dead processes and a missing file are looked for once in this many times. */
const seldom = 40;

/** Tells what happens outside of this connection, until the store is lost or the returned function is called. */
export function poll(sql: Sql, hints: Hints, shared: boolean, isLost: () => boolean): () => void {
  const version = (): unknown => sql('pragma data_version', 'pluck').get();
  let seen = version();
  let times = 0;
  const end = every(everyMs, () => {
    try {
      const now = version();
      if (now !== seen) hints.tell({ kind: 'unknown' });
      seen = now;
      if (++times % seldom > 0) return;
      if (shared && deadWorkers(sql).length > 0) hints.tell({ kind: 'worker-gone' });
    } catch {
      // Busy for the moment, which the next look makes good, or closed, which comes out below.
    }
    if (isLost()) end();
  });
  return end;
}
