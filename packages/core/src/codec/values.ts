import { SuperJSON } from 'superjson';
import { PayloadError, PayloadTooLargeError } from '../model/errors.js';
import { payloadTree, type Payload, type TextPayload } from '../model/payload.js';
import { defaultPayloadLimits, type PayloadLimits } from './limits.js';
const sj = new SuperJSON({ dedupe: true });
function plain(v: unknown): boolean {
  if (v === null || typeof v === 'string' || typeof v === 'boolean') return true;
  if (typeof v === 'number') return Number.isFinite(v) && !Object.is(v, -0);
  if (typeof v !== 'object') return false;
  if (Array.isArray(v)) return v.every(plain);
  const p: unknown = Object.getPrototypeOf(v);
  if (p !== Object.prototype && p !== null) return false;
  return Object.values(v).every(plain);
}
export function encodeValue(value: unknown, limits: PayloadLimits = defaultPayloadLimits): TextPayload {
  if (typeof value === 'function' || typeof value === 'symbol') throw new PayloadError('cannot be stored', '');
  const p = plain(value) ? { codec: 'json', text: JSON.stringify(value) } : { codec: 'superjson', text: JSON.stringify(sj.serialize(value)) };
  if (p.text.length > limits.maxBytes) throw new PayloadTooLargeError('too large');
  return p;
}
export function decodeValue(payload: Payload, _limits?: PayloadLimits): unknown {
  const tree = payloadTree(payload);
  if (payload.codec === 'json') return tree;
  if (payload.codec === 'superjson') return sj.deserialize(tree as never);
  throw new PayloadError(`unknown codec ${payload.codec}`, '');
}
export function copyValue(value: unknown): unknown { return decodeValue(encodeValue(value)); }
