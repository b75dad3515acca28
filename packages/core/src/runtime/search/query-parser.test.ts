import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidArgumentError } from '../../model/errors.js';
import { writeAttributes } from '../../storage/attributes.js';
import { matchesFilter, type FilteredRun } from '../../storage/filter.js';
import type { SearchAttributeTypeName } from '../../model/search-attributes.js';
import { narrowed } from './narrowed.js';
import { parseQuery } from './query-parser.js';

const types = new Map<string, SearchAttributeTypeName>([
  ['total', 'double'],
  ['vip', 'bool'],
  ['due', 'datetime'],
  ['tags', 'keyword_list'],
  ['city', 'keyword'],
]);

const run = (values: Record<string, unknown> = {}, over: Partial<FilteredRun> = {}): FilteredRun => ({
  workflowType: 'order',
  workflowId: 'order-7',
  runId: 'r',
  status: 'running',
  taskQueue: 'main',
  buildId: null,
  startedAt: Date.parse('2026-01-31T09:30:00Z'),
  closedAt: null,
  attributes: writeAttributes(values),
  ...over,
});

function matches(
  query: string,
  values: Record<string, unknown> = {},
  over: Partial<FilteredRun> = {},
): boolean {
  const { where } = parseQuery(query, types);
  return where === undefined || matchesFilter(run(values, over), where);
}

const order = {
  total: 12.5,
  vip: true,
  due: new Date('2026-02-01T00:00:00Z'),
  tags: ['red', 'gift'],
  city: "O'Hara",
};

describe('B4 the query language', () => {
  test.each([
    'total = 12.5',
    'total != 12',
    'total <> 12',
    'total > -3 and total >= 12.5 And total<13',
    'total BETWEEN 12.5 AND 12.5',
    'total NOT BETWEEN 13 AND 20',
    'total IN (1, 2, 12.5)',
    'total NOT IN (1, 2)',
    'total = 1.25e1',
    'vip = true',
    'vip != FALSE',
    "due = '2026-02-01'",
    "due > '2026-01-31T23:59:59.999Z'",
    "due = '2026-02-01T02:00:00+02:00'",
    "tags = 'gift'",
    "tags IN ('blue', 'red')",
    "tags STARTS_WITH 're'",
    "NOT tags = 'blue'",
    "city = 'O''Hara'",
    "city STARTS_WITH 'O'''",
    '"city" IS NOT NULL',
    'other IS NULL',
    'NOT other IS NOT NULL',
    "Status = 'running'",
    "Status IN ('failed', 'running')",
    "WorkflowType = 'order' AND WorkflowId STARTS_WITH 'order-' AND RunId = 'r' AND TaskQueue = 'main'",
    'BuildId IS NULL AND CloseTime IS NULL',
    "StartTime <= '2026-01-31T09:30:00Z'",
    "(total > 100 OR vip = true) AND NOT (city = 'x' OR city = 'y')",
    "total > 100 OR vip = true AND city STARTS_WITH 'O'",
    'other = 1 OR total = 12.5',
    '',
    '   \n\t ',
    'ORDER BY StartTime',
  ])('holds: %s', (query) => {
    expect(matches(query, order)).toBe(true);
  });

  test.each([
    'total = 12',
    'total NOT BETWEEN 12 AND 13',
    'other = 1',
    'other != 1',
    'NOT other = 1',
    'other NOT IN (1)',
    "other = 'x' AND total = 12.5",
    'other > 5',
    "CloseTime > '2020-01-01'",
    "NOT CloseTime > '2020-01-01'",
    "tags NOT IN ('red')",
    "city = 'o''hara'",
    "Status != 'running'",
    'vip = true AND total > 100',
  ])('does not hold: %s', (query) => {
    expect(matches(query, order)).toBe(false);
  });

  test('an attribute that is not registered is compared by the type of the value that it has', () => {
    expect(matches('n = 5', { n: 5 })).toBe(true);
    expect(matches("n = '5'", { n: 5 })).toBe(false);
    expect(matches("n = '5'", { n: '5' })).toBe(true);
    expect(matches("n > '2026-01-01'", { n: new Date('2026-02-01') })).toBe(true);
    expect(matches("n > '2026-01-01'", { n: '2026-02-01' })).toBe(true);
    expect(matches("n > 'later'", { n: new Date('2026-02-01') })).toBe(false);
    expect(matches('n = true', { n: 1 })).toBe(false);
  });

  test('names with other characters, or that are words of the language, stand in double quotes', () => {
    const values = { 'a b': 1, order: 2, 'x"y': 3, Status: 4, 'a-b.c_1': 5 };
    expect(matches('"a b" = 1 AND "order" = 2 AND "x""y" = 3 AND `Status` = 4 AND a-b.c_1 = 5', values)).toBe(
      true,
    );
  });

  test.each<[string, number, string]>([
    ['total', 6, 'expected =, !='],
    ['total = ', 9, 'expected a number, and found the end'],
    ["total = '5'", 9, 'expected a number'],
    ['vip = 1', 7, 'expected TRUE or FALSE'],
    ["due = 'soon'", 7, "expected a time as in '2026-01-31T09:30:00Z'"],
    ["due = '2026-01-31T09:30:00'", 7, 'expected a time'],
    ["due = '2026-13-41'", 7, 'expected a time'],
    ['vip < true', 7, 'type bool has no order'],
    ["tags > 'a'", 8, 'type keyword_list has no order'],
    ["total STARTS_WITH '1'", 19, 'expected text in single quotes'],
    ["Status = 'open'", 10, "did you mean 'running'?"],
    ["Status = 'Running'", 10, "did you mean 'running'?"],
    ["Status > 'a'", 10, 'Status has no order'],
    ["status = 'running'", 1, 'did you mean Status?'],
    ['total = 1 total = 2', 11, 'expected AND, OR, ORDER BY or the end'],
    ['(total = 1', 11, 'expected ), and found the end'],
    ['total = 1)', 10, "found ')'"],
    ['AND total = 1', 1, "'AND' is a word of the language"],
    ['= 1', 1, 'expected the name of an attribute'],
    ["city = 'x", 8, 'never closed'],
    ['"city = 1', 1, 'never closed'],
    ['total = 1; drop table runs', 10, "there is no ';'"],
    ['total = 1 -- x', 11, 'is no number'],
    ['total = 12abc', 9, "'12abc' is no number"],
    ['total = 1e999', 9, 'is no number'],
    ['total IN ()', 11, 'expected a number'],
    ['total IN (1,)', 13, 'expected a number'],
    ['total IN 1', 10, 'expected ('],
    ['total BETWEEN 1 OR 2', 17, 'expected AND'],
    ['total NOT = 1', 11, 'expected IN, BETWEEN or STARTS_WITH'],
    ['total IS 5', 10, 'expected NULL'],
    ['total = NULL', 9, 'expected a number'],
    ['ORDER StartTime', 7, 'expected BY'],
    ['ORDER BY CloseTime', 10, 'expected StartTime'],
    ['ORDER BY StartTime, total', 19, 'expected the end'],
    ['total = 1 ORDER BY StartTime DESC AND total = 2', 35, 'expected'],
    [`total IN (${Array(101).fill('1').join()})`, 211, 'at most 100 comparisons'],
    [`${'NOT '.repeat(20)}total = 1`, 81, 'at most 20 levels'],
    ['('.repeat(4_000), 21, 'at most 20 levels'],
    [`total = 1 ${' '.repeat(4_090)}`, 4_097, 'at most 4096 characters'],
  ])('is refused with the place and what was expected: %.40s', (query, at, message) => {
    expect(() => parseQuery(query, types)).toThrow(InvalidArgumentError);
    expect(() => parseQuery(query, types)).toThrow(`at character ${at}: `);
    expect(() => parseQuery(query, types)).toThrow(message);
  });

  test('its order is that of StartTime, either way', () => {
    expect(parseQuery('total = 1', types).oldestFirst).toBe(false);
    expect(parseQuery('ORDER BY StartTime DESC', types)).toEqual({ oldestFirst: false });
    expect(parseQuery('total = 1 ORDER BY StartTime ASC', types).oldestFirst).toBe(true);
    expect(parseQuery('order by StartTime', types).oldestFirst).toBe(true);
  });

  test('any text is read or refused with its place, and nothing else', () => {
    const words = [
      'total',
      '=',
      '(',
      ')',
      'AND',
      'NOT',
      "'",
      '"',
      'IN',
      ',',
      '5',
      ' ',
      '-',
      'é',
      '\0',
      'IS',
      'NULL',
    ];
    const text = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom(...words)).map((some) => some.join(' ')),
    );
    fc.assert(
      fc.property(text, (query) => {
        try {
          parseQuery(query, types);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidArgumentError);
          expect((error as Error).message).toMatch(/at character \d+: /);
        }
      }),
    );
  });

  test('what stores have indices for is taken out, and means the same', () => {
    const query = (text: string): unknown =>
      narrowed({ namespace: 'n' }, parseQuery(text, types).where ?? { kind: 'and', of: [] });
    expect(
      query("Status IN ('failed', 'running') AND WorkflowType = 'a' AND StartTime > '1970-01-02'"),
    ).toEqual({
      namespace: 'n',
      statuses: ['failed', 'running'],
      workflowType: 'a',
      startedAfter: 86_400_000,
    });
    expect(query("Status = 'failed' AND Status = 'running'")).toEqual({ namespace: 'n', statuses: [] });
    expect(query("WorkflowId STARTS_WITH 'a' AND WorkflowId STARTS_WITH 'ab' AND total = 1")).toEqual({
      namespace: 'n',
      workflowIdPrefix: 'a',
      where: {
        kind: 'and',
        of: [
          { kind: 'compare', field: { column: 'workflowId' }, is: 'starts', value: 'ab' },
          { kind: 'compare', field: { attribute: 'total' }, is: '=', value: 1 },
        ],
      },
    });
    expect(query("Status = 'failed' OR total = 1")).toHaveProperty('where.kind', 'or');
    expect(query("NOT Status = 'failed'")).toHaveProperty('where.kind', 'not');
  });
});
