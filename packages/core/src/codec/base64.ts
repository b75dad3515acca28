const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const codes = Uint8Array.from(alphabet, (letter) => letter.charCodeAt(0));
const values = new Uint8Array(256).fill(255);
codes.forEach((code, value) => (values[code] = value));
const padding = 61;
/** As many arguments as every engine takes in one call, with room to spare; a multiple of four. */
const chunk = 8_192;

/** Base 64 with padding (RFC 4648 §4). Own, because no function of both Node and browsers takes bytes of any size. */
export function toBase64(bytes: Uint8Array): string {
  const out = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  const code = (value: number): number => codes[value & 63] as number;
  for (let i = 0, at = 0; i < bytes.length; i += 3, at += 4) {
    const left = bytes.length - i;
    const word =
      ((bytes[i] as number) << 16) |
      ((left > 1 ? (bytes[i + 1] as number) : 0) << 8) |
      (left > 2 ? (bytes[i + 2] as number) : 0);
    out[at] = code(word >> 18);
    out[at + 1] = code(word >> 12);
    out[at + 2] = left > 1 ? code(word >> 6) : padding;
    out[at + 3] = left > 2 ? code(word) : padding;
  }
  let text = '';
  for (let i = 0; i < out.length; i += chunk) {
    text += String.fromCharCode.apply(undefined, out.subarray(i, i + chunk) as unknown as number[]);
  }
  return text;
}

/** Undefined where the text is not base 64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padded = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const letters = text.length - padded;
  const bytes = new Uint8Array((text.length / 4) * 3 - padded);
  let word = 0;
  for (let i = 0, at = 0; i < text.length; i++) {
    const value = i < letters ? (values[text.charCodeAt(i)] ?? 255) : 0;
    if (value === 255) return undefined;
    word = (word << 6) | value;
    if (i % 4 === 3) {
      bytes[at] = word >> 16; // what is beyond the end of the array goes nowhere
      bytes[at + 1] = word >> 8;
      bytes[at + 2] = word;
      at += 3;
      word = 0;
    }
  }
  return bytes;
}
