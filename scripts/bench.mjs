// npm run bench: the benchmarks of test/bench, on the packages as they are published. Only ratios of one run count.
import { chromium } from './chromium.mjs';
import { runBin, say } from './shell.mjs';
import { setup } from './setup.mjs';

setup();
say('Building the packages');
runBin('tsup/dist/cli-default.js', ['--silent', '--no-dts']);
const tsx = ['--expose-gc', '--tsconfig', 'test/bench/tsconfig.json', 'test/bench/run.ts'];
runBin('tsx/dist/cli.mjs', [...tsx, ...process.argv.slice(2)], { env: { PERDURE_CHROMIUM: chromium() } });
