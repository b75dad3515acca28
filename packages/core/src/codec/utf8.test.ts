import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromUtf8, fromUtf8Plainly, toUtf8, toUtf8Plainly } from './utf8.js';

/** Any code points but surrogates. */
const anyText = fc
  .array(fc.oneof(fc.nat(0x7f), fc.nat(0xffff), fc.nat(0x10ffff)), { maxLength: 12 })
  .map((codes) => String.fromCodePoint(...codes.filter((code) => code < 0xd800 || code > 0xdfff)));

describe('where the platform has no TextEncoder', () => {
  test('bytes are those of the platform', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const bytes = toUtf8Plainly(text);
        expect(bytes).toEqual(new Uint8Array(toUtf8(text)));
        expect(fromUtf8Plainly(bytes)).toBe(fromUtf8(bytes));
      }),
    );
    for (const text of ['\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}', '\ufeffa']) {
      expect(toUtf8Plainly(text)).toEqual(new Uint8Array(toUtf8(text)));
    }
  });

  test('bytes that are not UTF-8 are refused as the platform does', () => {
    const outcome = (read: () => string): string | undefined => {
      try {
        return read();
      } catch {
        return undefined;
      }
    };
    const near = fc.array(
      fc.constantFrom(
        0x00,
        0x41,
        0x7f,
        0x80,
        0x8f,
        0x90,
        0x9f,
        0xa0,
        0xbf,
        0xc0,
        0xc2,
        0xdf,
        0xe0,
        0xed,
        0xef,
        0xf0,
        0xf4,
        0xf5,
        0xff,
      ),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(near, (list) => {
        const bytes = Uint8Array.from(list);
        expect(outcome(() => fromUtf8Plainly(bytes))).toBe(outcome(() => fromUtf8(bytes)));
      }),
      { numRuns: 5_000 },
    );
  });
});
