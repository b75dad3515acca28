import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { advance, all, claimAll, insert, newTask } from './records.testkit.js';
import { sqlite } from './sqlite.js';

/** Every statement that a walk through the port prepares, with SQLite's plan for it. */
async function plans(): Promise<Map<string, string[]>> {
  const database = new Sqlite(':memory:');
  const handle = await sqlite({ database }).open();
  const seen = new Set<string>();
  const prepare = database.prepare.bind(database);
  database.prepare = (text: string) => {
    seen.add(text);
    return prepare(text);
  };
  const read = { after: null, limit: 10 };
  const query = { namespace: 'default' };
  await handle.commit(
    all([insert('r'), { kind: 'put-task', task: newTask('r') }, advance('r', 1, ['x'.repeat(2_000)])]),
  );
  await handle.claim(claimAll('w', 1));
  await handle.claim(claimAll('w', 2_000_000));
  await handle.commit([
    {
      expect: [
        { kind: 'run-open', runId: 'r' },
        { kind: 'token', taskId: 'unknown', token: 1 },
        { kind: 'key', namespace: 'default', key: 'k', value: null },
        { kind: 'inbox-read', runId: 'r', through: 0 },
      ],
      writes: [],
    },
  ]);
  const message = { namespace: 'default', runId: 'r', kind: 'signal', messageId: 'm', at: 1, body: '' };
  await handle.commit(
    all([
      { kind: 'put-message', message },
      { kind: 'put-key', record: { namespace: 'default', key: 'k', value: 'v', runId: 'r' } },
      { kind: 'wake-task', taskId: 'r', at: 1 },
      { kind: 'drop-messages', runId: 'r', through: 1 },
      { kind: 'drop-key', namespace: 'default', key: 'k' },
      { kind: 'drop-task', taskId: 'r' },
      { kind: 'drop-tasks', runId: 'r' },
    ]),
  );
  await handle.loadRuns([{ runId: 'r', afterSeq: 0 }]);
  await handle.readTasks('r');
  await handle.readTask('r');
  await handle.readKey('default', 'k');
  await handle.readInbox('r', { afterPosition: 0, limit: 1 });
  await handle.nextWakeAt(claimAll('w', 1));
  await handle.listRuns(query, read);
  await handle.listRuns({ ...query, workflowId: 'w' }, read);
  await handle.listRuns({ ...query, closedBefore: 5 }, read);
  await handle.listRuns(query, { after: { startedAt: 1, runId: 'r' }, limit: 1 });
  await handle.commit(all([{ kind: 'purge-run', runId: 'r' }]));
  const found = new Map<string, string[]>();
  for (const text of seen) {
    if (!/^(with|select|insert|update|delete|replace)/.test(text)) continue;
    const marks = Array<number>(text.split('?').length - 1).fill(1);
    const rows = prepare(`explain query plan ${text}`).all(marks) as { detail: string }[];
    found.set(
      text.replace(/\s+/g, ' '),
      rows.map(({ detail }) => detail),
    );
  }
  database.close();
  return found;
}

test('no statement reads a table from end to end, however many runs or sleeping tasks there are', async () => {
  const found = await plans();
  expect(found.size).toBeGreaterThan(35);
  const scans = [...found]
    .flatMap(([text, details]) => details.map((detail) => `${detail} of: ${text}`))
    // The few leases are read as a whole: without an index on them each step saves a page.
    .filter((line) => /^SCAN (runs|events|tasks|inbox|keys|workers)/.test(line));
  expect(scans).toEqual([]);
});

test('a workflow id is looked up, not looked for', async () => {
  const [, details] = [...(await plans())].find(([text]) => text.includes('workflow_id = ?')) ?? [];
  expect(details?.join()).toContain('runs_workflow');
});

test('lists, claims and histories come out of an index in their order', async () => {
  const sorted = [...(await plans())]
    .filter(([, details]) => details.some((detail) => detail.startsWith('USE TEMP B-TREE FOR ORDER BY')))
    .map(([text]) => text);
  // Those who ask for runs closed before a time are few at a time: the sweep of retention.
  expect(sorted).toEqual([
    expect.stringMatching(/from leases where lane = \? and due_at <= \? order by visible_at/),
    expect.stringMatching(/from runs where namespace = \? and closed_at < \? order by/),
  ]);
});
