// npm run build: ESM and declarations of every package into its dist folder.
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { packages } from './packages.mjs';
import { isMain, root, runBin, say } from './shell.mjs';
import { setup } from './setup.mjs';

export function isBuilt() {
  return packages.every(({ folder, entries }) =>
    entries.every((entry) =>
      ['js', 'd.ts'].every((end) => existsSync(join(root, folder, 'dist', `${entry}.${end}`))),
    ),
  );
}

export function build() {
  say('Building the packages');
  runBin('tsup/dist/cli-default.js', ['--silent']);
  for (const { folder } of packages) copyFileSync(join(root, 'LICENSE'), join(root, folder, 'LICENSE'));
}

if (isMain(import.meta.url)) {
  setup();
  build();
}
