import type { ParseArgsConfig } from 'node:util';

type ParseArgsOption = NonNullable<ParseArgsConfig['options']>[string];

/** An option of a command, as `parseArgs` of Node takes it, and as help describes it. */
export interface Option extends ParseArgsOption {
  readonly help: string;
  /** What stands for its value in help. */
  readonly value?: string;
}
export type Options = Readonly<Record<string, Option>>;
