import type { RunEvent } from '../model/events.js';
import { samePayload, type Payload, type TextPayload } from '../model/payload.js';

interface Values {
  readonly input?: Payload;
  readonly result?: Payload;
  readonly value?: Payload;
  readonly values?: Payload;
}

/** Whether an event holds a value of workflow code, whichever of its fields that is in. */
export function holdsValue(event: RunEvent, value: TextPayload): boolean {
  const { input, result, value: effect, values } = event as Values;
  return [input, result, effect, values].some((payload) => payload && samePayload(payload, value));
}
