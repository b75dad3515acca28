import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { advance, all, changes, insert, newRun } from './records.testkit.js';
import { sqlite } from './sqlite.js';

const body = fc.oneof(
  { weight: 6, arbitrary: fc.nat(9_999).map((n) => `event ${n}`) },
  { weight: 1, arbitrary: fc.nat(3_000).map((n) => 'x'.repeat(n)) },
);
const commits = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.array(body, { maxLength: 4 }) },
    { weight: 1, arbitrary: fc.nat(350).map((n) => Array.from({ length: n }, (_, i) => `of many ${i}`)) },
  ),
  { maxLength: 25 },
);

const place = fc.oneof(fc.nat(12), fc.nat(400));
const ranges = fc.array(fc.tuple(place, place), { minLength: 20, maxLength: 20 });

test('A7 a history is read as it was written, from anywhere, however it lies in rows', async () => {
  await fc.assert(
    fc.asyncProperty(commits, ranges, async (appended, wanted) => {
      const database = new Sqlite(':memory:');
      const handle = await sqlite({ database }).open();
      const events: string[] = [];
      // Neighbours, whose events lie just before and behind.
      await handle.commit(all([insert('a', ['other']), insert('r', []), insert('z', ['other'])]));
      for (const some of appended) {
        await handle.commit(all([advance('r', events.length, some), advance('a', 1, [])]));
        events.push(...some);
      }
      const [loaded] = await handle.loadRuns([{ runId: 'r', afterSeq: 0 }]);
      expect(loaded?.events).toEqual(events);
      expect(loaded?.run).toMatchObject({ seq: events.length, historyBytes: events.join('').length });
      for (const [from, limit] of wanted) {
        const expected = events.slice(Math.max(from, 1) - 1).slice(0, limit);
        expect(await handle.readEvents('r', { from, limit })).toEqual(expected);
        const [rest] = await handle.loadRuns([{ runId: 'r', afterSeq: from }]);
        expect(rest?.events).toEqual(events.slice(from));
      }
      await handle.commit(all([{ kind: 'purge-run', runId: 'r' }]));
      expect(await handle.readEvents('r', { from: 1, limit: 1_000 })).toEqual([]);
      expect(await handle.readEvents('z', { from: 1, limit: 1_000 })).toEqual(['other']);
      expect(database.prepare('select count(*) from events').pluck().get()).toBe(0);
      database.close();
    }),
    { numRuns: 60 },
  );
});

test('the newest events of a run are in its row; the row stays short', async () => {
  const database = new Sqlite(':memory:');
  const handle = await sqlite({ database }).open();
  await handle.commit(all([insert('r', [])]));
  for (let seq = 0; seq < 200; seq += 2) {
    await handle.commit(all([advance('r', seq, ['y'.repeat(100), 'z'.repeat(100)])]));
    expect(database.prepare('select length(tail) from runs').pluck().get()).toBeLessThanOrEqual(1_200);
  }
  // Ten events and their line ends fit into 1,200 characters; the twelfth takes them along.
  expect(database.prepare('select count(*) from events').pluck().get()).toBe(16);
  database.close();
});

test('a long start is kept out of the row that each commit writes anew', async () => {
  const database = new Sqlite(':memory:');
  const handle = await sqlite({ database }).open();
  const start = 's'.repeat(2_000);
  await handle.commit(all([{ kind: 'insert-run', run: { ...newRun('r'), start }, events: ['first'] }]));
  await handle.commit(all([{ kind: 'amend-run', runId: 'r', changes: changes() }]));
  expect(database.prepare('select start from runs').pluck().get()).toBeNull();
  expect((await handle.readRun('r'))?.start).toBe(start);
  expect(await handle.readEvents('r', { from: 0, limit: 9 })).toEqual(['first']);
  await handle.commit(all([{ kind: 'purge-run', runId: 'r' }]));
  expect(database.prepare('select count(*) from events').pluck().get()).toBe(0);
  database.close();
});
