// npm run golden: records the histories and stores that are not there yet. Those that are there are never touched.
import { runBin } from './shell.mjs';
import { setup } from './setup.mjs';

setup();
runBin('tsx/dist/cli.mjs', ['test/golden/record.ts']);
