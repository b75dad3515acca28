import { describe, expect, it } from 'vitest';
import { encodeFailure } from '../../codec/failures.js';
import { encodeValue } from '../../codec/values.js';
import { closeRun, openClient, settled } from './client.testkit.js';

describe('B6 result', () => {
  it('gives what the workflow returned, a copy each time', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    await closeRun(test, handle.runId, {
      type: 'WorkflowCompleted',
      result: encodeValue({ at: new Date(3), tags: new Set(['a']) }),
    });
    const a: unknown = await handle.result();
    const b: unknown = await test.client.handle(handle.workflowId).result();
    expect(a).toEqual({ at: new Date(3), tags: new Set(['a']) });
    expect(b).toEqual(a);
    expect(b).not.toBe(a);
  });

  it('waits for the end, and comes with the hint of it', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    const results = [
      handle.result(),
      handle.result(),
      test.client.handle(handle.workflowId).result({ timeout: '1d' }),
    ];
    await settled();
    expect(test.core.closings.waits).toBe(3);
    await closeRun(test, handle.runId);
    expect(await Promise.all(results)).toEqual(['done', 'done', 'done']);
    expect(test.core.closings.waits).toBe(0);
    expect(test.clock.timers).toBe(0);
  });

  it('G7 comes within a second where no hint does', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    const result = handle.result();
    await settled();
    test.core.feed.close();
    await closeRun(test, handle.runId);
    await test.clock.advance(1_000);
    expect(await result).toBe('done');
  });

  it('a failed one rejects with the failure and its cause, rebuilt', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    const cause = Object.assign(new Error('no stock', { cause: new RangeError('0 left') }), {
      name: 'StockError',
      code: 'OUT',
    });
    await closeRun(test, handle.runId, { type: 'WorkflowFailed', failure: encodeFailure(cause) });
    await expect(handle.result()).rejects.toMatchObject({
      code: 'workflow_failed',
      name: 'WorkflowFailedError',
      message: expect.stringContaining('StockError: no stock') as string,
      failure: {
        name: 'StockError',
        message: 'no stock',
        code: 'OUT',
        cause: { name: 'RangeError', message: '0 left' },
      },
      cause: { name: 'StockError', message: 'no stock', code: 'OUT', cause: { message: '0 left' } },
    });
    expect(await handle.describe()).toMatchObject({
      statusBucket: 'failed',
      failure: { name: 'StockError' },
    });
  });

  it.each([
    [{ type: 'WorkflowCancelled', reason: 'why' } as const, 'workflow_cancelled'],
    [{ type: 'WorkflowTimedOut', timeout: 'run' } as const, 'workflow_timeout'],
  ])('%j rejects with %s', async (end, code) => {
    const test = await openClient();
    const handle = await test.client.start('w');
    await closeRun(test, handle.runId, end);
    await expect(handle.result()).rejects.toMatchObject({ code });
  });

  it('A2 a timeout ends the wait, not the workflow', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    const wait = handle.result({ timeout: '5s' }).catch((error: unknown) => error);
    await test.clock.advance(4_750);
    expect(test.core.closings.waits).toBe(1);
    await test.clock.advance(250);
    expect(await wait).toMatchObject({ code: 'wait_timeout' });
    expect(test.core.closings.waits).toBe(0);
    expect(await handle.describe()).toMatchObject({ status: 'pending' });
    expect(test.clock.timers).toBe(0);
  });

  it('A2 timeout 0 looks once', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    await expect(handle.result({ timeout: 0 })).rejects.toMatchObject({ code: 'wait_timeout' });
    await closeRun(test, handle.runId);
    expect(await handle.result({ timeout: 0 })).toBe('done');
    await expect(handle.result({ timeout: 'soon' as '1s' })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });

  it('an abort ends the wait with its reason', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    const controller = new AbortController();
    const wait = handle.result({ signal: controller.signal }).catch((error: unknown) => error);
    await settled();
    const reason = new Error('tired of waiting');
    controller.abort(reason);
    expect(await wait).toBe(reason);
    expect(await handle.result({ signal: controller.signal }).catch((error: unknown) => error)).toBe(reason);
    expect(test.core.closings.waits).toBe(0);
  });

  it('is about the run that was current when the wait began', async () => {
    const test = await openClient();
    await test.client.start('w', 1, { id: 'x' });
    const wait = test.client
      .handle('x')
      .result()
      .catch((error: unknown) => error);
    await settled();
    await test.client.start('w', 1, { id: 'x', duplicatePolicy: 'terminate_existing' });
    expect(await wait).toMatchObject({ code: 'workflow_terminated' });
  });

  it('of an unknown workflow, or one that is removed meanwhile: workflow_not_found', async () => {
    const test = await openClient();
    await expect(test.client.handle('y').result()).rejects.toMatchObject({ code: 'workflow_not_found' });
    const handle = await test.client.start('w');
    const wait = handle.result().catch((error: unknown) => error);
    await settled();
    await test.core.committer.commit({ expect: [], writes: [{ kind: 'purge-run', runId: handle.runId! }] });
    await test.clock.advance(1_000);
    expect(await wait).toMatchObject({ code: 'workflow_not_found' });
  });

  it('execute starts, then waits', async () => {
    const test = await openClient();
    const done = test.client.execute('w', 1, { id: 'x', timeout: '1m' });
    await settled();
    await closeRun(test, (await test.client.handle('x').describe()).runId);
    expect(await done).toBe('done');
    await expect(test.client.execute('w', 1, { id: 'x' })).rejects.toMatchObject({
      code: 'workflow_already_started',
    });
  });
});

describe('close', () => {
  it('rejects the waits, waits for calls under way, refuses what comes later, and is the same twice', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    const wait = handle.result().catch((error: unknown) => error);
    const limited = handle.result({ timeout: '1d' }).catch((error: unknown) => error);
    await settled();
    const starting = test.client.start('w', 1, { id: 'late' });
    await Promise.all([test.opened.close(), test.opened.close()]);
    expect(await starting).toMatchObject({ workflowId: 'late' });
    expect(await wait).toMatchObject({ code: 'engine_closed' });
    expect(await limited).toMatchObject({ code: 'engine_closed' });
    const calls = [
      test.client.start('w'),
      test.client.list(),
      test.client.count(),
      test.client.iterate().next(),
      handle.describe(),
      handle.result(),
      handle.signal('n'),
      handle.query('n'),
      handle.cancel(),
      handle.terminate(),
      handle.runs(),
      handle.history().next(),
      handle.exportHistory(),
    ];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'engine_closed' });
    expect(test.clock.timers).toBe(0);
  });

  it('abandoned, it answers nothing that is under way', async () => {
    const test = await openClient();
    const handle = await test.client.start('w');
    let answered = false;
    void handle.result().finally(() => {
      answered = true;
    });
    await settled();
    test.opened.abandon();
    await settled();
    expect(answered).toBe(false);
    await expect(handle.describe()).rejects.toMatchObject({ code: 'engine_closed' });
  });
});
