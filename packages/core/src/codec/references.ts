import { membersOf } from './error-values.js';

/**
 * Stands in a written value where an object comes again: its number in the order in which objects are first met. By number
 * and not by path, as superjson has it, because a path through a Map, a Set or an error is lost once that is revived.
 */
export class Reference {
  readonly index: number;
  constructor(index: number) {
    this.index = index;
  }
}

/** Puts the objects back for which references stand. Visits them in the order in which `RichWriter` numbers them. */
export function resolveReferences(value: unknown): unknown {
  const met: object[] = [];
  const resolve = (at: unknown): unknown => {
    if (typeof at !== 'object' || at === null) return at;
    if (at instanceof Reference) {
      const object = met[at.index];
      if (!object) throw new RangeError('a reference to an object that does not come before it');
      return object;
    }
    met.push(at);
    if (Array.isArray(at)) {
      for (let i = 0; i < at.length; i++) at[i] = resolve(at[i]);
    } else if (at instanceof Map) {
      const entries = [...(at as Map<unknown, unknown>)];
      at.clear();
      for (const [key, inner] of entries) {
        const resolved = resolve(key);
        at.set(resolved, resolve(inner));
      }
    } else if (at instanceof Set) {
      const items = [...(at as Set<unknown>)];
      at.clear();
      for (const item of items) at.add(resolve(item));
    } else if (!ArrayBuffer.isView(at)) {
      const members = at as Record<string, unknown>;
      for (const key of at instanceof Error ? membersOf(at) : Object.keys(at))
        members[key] = resolve(members[key]);
    }
    return at;
  };
  return resolve(value);
}
