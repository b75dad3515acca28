import { describe, expect, it } from 'vitest';
import { readBundle } from '../../codec/bundle.js';
import { encodeEvent } from '../../codec/events.js';
import { encodeFailure } from '../../codec/failures.js';
import { encodeValue } from '../../codec/values.js';
import type { HistoryEvent } from './description.js';
import { openClient, type TestClient } from './client.testkit.js';

const more = 1_300;

async function long(test: TestClient) {
  const handle = await test.client.start('w', { at: new Date(0) }, { runTimeout: '1h' });
  const at = test.clock.now();
  const events = Array.from({ length: more }, (_, i) =>
    encodeEvent({ seq: i + 2, type: 'TimerFired', at: at + i, timerId: `t${i}` }),
  );
  await test.core.committer.commit({
    expect: [],
    writes: [{ kind: 'advance-run', runId: handle.runId!, fromSeq: 1, events }],
  });
  return handle;
}

async function all(events: AsyncIterable<HistoryEvent>): Promise<readonly HistoryEvent[]> {
  const list: HistoryEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

describe('B5 history', () => {
  it('is every event once and in order, over pages', async () => {
    const test = await openClient();
    const handle = await long(test);
    const events = await all(handle.history());
    expect(events.map((event) => event.seq)).toEqual(Array.from({ length: more + 1 }, (_, i) => i + 1));
    expect(events[0]).toMatchObject({
      type: 'WorkflowStarted',
      at: new Date(test.clock.now()),
      attributes: {
        workflowType: 'w',
        input: { at: new Date(0) },
        runDeadline: new Date(test.clock.now() + 3_600_000),
      },
    });
    expect(events[5]).toMatchObject({ type: 'TimerFired', attributes: { timerId: 't4' } });
  });

  it('begins and ends where it is told', async () => {
    const handle = await long(await openClient());
    const seqs = async (options: object): Promise<readonly number[]> =>
      (await all(handle.history(options))).map((event) => event.seq);
    expect(await seqs({ fromSeq: 1_299 })).toEqual([1_299, 1_300, 1_301]);
    expect(await seqs({ fromSeq: 5, limit: 2 })).toEqual([5, 6]);
    expect(await seqs({ limit: 0 })).toEqual([]);
    expect(await seqs({ fromSeq: 9_999 })).toEqual([]);
    expect(await seqs({ limit: 700 })).toHaveLength(700);
    for (const bad of [{ fromSeq: 0 }, { fromSeq: 1.5 }, { fromSeq: NaN }, { limit: -1 }]) {
      await expect(seqs(bad)).rejects.toMatchObject({ code: 'invalid_argument' });
    }
  });

  it('shows values and failures decoded', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    const at = test.clock.now();
    const failure = encodeFailure(new RangeError('too far', { cause: new Error('inner') }));
    const retry = {
      initialInterval: 1,
      backoffCoefficient: 2,
      maximumInterval: 3,
      maximumAttempts: 4,
      jitter: 0,
      strategy: 'linear' as const,
    };
    const scheduled = {
      activityId: 'a1',
      activityType: 'a',
      taskQueue: 'q',
      retry,
      timeouts: { startToClose: 5 },
      priority: 5,
      fairnessKey: '',
      fairnessWeight: 1,
    };
    const events = [
      encodeEvent({ seq: 2, at, type: 'ActivityScheduled', ...scheduled, input: encodeValue(7n) }),
      encodeEvent({ seq: 3, at, type: 'ActivityFailed', activityId: 'a1', attempt: 4, failure }),
      encodeEvent({ seq: 4, at, type: 'TimerStarted', timerId: 't2', dueAt: at + 5, purpose: 'sleep' }),
      encodeEvent({ seq: 5, at, type: 'SideEffectRecorded', value: encodeValue(undefined) }),
    ];
    await test.core.committer.commit({
      expect: [],
      writes: [{ kind: 'advance-run', runId: handle.runId!, fromSeq: 1, events }],
    });
    const shown = await all(handle.history({ fromSeq: 2 }));
    expect(shown.map((event) => event.attributes)).toMatchObject([
      { ...scheduled, input: 7n },
      { failure: { name: 'RangeError', message: 'too far', cause: { message: 'inner' } } },
      { dueAt: new Date(at + 5) },
      { value: undefined },
    ]);
  });

  it('is exported whole, and the bundle is read back as it was', async () => {
    const handle = await long(await openClient());
    const bundle = await handle.exportHistory();
    const { workflow, events } = readBundle(JSON.parse(JSON.stringify(bundle)));
    expect(workflow).toEqual({ workflowId: handle.workflowId, runId: handle.runId, workflowType: 'w' });
    expect(events).toHaveLength(more + 1);
  });

  it('of an unknown run: workflow_not_found', async () => {
    const { client } = await openClient();
    await expect(all(client.handle('y').history())).rejects.toMatchObject({ code: 'workflow_not_found' });
    await expect(all(client.handle('y', 'z').history())).rejects.toMatchObject({
      code: 'workflow_not_found',
    });
    await expect(client.handle('y').exportHistory()).rejects.toMatchObject({ code: 'workflow_not_found' });
  });
});
