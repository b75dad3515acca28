import type { OpenCore } from '../runtime/client/open-core.js';
import { systemAttributes, type SearchAttributeTypeName } from '../model/search-attributes.js';
import {
  forgetAttribute,
  registerAttribute,
  registeredAttributes,
} from '../runtime/search/attribute-registry.js';

/**
 * The search attributes of a namespace. A registered one takes values of its type only, wherever a run is started, and
 * queries that compare it with another type are refused. Without being registered an attribute takes values of any type.
 */
export interface SearchAttributeAdmin {
  /** What every run has (`WorkflowType`, `Status` …), and all that are registered, by name. */
  list(): Promise<Readonly<Record<string, SearchAttributeTypeName>>>;
  /**
   * Registers a name of 1 to 128 characters; nothing happens where it has that type already. Rejects with
   * `InvalidArgumentError` where it has another one, or where every run has an attribute of that name.
   *
   * @example
   * ```ts
   * import type { Client } from '@perdure/core';
   * export async function large(client: Client): Promise<number> {
   *   await client.searchAttributes.create('total', 'double');
   *   return client.count({ query: "total >= 1000 AND Status = 'running'" });
   * }
   * ```
   */
  create(name: string, type: SearchAttributeTypeName): Promise<void>;
  /** Forgets a registered name; runs keep their values. Nothing happens where it is not registered. */
  delete(name: string): Promise<void>;
}

export function searchAttributeAdmin(core: OpenCore): SearchAttributeAdmin {
  return {
    list: () =>
      core.command(async () => ({
        ...Object.fromEntries(Object.entries(systemAttributes).map(([name, { type }]) => [name, type])),
        ...Object.fromEntries(await registeredAttributes(core)),
      })),
    create: (name, type) => core.command(() => registerAttribute(core, name, type)),
    delete: (name) => core.command(() => forgetAttribute(core, name)),
  };
}
