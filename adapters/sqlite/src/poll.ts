import type { Hints } from '@perdure/core/storage';
import type { Database } from './driver.js';
import { refused } from './errors.js';
import { every } from './patience.js';
import { deadWorkers } from './presence.js';
import type { Sql } from './statements.js';

/** SQLite tells nobody of a change, but it counts those that other connections make. */
const everyMs = 25;
/** Dead processes are looked for once in this many times. */
const reapEvery = 40;

/** Tells what other processes do, until the returned function is called. */
export function poll(db: Database, sql: Sql, hints: Hints): () => void {
  const version = (): unknown => sql('pragma data_version', 'pluck').get();
  let seen = version();
  let times = 0;
  const end = every(everyMs, () => {
    try {
      const now = version();
      if (now !== seen) hints.tell({ kind: 'unknown' });
      seen = now;
      if (++times % reapEvery === 0 && deadWorkers(sql).length > 0) hints.tell({ kind: 'worker-gone' });
    } catch {
      // Busy for the moment, which the next look makes good; or gone for good.
      if (db.open) return;
      end();
      hints.tell({
        kind: 'lost',
        error: refused('storage_lost', 'The given better-sqlite3 database was closed'),
      });
    }
  });
  return end;
}
