// Budgets of minified and gzipped code, with everything exported: an application that uses less ships less.
// They hold what is there: a feature may raise them, nothing else does. The aim is 20 kB for core + memory, 32 kB for a
// whole browser app, and 5 kB for an adapter.

/** Sources must not be reached through the paths of tsconfig.json: what is measured is what is published. */
const modifyEsbuildConfig = (config) => ({ ...config, tsconfigRaw: '{}' });

const row = (name, path, limit, ignore = []) => ({
  name,
  path,
  limit,
  gzip: true,
  ignore,
  modifyEsbuildConfig,
});

export default [
  row('core + memory, without superjson and rxjs', 'test/size/core-memory.js', '101 kB', [
    'superjson',
    'rxjs',
  ]),
  row('a whole browser app: core, IndexedDB, idb, rxjs, superjson', 'test/size/browser-app.js', '117 kB'),
  row('adapter memory', 'adapters/memory/dist/index.js', '5 kB', ['@perdure/core']),
  row('adapter IndexedDB, with idb', 'adapters/indexeddb/dist/index.js', '15 kB', ['@perdure/core']),
  row('adapter SQLite', 'adapters/sqlite/dist/index.js', '10 kB', [
    '@perdure/core',
    'better-sqlite3',
    'node:*',
  ]),
];
