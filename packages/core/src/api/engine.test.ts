import { memory } from '@perdure/memory';
import { firstValueFrom, lastValueFrom, toArray, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../model/errors.js';
import { createClient } from './client.js';
import { defineActivity } from './define-activity.js';
import { defineWorkflow } from './define-workflow.js';
import { createEngine, type EngineOptions } from './engine.js';
import { query, signal } from './messages.js';
import { type } from './schema.js';

const double = defineActivity('double', async (n: number) => n * 2);
const sum = defineWorkflow(
  'sum',
  { messages: { add: signal<number>(), total: query<number>() }, state: type<string>() },
  async (ctx, until: number) => {
    let total = 0;
    ctx.onQuery('total', () => total);
    while (total < until) {
      total += await ctx.runActivity(double, await ctx.waitSignal('add'));
      ctx.setState(`at ${total}`);
    }
    return total;
  },
);

async function issues(options: unknown): Promise<readonly string[]> {
  const error: unknown = await createEngine(options as EngineOptions).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidArgumentError);
  return (error as InvalidArgumentError).issues.map((issue) => issue.path);
}

describe('createEngine', () => {
  it('runs what it was given, and is watched by a client of the same store', async () => {
    const storage = memory();
    const engine = await createEngine({ storage, workflows: [sum], activities: [double] });
    const client = await createClient({ storage });
    const handle = await engine.start(sum, 10, { id: 'x' });
    await client.handle(sum, 'x').signal('add', 2);
    await expect.poll(() => handle.query('total')).toBe(4);
    expect(await handle.describe()).toMatchObject({
      state: 'at 4',
      status: 'waiting',
      waitingFor: [{ kind: 'signal', name: 'add' }],
    });
    expect(await client.handle(sum, 'x').query('total')).toBe(4);
    await handle.signal('add', 3);
    expect(await client.handle('x').result({ timeout: '5s' })).toBe(10);
    expect(await handle.query('total')).toBe(10);
    await client.close();
    await engine.close();
    await engine.close();
    await expect(engine.start(sum, 1)).rejects.toMatchObject({ code: 'engine_closed' });
  });

  it('E2 is watched as it goes: state, result, history, queries, lists, events, the worker', async () => {
    const engine = await createEngine({ storage: memory(), workflows: [sum], activities: [double] });
    const all = <T>(stream: Observable<T>): Promise<readonly T[]> => lastValueFrom(stream.pipe(toArray()));
    const counts: number[] = [];
    engine.count$({ status: 'completed' }).subscribe((count) => counts.push(count));
    const events = all(engine.events$);
    const statuses = all(engine.worker.status$);
    const handle = await engine.start(sum, 4);
    const states = all(handle.state$);
    const result = all(handle.result$);
    const history = all(handle.history$());
    const totals = all(handle.query$('total'));
    const listed = await firstValueFrom(engine.list$());
    expect(listed.map((run) => run.workflowId)).toEqual([handle.workflowId]);
    await expect.poll(async () => (await handle.describe()).status).toBe('waiting');
    expect(handle.snapshot()).toMatchObject({ workflowId: handle.workflowId });
    await handle.signal('add', 2);
    expect(await result).toEqual([4]);
    expect((await states).at(-1)).toMatchObject({ status: 'completed', output: 4, state: 'at 4' });
    expect((await history).map((event) => event.seq)).toEqual((await history).map((_, i) => i + 1));
    expect((await history).at(-1)!.type).toBe('WorkflowCompleted');
    expect(await totals).toEqual([0, 4]);
    const read: string[] = [];
    for await (const { type } of handle.history$({ fromSeq: 2 })) read.push(type);
    expect(read).toEqual((await history).slice(1).map((event) => event.type));
    await expect.poll(() => counts).toEqual([0, 1]);
    await engine.close();
    expect((await events).length).toBeGreaterThan(0);
    expect((await statuses).at(-1)).toMatchObject({ state: 'stopped' });
    await expect(firstValueFrom(handle.state$)).rejects.toMatchObject({ code: 'engine_closed' });
  });

  it('A3 executes to the end', async () => {
    const twice = defineWorkflow('twice', async (ctx, n: number) =>
      ctx.runActivity(double, await ctx.runActivity(double, n)),
    );
    const engine = await createEngine({ storage: memory(), workflows: [twice], activities: [double] });
    expect(await engine.execute(twice, 3)).toBe(12);
    expect(await engine.execute('twice', 4, { timeout: '5s' })).toBe(16);
    await engine.close();
  });

  it('lists what is wrong with its options', async () => {
    expect(await issues(undefined)).toEqual(['']);
    expect(await issues({})).toEqual(['storage']);
    expect(await issues({ storage: 'memory' })).toEqual(['storage']);
    await expect(createEngine({ storage: 'app.db' as never })).rejects.toThrow(
      /memory\(\).*sqlite\(\).*indexedDb\(\)/,
    );
    const storage = memory();
    expect(
      await issues({ storage, namespace: 'a b', maxPayloadBytes: -1, codecs: [{}], logger: {}, clock: {} }),
    ).toEqual(['namespace', 'maxPayloadBytes', 'codecs', 'logger', 'clock']);
    expect(
      await issues({
        storage,
        taskQueues: [],
        buildId: '',
        identity: 'x'.repeat(101),
        maxConcurrentActivities: -1,
        maxCachedWorkflows: 0.5,
      }),
    ).toEqual(['taskQueues', 'buildId', 'identity', 'maxConcurrentActivities', 'maxCachedWorkflows']);
  });

  it('refuses two definitions of one name, contracts without code, and what is no definition', async () => {
    const storage = memory();
    const contract = defineActivity('contract', { input: type<number>(), output: type<number>() });
    const other = defineActivity('double', async () => 1);
    expect(
      await issues({
        storage,
        activities: [double, contract, other, sum, {}, null],
        workflows: [sum, sum, double],
      }),
    ).toEqual([
      'workflows[1]',
      'workflows[2]',
      'activities[1]',
      'activities[2]',
      'activities[3]',
      'activities[4]',
      'activities[5]',
    ]);
    await expect(createEngine({ storage, activities: [double, other] })).rejects.toThrow(
      "the name 'double' is taken by activities[0]",
    );
    expect(await issues({ storage, workflows: sum })).toEqual(['workflows']);
  });

  it('names its leases after its identity', async () => {
    const engine = await createEngine({ storage: memory(), identity: 'tab-1' });
    expect(engine.worker.id).toMatch(/^tab-1:/);
    await engine.worker.drain();
    await engine.close({ grace: 0 });
  });

  it('keeps what user values say from the store, with codecs', async () => {
    const storage = memory();
    const xor = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0x5a);
    const codecs = [
      {
        id: 'xor',
        encode: async (bytes: Uint8Array) => xor(bytes),
        decode: async (bytes: Uint8Array) => xor(bytes),
      },
    ];
    const engine = await createEngine({ storage, workflows: [sum], activities: [double], codecs });
    const secretive = defineWorkflow('secretive', async (ctx, secret: string) => {
      ctx.setState(secret);
      return `${await ctx.waitSignal('more')} and ${secret}`;
    });
    const other = await createEngine({ storage, workflows: [secretive], codecs });
    const handle = await other.start(secretive, 'hush', { memo: { kept: 'hush' } });
    await handle.signal('more', 'hush');
    expect(await handle.result()).toBe('hush and hush');
    const reader = await createClient({ storage });
    const raw = await storage.open();
    const run = await raw.readRun(handle.runId!);
    const events = await raw.readEvents(handle.runId!, { from: 1, limit: 100 });
    expect(JSON.stringify([run, events])).not.toContain('hush');
    expect(await handle.describe()).toMatchObject({
      input: 'hush',
      state: 'hush',
      output: 'hush and hush',
      memo: { kept: 'hush' },
    });
    const bundle = await handle.exportHistory();
    expect(JSON.stringify(bundle)).toContain('hush');
    await expect(reader.handle(handle.workflowId).describe()).rejects.toMatchObject({
      code: 'payload_invalid',
    });
    await Promise.all([engine.close(), other.close(), reader.close(), raw.close()]);
  });
});

describe('a run that is ended from outside', () => {
  const asleep = defineWorkflow('asleep', async (ctx) => ctx.sleep('1h'));
  it.each(['terminate', 'terminate_existing'] as const)(
    '%s: who waits in the same process hears of it at once',
    async (how) => {
      const engine = await createEngine({ storage: memory(), workflows: [asleep] });
      const handle = await engine.start(asleep, undefined, { id: 'x' });
      const result = handle.result({ timeout: 500 }).catch((error: unknown) => error);
      await expect.poll(async () => (await handle.describe()).status).toBe('waiting');
      if (how === 'terminate') await handle.terminate();
      else await engine.start(asleep, undefined, { id: 'x', duplicatePolicy: how });
      expect(await result).toMatchObject({ code: 'workflow_terminated' });
      await engine.close({ grace: 0 });
    },
  );
});
