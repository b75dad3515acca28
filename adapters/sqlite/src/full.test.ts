import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { Batch } from '@perdure/core/storage';
import { insert, newTask, temporaryFiles } from './records.testkit.js';
import { sqlite } from './sqlite.js';

const newFile = temporaryFiles();
const much = 'x'.repeat(6_000);

/** Two batches whose writes need a page or two each, but for the first, which changes what is there. */
const batches = (): Batch[] => [
  {
    expect: [],
    writes: [
      { kind: 'put-key', record: { namespace: 'default', key: 'k', value: 'new', runId: 'old' } },
      insert('r', [much, much]),
      { kind: 'put-task', task: newTask('r', { body: much }) },
      {
        kind: 'put-message',
        message: { runId: 'r', namespace: 'default', kind: 'signal', messageId: 'm', at: 1, body: much },
      },
    ],
  },
  { expect: [], writes: [insert('s', [much]), { kind: 'drop-task', taskId: 'old' }] },
];

function dump(database: Sqlite.Database): unknown {
  return ['runs', 'events', 'tasks', 'leases', 'inbox', 'keys'].map((table) =>
    database.prepare(`select * from ${table}`).all(),
  );
}

test.each(['wal', 'delete'])(
  'A1 E1 a disk that is full at any page of a commit: refused whole, and nothing of it is there; with room it goes on (%s)',
  async (journal) => {
    const path = newFile();
    const database = new Sqlite(path);
    database.pragma(`journal_mode = ${journal}`);
    const handle = await sqlite({ database }).open();
    await handle.commit([
      {
        expect: [],
        writes: [
          { kind: 'put-key', record: { namespace: 'default', key: 'k', value: 'old', runId: 'old' } },
          { kind: 'put-task', task: newTask('old') },
        ],
      },
    ]);
    const other = new Sqlite(path, { readonly: true });
    const before = dump(other);
    const pages = database.pragma('page_count', { simple: true }) as number;
    let room = 0;
    for (; ; room++) {
      database.pragma(`max_page_count = ${pages + room}`);
      const outcome: unknown = await handle.commit(batches()).catch((error: unknown) => error);
      if (Array.isArray(outcome)) break;
      expect(outcome).toMatchObject({ code: 'storage_full', retryable: true, outcome: 'not-applied' });
      expect(dump(other)).toEqual(before);
      expect(await handle.readRun('r')).toBeUndefined();
      expect(await handle.readTask('old')).toMatchObject({ token: 0 });
    }
    expect(room).toBeGreaterThan(4);
    expect((await handle.readKey('default', 'k'))?.value).toBe('new');
    expect((await handle.readRun('s'))?.seq).toBe(1);
    expect(await handle.readTask('old')).toBeUndefined();
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    await handle.close();
    other.close();
    database.close();
  },
);
