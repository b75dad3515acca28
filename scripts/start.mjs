// npm start: runs the order example in the terminal; on a fresh clone it installs what it needs first.
import { build, isBuilt } from './build.mjs';
import { say, run } from './shell.mjs';
import { setup } from './setup.mjs';

setup();
if (!isBuilt()) build();
say('Running examples/order');
run('npm', ['run', '--silent', 'start', '--workspace', 'examples/order', '--', ...process.argv.slice(2)]);
