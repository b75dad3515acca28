// npm run check: everything that must hold besides the tests, cheapest first, ending at the first failure.
import { run, say } from './shell.mjs';
import { setup } from './setup.mjs';

const steps = [
  ['format:check', 'Format'],
  ['typecheck', 'Types'],
  ['lint', 'Lint'],
  ['depcruise', 'Floors: who may import what'],
  ['knip', 'Unused code'],
  ['features:check', 'The page of features'],
  ['build', 'Build'],
  ['publint', 'Package manifests (publint)'],
  ['attw', 'Package types (attw)'],
  ['size', 'Size budgets'],
  ['api', 'API reports'],
];

setup();
for (const [index, [script, headline]] of steps.entries()) {
  console.log(`\n\u2500\u2500 ${index + 1}/${steps.length} ${headline} \u2500\u2500 npm run ${script}`);
  const status = run('npm', ['run', '--silent', script], { allowFailure: true });
  if (status !== 0) {
    say(`"${headline}" failed. Run it alone with: npm run ${script}`);
    process.exit(status);
  }
}
say(`All ${steps.length} checks passed.`);
