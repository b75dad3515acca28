import type { Storage, StorageHandle } from '@perdure/core/storage';

const never = new Promise<never>(() => undefined);

/** A storage as processes see it: when one dies, nothing that it still asks for reaches the store, and nothing is answered. */
export class MortalStorage implements Storage {
  readonly kind: string;
  readonly #storage: Storage;
  #life = 0;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.kind = storage.kind;
  }

  /** Everybody who has opened it is dead from now on. */
  die(): void {
    this.#life += 1;
  }

  async open(): Promise<StorageHandle> {
    const life = this.#life;
    const dead = (): boolean => life !== this.#life;
    const handle = await this.#storage.open();
    if (dead()) {
      await handle.close();
      return never;
    }
    return new Proxy(handle, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        if (name === 'close') return () => target.close();
        if (name === 'watch')
          return (listener: Parameters<StorageHandle['watch']>[0]) =>
            target.watch((hint) => {
              if (!dead()) listener(hint);
            });
        return async (...args: unknown[]) => {
          if (dead()) return never;
          try {
            const answer: unknown = await Reflect.apply(member, target, args);
            return dead() ? await never : answer;
          } catch (error) {
            if (dead()) return await never;
            throw error;
          }
        };
      },
    });
  }
}
