import Database from 'better-sqlite3';

/** Commits a second of two rows each, by better-sqlite3 alone: what one step writes at least. */
export function rawSqlite(path: string, durability: 'strict' | 'relaxed', commits: number): number {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${durability === 'strict' ? 'FULL' : 'NORMAL'}`);
  db.exec(
    'create table if not exists events (run text, seq integer, body text, primary key (run, seq)) without rowid; create table if not exists runs (run text primary key, seq integer)',
  );
  db.prepare('insert or replace into runs values (?, 0)').run('r');
  const insert = db.prepare('insert into events values (?, ?, ?)');
  const update = db.prepare('update runs set seq = ? where run = ?');
  const begin = db.prepare('begin immediate');
  const commit = db.prepare('commit');
  const body = JSON.stringify({
    seq: 1,
    type: 'ActivityCompleted',
    at: Date.now(),
    activityId: 'a1',
    attempt: 1,
    result: { codec: 'json', data: 1 },
  });
  const began = performance.now();
  for (let seq = 1; seq <= commits; seq++) {
    begin.run();
    insert.run('r', seq, body);
    update.run(seq, 'r');
    commit.run();
  }
  const seconds = (performance.now() - began) / 1_000;
  db.close();
  return commits / seconds;
}
