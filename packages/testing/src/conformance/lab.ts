import type { Storage, StorageHandle } from '@perdure/core/storage';
import { ConformanceError } from './check.js';
import type { Ability, FixtureAbilities, StorageFixture } from './fixture.js';

/** What one case works with: a fresh store, and all it opened, closed at the end. */
export class Lab {
  readonly fixture: StorageFixture;
  readonly #storages: Storage[] = [];
  readonly #handles: StorageHandle[] = [];
  #storage: Storage | undefined;

  constructor(fixture: StorageFixture) {
    this.fixture = fixture;
  }

  get storage(): Storage {
    if (this.#storage === undefined) throw new ConformanceError('the case has not begun');
    return this.#storage;
  }

  async begin(): Promise<StorageHandle> {
    this.#storage = await this.create();
    return this.open();
  }

  /** Another empty store. */
  async create(): Promise<Storage> {
    const storage = await this.fixture.create();
    this.#storages.push(storage);
    return storage;
  }

  /** Another handle, of the case's storage or of a given one. */
  async open(storage: Storage | Promise<Storage> = this.storage): Promise<StorageHandle> {
    const handle = await (await storage).open();
    this.#handles.push(handle);
    return handle;
  }

  async closeAll(): Promise<void> {
    for (const handle of this.#handles.splice(0)) await handle.close();
  }

  /** Closes everything and opens the same data as a later process would. */
  async reopen(): Promise<StorageHandle> {
    await this.closeAll();
    return this.open(await this.able('reopen')(this.storage));
  }

  /** A connection of its own to the same data. */
  async second(): Promise<StorageHandle> {
    return this.open(await this.able('second')(this.storage));
  }

  /** Handles for concurrent clients: every other one a connection of its own, where the fixture can. */
  async clients(count: number): Promise<readonly StorageHandle[]> {
    const handles: StorageHandle[] = [];
    for (let n = 0; n < count; n++) {
      const apart = n % 2 === 1 && this.fixture.second !== undefined;
      handles.push(await (apart ? this.second() : this.open()));
    }
    return handles;
  }

  able<Name extends Ability>(name: Name): FixtureAbilities[Name] {
    const ability = (this.fixture as Partial<FixtureAbilities>)[name];
    if (ability === undefined) throw new ConformanceError(`the fixture has no \`${name}\``);
    return ability.bind(this.fixture) as FixtureAbilities[Name];
  }

  async end(): Promise<void> {
    await this.closeAll();
    for (const storage of this.#storages) await this.fixture.dispose?.(storage);
  }
}
