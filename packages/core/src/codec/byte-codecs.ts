import type { RunEvent } from '../model/events.js';
import type { Payload, TextPayload } from '../model/payload.js';
export interface PayloadCodec { readonly id: string; encode(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>; decode(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> }
export function createSealer(_codecs: readonly PayloadCodec[]) {
  return { active: false, seal: async (p: TextPayload): Promise<TextPayload> => p, open: async (p: Payload): Promise<Payload> => p, sealEvent: async (e: RunEvent) => e, openEvent: async (e: RunEvent) => e };
}
