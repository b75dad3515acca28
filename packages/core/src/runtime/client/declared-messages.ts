import { validateSync } from '../../codec/schema.js';
import { InvalidArgumentError } from '../../model/errors.js';
import type { MessageRecord } from '../definitions.js';

/** The messages that a workflow type takes, by name. */
export type DeclaredMessages = Readonly<Record<string, MessageRecord>>;

/** Checks a message's name and argument against what its type declares. Throws `InvalidArgumentError`. */
export function checkMessage(
  kind: 'signal' | 'query' | 'update',
  type: string,
  declared: DeclaredMessages | undefined,
  name: string,
  argument: unknown,
): unknown {
  if (!declared || Object.keys(declared).length === 0) return argument;
  const message = Object.hasOwn(declared, name) ? declared[name] : undefined;
  if (message?.kind !== kind) {
    const names = Object.keys(declared).filter((one) => declared[one]?.kind === kind);
    const known =
      names.length > 0 ? `it declares ${names.map((one) => `'${one}'`).join(', ')}` : `it declares none`;
    throw new InvalidArgumentError(`workflow '${type}' has no ${kind} '${name}'; ${known}`, []);
  }
  return message.schema ? validateSync(message.schema, argument, `Argument of ${kind} '${name}'`) : argument;
}
