// npm test: everything, in Node and in Chromium, on a fresh clone too. Further arguments go to Vitest:
// `npm test -- --project unit packages/core/src/replay`.
import { chromium } from './chromium.mjs';
import { runBin } from './shell.mjs';
import { setup } from './setup.mjs';

setup();
runBin('vitest/vitest.mjs', ['run', ...process.argv.slice(2)], { env: { PERDURE_CHROMIUM: chromium() } });
