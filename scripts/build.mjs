// npm run build: ESM and declarations of every package into its dist folder.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { packages } from './packages.mjs';
import { root, runBin, say } from './shell.mjs';
import { setup } from './setup.mjs';

setup();
say('Building the packages');
runBin('tsup/dist/cli-default.js', ['--silent']);
for (const { folder } of packages) copyFileSync(join(root, 'LICENSE'), join(root, folder, 'LICENSE'));
