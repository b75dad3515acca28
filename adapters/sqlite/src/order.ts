/**
 * The port orders ids by UTF-16 code unit; SQLite compares the bytes of UTF-8, which puts U+E000 … U+FFFF before the
 * characters beyond U+FFFF instead of behind them. So ids are stored with U+10FFFF in front of those (and U+10FFFF itself
 * as U+10FFFF U+0001), which keeps the order, prefixes, and every ordinary id as it is.
 */
const top = '\u{10FFFF}';
const high = /[\uE000-\uFFFF\u{10FFFF}]/u;
const highs = /[\uE000-\uFFFF\u{10FFFF}]/gu;
const stored = /\u{10FFFF}(.)/gu;

export function toStored(id: string): string {
  return high.test(id) ? id.replace(highs, (c) => top + (c === top ? '\u0001' : c)) : id;
}

export function fromStored(text: string): string {
  return text.includes(top) ? text.replace(stored, (_, c: string) => (c === '\u0001' ? top : c)) : text;
}

/** Behind every stored id that begins with this one: two U+10FFFF in a row do not occur in one. */
export function behindPrefix(storedPrefix: string): string {
  return storedPrefix + top + top;
}
