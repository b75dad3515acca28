import Database from 'better-sqlite3';

/** A process that, when it is told to, takes the write lock of a store, writes, and neither commits nor ends. */
const [file] = process.argv.slice(2);
// Here, since one that nobody can reach any more is closed.
const database = new Database(file, { timeout: 0 });

process.on('message', () => {
  // SQLite's own waiting looks so seldom that it would hardly ever get in between.
  while (!database.inTransaction) {
    try {
      database.exec('begin immediate');
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'SQLITE_BUSY') throw error;
    }
  }
  database.exec("delete from tasks; update runs set status = 'half-written'");
  process.send?.('holds');
});
process.send?.('ready');
