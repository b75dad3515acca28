import type { Platform } from '@perdure/core/internal';

/** A network that comes and goes when it is told to. */
export class TestNetwork {
  #online = true;
  readonly #listeners = new Set<() => void>();

  set(online: boolean): void {
    if (this.#online === online) return;
    this.#online = online;
    if (online) for (const listener of [...this.#listeners]) listener();
  }

  /** The platform, with this network. */
  on(platform: Platform): Platform {
    return {
      ...platform,
      online: () => this.#online,
      onOnline: (listener) => {
        this.#listeners.add(listener);
        return () => {
          this.#listeners.delete(listener);
        };
      },
    };
  }
}
