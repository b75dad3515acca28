import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromLines, toLines } from './lines.js';

const body = fc.string({
  unit: fc.constantFrom('a', '\n', '\x1b', '0', '1', '\r', '{', '\u{1F600}'),
  maxLength: 8,
});

test('O1 bodies come back from lines as they were', () => {
  fc.assert(
    fc.property(fc.array(body), fc.array(body), (some, more) => {
      expect(fromLines(toLines(some))).toEqual(some);
      expect(fromLines(toLines(some) + toLines(more))).toEqual([...some, ...more]);
    }),
    { numRuns: 1_000 },
  );
});

test('JSON is kept as it is, one event to a line', () => {
  expect(toLines(['{"a":"line\\nend"}', '{}'])).toBe('{"a":"line\\nend"}\n{}\n');
});
