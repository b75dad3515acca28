import type { TextPayload } from '../model/payload.js';

/** Stands for a result that is not known. Told by its identity; nothing ever writes it. */
export const somePayload: TextPayload = Object.freeze({ codec: 'undefined', text: 'null' });

/** Looked at so often, code is taken to be in a loop that would not end. */
const mostLooks = 10_000;

/**
 * An object in place of a result that is not known, so that code which passes parts of it on goes on: whatever is asked of
 * it is another one, and it holds nothing. To call one throws, as does looking at them without end.
 */
export function placeholder(): unknown {
  let looks = 0;
  const make = (): object =>
    new Proxy(
      {},
      {
        get(target, key): unknown {
          looks += 1;
          if (looks > mostLooks) throw new Error('What comes next is not known');
          if (key === Symbol.iterator) return () => [][Symbol.iterator]();
          if (typeof key === 'symbol' || key === 'then' || key === 'toJSON' || key in target)
            return Reflect.get(target, key);
          return key === 'length' ? 0 : make();
        },
      },
    );
  return make();
}
