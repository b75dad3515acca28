import type { Namespace } from '../../model/ids.js';
import type { RegisteredAttributes, SearchAttributeTypeName } from '../../model/search-attributes.js';
import type { Expectation, StorageHandle } from '../../storage/port.js';
import { parsedRecord, readStored } from '../stored-text.js';

/** `search-attributes` → `{ name: type }`: all that are registered in a namespace. Belongs to no run. */
export const registryKey = 'search-attributes';

/** What is registered, and the expectation that it is still so. */
export interface Registered {
  readonly types: RegisteredAttributes;
  readonly expect: Expectation;
}

/** Where it is registered. */
interface Place {
  readonly storage: StorageHandle;
  readonly namespace: Namespace;
}

/**
 * What is registered, as this process knows it: nothing, until a commit that goes by it is refused. So whoever never
 * registers anything never reads it, and what a run writes holds at the moment it is written.
 */
export class KnownAttributes {
  #current: Registered;
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
    this.#current = registeredAs(place.namespace, null);
  }

  get current(): Registered {
    return this.#current;
  }

  async refresh(): Promise<void> {
    this.#current = await readRegistered(this.#place);
  }
}

export async function readRegistered({ storage, namespace }: Place): Promise<Registered> {
  return registeredAs(namespace, (await storage.readKey(namespace, registryKey))?.value ?? null);
}

function registeredAs(namespace: Namespace, value: string | null): Registered {
  const types = readStored(`The search attributes of namespace '${namespace}'`, () =>
    Object.entries(parsedRecord(value ?? '{}') as Record<string, SearchAttributeTypeName>),
  );
  return { types: new Map(types), expect: { kind: 'key', namespace, key: registryKey, value } };
}
