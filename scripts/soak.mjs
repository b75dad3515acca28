// npm run soak -- [--runs 50000]: so many workflows in one process, and what they leave behind.
import { parseArgs } from 'node:util';
import { runBin } from './shell.mjs';
import { setup } from './setup.mjs';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '50000' } } });
if (!/^[1-9]\d*$/.test(values.runs)) {
  console.error(`--runs is ${values.runs}: it must be a number from 1`);
  process.exit(1);
}
setup();
runBin('vitest/vitest.mjs', ['run', '--project', 'soak'], { env: { PERDURE_SOAK: values.runs } });
