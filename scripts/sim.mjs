// npm run sim: the simulator. `--seeds 1000000` for a night, `--seed 17` to see one of them, `--from 5000`, `--threads 1`.
import { runBin } from './shell.mjs';
import { setup } from './setup.mjs';

setup();
runBin('tsx/dist/cli.mjs', ['test/simulation/main.ts', ...process.argv.slice(2)]);
