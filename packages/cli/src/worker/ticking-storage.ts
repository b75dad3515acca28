import type { Storage } from '@perdure/core';
import type { ChangeHint, StorageHandle, Unwatch } from '@perdure/core/storage';

/**
 * The same store, whose watchers are told every `tickMs` that something may have changed. The engine looks at the store
 * when it hears of a change and when something is due; with this also when no word of a change came through.
 */
export function ticking(storage: Storage, tickMs: number, ticked: () => void): Storage {
  return {
    kind: storage.kind,
    open: async () => {
      const handle = await storage.open();
      const watch = (listener: (hint: ChangeHint) => void): Unwatch => {
        const unwatch = handle.watch(listener);
        const timer = setInterval(() => {
          listener({ kind: 'unknown' });
          ticked();
        }, tickMs);
        return () => {
          clearInterval(timer);
          unwatch();
        };
      };
      return new Proxy(handle, {
        get: (target, property) => {
          if (property === 'watch') return watch;
          const value = Reflect.get(target, property, target) as unknown;
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      }) satisfies StorageHandle;
    },
  };
}
