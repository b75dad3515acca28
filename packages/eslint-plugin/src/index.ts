/** `@perdure/eslint-plugin`: rules for code that is replayed. See the README for what they find. */
import type { ESLint, Linter } from 'eslint';
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
} satisfies ESLint.Plugin['rules'];

const recommended: Linter.Config = {
  name: 'perdure/recommended',
  rules: Object.fromEntries(Object.keys(rules).map((name) => [`perdure/${name}`, 'error' as const])),
};

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
const plugin = {
  meta: { name: '@perdure/eslint-plugin', namespace: 'perdure' },
  rules,
  configs: { recommended },
} satisfies ESLint.Plugin;

recommended.plugins = { perdure: plugin };

export default plugin;
