import type { TextPayload } from '../model/payload.js';
export interface PayloadLimits { readonly maxBytes: number; readonly maxDepth: number; readonly maxNodes: number }
export const defaultPayloadLimits: PayloadLimits = { maxBytes: 2 * 1024 * 1024, maxDepth: 256, maxNodes: 100_000 };
export function nearLimit(payload: TextPayload, limits: PayloadLimits): boolean { return payload.text.length > limits.maxBytes * 0.8; }
