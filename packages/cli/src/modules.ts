import { statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { definitionsIn } from '@perdure/core';
import type { Options } from './option.js';
import { Refusal, sentenceOf } from './refusal.js';

export const workflowsOption = {
  workflows: {
    type: 'string',
    multiple: true,
    short: 'w',
    value: 'MODULE',
    help: 'A module that exports workflows and activities; may be given again. Default: PERDURE_WORKFLOWS, a list like PATH.',
  },
} as const satisfies Options;

export type Definitions = ReturnType<typeof definitionsIn>;

/** Paths of the modules that the user named, and nothing else. */
export function namedModules(given: readonly string[] | undefined): readonly string[] {
  const named = given ?? (process.env['PERDURE_WORKFLOWS'] ?? '').split(delimiter);
  return named.filter((path) => path !== '').map((path) => resolve(path));
}

/** Loads modules and finds what they define. Throws a refusal that names the module. */
export async function loadDefinitions(modules: readonly string[]): Promise<Definitions> {
  const loaded: object[] = [];
  for (const path of modules) {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
      throw new Refusal(`There is no module at ${path}: --workflows takes a file, such as ./workflows.js`);
    try {
      const module = (await import(pathToFileURL(path).href)) as object;
      const { workflows, activities } = definitionsIn(module);
      if (workflows.length + activities.length === 0)
        throw new Refusal('it exports nothing that defineWorkflow or defineActivity made');
      loaded.push(module);
    } catch (error) {
      throw new Refusal(`The module ${path} cannot be used: ${sentenceOf(error)}`);
    }
  }
  return definitionsIn(...loaded);
}
