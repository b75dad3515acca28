// npm run kills -- [--kills 1000] [--tabs]: processes on one SQLite file, killed one after the other; or tabs on one
// IndexedDB store.
import { parseArgs } from 'node:util';
import { chromium } from './chromium.mjs';
import { runBin } from './shell.mjs';
import { setup } from './setup.mjs';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '1000' }, tabs: { type: 'boolean', default: false } },
});
if (!/^[1-9]\d*$/.test(values.kills)) {
  console.error(`--kills is ${values.kills}: it must be a number from 1`);
  process.exit(1);
}
setup();
const file = values.tabs ? 'test/kills/tabs/kills.test.ts' : 'test/kills/sqlite-kills.test.ts';
runBin('vitest/vitest.mjs', ['run', '--project', 'kills', file], {
  env: { PERDURE_KILLS: values.kills, ...(values.tabs && { PERDURE_CHROMIUM: chromium() }) },
});
