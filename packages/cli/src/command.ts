import { parseArgs } from 'node:util';
import { helpOf } from './help.js';
import type { Option, Options } from './option.js';
import type { Output } from './output.js';
import { misused } from './refusal.js';

/** What is given to a command: options by name, and what it takes by place. */
interface Given<O extends Options, P extends readonly string[]> {
  readonly values: ReturnType<typeof parseArgs<{ options: { -readonly [K in keyof O]: O[K] } }>>['values'];
  /** One for each name in `takes`. */
  readonly places: { readonly [K in keyof P]: string };
  /** What came after, where `more` allows it. */
  readonly rest: readonly string[];
}

interface Specification<O extends Options, P extends readonly string[]> {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Further sentences for its own help. */
  readonly about?: readonly string[];
  /** Names of what it takes by place; all are needed. */
  readonly takes: P;
  /** Any number of these may follow. */
  readonly more?: string;
  readonly options: O;
  /** Resolves to the exit code; nothing is 0. */
  run(given: Given<O, P>, output: Output): Promise<number | undefined>;
}

/** One command of the command line. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Runs it on what stands after its name. Rejects with what a person is told on stderr. */
  run(args: readonly string[], output: Output): Promise<number>;
}

const help = { type: 'boolean', short: 'h', help: 'Shows this.' } as const satisfies Option;

export function command<const O extends Options, const P extends readonly string[]>(
  specification: Specification<O, P>,
): Command {
  const { name, summary, takes, more } = specification;
  const options = { ...specification.options, help };
  return {
    name,
    summary,
    run: async (args, output) => {
      const { values, positionals } = parsed(args, options, name);
      if (values['help'] === true) {
        for (const line of helpOf({ ...specification, options })) output.line(line);
        return 0;
      }
      const missing = takes.slice(positionals.length);
      if (missing.length > 0)
        throw misused(`perdure ${name} needs ${missing.join(' and ')}: ${seeHelp(name)}`);
      if (positionals.length > takes.length && more === undefined)
        throw misused(`perdure ${name} takes no '${String(positionals[takes.length])}': ${seeHelp(name)}`);
      const given = {
        values,
        places: positionals.slice(0, takes.length),
        rest: positionals.slice(takes.length),
      };
      return (await specification.run(given as unknown as Given<O, P>, output)) ?? 0;
    },
  };
}

function seeHelp(name: string): string {
  return `see perdure ${name} --help`;
}

function parsed(
  args: readonly string[],
  options: Options,
  name: string,
): { readonly values: Readonly<Record<string, unknown>>; readonly positionals: readonly string[] } {
  try {
    return parseArgs({ args: [...args], options: { ...options }, allowPositionals: true });
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split(/\. |\n/);
    throw misused(`${sentence.replace(/\.$/, '')}: ${seeHelp(name)}`);
  }
}
