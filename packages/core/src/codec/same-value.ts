import { payloadTree, samePayload, type Json, type Payload } from '../model/payload.js';

/**
 * Whether code that is run again has made the same value. The stack of an error says where in the code it stood, which
 * is another place after any change of the file, or of this library: it does not count.
 */
export function sameValue(a: Payload, b: Payload): boolean {
  if (samePayload(a, b)) return true;
  if (a.codec !== 'superjson' || b.codec !== 'superjson') return false;
  return withoutStacks(a) === withoutStacks(b);
}

function withoutStacks(payload: Payload): string {
  return JSON.stringify(payloadTree(payload), (_, value: Json) =>
    isError(value) ? { ...value, stack: '' } : value,
  );
}

/** As `RichWriter` writes an error; what else has just these members is compared as if it were one. */
function isError(value: Json): value is Readonly<Record<string, Json>> {
  if (typeof value !== 'object' || value === null) return false;
  return 'name' in value && 'message' in value && 'members' in value;
}
