import { fileURLToPath } from 'node:url';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * Packages resolve to their sources, for Vite and Vitest as tsconfig.base.json says it for TypeScript and tsx: no
 * build is needed to run a test or an example.
 */
export const sourceAliases = [
  { find: /^@perdure\/core\/storage$/, replacement: at('packages/core/src/storage.ts') },
  { find: /^@perdure\/core\/internal$/, replacement: at('packages/core/src/internal.ts') },
  { find: /^@perdure\/core$/, replacement: at('packages/core/src/index.ts') },
  { find: /^@perdure\/eslint-plugin$/, replacement: at('packages/eslint-plugin/src/index.ts') },
  { find: /^@perdure\/isolation$/, replacement: at('packages/isolation/src/index.ts') },
  { find: /^@perdure\/testing$/, replacement: at('packages/testing/src/index.ts') },
  { find: /^@perdure\/inspector\/sources$/, replacement: at('packages/inspector/src/sources.ts') },
  { find: /^@perdure\/inspector$/, replacement: at('packages/inspector/src/index.ts') },
  { find: /^@perdure\/memory$/, replacement: at('adapters/memory/src/index.ts') },
  { find: /^@perdure\/sqlite$/, replacement: at('adapters/sqlite/src/index.ts') },
  { find: /^@perdure\/indexeddb$/, replacement: at('adapters/indexeddb/src/index.ts') },
];

/** What `#storage` means to one project of the tests. */
export const storageAlias = (name: string) => ({
  find: /^#storage$/,
  replacement: at(`test/storages/${name}.ts`),
});
