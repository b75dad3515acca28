import { defineConfig, type Options } from 'tsup';

/** One row a package: folder, entries. */
const rows = [
  ['packages/core', ['index', 'storage', 'internal']],
  ['packages/testing', ['index']],
  ['packages/inspector', ['index', 'sources']],
  ['packages/eslint-plugin', ['index']],
  ['packages/isolation', ['index', 'child']],
  ['packages/cli', ['main']],
  ['adapters/memory', ['index']],
  ['adapters/indexeddb', ['index']],
  ['adapters/sqlite', ['index']],
] as const;

export default defineConfig(
  rows.map(([folder, entries]): Options => ({
    name: folder,
    entry: Object.fromEntries(entries.map((entry) => [entry, `${folder}/src/${entry}.ts`])),
    outDir: `${folder}/dist`,
    tsconfig: `${folder}/tsconfig.json`,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    // Deno and bundlers tell Node's modules by this prefix.
    removeNodeProtocol: false,
    clean: true,
    sourcemap: true,
    // Entries of one package share their modules: an error class must not exist twice.
    splitting: true,
    // Every bare import stays one, the other packages of this repository included.
    external: [/^[^./]/],
    dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  })),
);
