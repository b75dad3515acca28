// npm run crash-points -- [--storage memory|sqlite|indexeddb|memory-evict|…]: every crash point, on that storage.
import { parseArgs } from 'node:util';
import { runBin } from './shell.mjs';
import { setup } from './setup.mjs';

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'memory' } } });
setup();
runBin('vitest/vitest.mjs', ['run', '--project', 'crash-points'], {
  env: { PERDURE_CRASH_STORAGE: values.storage },
});
