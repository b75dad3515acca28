/** What the platform has of this; a few test environments have neither. */
const platform = globalThis as unknown as {
  readonly TextEncoder?: new () => { encode(text: string): Uint8Array };
  readonly TextDecoder?: new (
    label: string,
    options: { fatal: boolean; ignoreBOM: boolean },
  ) => { decode(bytes: Uint8Array): string };
};

/** UTF-8 of JSON text, which has no lone surrogates: they are escaped in it. */
export function toUtf8(text: string): Uint8Array {
  return platform.TextEncoder ? new platform.TextEncoder().encode(text) : toUtf8Plainly(text);
}

/** Throws for bytes that are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  return platform.TextDecoder
    ? new platform.TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    : fromUtf8Plainly(bytes);
}

/** Slow, but in every engine: what is escaped in a URI is UTF-8. */
export function toUtf8Plainly(text: string): Uint8Array {
  const letters = encodeURIComponent(text).replace(/%(..)/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
}

export function fromUtf8Plainly(bytes: Uint8Array): string {
  return decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
}
