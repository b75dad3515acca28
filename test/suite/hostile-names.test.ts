import {
  defineActivity,
  defineWorkflow,
  InvalidArgumentError,
  query,
  replay,
  signal,
  update,
  WorkflowNotFoundError,
  type Client,
  type WorkflowContext,
  type WorkflowHandle,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { coded, expectNoPollution } from './fuzz.js';
import { open, rejection } from './kit.js';

/** Names that objects have, that promises look for, and that stores and patterns give a meaning to; all of them are names. */
const ids = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'then',
  'a',
  'a:b',
  'a_',
  'A',
  '..',
  '-',
  '0',
  'null',
];
const names = [
  ...ids,
  "'; drop table runs; --",
  'a%',
  '%',
  '"',
  '\\',
  '${x}',
  '<b>',
  'é',
  '😀',
  'a/b',
  'a b',
  'x'.repeat(191),
];
/** What is no name: empty, without end, or not to be written everywhere. */
const none = [
  '',
  ' ',
  ' a',
  'a ',
  'a\0b',
  '\n',
  '\ud800',
  'a\udfff',
  '\u0085',
  'x'.repeat(192),
  'x'.repeat(4_096),
];
const nothings: unknown[] = [undefined, null, 7, {}, [], Symbol('s'), () => 1, true, new String('x')];

const any = (value: unknown): never => value as never;

test('A4 A9 workflows, activities, steps, children and changes may have any name', async () => {
  const activities = names.map((name) => defineActivity(name, (value: string) => `${name} of ${value}`));
  const workflows = names.map((name) =>
    defineWorkflow(name, async (ctx, leaf: boolean): Promise<unknown> => {
      if (leaf) return name;
      return [
        await ctx.runActivity(name, 'activity'),
        await ctx.step(name, () => 'step'),
        await ctx.runChild(name, true),
        ctx.patched(name),
        await ctx.race({ [name]: ctx.sleep(1) }),
        Object.entries(ctx.activities({ [name]: activities[names.indexOf(name)] as never })).map(
          ([key]) => key,
        ),
      ];
    }),
  );
  const engine = await open({ workflows, activities });
  for (const name of names) {
    const handle = await engine.start(name, false);
    const expected = [`${name} of activity`, 'step', name, true, { key: name, value: undefined }, [name]];
    expect(await handle.result()).toEqual(expected);
    expect((await replay(workflows, await handle.exportHistory())).output).toEqual(expected);
    expect(await engine.count({ workflowType: name })).toBe(2);
  }
  expectNoPollution();
});

test('A4 names that nobody has are refused with a code, as names of objects are', async () => {
  const some = defineWorkflow(
    'some',
    { messages: { go: signal(), ask: query<number>(), set: update<number>() } },
    async (ctx) => {
      ctx.onQuery('ask', () => 1);
      ctx.onUpdate('set', () => 1);
      await ctx.waitSignal('go');
    },
  );
  const activity = defineActivity('some', { retry: { maximumAttempts: 1 } }, () => 1);
  const calls = defineWorkflow('calls', async (ctx, name: string) => {
    const code = (error: unknown): unknown =>
      (error as { cause?: { code?: unknown } }).cause?.code ?? (error as { code?: unknown }).code;
    return [await ctx.runActivity(name).catch(code), await ctx.runChild(name).catch(code)];
  });
  const engine = await open({ workflows: [some, calls], activities: [activity] });
  const handle: WorkflowHandle = await engine.start('some');
  for (const name of names) {
    expect(await coded(engine.start(name)), name).toEqual({ code: 'unknown_workflow' });
    expect(
      await coded(engine.handle(name.replace(/[^\w:.-]/gu, '').slice(0, 190) || 'x').describe()),
      name,
    ).toEqual({ code: 'workflow_not_found' });
    expect(await coded(handle.signal(name)), name).toEqual({ code: 'signal_rejected' });
    expect(await coded(handle.query(name)), name).toEqual({ code: 'query_rejected' });
    expect(await coded(handle.update(name)), name).toEqual({ code: 'update_rejected' });
    expect(await engine.execute(calls, name), name).toEqual(['unknown_activity', 'unknown_workflow']);
  }
  expect((await handle.describe()).status).toBe('waiting');
});

test('A4 what is no name is refused wherever a name is asked for, and the run goes on', async () => {
  const calls: Record<string, (ctx: WorkflowContext, name: never) => unknown> = {
    runActivity: (ctx, name) => ctx.runActivity(name),
    step: (ctx, name) => ctx.step(name, () => 1),
    runChild: (ctx, name) => ctx.runChild(name),
    'the id of a child': (ctx, id) => ctx.runChild('calls', 'none', { id }),
    'the queue of an activity': (ctx, taskQueue) => ctx.runActivity('some', 1, { taskQueue }),
    external: (ctx, name) => ctx.external(name).signal('x'),
    'the run of another': (ctx, name) => ctx.external('calls', name).signal('x'),
  };
  const odd = [...none, ...nothings];
  const workflow = defineWorkflow('calls', async (ctx, call: string): Promise<unknown> => {
    const accepted: unknown[] = [];
    for (const [i, name] of odd.entries()) {
      // Options that are undefined or null are left out.
      if ((name ?? undefined) === undefined && call.startsWith('the')) continue;
      try {
        await calls[call]?.(ctx, name as never);
        accepted.push(i);
      } catch (error) {
        if (!(error instanceof InvalidArgumentError)) accepted.push(`${i}: ${String(error)}`);
      }
    }
    await ctx.sleep(1);
    return accepted;
  });
  const engine = await open({ workflows: [workflow], activities: [defineActivity('some', () => 1)] });
  for (const call of Object.keys(calls)) {
    const handle = await engine.start(workflow, call);
    await engine.advance('1h');
    const { status, blocked, output } = await handle.describe();
    expect({ status, blocked, output }, call).toEqual({ status: 'completed', output: [] });
  }
});

test('A9 signals, queries and updates may have any name, declared or not, and a run shows what it waits for', async () => {
  const odd = [...names, ...none.filter((name) => name !== '')];
  const free = defineWorkflow('free', async (ctx, name: string) => {
    ctx.onQuery(name, () => 'answer');
    ctx.onUpdate(name, (value) => value as unknown);
    return ctx.waitSignal(name);
  });
  const declaring = names.map((name) => {
    const messages = { [`q${name}`]: query(), [`u${name}`]: update(), [name]: signal() };
    return defineWorkflow(
      `declares ${name}`.slice(0, 191).trim(),
      { messages: any(messages) },
      async (ctx: WorkflowContext) => {
        ctx.onQuery(`q${name}`, () => 'answer');
        ctx.onUpdate(`u${name}`, () => 'changed');
        return ctx.waitSignal(name);
      },
    );
  });
  const engine = await open({ workflows: [free, ...declaring.slice(0, -1)] });
  for (const name of odd) {
    const handle: WorkflowHandle = await engine.start(free, name);
    await engine.runUntilIdle();
    expect((await handle.describe()).waitingFor, JSON.stringify(name)).toEqual([{ kind: 'signal', name }]);
    expect(await handle.query(name)).toBe('answer');
    expect(await handle.update(name, name)).toBe(name);
    await handle.signal(name, name);
    expect(await handle.result()).toBe(name);
    await coded(replay([free], await handle.exportHistory()));
  }
  for (const [i, name] of names.slice(0, -1).entries()) {
    const handle: WorkflowHandle = await engine.start(declaring[i]?.name as string);
    expect(await handle.query(`q${name}`)).toBe('answer');
    expect(await handle.update(`u${name}`)).toBe('changed');
    await handle.signal(name, i);
    expect(await handle.result()).toBe(i);
  }
});

test('B1 B8 workflow ids, request ids and queues: what looks alike is apart, what is none is refused', async () => {
  const some = defineWorkflow('some', async (ctx) => ctx.waitSignal('go'));
  const engine = await open({ workflows: [some], taskQueues: ids });
  for (const id of ids) await engine.start(some, undefined, { id, requestId: id, taskQueue: id });
  expect(await engine.count()).toBe(ids.length);
  for (const id of ids) {
    const again = await engine.start(some, undefined, { requestId: id });
    expect(again.workflowId).toBe(id);
    expect((await engine.handle(id).describe()).taskQueue).toBe(id);
    const startingSo = ids.filter((one) => one.startsWith(id)).length;
    expect(await engine.count({ workflowIdPrefix: id }), id).toBe(startingSo);
    expect(await engine.count({ taskQueue: id }), id).toBe(1);
    expect(
      await engine.count({ query: `WorkflowId = '${id}' OR TaskQueue = '${id}' AND WorkflowId != '${id}'` }),
      id,
    ).toBe(1);
    await engine.handle(id).signal('go', id, { id });
    await engine.handle(id).signal('go', 'twice', { id });
    expect(await engine.handle(id).result()).toBe(id);
  }
  const doors: Record<string, (client: Client, name: never) => Promise<unknown>> = {
    id: (client, id) => client.start(some, undefined, { id }),
    requestId: (client, requestId) => client.start(some, undefined, { requestId }),
    taskQueue: (client, taskQueue) => client.start(some, undefined, { taskQueue }),
    'signal id': (client, id) => client.handle('a').signal('go', 1, { id }),
    'update id': (client, id) => client.handle('a').update('go', 1, { id }),
    'activity id': (client, id) => client.activities.start('x', 1, { id }),
    fork: (client, id) => client.handle('a').fork({ seq: 1, id }),
  };
  const before = await engine.count({ allRuns: true });
  for (const [door, enter] of Object.entries(doors))
    for (const name of [...none, ...nothings.slice(2), 'é', 'a/b', 'a%', "a'b"])
      expect(await coded(enter(engine, name as never)), `${door} ${String(name)}`).toEqual({
        code: 'invalid_argument',
      });
  for (const name of [...none, ...nothings])
    await coded((async () => engine.handle(name as never).describe())());
  expect(await engine.count({ allRuns: true })).toBe(before);
});

test('B18 memos and search attributes may have any name, and are found by it', async () => {
  const odd = [
    ...names.filter((name) => name.length < 100),
    ...none.filter((name) => name !== '' && name.length < 100),
  ];
  const sets = defineWorkflow('sets', async (ctx, { name, later }: { name: string; later: boolean }) => {
    const values = JSON.parse(`{${JSON.stringify(name)}:"v"}`) as Record<string, string>;
    if (later) ctx.upsertMemo(values);
    if (later) ctx.upsertSearchAttributes(values);
    await ctx.sleep(1);
  });
  const engine = await open({ workflows: [sets] });
  for (const name of odd) {
    const values = JSON.parse(`{${JSON.stringify(name)}:"v"}`) as Record<string, string>;
    for (const later of [false, true]) {
      const options = later ? {} : { memo: values, searchAttributes: values };
      const started = await coded(engine.start(sets, { name, later }, options));
      if ('code' in started) {
        // `__proto__` cannot come back as a member; all the rest can.
        expect([name, started.code]).toEqual(['__proto__', 'payload_invalid']);
        continue;
      }
      await engine.advance(1);
      const { status, memo, searchAttributes } = await started.value.describe();
      if (name === '__proto__') {
        expect(status).toBe('failed');
        continue;
      }
      expect([status, Object.entries(memo), Object.entries(searchAttributes)], name).toEqual([
        'completed',
        [[name, 'v']],
        [[name, 'v']],
      ]);
      const found = await coded(engine.count({ query: `"${name.replaceAll('"', '""')}" = 'v'` }));
      expect(found, name).toEqual({ value: later ? 2 : 1 });
    }
  }
  expectNoPollution();
  await rejection(WorkflowNotFoundError, engine.handle('__proto__').describe());
});
