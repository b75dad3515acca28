import { defineWorkflow, type Duration, type ListFilter } from '@perdure/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coded, expectNoPollution, tries } from './fuzz.js';
import { open } from './kit.js';

const waits = defineWorkflow('waits', async (ctx) => ctx.waitSignal('go'));

const sound = [
  "Status = 'running' AND total > 10 ORDER BY StartTime DESC",
  "WorkflowId STARTS_WITH 'w' OR NOT (total BETWEEN 1 AND 5 AND city IN ('Oslo', 'Bern'))",
  `"odd ""name""" IS NOT NULL AND StartTime >= '2026-01-31T09:30:00Z'`,
  "tags = 'a' AND vip = TRUE AND FailureType != 'TypeError'",
];
const inserts = fc.oneof(
  fc.constantFrom(
    ...["'", '"', '`', '(', ')', ',', '--', ';', '/*', '\0', '%', '_', '\\', '=', '<>', '-', '1e999', "''"],
  ),
  fc.constantFrom(
    ' AND ',
    ' OR ',
    ' NOT ',
    ' IN ',
    ' IS NULL',
    ' ORDER BY ',
    ' BETWEEN ',
    '((((',
    "' OR '1'='1",
    ' LIKE ',
  ),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'Status',
    'status',
    '{x}',
    '$1',
    '?',
    ':a',
    '\ud800',
    'x'.repeat(5_000),
  ),
  fc.string({ unit: 'binary', maxLength: 5 }),
);
const edited = fc
  .tuple(
    fc.constantFrom(...sound),
    fc.array(fc.tuple(fc.nat(100), fc.nat(12), inserts), { minLength: 1, maxLength: 4 }),
  )
  .map(([query, edits]) =>
    edits.reduce((text, [at, length, insert]) => text.slice(0, at) + insert + text.slice(at + length), query),
  );

const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    0,
    -1,
    1.5,
    NaN,
    Infinity,
    '',
    'x',
    '\0',
    '__proto__',
    true,
    [],
    {},
    [null],
    ['running', 7],
  ),
  fc.constantFrom<unknown>(
    Symbol('s'),
    () => 1,
    new Date(NaN),
    new Date(8.64e15),
    10n,
    'x'.repeat(10_000),
    new Map(),
  ),
  fc.string(),
  fc.integer(),
);
const fields = [
  ...[
    'workflowType',
    'workflowId',
    'status',
    'statusBucket',
    'taskQueue',
    'workflowIdPrefix',
    'startedAfter',
  ],
  ...['closedBefore', 'query', 'allRuns', 'pageSize', 'pageToken', 'archived', '__proto__', 'unknown'],
];

test('B4 any query is answered, or refused with its place, in every store', async () => {
  const engine = await open({ workflows: [waits] });
  await engine.start(waits, undefined, {
    id: 'w',
    searchAttributes: { total: 12, city: "O'Hara", 'odd "name"': 'x' },
  });
  for (const query of sound) expect(await engine.count({ query })).toBeGreaterThanOrEqual(0);
  await fc.assert(
    fc.asyncProperty(fc.oneof(edited, fc.string({ unit: 'binary', maxLength: 40 })), async (query) => {
      const counted = await coded(engine.count({ query }));
      if ('code' in counted) expect(counted.code).toBe('invalid_argument');
      else expect([0, 1]).toContain(counted.value);
    }),
    tries(150),
  );
  expect(await engine.count()).toBe(1);
});

test('B3 any filter and any page token is answered, or refused with a code', async () => {
  const engine = await open({ workflows: [waits] });
  for (let i = 0; i < 5; i++) await engine.start(waits, undefined, { id: `w${i}` });
  const { nextPageToken } = await engine.list({ pageSize: 2 });
  const token = nextPageToken ?? '';
  const tokens = fc
    .tuple(fc.nat(200), fc.nat(5), fc.string({ maxLength: 5 }))
    .map(([at, length, insert]) => token.slice(0, at) + insert + token.slice(at + length));
  const filters = fc.oneof(
    tokens.map((pageToken) => ({ pageSize: 2, pageToken })),
    fc.dictionary(fc.constantFrom(...fields), odd, { minKeys: 1, maxKeys: 3 }),
    odd,
  );
  await fc.assert(
    fc.asyncProperty(filters, async (filter) => {
      const listed = await coded((async () => engine.list(filter as ListFilter))());
      if ('value' in listed) expect(listed.value.items.length).toBeLessThanOrEqual(5);
      await coded((async () => engine.count(filter as ListFilter))());
      expectNoPollution();
    }),
    tries(150),
  );
});

test('A11 anything for a duration is a time or refused, outside and inside a run', async () => {
  const texts = fc.tuple(
    fc.constantFrom('', '-', '+', '1e', '.'),
    fc.string({ maxLength: 6 }),
    fc.constantFrom('ms', 's', 'd', 'w', 'y', ''),
  );
  const parts = fc.dictionary(fc.constantFrom('days', 'seconds', '__proto__', 'toString', 'years'), odd);
  const durations = fc.oneof(
    odd,
    fc.double(),
    parts,
    texts.map((all) => all.join('')),
    fc.bigInt(),
  );
  const sleeps = defineWorkflow('sleeps', async (ctx, given: unknown) => {
    try {
      void ctx.sleep(given as Duration);
      return 'slept';
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
  });
  const engine = await open({ workflows: [sleeps] });
  let starts = 0;
  await fc.assert(
    fc.asyncProperty(durations, async (given) => {
      const started = await coded(engine.start('sleeps', 1, { startDelay: given as Duration }));
      if ('code' in started) expect(started.code).toBe('invalid_argument');
      else {
        starts += 1;
        await coded(started.value.terminate());
      }
      const inside = await coded(engine.execute(sleeps, given));
      if ('value' in inside) {
        starts += 1;
        expect(['slept', 'invalid_argument']).toContain(inside.value);
      }
    }),
    tries(60),
  );
  expect(await engine.count({ allRuns: true })).toBe(starts);
});
