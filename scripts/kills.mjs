// npm run kills -- [--kills 1000]: processes on one SQLite file, killed one after the other.
import { parseArgs } from 'node:util';
import { runBin } from './shell.mjs';
import { setup } from './setup.mjs';

const { values } = parseArgs({ options: { kills: { type: 'string', default: '1000' } } });
if (!/^[1-9]\d*$/.test(values.kills)) {
  console.error(`--kills is ${values.kills}: it must be a number from 1`);
  process.exit(1);
}
setup();
runBin('vitest/vitest.mjs', ['run', '--project', 'kills', 'test/kills/sqlite-kills.test.ts'], {
  env: { PERDURE_KILLS: values.kills },
});
