import { InvalidArgumentError } from '../../model/errors.js';
import { attributeValues } from '../client/search-attributes.js';
import type { Core } from '../core.js';
import { readRegistered, registryKey } from './known-attributes.js';
import {
  attributeNameIssue,
  isSearchAttributeType,
  misfit,
  misfitIssue,
  searchAttributeTypes,
  type RegisteredAttributes,
} from '../../model/search-attributes.js';

const mostRegistered = 500;

/** The attributes that are registered in the namespace, by name. */
export async function registeredAttributes(
  core: Pick<Core, 'storage' | 'namespace'>,
): Promise<RegisteredAttributes> {
  return (await readRegistered(core)).types;
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
  const unfit = misfit(attributeValues({ attributes, runId: '' }), await registeredAttributes(core));
  if (unfit) throw new InvalidArgumentError('The workflow cannot be started', [misfitIssue(unfit)]);
}

/** Compares and swaps until nobody else was quicker. */
async function change(
  core: Core,
  next: (types: RegisteredAttributes) => RegisteredAttributes | undefined,
): Promise<void> {
  const { namespace, committer } = core;
  for (;;) {
    const { types, expect } = await readRegistered(core);
    const changed = next(types);
    if (changed === undefined) return;
    const record = {
      namespace,
      key: registryKey,
      value: JSON.stringify(Object.fromEntries(changed)),
      runId: '',
    };
    const result = await committer.commit({
      expect: [expect],
      writes: [{ kind: 'put-key', record }],
    });
    if (result.ok) return;
  }
}

function refused(path: string, message: string): InvalidArgumentError {
  return new InvalidArgumentError('The search attribute cannot be registered', [{ path, message }]);
}
