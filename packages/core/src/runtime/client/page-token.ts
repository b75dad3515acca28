import { InvalidArgumentError } from '../../model/errors.js';
import type { RunCursor } from '../../storage/port.js';

/**
 * Where a page ended, for the caller to hand back unread: hexadecimal, with a checksum over itself and the filter it
 * belongs to. It finds mistakes and tampering; it is no secret and grants nothing that a filter could not ask for.
 */
export function writePageToken({ startedAt, runId }: RunCursor, scope: string): string {
  const text = encodeURIComponent(JSON.stringify([startedAt, runId]));
  return checksum(text, scope) + toHex(text);
}

/** Throws `InvalidArgumentError` for what was not written here, or for another filter. */
export function readPageToken(token: string, scope: string): RunCursor {
  const text = typeof token === 'string' && token.length <= 4_096 ? fromHex(token.slice(16)) : undefined;
  if (text === undefined || checksum(text, scope) !== token.slice(0, 16)) throw invalid();
  try {
    const cursor = JSON.parse(decodeURIComponent(text)) as unknown;
    if (Array.isArray(cursor) && Number.isSafeInteger(cursor[0]) && typeof cursor[1] === 'string') {
      return { startedAt: cursor[0] as number, runId: cursor[1] };
    }
  } catch (cause) {
    throw invalid(cause);
  }
  throw invalid();
}

function invalid(cause?: unknown): InvalidArgumentError {
  const message = 'is not a token of this list: hand nextPageToken back as it was, with the same filter';
  return new InvalidArgumentError('The page cannot be read', [{ path: 'pageToken', message }], { cause });
}

function toHex(text: string): string {
  let hex = '';
  for (let i = 0; i < text.length; i++) hex += text.charCodeAt(i).toString(16).padStart(2, '0');
  return hex;
}

function fromHex(hex: string): string | undefined {
  if (hex.length % 2 !== 0 || !/^[0-9a-f]+$/.test(hex)) return undefined;
  let text = '';
  for (let i = 0; i < hex.length; i += 2) text += String.fromCharCode(parseInt(hex.slice(i, i + 2), 16));
  return text;
}

function checksum(text: string, scope: string): string {
  return fnv1a(`${text}\n${scope}`, 0x811c9dc5) + fnv1a(`${scope}\n${text}`, 0x9e3779b9);
}

function fnv1a(text: string, seed: number): string {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
