// npm run bench: the benchmarks of test/bench. Only ratios taken in the same run count.
import { chromium } from './chromium.mjs';
import { runBin } from './shell.mjs';
import { setup } from './setup.mjs';

setup();
runBin('tsx/dist/cli.mjs', ['--expose-gc', 'test/bench/run.ts', ...process.argv.slice(2)], {
  env: { PERDURE_CHROMIUM: chromium() },
});
