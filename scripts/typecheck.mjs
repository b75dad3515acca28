// Everything at once as the tests see it, then each package with only what its platform has: the core and the
// memory adapter must compile without Node and without a DOM.
import { packages } from './packages.mjs';
import { runBin, say } from './shell.mjs';

for (const project of ['.', ...packages.map(({ folder }) => folder)]) {
  say(`tsc -p ${project}`);
  runBin('typescript/bin/tsc', ['--project', project]);
}
