import { memory } from '@perdure/memory';
import { describe, expect, it } from 'vitest';
import type { StandardSchema } from '../../codec/schema.js';
import type { InvalidArgumentError } from '../../model/errors.js';
import { decodeEvent } from '../../codec/events.js';
import { closeRun, FaultyStorage, openClient, workflow } from './client.testkit.js';

const count = 50;

async function refused(
  promise: Promise<unknown>,
): Promise<{ code: string; message: string; paths: readonly string[] }> {
  const error = await promise.then(
    () => expect.unreachable('was accepted'),
    (reason: unknown) => reason as InvalidArgumentError,
  );
  const { code, message, issues } = error;
  return {
    code,
    message,
    paths: (issues as InvalidArgumentError['issues'] | undefined)?.map((issue) => issue.path) ?? [],
  };
}

describe('B1 start', () => {
  it('writes the run, its first event and its task, and the key of its id', async () => {
    const { client, core, clock } = await openClient();
    const handle = await client.start(
      'order',
      { sku: 'a' },
      { id: 'o-1', priority: 2, fairnessKey: ' Tenant ', fairnessWeight: 7, taskQueue: 'q' },
    );
    const run = await handle.describe();
    expect(run).toMatchObject({
      workflowId: 'o-1',
      runId: handle.runId!,
      workflowType: 'order',
      status: 'pending',
      statusBucket: 'running',
      runNumber: 1,
      runCount: 1,
      isCurrentRun: true,
      input: { sku: 'a' },
      memo: {},
      searchAttributes: {},
      taskQueue: 'q',
      historyLength: 1,
      waitingFor: [{ kind: 'worker', taskQueue: 'q' }],
      actions: ['signal', 'update', 'cancel', 'terminate', 'fork'],
    });
    expect(run.startedAt.getTime()).toBe(clock.now());
    const [task] = await core.storage.readTasks(run.runId);
    expect(task).toMatchObject({
      kind: 'workflow',
      queue: 'q',
      type: 'order',
      priority: 2,
      fairnessKey: 'tenant',
      fairnessWeight: 7,
      attempt: 0,
      token: 0,
    });
    const [event] = await core.storage.readEvents(run.runId, { from: 1, limit: 5 });
    expect(decodeEvent(event!)).toMatchObject({
      seq: 1,
      type: 'WorkflowStarted',
      workflowId: 'o-1',
      runNumber: 1,
      attempt: 1,
    });
    expect(await core.storage.readKey('default', 'workflow:o-1')).toMatchObject({ value: run.runId });
  });

  it('makes up an id where none is given', async () => {
    const { client } = await openClient();
    const [a, b] = [await client.start('w'), await client.start('w')];
    expect(a.workflowId).toMatch(/^[0-9a-f-]{36}$/);
    expect(b.workflowId > a.workflowId).toBe(true);
  });

  it('keeps memo and search attributes, and leaves out what is null', async () => {
    const { client } = await openClient();
    const at = new Date(0);
    const handle = await client.start('w', 1, {
      memo: { by: 'me', at },
      searchAttributes: { total: 3, gone: null, tags: ['a'] },
    });
    expect(await handle.describe()).toMatchObject({
      memo: { by: 'me', at },
      searchAttributes: { total: 3, tags: ['a'] },
    });
    expect(Object.keys((await handle.describe()).searchAttributes)).toEqual(['total', 'tags']);
  });

  it('turns timeouts into deadlines that count from when the run may begin', async () => {
    const { client, core, clock } = await openClient();
    const handle = await client.start('w', 1, { startDelay: '1m', runTimeout: '1h', executionTimeout: '2h' });
    const run = await handle.describe();
    expect(run.runDeadline!.getTime()).toBe(clock.now() + 3_660_000);
    expect(run.executionDeadline!.getTime()).toBe(clock.now() + 7_260_000);
    expect(run.waitingFor).toEqual([
      { kind: 'timer', id: 'startDelay', dueAt: new Date(clock.now() + 60_000) },
    ]);
    expect((await core.storage.readTasks(run.runId))[0]).toMatchObject({ visibleAt: clock.now() + 60_000 });
  });

  it('takes queue and timeouts of the definition where the caller gives none', async () => {
    const definition = { ...workflow('w'), taskQueue: 'own', runTimeout: '5s' as const };
    const { client, clock } = await openClient({ workflows: [definition] });
    expect(await (await client.start('w')).describe()).toMatchObject({
      taskQueue: 'own',
      runDeadline: new Date(clock.now() + 5_000),
    });
    expect(await (await client.start('w', 1, { taskQueue: 'other' })).describe()).toMatchObject({
      taskQueue: 'other',
    });
  });

  it.each([
    [{ id: 'a b' }, 'id'],
    [{ id: '' }, 'id'],
    [{ id: 'x'.repeat(192) }, 'id'],
    [{ requestId: 'ü' }, 'requestId'],
    [{ taskQueue: 'a/b' }, 'taskQueue'],
    [{ priority: 10 }, 'priority'],
    [{ priority: 1.5 }, 'priority'],
    [{ fairnessKey: 'a b' }, 'fairnessKey'],
    [{ fairnessWeight: 0 }, 'fairnessWeight'],
    [{ runTimeout: 0 }, 'runTimeout'],
    [{ executionTimeout: '1s', runTimeout: '2s' }, 'runTimeout'],
    [{ duplicatePolicy: 'fail' }, 'duplicatePolicy'],
    [{ retries: 3 }, 'retries'],
    [{ memo: 'text' }, 'memo'],
    [{ searchAttributes: { a: {} } }, 'searchAttributes.a'],
    [{ startDelay: 'soon' }, 'startDelay'],
  ])('refuses %j', async (options, path) => {
    const { client, core } = await openClient();
    expect(await refused(client.start('w', 1, options as never))).toMatchObject({
      code: 'invalid_argument',
      paths: [path],
    });
    expect(await core.storage.countRuns({ namespace: 'default' })).toBe(0);
  });

  it('refuses an input that its schema refuses, with the path', async () => {
    const schema: StandardSchema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => ({ issues: [{ message: 'too small', path: ['items', 2, 'price'] }] }),
      },
    };
    const { client } = await openClient({ workflows: [{ ...workflow('w'), inputSchema: schema }] });
    expect(await refused(client.start('w', {}))).toMatchObject({
      code: 'invalid_argument',
      paths: ['items[2].price'],
    });
  });

  it('refuses search attributes that are not declared, or of another type', async () => {
    const { client } = await openClient();
    const definition = { ...workflow('w'), searchAttributes: { total: 'int', at: 'datetime' } as const };
    expect(
      await refused(
        client.start(definition, 1, { searchAttributes: { total: 1.5, at: new Date(NaN), other: 1 } }),
      ),
    ).toMatchObject({
      paths: ['searchAttributes.total', 'searchAttributes.at', 'searchAttributes.other'],
    });
  });

  it('B31 refuses a memo above 256 KiB and an input above the limit', async () => {
    const { client } = await openClient({ maxPayloadBytes: 1_000_000 });
    expect(await refused(client.start('w', 1, { memo: { text: 'x'.repeat(300_000) } }))).toMatchObject({
      code: 'payload_too_large',
    });
    expect(await refused(client.start('w', 'x'.repeat(1_000_001)))).toMatchObject({
      code: 'payload_too_large',
    });
  });

  it('B29 warns at 80 % of the limit', async () => {
    const warnings: string[] = [];
    const silent = (): void => undefined;
    const logger = {
      debug: silent,
      info: silent,
      error: silent,
      warn: (message: string) => warnings.push(message),
    };
    const { client } = await openClient({ maxPayloadBytes: 1_000, logger });
    await client.start('w', 'x'.repeat(797));
    expect(warnings).toEqual([]);
    const handle = await client.start('w', 'x'.repeat(798));
    await handle.signal('s', 'x'.repeat(900));
    expect(warnings).toEqual([
      "The input of workflow 'w' takes 800 of the 1000 bytes that are allowed",
      "The value of signal 's' takes 902 of the 1000 bytes that are allowed",
    ]);
  });

  it('A1 an unknown name is refused with the registered ones, where there are any', async () => {
    const { client } = await openClient({ workflows: [workflow('order'), workflow('refund')] });
    const { code, message } = await refused(client.start('oder'));
    expect(code).toBe('unknown_workflow');
    expect(message).toContain("'order', 'refund'");
    await expect((await openClient()).client.start('anything')).resolves.toBeDefined();
  });

  it('refuses what is neither a definition nor a name', async () => {
    const { client } = await openClient();
    for (const bad of [undefined, null, 3, {}, () => 1, '', 'a\u0000', ' a']) {
      expect(await refused(client.start(bad))).toMatchObject({
        code: 'invalid_argument',
        paths: ['workflow'],
      });
    }
  });
});

describe('D2 duplicate policies', () => {
  it('reject: any known id, open or closed', async () => {
    const test = await openClient();
    const first = await test.client.start('w', 1, { id: 'x' });
    expect(await refused(test.client.start('w', 1, { id: 'x' }))).toMatchObject({
      code: 'workflow_already_started',
    });
    await closeRun(test, first.runId);
    expect(await refused(test.client.start('w', 1, { id: 'x', duplicatePolicy: 'reject' }))).toMatchObject({
      code: 'workflow_already_started',
    });
  });

  it('allow: a closed one gives the next run, an open one is refused', async () => {
    const test = await openClient();
    const first = await test.client.start('w', 1, { id: 'x', duplicatePolicy: 'allow' });
    expect(await refused(test.client.start('w', 1, { id: 'x', duplicatePolicy: 'allow' }))).toMatchObject({
      code: 'workflow_already_started',
    });
    await closeRun(test, first.runId);
    const second = await test.client.start('w', 2, { id: 'x', duplicatePolicy: 'allow' });
    expect(await second.describe()).toMatchObject({
      runNumber: 2,
      runCount: 2,
      isCurrentRun: true,
      input: 2,
    });
    expect(await first.describe()).toMatchObject({
      runNumber: 1,
      runCount: 2,
      isCurrentRun: false,
      status: 'completed',
      output: 'done',
    });
    expect(await test.client.handle('x').describe()).toMatchObject({ runId: second.runId! });
    expect((await second.runs()).map((run: { runNumber: number }) => run.runNumber)).toEqual([1, 2]);
  });

  it('terminate_existing: ends an open one in the same commit', async () => {
    const test = await openClient();
    const first = await test.client.start('w', 1, { id: 'x' });
    await first.signal('unread');
    const second = await test.client.start('w', 2, { id: 'x', duplicatePolicy: 'terminate_existing' });
    expect(await first.describe()).toMatchObject({
      status: 'terminated',
      isCurrentRun: false,
      actions: ['fork', 'archive'],
      closedReason: expect.stringContaining('Another run') as string,
    });
    expect(await second.describe()).toMatchObject({ status: 'pending', runNumber: 2 });
    expect(await test.core.storage.readTasks(first.runId!)).toEqual([]);
    expect(await test.core.storage.readInbox(first.runId!, { afterPosition: 0, limit: 9 })).toEqual([]);
    await expect(first.result()).rejects.toMatchObject({ code: 'workflow_terminated' });
    await closeRun(test, second.runId);
    const third = await test.client.start('w', 3, { id: 'x', duplicatePolicy: 'terminate_existing' });
    expect(await third.describe()).toMatchObject({ runNumber: 3 });
  });

  it('use_existing: an open one is returned, a closed one refused', async () => {
    const test = await openClient();
    const first = await test.client.start('w', 1, { id: 'x', duplicatePolicy: 'use_existing' });
    const again = await test.client.start('w', 2, { id: 'x', duplicatePolicy: 'use_existing' });
    expect(again.runId).toBe(first.runId!);
    await closeRun(test, first.runId);
    expect(
      await refused(test.client.start('w', 1, { id: 'x', duplicatePolicy: 'use_existing' })),
    ).toMatchObject({ code: 'workflow_already_started' });
  });

  it.each(['reject', 'allow', 'use_existing', 'terminate_existing'] as const)(
    '%s: 50 starts at the same time leave one open run',
    async (duplicatePolicy) => {
      const storage = memory();
      const clients = await Promise.all([
        openClient({ storage }),
        openClient({ storage }),
        openClient({ storage }),
      ]);
      const outcomes = await Promise.allSettled(
        Array.from(
          { length: count },
          (_, i) =>
            clients[i % 3]!.client.start('w', i, { id: 'x', duplicatePolicy }) as Promise<{ runId: string }>,
        ),
      );
      const started = outcomes.flatMap((outcome) =>
        outcome.status === 'fulfilled' ? [outcome.value.runId] : [],
      );
      const { core } = clients[0];
      const open = await core.storage.listRuns(
        { namespace: 'default', statuses: ['pending'] },
        { after: null, limit: 100 },
      );
      const all = await core.storage.countRuns({ namespace: 'default', workflowId: 'x' });
      expect(open).toHaveLength(1);
      expect(await core.storage.countRuns({ namespace: 'default', currentOnly: true })).toBe(1);
      expect(open[0]).toMatchObject({ isCurrent: true, runNumber: all });
      if (duplicatePolicy === 'terminate_existing') expect(started).toHaveLength(count);
      else expect(all).toBe(1);
      if (duplicatePolicy === 'use_existing') expect(new Set(started)).toEqual(new Set([open[0]!.runId]));
      if (duplicatePolicy === 'reject' || duplicatePolicy === 'allow') expect(started).toHaveLength(1);
    },
  );
});

describe('G6 request ids', () => {
  it('the same request returns the run it started, however often, also when it has closed and another followed', async () => {
    const test = await openClient();
    const first = await test.client.start('w', 1, { id: 'x', requestId: 'r' });
    expect((await test.client.start('w', 1, { id: 'x', requestId: 'r' })).runId).toBe(first.runId!);
    await closeRun(test, first.runId);
    const second = await test.client.start('w', 2, { id: 'x', requestId: 's', duplicatePolicy: 'allow' });
    expect(second.runId!).not.toBe(first.runId!);
    for (const duplicatePolicy of ['reject', 'allow', 'use_existing', 'terminate_existing'] as const) {
      expect((await test.client.start('w', 1, { id: 'x', requestId: 'r', duplicatePolicy })).runId).toBe(
        first.runId!,
      );
    }
    expect(await second.describe()).toMatchObject({ status: 'pending' });
  });

  it('50 times at the same time without an id: one run', async () => {
    const { client, core } = await openClient();
    const handles = await Promise.all(
      Array.from(
        { length: count },
        () => client.start('w', 1, { requestId: 'r' }) as Promise<{ runId: string }>,
      ),
    );
    expect(new Set(handles.map((handle) => handle.runId)).size).toBe(1);
    expect(await core.storage.countRuns({ namespace: 'default' })).toBe(1);
  });

  it('another request for a taken id is refused', async () => {
    const { client } = await openClient();
    await client.start('w', 1, { id: 'x', requestId: 'r' });
    expect(await refused(client.start('w', 1, { id: 'x', requestId: 's' }))).toMatchObject({
      code: 'workflow_already_started',
    });
  });
});

describe('G10 a commit of unknown outcome', () => {
  it.each(['unknown-lost', 'unknown-applied'] as const)('%s: one run', async (fault) => {
    const storage = new FaultyStorage();
    const { client, core } = await openClient({ storage });
    storage.faults.push(fault);
    const handle = await client.start('w', 1, { id: 'x' });
    expect(await handle.describe()).toMatchObject({ workflowId: 'x', runNumber: 1 });
    expect(await core.storage.countRuns({ namespace: 'default' })).toBe(1);
    expect(await refused(client.start('w', 1, { id: 'x' }))).toMatchObject({
      code: 'workflow_already_started',
    });
  });

  it('lost, then somebody else takes the id: refused', async () => {
    const storage = new FaultyStorage();
    const [mine, other] = [await openClient({ storage }), await openClient({ storage })];
    storage.onCommit = async () => {
      storage.onCommit = undefined;
      await other.client.start('w', 2, { id: 'x' });
      storage.faults.push('unknown-lost');
    };
    expect(await refused(mine.client.start('w', 1, { id: 'x' }))).toMatchObject({
      code: 'workflow_already_started',
    });
  });
});

it('namespaces are apart', async () => {
  const storage = memory();
  const [a, b] = [
    await openClient({ storage, namespace: 'a' }),
    await openClient({ storage, namespace: 'b' }),
  ];
  const inA = await a.client.start('w', 1, { id: 'x' });
  const inB = await b.client.start('w', 2, { id: 'x' });
  expect(inB.runId).not.toBe(inA.runId!);
  for (const odd of ['a b', 'a\u0000', '\ud800', 'x'.repeat(500)]) {
    expect(await refused(a.client.handle(odd).describe())).toMatchObject({ code: 'workflow_not_found' });
    expect(await refused(a.client.handle('x', odd).describe())).toMatchObject({ code: 'workflow_not_found' });
  }
  expect(await refused(b.client.handle('x', inA.runId).describe())).toMatchObject({
    code: 'workflow_not_found',
  });
});
