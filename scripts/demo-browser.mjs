// npm run demo:browser: serves the order example's page. Open it in two tabs and close one.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './shell.mjs';
import { setup } from './setup.mjs';

setup();
const vite = join(root, 'node_modules/vite/bin/vite.js');
const server = spawn(process.execPath, [vite, 'examples/order', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill(signal));
server.on('exit', (code) => process.exit(code ?? 1));
