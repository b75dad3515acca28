import Sqlite from 'better-sqlite3';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { InvalidArgumentError } from '@perdure/core/storage';
import { expect, test } from 'vitest';
import { all, insert, temporaryFiles } from './records.testkit.js';
import { sqlite } from './sqlite.js';

const newFile = temporaryFiles();
const one = (database: Sqlite.Database, sql: string): unknown => database.prepare(sql).pluck().get();

/** A store with one run in it. */
async function stored(): Promise<string> {
  const path = newFile();
  const handle = await sqlite(path).open();
  await handle.commit(all([insert('r')]));
  await handle.close();
  return path;
}

test('S1 a store is made with a version, an instance id and the time; opening it again leaves them', async () => {
  const path = await stored();
  const read = (): unknown => {
    const database = new Sqlite(path, { readonly: true });
    const meta = database.prepare('select * from perdure_meta order by key').all();
    database.close();
    return meta;
  };
  const meta = read();
  expect(meta).toEqual([
    { key: 'created_at', value: expect.stringMatching(/^\d{4}-.*Z$/) as string },
    { key: 'instance_id', value: expect.stringMatching(/^[0-9a-f-]{36}$/) as string },
    { key: 'schema', value: '1' },
  ]);
  const handle = await sqlite(path).open();
  expect(handle.traits).toMatchObject({ contract: 1, reach: 'host', durability: 'strict' });
  expect(meta).toContainEqual({ key: 'instance_id', value: handle.traits.instanceId });
  await handle.close();
  expect(read()).toEqual(meta);
});

test('a person can read the tables', async () => {
  const database = new Sqlite(await stored());
  expect(database.prepare('select workflow_id, status from runs').all()).toEqual([
    { workflow_id: 'workflow-r', status: 'running' },
  ]);
  expect(database.prepare('select * from history').all()).toEqual([
    { run_id: 'r', from_seq: 1, lines: 'started\n' },
  ]);
  database.close();
});

test('S1 a newer schema is refused with what to do, and left as it is', async () => {
  const path = await stored();
  const database = new Sqlite(path);
  database.exec("update perdure_meta set value = '2' where key = 'schema'");
  database.close();
  await expect(sqlite(path).open()).rejects.toMatchObject({
    code: 'storage_newer',
    retryable: false,
    message: expect.stringContaining('update @perdure/sqlite') as string,
  });
  const after = new Sqlite(path);
  expect(one(after, "select value from perdure_meta where key = 'schema'")).toBe('2');
  after.close();
});

test("S1 somebody else's file is refused, and not a byte of it is changed", async () => {
  const path = newFile();
  const database = new Sqlite(path);
  database.exec('create table customers (id integer)');
  database.close();
  const before = readFileSync(path);
  await expect(sqlite(path).open()).rejects.toMatchObject({
    code: 'storage_foreign',
    message: expect.stringContaining('customers') as string,
  });
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(existsSync(`${path}-wal`)).toBe(false);
});

test('a given database may have tables of its own, but none of the names that are needed', async () => {
  const database = new Sqlite(':memory:');
  database.exec('create table customers (id integer)');
  await (await sqlite({ database }).open()).close();
  expect(one(database, 'select count(*) from runs')).toBe(0);
  const taken = new Sqlite(':memory:');
  taken.exec('create table Runs (id integer)');
  await expect(sqlite({ database: taken }).open()).rejects.toMatchObject({ code: 'storage_foreign' });
});

test('a file that is no database, and one that is damaged, are told', async () => {
  const text = newFile();
  writeFileSync(text, 'not a database, but long enough to have a header of one hundred bytes'.repeat(20));
  await expect(sqlite(text).open()).rejects.toMatchObject({ code: 'storage_corrupt', retryable: false });
  const damaged = await stored();
  writeFileSync(damaged, readFileSync(damaged).fill(0xa5, 100));
  await expect(sqlite(damaged).open()).rejects.toMatchObject({ code: 'storage_corrupt' });
});

test('a database that cannot be written is refused when it is opened', async () => {
  const database = new Sqlite(await stored(), { readonly: true });
  await expect(sqlite({ database }).open()).rejects.toMatchObject({ code: 'storage_readonly' });
  expect(database.open).toBe(true);
  database.close();
});

test('a folder that is not there is told, with the native error as the cause', async () => {
  await expect(sqlite('/no/such/folder/x.db').open()).rejects.toMatchObject({
    code: 'storage_failed',
    message: expect.stringContaining('directory does not exist') as string,
    cause: expect.any(Error) as Error,
  });
});

test('after a refusal the same value opens as soon as the reason is gone', async () => {
  const path = newFile();
  writeFileSync(path, 'x'.repeat(2_000));
  const storage = sqlite(path);
  await expect(storage.open()).rejects.toMatchObject({ code: 'storage_corrupt' });
  writeFileSync(path, '');
  await (await storage.open()).close();
});

test('G14 A6 strict waits for the disk at each commit, relaxed does not', async () => {
  const synchronous = async (
    durability: 'strict' | 'relaxed' | undefined,
    before: string,
  ): Promise<unknown> => {
    const database = new Sqlite(newFile());
    database.pragma('journal_mode = wal');
    database.pragma(`synchronous = ${before}`);
    const handle = await sqlite({ database }, durability && { durability }).open();
    expect(handle.traits.durability).toBe(durability ?? 'strict');
    await handle.close();
    const after = one(database, 'pragma synchronous');
    database.close();
    return after;
  };
  expect(await synchronous(undefined, 'normal')).toBe(2);
  expect(await synchronous('strict', 'normal')).toBe(2);
  expect(await synchronous('strict', 'extra')).toBe(3);
  expect(await synchronous('relaxed', 'normal')).toBe(1);
  expect(await synchronous('relaxed', 'full')).toBe(2);
});

test('a given database keeps its journal and its ways, and stays open', async () => {
  const database = new Sqlite(newFile());
  database.defaultSafeIntegers(true);
  const handle = await sqlite({ database }).open();
  await handle.commit(all([insert('r')]));
  expect((await handle.readRun('r'))?.seq).toBe(1);
  await handle.close();
  expect(one(database, 'pragma journal_mode')).toBe('delete');
  expect(one(database, 'select count(*) from runs')).toBe(1n);
  database.close();
  await expect(sqlite({ database }).open()).rejects.toMatchObject({ code: 'storage_lost' });
});

test('two values on one given database share it: each sees and hears the other', async () => {
  const database = new Sqlite(':memory:');
  const [a, b] = await Promise.all([sqlite({ database }).open(), sqlite({ database }).open()]);
  const heard: unknown[] = [];
  b.watch((hint) => heard.push(hint));
  await a.commit(all([insert('r')]));
  expect(heard).toEqual([{ kind: 'changed', runs: ['r'], queues: [] }]);
  expect((await b.commit(all([insert('r')])))[0]).toMatchObject({ ok: false });
  database.close();
});

test('a transaction that the owner of a given database has open is waited for, not joined', async () => {
  const database = new Sqlite(':memory:');
  const handle = await sqlite({ database }).open();
  database.exec('begin');
  const committed = handle.commit(all([insert('r')]));
  await new Promise((resolve) => setTimeout(resolve, 20));
  database.exec('rollback');
  await committed;
  expect((await handle.readRun('r'))?.seq).toBe(1);
  database.close();
});

test('memory keeps its data as long as the value, and two values are two stores', async () => {
  const storage = sqlite(':memory:');
  const first = await storage.open();
  expect(first.traits).toMatchObject({ reach: 'process', durability: 'none' });
  await first.commit(all([insert('r')]));
  await first.close();
  const again = await storage.open();
  expect((await again.readRun('r'))?.seq).toBe(1);
  expect(again.traits.instanceId).toBe(first.traits.instanceId);
  expect(await (await sqlite(':memory:').open()).readRun('r')).toBeUndefined();
});

test('S1 many values on one new file make one store', async () => {
  const path = newFile();
  const handles = await Promise.all(Array.from({ length: 8 }, () => sqlite(path).open()));
  expect(new Set(handles.map(({ traits }) => traits.instanceId)).size).toBe(1);
  await Promise.all(handles.map((handle) => handle.close()));
  expect(existsSync(`${path}-wal`)).toBe(false);
});

test.each<[string, readonly unknown[]]>([
  ...['', ' ', undefined, null, 5, {}, { database: null }, { database: {} }, new URL('file:///x')].map(
    (source): [string, unknown[]] => ['source', [source]],
  ),
  ['durability', [':memory:', { durability: 'relax' }]],
  ['durabilty', [':memory:', { durabilty: 'relaxed' }]],
  ['options', [':memory:', null]],
])('S1 arguments that would lose data or fail later are refused at once: %s of %j', (path, given) => {
  const make = (): unknown => sqlite(...(given as Parameters<typeof sqlite>));
  expect(make).toThrow(InvalidArgumentError);
  expect(make).toThrow(path);
});
