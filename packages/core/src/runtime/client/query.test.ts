import { memory } from '@perdure/memory';
import { describe, expect, it } from 'vitest';
import { decodeValue, encodeValue } from '../../codec/values.js';
import type { TaskRecord } from '../../storage/records.js';
import { decodeQuery, encodeReply, replyKey, type QueryReply } from '../query-mail.js';
import { closeRun, openClient, settled, workflow, type TestClient } from './client.testkit.js';

/** Answers the query tasks of a store, as a worker elsewhere would. */
async function respond(
  { core }: TestClient,
  answer: (name: string, argument: unknown) => QueryReply,
): Promise<readonly TaskRecord[]> {
  const wants = [{ kind: 'query' as const, queues: ['default'], types: null, limit: 10, leaseMs: 1_000 }];
  const tasks = await core.storage.claim({
    namespace: 'default',
    owner: 'elsewhere',
    now: core.clock.now(),
    buildId: null,
    wants,
  });
  for (const task of tasks) {
    const { name, input } = decodeQuery(task.body);
    await core.committer.commit({
      expect: [{ kind: 'token', taskId: task.taskId, token: task.token }],
      writes: [
        { kind: 'drop-task', taskId: task.taskId },
        {
          kind: 'put-key',
          record: {
            namespace: 'default',
            key: replyKey(task.taskId),
            value: encodeReply(answer(name, decodeValue(input))),
            runId: task.runId,
          },
        },
      ],
    });
  }
  return tasks;
}

describe('B11 a query to a worker elsewhere', () => {
  it('is answered, and leaves nothing behind', async () => {
    const storage = memory();
    const [asking, elsewhere] = [await openClient({ storage }), await openClient({ storage })];
    const handle = await asking.client.start('w');
    const before = await handle.describe();
    const answers = Promise.all([handle.query('add', { n: 1n }), handle.query('add', { n: 2n })]);
    await settled();
    const tasks = await respond(elsewhere, (name, argument) => ({
      ok: true,
      result: encodeValue([name, argument]),
    }));
    expect(await answers).toEqual([
      ['add', { n: 1n }],
      ['add', { n: 2n }],
    ]);
    await settled();
    expect(tasks).toHaveLength(2);
    for (const task of tasks)
      expect(await asking.core.storage.readKey('default', replyKey(task.taskId))).toBeUndefined();
    expect((await handle.describe()).historyLength).toBe(before.historyLength);
    expect(asking.clock.timers).toBe(0);
  });

  it('answers closed runs too', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    await closeRun(test, handle.runId);
    const answer = handle.query('n');
    await settled();
    await respond(test, () => ({ ok: true, result: encodeValue(7) }));
    expect(await answer).toBe(7);
  });

  it('is found by looking where no hint comes', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    const answer = handle.query('n');
    await settled();
    test.core.feed.close();
    await respond(test, () => ({ ok: true, result: encodeValue(7) }));
    await test.clock.advance(1_000);
    expect(await answer).toBe(7);
  });

  it('passes a refusal on', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    const answer = handle.query('n').catch((error: unknown) => error);
    await settled();
    await respond(test, () => ({ ok: false, code: 'query_rejected', message: 'no such query' }));
    expect(await answer).toMatchObject({ code: 'query_rejected', message: 'no such query' });
    const diverged = handle.query('n').catch((error: unknown) => error);
    await settled();
    await respond(test, () => ({ ok: false, code: 'nondeterminism', message: 'moved' }));
    expect(await diverged).toMatchObject({ code: 'nondeterminism' });
  });

  it('is given up after 10 s, and an answer that comes later is refused', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    const answer = handle.query('n').catch((error: unknown) => error);
    await settled();
    await test.clock.advance(9_750);
    const [task] = (await test.core.storage.readTasks(handle.runId!)).filter((one) => one.kind === 'query');
    expect(task).toMatchObject({ queue: 'default', type: 'w' });
    await test.clock.advance(250);
    expect(await answer).toMatchObject({
      code: 'query_rejected',
      message: expect.stringContaining('No worker answered') as string,
    });
    await settled();
    expect(await respond(test, () => ({ ok: true, result: encodeValue(1) }))).toEqual([]);
  });

  it('is refused when the client is closed meanwhile', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    const answer = handle.query('n').catch((error: unknown) => error);
    await settled();
    await test.opened.close();
    expect(await answer).toMatchObject({ code: 'engine_closed' });
  });

  it('is checked at the door against declared messages', async () => {
    const messages = { total: { kind: 'query' as const }, add: { kind: 'signal' as const } };
    const { client } = await openClient({ workflows: [workflow('w', messages)] });
    const handle = await client.start('w');
    await expect(handle.query('add')).rejects.toMatchObject({
      code: 'query_rejected',
      message: expect.stringContaining("it declares 'total'") as string,
    });
    await expect(handle.query('')).rejects.toMatchObject({ code: 'query_rejected' });
    await expect(client.handle('y').query('total')).rejects.toMatchObject({ code: 'workflow_not_found' });
  });
});
