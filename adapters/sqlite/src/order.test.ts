import fc from 'fast-check';
import { expect, test } from 'vitest';
import { behindPrefix, fromStored, toStored } from './order.js';

/** What SQLite compares. */
const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');
const unicode = fc.string({
  unit: fc.oneof(
    fc.constantFrom('a', '\u0001', '\uD7FF', '\uE000', '\uFFFF', '\u{10000}', '\u{10FFFE}', '\u{10FFFF}'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});

test('O1 an id comes back as it was', () => {
  fc.assert(
    fc.property(unicode, (id) => {
      expect(fromStored(toStored(id))).toBe(id);
    }),
  );
});

test('Q1 stored ids are in the order of code units, also where that of UTF-8 is another', () => {
  expect(Buffer.compare(bytes('\u{1F600}'), bytes('\uFFFD'))).toBe(1);
  fc.assert(
    fc.property(unicode, unicode, (a, b) => {
      const order = a === b ? 0 : a < b ? -1 : 1;
      expect(Buffer.compare(bytes(toStored(a)), bytes(toStored(b)))).toBe(order);
    }),
    { numRuns: 2_000 },
  );
});

test('Q1 what begins with a prefix lies between it and what is behind it, and nothing else', () => {
  fc.assert(
    fc.property(unicode, unicode, fc.boolean(), (prefix, other, starts) => {
      const id = starts ? prefix + other : other;
      const from = Buffer.compare(bytes(toStored(prefix)), bytes(toStored(id))) <= 0;
      const to = Buffer.compare(bytes(toStored(id)), bytes(behindPrefix(toStored(prefix)))) < 0;
      expect(from && to).toBe(id.startsWith(prefix));
    }),
    { numRuns: 2_000 },
  );
});
