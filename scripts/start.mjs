// npm start: runs the order example in the terminal; on a fresh clone it installs what it needs first.
// Nothing has to be built: tsx reads the packages' sources through the paths of tsconfig.base.json.
import { run, say } from './shell.mjs';
import { setup } from './setup.mjs';

setup();
say('Running examples/order');
run('npm', ['run', '--silent', 'start', '--workspace', 'examples/order', '--', ...process.argv.slice(2)]);
