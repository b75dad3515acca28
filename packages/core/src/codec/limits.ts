import type { TextPayload } from '../model/payload.js';

/** How large a value may be. A value within them is walked, written and read in bounded time. */
export interface PayloadLimits {
  /** Length of the written text, in UTF-16 units. */
  readonly maxBytes: number;
  /** Levels of objects in objects. */
  readonly maxDepth: number;
  /** Objects, arrays and members in all. */
  readonly maxNodes: number;
}

export const defaultPayloadLimits: PayloadLimits = Object.freeze({
  maxBytes: 2 * 1024 * 1024,
  maxDepth: 256,
  maxNodes: 100_000,
});

/** For what is stored: what went in once can be read, whatever the limits are now. */
export const readLimits: PayloadLimits = Object.freeze({
  maxBytes: Infinity,
  maxDepth: 10_000,
  maxNodes: Infinity,
});

/** Whether a payload has come to 80 % of what is allowed: time to warn. */
export function nearLimit(payload: TextPayload, limits: PayloadLimits): boolean {
  return payload.text.length >= limits.maxBytes * 0.8;
}
