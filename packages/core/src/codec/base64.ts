const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const values = new Uint8Array(128).fill(255);
for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;

/** Base 64 with padding (RFC 4648 §4). Own, because no function of both Node and browsers takes bytes of any size. */
export function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  let part = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = [bytes[i], bytes[i + 1], bytes[i + 2]];
    const left = bytes.length - i;
    part +=
      (alphabet[a >> 2] as string) +
      (alphabet[((a & 3) << 4) | (b >> 4)] as string) +
      (left > 1 ? (alphabet[((b & 15) << 2) | (c >> 6)] as string) : '=') +
      (left > 2 ? (alphabet[c & 63] as string) : '=');
    if (part.length >= 8_192) {
      parts.push(part);
      part = '';
    }
  }
  return parts.join('') + part;
}

/** Undefined where the text is not base 64. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let at = 0;
  for (let i = 0; i < text.length; i += 4) {
    let word = 0;
    for (let j = 0; j < 4; j++) {
      const isPadding = i + j >= text.length - padding;
      const value = isPadding ? 0 : values[text.charCodeAt(i + j)];
      if (value === undefined || value === 255) return undefined;
      word = (word << 6) | value;
    }
    for (let shift = 16; shift >= 0 && at < bytes.length; shift -= 8) bytes[at++] = (word >> shift) & 255;
  }
  return bytes;
}
