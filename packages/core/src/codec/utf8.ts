/** What the platform has of this; a few test environments have neither. */
const platform = globalThis as unknown as {
  readonly TextEncoder?: new () => { encode(text: string): Uint8Array };
  readonly TextDecoder?: new (
    label: string,
    options: { fatal: boolean; ignoreBOM: boolean },
  ) => { decode(bytes: Uint8Array): string };
};

/** UTF-8 of a text. A lone surrogate becomes U+FFFD; JSON text, which is what passes here, escapes them. */
export function toUtf8(text: string): Uint8Array {
  return platform.TextEncoder ? new platform.TextEncoder().encode(text) : toUtf8Plainly(text);
}

/** Throws for bytes that are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  return platform.TextDecoder
    ? new platform.TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    : fromUtf8Plainly(bytes);
}

export function toUtf8Plainly(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const letter of text) {
    let code = letter.codePointAt(0) as number;
    if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
    if (code < 0x80) bytes.push(code);
    else {
      const more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
      bytes.push(((0xff00 >> (more + 1)) & 0xff) | (code >> (6 * more)));
      for (let left = more - 1; left >= 0; left--) bytes.push(0x80 | ((code >> (6 * left)) & 63));
    }
  }
  return Uint8Array.from(bytes);
}

export function fromUtf8Plainly(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length;) {
    const first = bytes[i++] as number;
    const more =
      first < 0x80
        ? 0
        : first >= 0xc2 && first < 0xe0
          ? 1
          : first >= 0xe0 && first < 0xf0
            ? 2
            : first >= 0xf0 && first < 0xf5
              ? 3
              : -1;
    let code = more <= 0 ? first : first & (0x3f >> more);
    for (let left = more; left > 0; left--) {
      const next = bytes[i++] ?? 0;
      if (next >> 6 !== 2) throw new TypeError('bytes that are not UTF-8');
      code = (code << 6) | (next & 63);
    }
    const least = [0, 0x80, 0x800, 0x10000][more];
    if (least === undefined || code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      throw new TypeError('bytes that are not UTF-8');
    }
    text += String.fromCodePoint(code);
  }
  return text;
}
