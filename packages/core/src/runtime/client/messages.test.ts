import { memory } from '@perdure/memory';
import { describe, expect, it } from 'vitest';
import type { StandardSchema } from '../../codec/schema.js';
import { payloadTree } from '../../model/payload.js';
import { decodeMessage } from '../messages.js';
import { closeRun, FaultyStorage, openClient, workflow, type TestClient } from './client.testkit.js';

async function inbox({ core }: TestClient, runId: string) {
  return (await core.storage.readInbox(runId, { afterPosition: 0, limit: 100 })).map((message) =>
    decodeMessage(message),
  );
}

const numbers: StandardSchema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof value === 'number' ? { value: value + 0 } : { issues: [{ message: 'no number', path: ['n'] }] },
  },
};
const declaring = {
  ...workflow('declaring'),
  messages: { add: { kind: 'signal' as const, schema: numbers }, total: { kind: 'query' as const } },
};

describe('B10 signal', () => {
  it('is in the inbox when it is acknowledged, and the run is visible', async () => {
    const test = await openClient();
    const handle = await test.client.start('w', 1, { startDelay: '1h' });
    await handle.signal('go', { at: new Date(5) });
    const [message] = await inbox(test, handle.runId!);
    expect(message).toMatchObject({ type: 'SignalReceived', name: 'go', input: { codec: 'superjson' } });
    expect((await test.core.storage.readTasks(handle.runId!))[0]).toMatchObject({
      visibleAt: test.clock.now() - 60_000,
    });
  });

  it('arrives in the order in which they were sent', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    await Promise.all(Array.from({ length: 20 }, (_, i) => handle.signal('n', i)));
    const sent = (await inbox(test, handle.runId!)).map(
      (message) => 'input' in message && payloadTree(message.input),
    );
    expect(sent).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('G3 with an id it is accepted once, also after it was consumed, and after the run has closed', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    await Promise.all(Array.from({ length: 10 }, () => handle.signal('n', 1, { id: 's' })));
    expect(await inbox(test, handle.runId!)).toHaveLength(1);
    await test.core.committer.commit({
      expect: [],
      writes: [{ kind: 'drop-messages', runId: handle.runId!, through: 100 }],
    });
    await handle.signal('n', 1, { id: 's' });
    expect(await inbox(test, handle.runId!)).toHaveLength(0);
    await closeRun(test, handle.runId);
    await expect(handle.signal('n', 1, { id: 's' })).resolves.toBeUndefined();
    await expect(handle.signal('n', 1, { id: 't' })).rejects.toMatchObject({ code: 'workflow_not_active' });
  });

  it.each(['unknown-lost', 'unknown-applied'] as const)('G10 %s: accepted once', async (fault) => {
    const storage = new FaultyStorage();
    const test = await openClient({ storage });
    const handle = await test.client.start('w');
    storage.faults.push(fault);
    await handle.signal('n', 1);
    storage.faults.push(fault);
    await handle.signal('n', 2, { id: 's' });
    expect(await inbox(test, handle.runId!)).toHaveLength(2);
  });

  it('D8 to a closed run: workflow_not_active; to an unknown one: workflow_not_found', async () => {
    const test = await openClient();
    const handle = await test.client.start('w', 1, { id: 'x' });
    await closeRun(test, handle.runId);
    await expect(handle.signal('n')).rejects.toMatchObject({ code: 'workflow_not_active' });
    await expect(test.client.handle('x').signal('n')).rejects.toMatchObject({ code: 'workflow_not_active' });
    await expect(test.client.handle('y').signal('n')).rejects.toMatchObject({ code: 'workflow_not_found' });
    await expect(test.client.handle('x', 'nowhere').signal('n')).rejects.toMatchObject({
      code: 'workflow_not_found',
    });
    await expect(test.client.handle('y', handle.runId).signal('n')).rejects.toMatchObject({
      code: 'workflow_not_found',
    });
  });

  it('goes to the run that is current when another has just begun', async () => {
    const storage = new FaultyStorage();
    const test = await openClient({ storage });
    const first = await test.client.start('w', 1, { id: 'x' });
    let second: { runId: string } | undefined;
    storage.onCommit = async () => {
      storage.onCommit = undefined;
      const other = await openClient({ storage });
      second = (await other.client.start('w', 2, { id: 'x', duplicatePolicy: 'terminate_existing' })) as {
        runId: string;
      };
    };
    await test.client.handle('x').signal('n', 1);
    expect(await inbox(test, second!.runId)).toHaveLength(1);
    await expect(first.signal('n', 1)).rejects.toMatchObject({ code: 'workflow_not_active' });
  });

  it('D11 is checked at the door where the type declares messages, by the handle or by the run', async () => {
    const test = await openClient({ workflows: [declaring, workflow('silent')] });
    const byName = await test.client.start('declaring', 1, { id: 'x' });
    const typed = test.client.handle(declaring, 'x');
    for (const handle of [byName, typed]) {
      await expect(handle.signal('sub', 1)).rejects.toMatchObject({
        code: 'signal_rejected',
        message: expect.stringContaining("it declares 'add'") as string,
      });
      await expect(handle.signal('total', 1)).rejects.toMatchObject({ code: 'signal_rejected' });
      await expect(handle.signal('add', 'one')).rejects.toMatchObject({
        code: 'signal_rejected',
        cause: { issues: [{ path: 'n', message: 'no number' }] },
      });
      await expect(handle.signal('toString', 1)).rejects.toMatchObject({ code: 'signal_rejected' });
      await handle.signal('add', 1);
    }
    expect(await inbox(test, byName.runId!)).toHaveLength(2);
    await expect((await test.client.start('silent')).signal('anything')).resolves.toBeUndefined();
  });

  it('refuses what cannot be stored, a name that is none, an id that is none', async () => {
    const { client } = await openClient({ maxPayloadBytes: 100 });
    const handle = await client.start('w');
    await expect(handle.signal('n', () => 1)).rejects.toMatchObject({
      code: 'signal_rejected',
      cause: { code: 'payload_invalid' },
    });
    await expect(handle.signal('n', 'x'.repeat(200))).rejects.toMatchObject({ code: 'payload_too_large' });
    await expect(handle.signal('')).rejects.toMatchObject({ code: 'signal_rejected' });
    await expect(handle.signal('n', 1, { id: 'a b' })).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});

describe('A5 cancel', () => {
  it('D3 a run that never began closes at once, with its reason, and leaves nothing behind', async () => {
    const test = await openClient();
    const handle = await test.client.start('w', 1, { startDelay: '1h' });
    await handle.signal('unread');
    await handle.cancel({ reason: 'changed my mind' });
    expect(await handle.describe()).toMatchObject({
      status: 'cancelled',
      closedReason: 'changed my mind',
      historyLength: 2,
    });
    expect(await test.core.storage.readTasks(handle.runId!)).toEqual([]);
    expect(await inbox(test, handle.runId!)).toEqual([]);
    await expect(handle.result()).rejects.toMatchObject({
      code: 'workflow_cancelled',
      message: expect.stringContaining('changed my mind') as string,
    });
  });

  it('asks one that has begun, once however often', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    await begin(test, handle.runId!);
    await handle.cancel({ reason: 'r', cancelQueuedActivities: false });
    await handle.cancel();
    expect(await inbox(test, handle.runId!)).toEqual([
      { type: 'CancelRequested', messageId: 'cancel', reason: 'r', cancelQueuedActivities: false },
    ]);
    expect(await handle.describe()).toMatchObject({ status: 'running' });
  });

  it('refuses a reason that is none', async () => {
    const { client } = await openClient();
    const handle = await client.start('w');
    for (const reason of [5, {}, 'x'.repeat(4_097)]) {
      await expect(handle.cancel({ reason: reason as string })).rejects.toMatchObject({
        code: 'invalid_argument',
        issues: [{ path: 'reason' }],
      });
      await expect(handle.terminate(reason as string)).rejects.toMatchObject({
        code: 'invalid_argument',
        issues: [{ path: 'reason' }],
      });
    }
    await expect(handle.cancel('because' as never)).rejects.toMatchObject({
      code: 'invalid_argument',
      issues: [{ path: 'options' }],
    });
  });

  it('is nothing on a closed run, and refused for an unknown one', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    await closeRun(test, handle.runId);
    await handle.cancel();
    expect(await handle.describe()).toMatchObject({ status: 'completed' });
    await expect(test.client.handle('y').cancel()).rejects.toMatchObject({ code: 'workflow_not_found' });
  });

  it('asks, where a worker begins the run at the same moment', async () => {
    const storage = new FaultyStorage();
    const test = await openClient({ storage });
    const handle = await test.client.start('w');
    const other = await openClient({ storage });
    storage.onCommit = async () => {
      storage.onCommit = undefined;
      await begin(other, handle.runId!);
    };
    await handle.cancel();
    expect(await handle.describe()).toMatchObject({ status: 'running', historyLength: 2 });
    expect(await inbox(test, handle.runId!)).toHaveLength(1);
  });
});

describe('B7 terminate', () => {
  it('ends a run without a worker', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    await begin(test, handle.runId!);
    await handle.signal('unread');
    await handle.terminate('enough');
    expect(await handle.describe()).toMatchObject({
      status: 'terminated',
      closedReason: 'enough',
      historyLength: 3,
      state: 'busy',
    });
    expect(await test.core.storage.readTasks(handle.runId!)).toEqual([]);
    expect(await inbox(test, handle.runId!)).toEqual([]);
    await expect(handle.result()).rejects.toMatchObject({
      code: 'workflow_terminated',
      message: expect.stringContaining('enough') as string,
    });
  });

  it('twice is once; after another end it is refused', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    await Promise.all([handle.terminate(), handle.terminate(), handle.terminate()]);
    expect(await handle.describe()).toMatchObject({ status: 'terminated', historyLength: 2 });
    const other = await test.client.start('w');
    await closeRun(test, other.runId);
    await expect(other.terminate()).rejects.toMatchObject({ code: 'workflow_not_active' });
    await expect(test.client.handle('y').terminate()).rejects.toMatchObject({ code: 'workflow_not_found' });
  });

  it('wins over a run that its owner keeps moving on', async () => {
    const storage = new FaultyStorage();
    const test = await openClient({ storage });
    const worker = await openClient({ storage });
    const handle = await test.client.start('w');
    let moves = 0;
    // The owner's commit is always there first, as long as its token is the newest.
    let busy = false;
    storage.onCommit = async () => {
      if (busy) return;
      busy = true;
      if ((await move(worker, handle.runId!)) === 'moved') moves += 1;
      busy = false;
    };
    await handle.terminate();
    storage.onCommit = undefined;
    expect(moves).toBeGreaterThan(1);
    expect(await handle.describe()).toMatchObject({ status: 'terminated', historyLength: moves + 2 });
  });

  it.each(['unknown-lost', 'unknown-applied'] as const)('G10 %s', async (fault) => {
    const storage = new FaultyStorage();
    const { client } = await openClient({ storage });
    const handle = await client.start('w');
    storage.faults.push(fault);
    await handle.terminate();
    expect(await handle.describe()).toMatchObject({ status: 'terminated', historyLength: 2 });
  });
});

it('a signal with a client that is closed is refused', async () => {
  const storage = memory();
  const { client, opened } = await openClient({ storage });
  const handle = await client.start('w');
  await opened.close();
  await expect(handle.signal('n')).rejects.toMatchObject({ code: 'engine_closed' });
});

/** One event as a worker with token 0 would write it. */
async function move({ core }: TestClient, runId: string): Promise<'moved' | 'refused'> {
  const run = await core.storage.readRun(runId);
  if (run?.closedAt !== null) return 'refused';
  const result = await core.storage.commit([
    {
      expect: [{ kind: 'token', taskId: runId, token: 0 }],
      writes: [
        {
          kind: 'advance-run',
          runId,
          fromSeq: run.seq,
          events: [
            JSON.stringify({ seq: run.seq + 1, type: 'TimerFired', at: core.clock.now(), timerId: 't' }),
          ],
          changes: {
            ...run,
            status: 'running',
            body: JSON.stringify({ state: { codec: 'json', data: 'busy' } }),
          },
        },
      ],
    },
  ]);
  return result[0]!.ok ? 'moved' : 'refused';
}

async function begin(test: TestClient, runId: string): Promise<void> {
  expect(await move(test, runId)).toBe('moved');
}
