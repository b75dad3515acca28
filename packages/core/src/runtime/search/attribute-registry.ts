import { InvalidArgumentError } from '../../model/errors.js';
import type { Namespace } from '../../model/ids.js';
import type { StorageHandle } from '../../storage/port.js';
import { attributeValues } from '../client/search-attributes.js';
import type { Core } from '../core.js';
import {
  attributeNameIssue,
  isSearchAttributeType,
  misfit,
  searchAttributeTypes,
  type SearchAttributeTypeName,
} from '../../model/search-attributes.js';

/** `search-attributes` → `{ name: type }`: all that are registered in a namespace. Belongs to no run. */
const registryKey = 'search-attributes';
const mostRegistered = 500;

type Types = ReadonlyMap<string, SearchAttributeTypeName>;

/** The attributes that are registered in the namespace, by name. */
export async function registeredAttributes(core: Pick<Core, 'storage' | 'namespace'>): Promise<Types> {
  return (await read(core)).types;
}

/**
 * Registers a name with a type; nothing happens where it has that type already. Throws `InvalidArgumentError` for a name
 * that has another type, one that every run has, and a type that there is not.
 */
export async function registerAttribute(core: Core, name: string, type: unknown): Promise<void> {
  if (typeof name !== 'string') throw refused('name', 'must be a string');
  const issue = attributeNameIssue(name);
  if (issue !== undefined) throw refused('name', issue);
  if (!isSearchAttributeType(type))
    throw refused('type', `must be one of ${searchAttributeTypes.join(', ')}`);
  await change(core, (types) => {
    const known = types.get(name);
    if (known === type) return undefined;
    if (known !== undefined)
      throw refused('type', `is ${type}, and '${name}' is registered as ${known}: delete it first`);
    if (types.size >= mostRegistered)
      throw refused('name', `would be more than ${mostRegistered}: delete some that nobody needs`);
    return new Map([...types, [name, type]]);
  });
}

/** Forgets a name; runs keep the values that they have. Nothing happens where it is not registered. */
export async function forgetAttribute(core: Core, name: string): Promise<void> {
  await change(core, (types) => {
    if (!types.has(name)) return undefined;
    return new Map([...types].filter(([one]) => one !== name));
  });
}

/** Rejects with `InvalidArgumentError` where attributes of a start are of another type than is registered. Reads only where there are any. */
export async function checkRegistered(core: Core, attributes: string): Promise<void> {
  if (attributes === '{}') return;
  const issue = misfit(attributeValues({ attributes, runId: '' }), await registeredAttributes(core));
  if (issue) throw new InvalidArgumentError('The workflow cannot be started', [issue]);
}

interface Registered {
  /** As stored, or null. */
  readonly value: string | null;
  readonly types: Types;
}

async function read({
  storage,
  namespace,
}: {
  readonly storage: StorageHandle;
  readonly namespace: Namespace;
}): Promise<Registered> {
  const value = (await storage.readKey(namespace, registryKey))?.value ?? null;
  const entries = Object.entries(JSON.parse(value ?? '{}') as Record<string, SearchAttributeTypeName>);
  return { value, types: new Map(entries) };
}

/** Compares and swaps until nobody else was quicker. */
async function change(core: Core, next: (types: Types) => Types | undefined): Promise<void> {
  const { namespace, committer } = core;
  for (;;) {
    const { value, types } = await read(core);
    const changed = next(types);
    if (changed === undefined) return;
    const record = {
      namespace,
      key: registryKey,
      value: JSON.stringify(Object.fromEntries(changed)),
      runId: '',
    };
    const result = await committer.commit({
      expect: [{ kind: 'key', namespace, key: registryKey, value }],
      writes: [{ kind: 'put-key', record }],
    });
    if (result.ok) return;
  }
}

function refused(path: string, message: string): InvalidArgumentError {
  return new InvalidArgumentError('The search attribute cannot be registered', [{ path, message }]);
}
