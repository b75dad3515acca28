import { openStorage } from '#storage';
import { defineActivity, defineWorkflow, InvalidArgumentError, type ListFilter } from '@perdure/core';
import type { TestEngine } from '@perdure/testing';
import { expect, test } from 'vitest';
import { clientOf, open, rejection } from './kit.js';

const done = defineWorkflow('done', async (_ctx, n: number) => n);
const waiting = defineWorkflow('waiting', async (ctx, _n: number) => {
  await ctx.waitSignal('end');
});
const failing = defineWorkflow('failing', async (_ctx, _n: number) => {
  throw new Error('no');
});
const workflows = [done, waiting, failing];

/** Nine runs, a second apart: `w-0` … `w-8`, of three types. */
async function filled(engine?: TestEngine): Promise<TestEngine> {
  const on = engine ?? (await open({ startAt: new Date(0), workflows }));
  for (let i = 0; i < 9; i++) {
    await on.start(['done', 'waiting', 'failing'][i % 3] ?? '', i, {
      id: `w-${i}`,
      searchAttributes: {
        n: i,
        half: i / 2,
        even: i % 2 === 0,
        due: new Date(i * 1_000),
        tags: ['all', `tag-${i % 4}`],
        ...(i > 5 && { city: i === 7 ? "O'Hara" : 'Paris' }),
      },
    });
    await on.advance('1s');
  }
  return on;
}

async function found(engine: TestEngine, filter: ListFilter): Promise<string> {
  let ids = '';
  for await (const { workflowId } of engine.iterate(filter)) ids += workflowId.slice(2);
  return ids;
}

const queries: [query: string, expected: string][] = [
  ['n = 3', '3'],
  ['n >= 7', '87'],
  ['half BETWEEN 1 AND 2', '432'],
  ['even = false AND n < 4', '31'],
  ["due < '1970-01-01T00:00:02.000Z'", '10'],
  ["tags = 'tag-1'", '51'],
  ["tags IN ('tag-0', 'tag-3') AND n > 2", '8743'],
  ["city = 'O''Hara'", '7'],
  ["city != 'Paris'", '7'],
  ['city IS NULL AND even = true', '420'],
  ["city STARTS_WITH 'P'", '86'],
  ["Status = 'failed'", '852'],
  ["Status IN ('failed', 'completed') AND n NOT IN (2, 3)", '8650'],
  ["WorkflowType = 'waiting' OR n = 0", '7410'],
  ["WorkflowId STARTS_WITH 'w-' AND NOT (n > 1)", '10'],
  ["StartTime >= '1970-01-01T00:00:07Z'", '87'],
  ["CloseTime < '1970-01-01T00:00:03Z'", '20'],
  ['CloseTime IS NULL', '741'],
  ["TaskQueue = 'default' AND n = 8 ORDER BY StartTime DESC", '8'],
  ['n > 5 ORDER BY StartTime ASC', '678'],
  ['n = 99', ''],
  ['', '876543210'],
];

test('B4 a query finds what it says, in pages of any size, and the count is that of the list', async () => {
  const engine = await filled();
  for (const [query, expected] of queries) {
    expect([query, await found(engine, { query })]).toEqual([query, expected]);
    expect([query, await found(engine, { query, pageSize: 2 })]).toEqual([query, expected]);
    expect([query, await engine.count({ query })]).toEqual([query, expected.length]);
  }
});

test('B4 a query and the other conditions must all hold', async () => {
  const engine = await filled();
  expect(await found(engine, { query: 'n > 2', status: 'failed' })).toBe('85');
  expect(
    await found(engine, {
      query: "Status = 'failed'",
      status: ['failed', 'completed'],
      workflowIdPrefix: 'w-5',
    }),
  ).toBe('5');
  expect(await found(engine, { query: "Status = 'failed'", status: 'completed' })).toBe('');
  expect(await found(engine, { query: "WorkflowType = 'done'", workflowType: 'waiting' })).toBe('');
});

test('B4 pages of a query stay where they are while runs are started', async () => {
  const engine = await filled();
  for (const query of ['n >= 0', 'n >= 0 ORDER BY StartTime ASC']) {
    const first = await engine.list({ query, pageSize: 4 });
    await engine.start(done, 1, { searchAttributes: { n: 100 } });
    const second = await engine.list({ query, pageSize: 4, pageToken: first.nextPageToken });
    const both = [...first.items, ...second.items].map(({ runId }) => runId);
    expect(new Set(both).size).toBe(8);
    expect(second.items[0]?.searchAttributes['n']).toBe(4);
  }
});

test('B4 a token is for its query', async () => {
  const engine = await filled();
  const { nextPageToken } = await engine.list({ query: 'n > 1', pageSize: 2 });
  await rejection(
    InvalidArgumentError,
    engine.list({ query: 'n > 2', pageSize: 2, pageToken: nextPageToken }),
  );
  await rejection(
    InvalidArgumentError,
    engine.list({ query: 'n > 1 ORDER BY StartTime ASC', pageSize: 2, pageToken: nextPageToken }),
  );
});

test('B4 a query that cannot be read is refused with its place, and one that is no text', async () => {
  const engine = await open({ workflows });
  for (const query of ["Status = 'open'", 'n >', "n = 1'; drop table runs; --", 7 as unknown as string]) {
    const error = await rejection(InvalidArgumentError, engine.list({ query }));
    expect(error.issues[0]?.path).toBe('query');
    await rejection(InvalidArgumentError, engine.count({ query }));
  }
});

test('B4 list$ and count$ of a query follow what happens', async () => {
  const engine = await filled();
  const lists: string[] = [];
  const counts: number[] = [];
  const subscriptions = [
    engine
      .list$({ query: "Status = 'waiting' AND n > 2" })
      .subscribe((page) => lists.push(page.map(({ workflowId }) => workflowId.slice(2)).join(''))),
    engine.count$({ query: "Status = 'waiting'" }).subscribe((count) => counts.push(count)),
  ];
  await expect.poll(() => [lists.at(-1), counts.at(-1)]).toEqual(['74', 3]);
  await engine.handle('w-4').signal('end');
  await engine.handle('w-4').result();
  await expect.poll(() => [lists.at(-1), counts.at(-1)]).toEqual(['7', 2]);
  await engine.start(waiting, 9, { searchAttributes: { n: 9 } });
  await engine.runUntilIdle();
  await expect.poll(() => counts.at(-1)).toBe(3);
  for (const subscription of subscriptions) subscription.unsubscribe();
});

test('B18 F23 every run can be found by what every run has', async () => {
  const engine = await filled();
  const { runId } = await engine.handle('w-4').describe();
  expect(await found(engine, { query: `RunId = '${runId}'` })).toBe('4');
  expect(await engine.searchAttributes.list()).toEqual({
    WorkflowType: 'keyword',
    WorkflowId: 'keyword',
    RunId: 'keyword',
    Status: 'keyword',
    StartTime: 'datetime',
    CloseTime: 'datetime',
    TaskQueue: 'keyword',
    BuildId: 'keyword',
    FailureType: 'keyword_list',
  });
});

test('B4 F23 failed runs are found by the names of what they failed with, and of the causes', async () => {
  const declining = defineActivity('declining', { retry: { maximumAttempts: 1 } }, () => {
    throw new RangeError('card');
  });
  const paying = defineWorkflow('paying', async (ctx) => {
    ctx.upsertSearchAttributes({ due: new Date(9) });
    await ctx.runActivity(declining);
  });
  const engine = await open({
    startAt: new Date(0),
    workflows: [failing, paying, done],
    activities: [declining],
  });
  for (const [i, name] of ['failing', 'paying', 'done'].entries()) {
    const handle = await engine.start(name, i, {
      id: `w-${i}`,
      ...(i === 0 && { searchAttributes: { due: new Date(8) } }),
    });
    await handle.result().catch(() => undefined);
    await engine.advance(1);
  }
  expect(await found(engine, { query: "FailureType = 'RangeError'" })).toBe('1');
  expect(await found(engine, { query: "FailureType IN ('ActivityError', 'Error')" })).toBe('10');
  expect(await found(engine, { query: 'FailureType IS NULL' })).toBe('2');
  const described = (await engine.list()).items.map(({ searchAttributes }) => searchAttributes);
  expect(described).toEqual([{}, { due: new Date(9) }, { due: new Date(8) }]);
  await rejection(InvalidArgumentError, engine.start(done, 1, { searchAttributes: { FailureType: 'x' } }));
});

test('B18 a registered attribute is listed, until it is deleted, for every client of the namespace', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, workflows });
  const client = await clientOf(engine, storage);
  await engine.searchAttributes.create('total', 'double');
  await client.searchAttributes.create('city', 'keyword');
  await client.searchAttributes.create('total', 'double');
  expect(await engine.searchAttributes.list()).toMatchObject({ total: 'double', city: 'keyword' });
  await client.searchAttributes.delete('total');
  await client.searchAttributes.delete('total');
  expect(await engine.searchAttributes.list()).not.toHaveProperty('total');
  const elsewhere = await clientOf(engine, storage, { namespace: 'other' });
  expect(await elsewhere.searchAttributes.list()).not.toHaveProperty('city');
});

test('B18 attributes that are registered at the same time are all registered', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, workflows });
  const client = await clientOf(engine, storage);
  const names = Array.from({ length: 8 }, (_, i) => `a${i}`);
  await Promise.all(names.map((name, i) => (i % 2 ? engine : client).searchAttributes.create(name, 'int')));
  expect(Object.keys(await engine.searchAttributes.list())).toEqual(expect.arrayContaining(names));
});

test('B18 a conflict, a name that every run has and a type that there is not are refused', async () => {
  const engine = await open({ workflows });
  await engine.searchAttributes.create('total', 'int');
  const conflict = await rejection(InvalidArgumentError, engine.searchAttributes.create('total', 'keyword'));
  expect(conflict.message).toContain('registered as int');
  for (const name of ['Status', 'status', '', 'x'.repeat(129)])
    await rejection(InvalidArgumentError, engine.searchAttributes.create(name, 'int'));
  await rejection(InvalidArgumentError, engine.searchAttributes.create('x', 'float' as 'int'));
  await rejection(InvalidArgumentError, engine.searchAttributes.create('x', '__proto__' as 'int'));
  expect(await engine.searchAttributes.list()).toMatchObject({ total: 'int' });
});

test('B18 a start with a value of another type than is registered is refused, and nothing is written', async () => {
  const engine = await open({ workflows });
  await engine.searchAttributes.create('total', 'int');
  await engine.searchAttributes.create('due', 'datetime');
  const error = await rejection(
    InvalidArgumentError,
    engine.start(done, 1, { id: 'w', searchAttributes: { total: 'much' } }),
  );
  expect(error.issues[0]?.path).toBe('searchAttributes.total');
  for (const searchAttributes of [{ total: 1.5 }, { due: '2026-01-01' }, { Status: 'x' }])
    await rejection(InvalidArgumentError, engine.start(done, 1, { id: 'w', searchAttributes }));
  expect(await engine.count()).toBe(0);
  await engine.execute(done, 1, { id: 'w', searchAttributes: { total: 2, due: new Date(5), other: true } });
  expect((await engine.handle('w').describe()).searchAttributes).toEqual({
    total: 2,
    due: new Date(5),
    other: true,
  });
});

test('B18 a query that compares a registered attribute with another type is refused', async () => {
  const engine = await filled();
  expect(await found(engine, { query: "n = '3'" })).toBe('');
  await engine.searchAttributes.create('n', 'int');
  const error = await rejection(InvalidArgumentError, engine.list({ query: "n = '3'" }));
  expect(error.message).toContain('at character 5: expected a number');
  expect(await found(engine, { query: 'n = 3' })).toBe('3');
});
