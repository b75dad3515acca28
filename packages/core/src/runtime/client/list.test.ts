import { describe, expect, it } from 'vitest';
import { closeRun, openClient, type TestClient } from './client.testkit.js';

async function seeded(): Promise<TestClient> {
  const test = await openClient();
  for (let i = 0; i < 10; i++) {
    const handle = await test.client.start(i % 2 ? 'odd' : 'even', i, {
      id: `w-${i}`,
      taskQueue: i < 5 ? 'a' : 'b',
    });
    if (i % 5 === 0) await closeRun(test, handle.runId);
    await test.clock.advance(1_000);
  }
  return test;
}

describe('B4 list', () => {
  it('newest first, filtered by each property', async () => {
    const { client, clock } = await seeded();
    const ids = async (filter?: object): Promise<string> =>
      (await client.list(filter)).items.map((run) => run.workflowId.slice(2)).join('');
    const at = (i: number): Date => new Date(clock.now() - (10 - i) * 1_000);
    expect(await ids()).toBe('9876543210');
    expect(await ids({ workflowType: 'odd' })).toBe('97531');
    expect(await ids({ status: 'completed' })).toBe('50');
    expect(await ids({ status: ['completed', 'pending'], taskQueue: 'a' })).toBe('43210');
    expect(await ids({ statusBucket: 'running', workflowType: 'even' })).toBe('8642');
    expect(await ids({ statusBucket: 'failed' })).toBe('');
    expect(await ids({ statusBucket: 'failed', status: 'pending' })).toBe('');
    expect(await ids({ workflowIdPrefix: 'w-1' })).toBe('1');
    expect(await ids({ workflowId: 'w-3' })).toBe('3');
    expect(await ids({ startedAfter: at(3), startedBefore: at(6) })).toBe('54');
    expect(await ids({ closedAfter: at(4) })).toBe('5');
    expect(await client.count({ workflowType: 'odd' })).toBe(5);
    expect(await client.count({ statusBucket: 'failed', status: 'pending' })).toBe(0);
  });

  it('shows the current run of each id, and all of them on demand', async () => {
    const test = await openClient();
    for (let i = 0; i < 3; i++)
      await closeRun(test, (await test.client.start('w', i, { id: 'x', duplicatePolicy: 'allow' })).runId);
    expect((await test.client.list()).items.map((run) => run.runNumber)).toEqual([3]);
    expect((await test.client.list({ allRuns: true })).items.map((run) => run.runNumber).sort()).toEqual([
      1, 2, 3,
    ]);
    expect((await test.client.handle('x').runs()).map((run: { runNumber: number }) => run.runNumber)).toEqual(
      [1, 2, 3],
    );
    await expect(test.client.handle('y').runs()).rejects.toMatchObject({ code: 'workflow_not_found' });
  });

  it('Q1 goes page by page, unmoved by what is started meanwhile', async () => {
    const { client } = await seeded();
    const seen: string[] = [];
    let pageToken: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof client.list>> = await client.list({ pageSize: 3, pageToken });
      seen.push(...page.items.map((run) => run.workflowId));
      pageToken = page.nextPageToken;
      await client.start('w');
    } while (pageToken !== null);
    expect(seen).toEqual(['w-9', 'w-8', 'w-7', 'w-6', 'w-5', 'w-4', 'w-3', 'w-2', 'w-1', 'w-0']);
    const all: string[] = [];
    for await (const run of client.iterate({ workflowIdPrefix: 'w-', pageSize: 4 })) all.push(run.workflowId);
    expect(all).toEqual(seen);
  });

  it('ends with null, also where the last page is full', async () => {
    const { client } = await seeded();
    const { items, nextPageToken } = await client.list({ pageSize: 10 });
    expect([items.length, nextPageToken]).toEqual([10, null]);
  });

  it('Q1 refuses a token that was tampered with, made up, or given for another filter', async () => {
    const { client } = await seeded();
    const { nextPageToken } = await client.list({ pageSize: 3 });
    const token = nextPageToken!;
    const flipped = (i: number): string =>
      token.slice(0, i) + (token[i] === '0' ? '1' : '0') + token.slice(i + 1);
    const bad = [
      '',
      'x',
      token.slice(1),
      `${token}00`,
      token.toUpperCase(),
      7,
      {},
      ...Array.from({ length: token.length }, (_, i) => flipped(i)),
    ];
    for (const pageToken of bad) {
      await expect(client.list({ pageSize: 3, pageToken: pageToken as string })).rejects.toMatchObject({
        code: 'invalid_argument',
        issues: [{ path: 'pageToken' }],
      });
    }
    await expect(client.list({ pageSize: 3, workflowType: 'odd', pageToken: token })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    await expect(client.list({ pageSize: 5, pageToken: token })).resolves.toBeDefined();
  });

  it.each([
    [{ pageSize: 0 }, 'pageSize'],
    [{ pageSize: 1_001 }, 'pageSize'],
    [{ pageSize: 1.5 }, 'pageSize'],
    [{ status: 'canceled' }, 'status'],
    [{ status: ['completed', 'nope'] }, 'status'],
    [{ statusBucket: 'open' }, 'statusBucket'],
    [{ startedAfter: new Date(NaN) }, 'startedAfter'],
    [{ closedBefore: 5 }, 'closedBefore'],
    [{ workflowType: 5 }, 'workflowType'],
    [{ workflowIdPrefix: 'a\u0000' }, 'workflowIdPrefix'],
    [{ kind: 'x' }, 'kind'],
  ])('refuses %j', async (filter, path) => {
    const { client } = await openClient();
    for (const call of [client.list(filter as object), client.count(filter as object)]) {
      await expect(call).rejects.toMatchObject({ code: 'invalid_argument', issues: [{ path }] });
    }
  });

  it('hints at the word that was meant', async () => {
    const { client } = await openClient();
    await expect(client.list({ status: 'canceled' as 'cancelled' })).rejects.toThrow(
      "did you mean 'cancelled'?",
    );
  });
});
