import type { RunEvent } from '../model/events.js';
import { payloadTree, type Payload } from '../model/payload.js';
const fields = ['input', 'result', 'value'];
export function encodeEvent(event: RunEvent): string {
  const copy: Record<string, unknown> = { ...event };
  for (const f of fields) if (copy[f]) copy[f] = { codec: (copy[f] as Payload).codec, data: payloadTree(copy[f] as Payload) };
  return JSON.stringify(copy);
}
export function decodeEvent(body: string): RunEvent {
  const e = JSON.parse(body) as Record<string, unknown>;
  for (const f of fields) if (e[f]) { const { codec, data } = e[f] as { codec: string; data: unknown }; e[f] = { codec, tree: data }; }
  return e as unknown as RunEvent;
}
