import { openStorage } from '#storage';
import { defineActivity, defineWorkflow, query, signal, update, type WorkflowHandle } from '@perdure/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bent } from './bent-storage.js';
import { changed, changes, coded, expectNoPollution, tries } from './fuzz.js';
import { clientOf, open } from './kit.js';

const echo = defineActivity(
  'echo',
  { retry: { maximumAttempts: 2 } },
  (value: unknown, { info, heartbeat }) => {
    heartbeat({ attempt: info.attempt });
    if (info.attempt === 1) throw new Error('again');
    return value;
  },
);
const inner = defineWorkflow('inner', async (ctx, value: unknown) => ctx.sleep('1s').then(() => value));
const messages = { go: signal<unknown>(), set: update<unknown, unknown>(), ask: query<unknown>() };
const worker = defineWorkflow('worker', { messages }, async (ctx, value: unknown) => {
  ctx.onUpdate('set', async (given) => ctx.runActivity(echo, given));
  ctx.onQuery('ask', () => ctx.info.historyLength);
  ctx.setState({ value });
  const both = await ctx.all([ctx.runActivity(echo, value), ctx.runChild(inner, value)]);
  ctx.upsertMemo({ both });
  return [both, await ctx.waitSignal('go', { timeout: '1d' })];
});

/** The texts of a store, by what they are: the bodies that it never looks into. */
const kinds = ['event', 'message', 'task', 'key', 'start', 'body', 'attributes'] as const;
type Kind = (typeof kinds)[number];

/** How a text is spoilt, as data, so that a failure shows it. */
const spoilt = fc.oneof(
  { weight: 3, arbitrary: fc.record({ changes }) },
  fc.record({
    text: fc.constantFrom(
      '',
      'null',
      '7',
      '"x"',
      '[]',
      '{}',
      '{',
      'undefined',
      '\0',
      '[[[[',
      '{"__proto__":{"polluted":1}}',
    ),
  }),
  fc.record({ length: fc.nat(300) }),
);
type Spoilt = typeof spoilt extends fc.Arbitrary<infer T> ? T : never;

function spoil(text: string, how: Spoilt): string {
  if ('text' in how) return how.text;
  if ('length' in how) return text.slice(0, how.length);
  try {
    return JSON.stringify(changed(JSON.parse(text) as unknown, how.changes));
  } catch {
    return text; // it was no JSON to begin with
  }
}

/** A storage in which texts of one kind are read spoilt, for runs that are spoilt. */
function spoiling(storage: Awaited<ReturnType<typeof openStorage>>) {
  const damage: { kind?: Kind; how?: Spoilt; runs: Set<string> } = { runs: new Set() };
  const spoilIn = (kind: Kind, runId: string, text: string): string =>
    damage.how && damage.kind === kind && [...damage.runs].some((one) => runId.includes(one))
      ? spoil(text, damage.how)
      : text;
  const run = <R extends { runId: string; start: string; body: string; attributes: string }>(
    record: R,
  ): R => ({
    ...record,
    start: spoilIn('start', record.runId, record.start),
    body: spoilIn('body', record.runId, record.body),
    attributes: spoilIn('attributes', record.runId, record.attributes),
  });
  const task = <R extends { runId: string; body: string }>(record: R): R => ({
    ...record,
    body: spoilIn('task', record.runId, record.body),
  });
  const message = <R extends { runId: string; body: string }>(record: R): R => ({
    ...record,
    body: spoilIn('message', record.runId, record.body),
  });
  return {
    damage,
    storage: bent(storage, {
      readRun: async (read, runId) => {
        const record = await read(runId);
        return record && run(record);
      },
      listRuns: async (list, ...args) => (await list(...args)).map(run),
      loadRuns: async (load, requests) =>
        (await load(requests)).map(
          (loaded) =>
            loaded && {
              ...loaded,
              run: run(loaded.run),
              events: loaded.events.map((body) => spoilIn('event', loaded.run.runId, body)),
              inbox: loaded.inbox.map(message),
            },
        ),
      readEvents: async (read, runId, range) =>
        (await read(runId, range)).map((body) => spoilIn('event', runId, body)),
      readInbox: async (read, runId, ...rest) => (await read(runId, ...rest)).map(message),
      readTasks: async (read, runId) => (await read(runId)).map(task),
      readTask: async (read, taskId) => {
        const record = await read(taskId);
        return record && task(record);
      },
      readKey: async (read, namespace, key) => {
        const record = await read(namespace, key);
        return record && { ...record, value: spoilIn('key', record.runId, record.value) };
      },
      claim: async (claim, request) => (await claim(request)).map(task),
    }),
  };
}

test('B6 whatever one run has in the store is spoilt: what is asked of it has a code, others go on, and it can be ended', async () => {
  const { storage, damage } = spoiling(await openStorage());
  const engine = await open({ storage, workflows: [worker, inner], activities: [echo] });
  const client = await clientOf(engine, storage);
  let tried = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...kinds), spoilt, fc.boolean(), async (kind, how, crash) => {
      const id = `run-${(tried += 1)}`;
      const other = await engine.start(worker, 'other', { id: `other-${tried}` });
      const handle: WorkflowHandle = await engine.start('worker', { id }, { id, memo: { id } });
      damage.runs.add(handle.runId ?? id);
      Object.assign(damage, { kind, how });
      if (crash) await engine.crash();
      await engine.advance('5s');
      for (const asks of [handle, client.handle(id)]) {
        await coded(asks.describe());
        await coded(asks.signal('go', 1, { id: 'go' }));
        await coded(asks.runs());
        await coded(asks.exportHistory());
        await coded(asks.at(1));
        await coded(
          (async () => {
            for await (const event of asks.history()) expect(event.seq).toBeGreaterThan(0);
          })(),
        );
      }
      await coded(handle.query('ask'));
      await coded(handle.update('set', 1, { id: 'set', timeout: '1s' }));
      await coded(engine.list({ allRuns: true }));
      await coded(engine.list({ query: "nothing = 'x'" }));
      expectNoPollution();
      await other.signal('go', 'other');
      expect(await other.result()).toEqual([['other', 'other'], 'other']);
      damage.runs.clear();
      await engine.crash();
      await coded(handle.repair());
      await engine.advance('1m');
      // What was written back was spoilt too, so how it goes on is its own affair; it can be ended.
      const ended = await coded(handle.terminate());
      if ('code' in ended) expect(ended.code).toBe('workflow_not_active');
    }),
    tries(25),
  );
  const { items } = await engine.list({ allRuns: true, pageSize: 1_000 });
  expect(items.length).toBe(Math.min(1_000, await engine.count({ allRuns: true })));
});
