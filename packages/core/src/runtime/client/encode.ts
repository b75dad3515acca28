import { nearLimit } from '../../codec/limits.js';
import { encodeValue } from '../../codec/values.js';
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
