import { nearLimit, readLimits } from '../../codec/limits.js';
import { decodeValue, encodeValue } from '../../codec/values.js';
import type { TextPayload } from '../../model/payload.js';
import type { Core } from '../core.js';

/** A caller's value for the store; a warning at 80 % of what is allowed. Throws `PayloadError`, `PayloadTooLargeError`. */
export function encodeFor(core: Core, value: unknown, what: string): TextPayload {
  const payload = encodeValue(value, core.limits);
  if (nearLimit(payload, core.limits)) {
    core.log.warn(
      `${what} takes ${payload.text.length} of the ${core.limits.maxBytes} bytes that are allowed`,
    );
  }
  return payload;
}

/**
 * A caller's value as it is at the call: it is written after a look at the store, and its owner may change it meanwhile.
 * What cannot be written is given back as it is, to be refused where it would be.
 */
export function asCalled({ limits }: Pick<Core, 'limits'>, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  try {
    return decodeValue(encodeValue(value, limits), readLimits);
  } catch {
    return value;
  }
}
