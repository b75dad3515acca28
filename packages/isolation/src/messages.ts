import { decodeValue, defaultPayloadLimits, encodeValue, type encodeFailure } from '@perdure/core/internal';

/**
 * What goes over the channel between the engine's process and the one that runs an activity: plain JSON, with values and
 * errors as the codec of the core writes them, so that they cross as they would through the store.
 */
export type Stored = ReturnType<typeof encodeValue>;
type StoredFailure = ReturnType<typeof encodeFailure>;

/** One attempt. */
export interface RunMessage {
  readonly kind: 'run';
  readonly activityType: string;
  readonly input: Stored;
  /** The `info` of its context. */
  readonly info: Stored;
  readonly idempotencyKey: string;
  readonly lastHeartbeat: Stored;
}
export type ToProcess =
  RunMessage | { readonly kind: 'abort'; readonly reason: StoredFailure; readonly code: string | undefined };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type FromProcess =
  | { readonly kind: 'completed'; readonly result: Stored }
  | { readonly kind: 'failed'; readonly failure: StoredFailure }
  /** The attempt is left to somebody else to complete. */
  | { readonly kind: 'later' }
  /** The module has no such activity. */
  | { readonly kind: 'unknown'; readonly known: readonly string[] }
  | { readonly kind: 'heartbeat'; readonly details: Stored }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string; readonly fields: Stored };

/** How large a value may be is for the engine to say, at its side. */
const limits = { ...defaultPayloadLimits, maxBytes: Number.MAX_SAFE_INTEGER };

export function pack(value: unknown): Stored {
  return encodeValue(value, limits);
}

export function unpack(stored: Stored): unknown {
  return decodeValue(stored, limits);
}
