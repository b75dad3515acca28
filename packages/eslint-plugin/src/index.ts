/** `@perdure/eslint-plugin`: rules for code that is replayed. See the README for what they find. */
import type { ESLint, Linter, Rule } from 'eslint';
import { noAmbient } from './no-ambient.js';
import { noAmbientImports } from './no-ambient-imports.js';
import { noFloatingTask } from './no-floating-task.js';
import { noForeignAwait } from './no-foreign-await.js';
import { noModuleState } from './no-module-state.js';

const rules = {
  'no-ambient': noAmbient,
  'no-ambient-imports': noAmbientImports,
  'no-floating-task': noFloatingTask,
  'no-foreign-await': noForeignAwait,
  'no-module-state': noModuleState,
} satisfies Record<string, Rule.RuleModule>;

const recommended: Linter.Config = {
  name: 'perdure/recommended',
  rules: Object.fromEntries(Object.keys(rules).map((name) => [`perdure/${name}`, 'error' as const])),
};

interface PerdurePlugin extends ESLint.Plugin {
  readonly rules: Record<keyof typeof rules, Rule.RuleModule>;
  readonly configs: { readonly recommended: Linter.Config };
}

/**
 * The plugin, under the name `perdure`.
 *
 * @example
 * ```ts
 * import perdure from '@perdure/eslint-plugin';
 *
 * export default [perdure.configs.recommended];
 * ```
 */
const plugin: PerdurePlugin = {
  meta: { name: '@perdure/eslint-plugin', namespace: 'perdure' },
  rules,
  configs: { recommended },
};

recommended.plugins = { perdure: plugin };

export default plugin;
