import { validateSync } from '../../codec/schema.js';
import { InvalidArgumentError } from '../../model/errors.js';
import { declaredNames, undeclared } from '../../replay/declared-names.js';
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
  const known = declaredNames(declared, kind);
  if (!known) return argument;
  if (!known.includes(name)) throw new InvalidArgumentError(undeclared(kind, type, name, known), []);
  const message = declared?.[name];
  return message?.schema ? validateSync(message.schema, argument, `Argument of ${kind} '${name}'`) : argument;
}
