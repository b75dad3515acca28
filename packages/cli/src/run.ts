import { readFileSync } from 'node:fs';
import { commands } from './commands.js';
import { columns } from './help.js';
import type { Output } from './output.js';
import { misused, Refusal, sentenceOf } from './refusal.js';

/** Runs one command line. Resolves to the exit code: 0 done, 1 refused or failed, 2 the command line is wrong. */
export async function run(args: readonly string[], output: Output): Promise<number> {
  const [name = '--help', ...rest] = args;
  try {
    if (name === '--help' || name === '-h' || name === 'help') {
      for (const line of overview()) output.line(line);
      return 0;
    }
    if (name === '--version' || name === '-v') {
      output.line(version());
      return 0;
    }
    const command = commands.find((one) => one.name === name);
    if (!command) throw misused(`There is no command '${name}': see perdure --help`);
    return await command.run(rest, output);
  } catch (error) {
    output.note(`perdure: ${sentenceOf(error)}`);
    return error instanceof Refusal ? error.exitCode : 1;
  }
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}

function overview(): readonly string[] {
  return [
    'perdure COMMAND [options]',
    '',
    'Durable workflows in a SQLite file.',
    '',
    'Commands:',
    ...columns(commands.map(({ name, summary }) => [name, summary])),
    '',
    'perdure COMMAND --help says more about one; --version prints the version.',
    'The store is --store, else PERDURE_STORE, else ./perdure.sqlite; modules are --workflows, else PERDURE_WORKFLOWS.',
    'Exit codes: 0 done, 1 refused or failed, 2 the command line is wrong.',
  ];
}
