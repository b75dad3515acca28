// npm run demo:browser: serves the order example's page. Open it in two tabs and close one.
import { runBin } from './shell.mjs';
import { setup } from './setup.mjs';

setup();
runBin('vite/bin/vite.js', ['examples/order', ...process.argv.slice(2)]);
