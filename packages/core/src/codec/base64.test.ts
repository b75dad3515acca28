import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromBase64, toBase64 } from './base64.js';

test('base 64 is that of the platform, and comes back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const text = toBase64(bytes);
      expect(text).toBe(Buffer.from(bytes).toString('base64'));
      expect(fromBase64(text)).toEqual(bytes);
    }),
  );
});

test('base 64 of many bytes', () => {
  const bytes = new Uint8Array(100_003).map((_, i) => i * 7);
  expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
  expect(fromBase64(toBase64(bytes))).toEqual(bytes);
});

test.each([
  'A',
  'AB',
  'ABC',
  'AB=C',
  'A===',
  '====',
  'AB==CD==',
  'AB C',
  'AB-_',
  'ABCé',
  '\0\0\0\0',
  'ABC\u{142}',
])('%j is no base 64', (text) => {
  expect(fromBase64(text)).toBeUndefined();
});
