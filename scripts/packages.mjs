// The published packages, in the order in which they depend on each other, and the checks of their tarballs:
// `node scripts/packages.mjs publint`, `node scripts/packages.mjs attw`.
import { isMain, runBin, say } from './shell.mjs';

export const packages = [
  { name: 'core', folder: 'packages/core', entries: ['index', 'storage', 'internal'] },
  { name: 'memory', folder: 'adapters/memory', entries: ['index'] },
  { name: 'indexeddb', folder: 'adapters/indexeddb', entries: ['index'] },
  { name: 'sqlite', folder: 'adapters/sqlite', entries: ['index'] },
  { name: 'testing', folder: 'packages/testing', entries: ['index'] },
  { name: 'eslint-plugin', folder: 'packages/eslint-plugin', entries: ['index'] },
  { name: 'inspector', folder: 'packages/inspector', entries: ['index', 'sources'] },
  { name: 'isolation', folder: 'packages/isolation', entries: ['index'] },
  { name: 'cli', folder: 'packages/cli', entries: [] },
];

const checks = {
  publint: (folder) => ['publint/src/cli.js', folder, '--strict'],
  attw: (folder) => ['@arethetypeswrong/cli/dist/index.js', '--pack', folder, '--profile', 'esm-only'],
};

if (isMain(import.meta.url)) {
  const check = checks[process.argv[2]];
  if (check === undefined) {
    say(`Say which check: ${Object.keys(checks).join(' or ')}.`);
    process.exit(1);
  }
  for (const { name, folder } of packages) {
    const [file, ...args] = check(folder);
    runBin(file, args, { quiet: true });
    say(`@perdure/${name} is in order`);
  }
}
