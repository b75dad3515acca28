import { openStorage } from '#storage';
import {
  defineWorkflow,
  query,
  QueryRejectedError,
  signal,
  UpdateRejectedError,
  WorkflowNotFoundError,
  type Schema,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { clientOf, eventTypes, logBook, open, rejection } from './kit.js';

const counting = defineWorkflow('counting', async (ctx) => {
  let count = 0;
  ctx.onQuery('count', () => count);
  ctx.onQuery('plus', (by: number) => count + by);
  ctx.onSignal('add', (by: number) => {
    count += by;
  });
  await ctx.waitCondition(() => count >= 10);
  return count;
});

test('B11 a query answers from the state as it stands, and adds no event', async () => {
  const engine = await open({ workflows: [counting] });
  const handle = await engine.start(counting);
  expect(await handle.query('count')).toBe(0);
  await handle.signal('add', 3);
  await engine.runUntilIdle();
  const before = await eventTypes(handle);
  expect(await handle.query('count')).toBe(3);
  expect(await handle.query('plus', 4)).toBe(7);
  expect(await eventTypes(handle)).toEqual(before);
});

test('B11 a closed run answers too', async () => {
  const engine = await open({ workflows: [counting] });
  const handle = await engine.start(counting);
  await handle.signal('add', 12);
  await handle.result();
  expect(await handle.query('count')).toBe(12);
});

test('B11 a run answers after a crash, and in another engine', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [counting] });
  const handle = await engine.start(counting);
  await handle.signal('add', 4);
  await engine.runUntilIdle();
  await engine.crash();
  expect(await handle.query('count')).toBe(4);
  await engine.close();
  const next = await open({ storage, workflows: [counting] });
  expect(await next.handle(handle.workflowId).query('count')).toBe(4);
});

test('B11 a pure client on the same storage is answered by the worker', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [counting] });
  const { workflowId } = await engine.start(counting);
  await engine.handle(workflowId).signal('add', 5);
  await engine.runUntilIdle();
  const client = await clientOf(engine, storage);
  expect(await client.handle(workflowId).query('count')).toBe(5);
  expect(await client.handle(counting, workflowId).query('plus', 1)).toBe(6);
  const error = await rejection(QueryRejectedError, client.handle(workflowId).query('nothing'));
  expect(error.message).toContain("'count'");
});

test('B11 an unknown query is refused and the known ones are named', async () => {
  const engine = await open({ workflows: [counting] });
  const handle = await engine.start(counting);
  const error = await rejection(QueryRejectedError, handle.query('total'));
  expect(error.message).toContain("'count'");
  expect(error.message).toContain("'plus'");
  await rejection(WorkflowNotFoundError, engine.handle('nowhere').query('count'));
});

test("B11 a handler's error is the query's, and leaves the run alone", async () => {
  const fragile = defineWorkflow('fragile', async (ctx) => {
    ctx.onQuery('bad', () => {
      throw new RangeError('no such thing');
    });
    return (await ctx.waitSignal('go')) as unknown;
  });
  const engine = await open({ workflows: [fragile] });
  const handle = await engine.start(fragile);
  const error = await rejection(QueryRejectedError, handle.query('bad'));
  expect(error.message).toContain('no such thing');
  await handle.signal('go', 1);
  expect(await handle.result()).toBe(1);
});

test('B11 a query may not act', async () => {
  const acting = defineWorkflow('acting', async (ctx) => {
    ctx.onQuery('sleep', () => void ctx.sleep(1));
    ctx.onQuery('state', () => ctx.setState(1));
    ctx.onQuery('random', () => ctx.random());
    ctx.onQuery('promise', () => Promise.resolve(1));
    ctx.onQuery('fine', () => ctx.now().getTime());
    return (await ctx.waitSignal('go')) as unknown;
  });
  const engine = await open({ startAt: new Date(5_000), workflows: [acting] });
  const handle = await engine.start(acting);
  for (const name of ['sleep', 'state', 'random', 'promise'])
    await rejection(QueryRejectedError, handle.query(name));
  expect(await handle.query('fine')).toBe(5_000);
  await handle.signal('go', 'still well');
  expect(await handle.result()).toBe('still well');
  expect(await eventTypes(handle)).toEqual([
    'WorkflowStarted',
    'SignalWaitOpened',
    'SignalReceived',
    'WorkflowCompleted',
  ]);
});

test('B11 what a query answers is a copy, and what it was asked with is one as well', async () => {
  const sharing = defineWorkflow('sharing', async (ctx) => {
    const items = [{ n: 1 }];
    ctx.onQuery('items', () => items);
    ctx.onQuery('echo', (given: { n: number }) => {
      given.n += 1;
      return given;
    });
    await ctx.waitSignal('go');
    return items;
  });
  const engine = await open({ workflows: [sharing] });
  const handle = await engine.start(sharing);
  const items = (await handle.query('items')) as { n: number }[];
  items.push({ n: 99 });
  const given = { n: 1 };
  expect(await handle.query('echo', given)).toEqual({ n: 2 });
  expect(given).toEqual({ n: 1 });
  await handle.signal('go');
  expect(await handle.result()).toEqual([{ n: 1 }]);
});

test('B11 an answer keeps its types, and one that cannot be stored is refused', async () => {
  const odd = defineWorkflow('odd', async (ctx) => {
    ctx.onQuery('map', () => new Map([[1, new Date(0)]]));
    ctx.onQuery('nothing', () => undefined);
    ctx.onQuery('function', () => ({ f: () => 1 }));
    await ctx.waitSignal('go');
  });
  const engine = await open({ workflows: [odd] });
  const handle = await engine.start(odd);
  expect(await handle.query('map')).toEqual(new Map([[1, new Date(0)]]));
  expect(await handle.query('nothing')).toBeUndefined();
  await expect(handle.query('function')).rejects.toThrow(/f/);
});

const text: Schema<string> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof value === 'string' ? { value: value.trim() } : { issues: [{ message: 'must be text' }] },
  },
};

test('D11 declared queries are checked by name and by schema', async () => {
  const declaring = defineWorkflow(
    'declaring',
    { messages: { shout: query<string, string>(text), go: signal() } },
    async (ctx) => {
      ctx.onQuery('shout', (value) => value.toUpperCase());
      await ctx.waitSignal('go');
    },
  );
  const engine = await open({ workflows: [declaring] });
  const handle = await engine.start(declaring);
  expect(await handle.query('shout', '  hey ')).toBe('HEY');
  const untyped = engine.handle(handle.workflowId);
  expect((await rejection(QueryRejectedError, untyped.query('shout', 1))).message).toContain('must be text');
  expect((await rejection(QueryRejectedError, untyped.query('whisper', 'x'))).message).toContain("'shout'");
  await rejection(QueryRejectedError, untyped.query('go'));
});

test('A6 a run that has not begun answers as it would begin, and does not begin', async () => {
  const engine = await open({ workflows: [counting] });
  const handle = await engine.start(counting, undefined, { startDelay: '1h' });
  expect(await handle.query('count')).toBe(0);
  expect(await handle.describe()).toMatchObject({ status: 'pending', historyLength: 1 });
});

test('B11 without a worker that has the code a query is refused in the end', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [counting] });
  const { workflowId } = await engine.start(counting);
  await engine.close();
  const other = defineWorkflow('other', async () => 1);
  const idle = await open({ storage, workflows: [other] });
  const asked = rejection(QueryRejectedError, idle.handle(workflowId).query('count'));
  await idle.advance('10s');
  expect((await asked).message).toContain('counting');
});

const astray = defineWorkflow('led-astray', async (ctx) => {
  let n = 0;
  ctx.onQuery('count', () => n);
  ctx.onQuery('next', () => ++n);
  ctx.onUpdate('u', () => n, {
    validate: () => {
      n += 1;
    },
  });
  await ctx.race({ moved: ctx.waitCondition(() => n > 0), end: ctx.waitSignal('end') });
  return n;
});

test('B11 a query that makes true what the run waits for is refused, and the run goes on without the change', async () => {
  const engine = await open({ workflows: [astray] });
  const handle = await engine.start(astray);
  for (let i = 0; i < 2; i++) {
    const refused = await rejection(QueryRejectedError, handle.query('next'));
    expect(refused.code).toBe('query_rejected');
    expect(refused.message).toContain("Query 'next' changes the run");
    expect(await handle.query('count')).toBe(0);
    await handle.signal('other');
    await engine.runUntilIdle();
    expect((await handle.describe()).status).toBe('waiting');
  }
  await engine.crash();
  await rejection(QueryRejectedError, handle.query('next'));
  await handle.signal('end');
  expect(await handle.result()).toBe(0);
  await engine.importHistory(await handle.exportHistory(), { id: 'replayed' });
});

test('C6 a validator that makes true what the run waits for refuses its update, and the run goes on without the change', async () => {
  const engine = await open({ workflows: [astray] });
  const handle = await engine.start(astray);
  const refused = await rejection(UpdateRejectedError, handle.update('u', undefined, { id: 'u' }));
  expect(refused.cause).toMatchObject({ code: 'query_rejected' });
  expect(refused.message).toContain("The validator of update 'u' changes the run");
  const again = handle.update('u').catch((error: unknown) => error);
  await handle.signal('end');
  expect(await handle.result()).toBe(0);
  expect(await again).toBeInstanceOf(UpdateRejectedError);
  await engine.importHistory(await handle.exportHistory(), { id: 'replayed' });
});

test.each([false, true])(
  'B11 C6 what a query or a validator changes never reaches the run, and a query whose answers tell is refused (crash: %s)',
  async (crash) => {
    const workflow = defineWorkflow('looked-at', async (ctx) => {
      let n = 0;
      ctx.onQuery('next', () => ++n);
      ctx.onQuery('silent', () => {
        n += 1;
        return 'nothing to see';
      });
      ctx.onUpdate('refused', () => n, {
        validate: () => {
          n += 1;
          throw new Error('no');
        },
      });
      ctx.onUpdate('taken', () => n, { validate: () => void (n += 1) });
      await ctx.waitSignal('end');
      if (n > 0) await ctx.sleep(1);
      return n;
    });
    const engine = await open({ workflows: [workflow] });
    const handle = await engine.start(workflow);
    for (let i = 0; i < 12; i++) {
      const refused = await rejection(QueryRejectedError, handle.query('next'));
      expect(refused.message).toContain("Query 'next' changes the run");
      expect(await handle.query('silent')).toBe('nothing to see');
      const noted = await rejection(UpdateRejectedError, handle.update('refused'));
      expect(noted.message).toContain('no');
      expect(await handle.update('taken')).toBe(0);
    }
    if (crash) await engine.crash();
    await handle.signal('end');
    expect(await handle.result()).toBe(0);
    await engine.importHistory(await handle.exportHistory(), { id: 'replayed' });
  },
);

test('B11 a query that tells the time is no query that changes the run', async () => {
  let now = 0;
  const workflow = defineWorkflow('clocked', async (ctx) => {
    ctx.onQuery('age', () => ++now);
    await ctx.waitSignal('end');
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  for (let i = 0; i < 3; i++) expect(await handle.query('age')).toBeGreaterThan(0);
});

test('B11 queries in between see what has been recorded until then, of runs that end too', async () => {
  const engine = await open({ workflows: [counting] });
  const handle = await engine.start(counting);
  const ask = () => Promise.all([handle.query('count'), handle.query('plus', 1)]);
  for (const n of [0, 4, 8]) {
    expect(await ask()).toEqual([n, n + 1]);
    await handle.signal('add', 4);
    await engine.runUntilIdle();
  }
  expect(await handle.result()).toBe(12);
  expect(await ask()).toEqual([12, 13]);
  expect(await ask()).toEqual([12, 13]);
});

test('B11 C6 what a query or a validator logs is logged once, and what was replayed for it is not', async () => {
  const logger = logBook();
  const workflow = defineWorkflow('logging', async (ctx) => {
    ctx.log.info('begun');
    ctx.onQuery('q', () => {
      ctx.log.info('asked');
      return 1;
    });
    ctx.onUpdate('u', () => 1, { validate: () => ctx.log.info('validated') });
    await ctx.waitSignal('end');
  });
  const engine = await open({ logger, workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.query('q');
  await handle.update('u');
  const said = logger.lines.map(({ message }) => message);
  for (const once of ['begun', 'asked', 'validated'])
    expect(said.filter((message) => message === once)).toHaveLength(1);
});

test('B11 E6 a run that was ended before it began answers, and can be looked at', async () => {
  const workflow = defineWorkflow('asleep', async (ctx) => {
    ctx.onQuery('q', () => 1);
    await ctx.sleep('1h');
  });
  const engine = await open({ workflows: [workflow] });
  for (const end of ['terminate', 'cancel'] as const) {
    const handle = await engine.start(workflow, undefined, { startDelay: '1h' });
    await handle[end]();
    expect(await handle.query('q')).toBe(1);
    expect(await handle.query('q')).toBe(1);
    expect((await handle.at(2)).description.status).toBe(end === 'cancel' ? 'cancelled' : 'terminated');
  }
});
