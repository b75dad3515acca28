// Makes a fresh clone ready to run: dependencies as the lockfile says, with a native SQLite driver that loads.
// Nothing here may import a dependency: none is installed yet.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall, canApt, has, isMain, root, run, say } from './shell.mjs';

const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];

const stampFile = join(root, 'node_modules', '.cache', 'perdure-setup');

/** What was installed, and for which Node: a native module built for another one would not load. */
function wanted() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const hash = createHash('sha256').update(lock).digest('hex');
  return `${hash} node-abi-${process.versions.modules} ${process.platform}-${process.arch}`;
}

function installed() {
  try {
    return readFileSync(stampFile, 'utf8').trim();
  } catch {
    return '';
  }
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  say(`Perdure needs Node 20.19 or newer; this is ${process.version}.`);
  process.exit(1);
}

/** In a process of its own: a binary for another Node can crash the process that loads it. */
function driverLoads() {
  const probe = "const D = require('better-sqlite3'); new D(':memory:').close()";
  return spawnSync(process.execPath, ['-e', probe], { cwd: root, stdio: 'ignore' }).status === 0;
}

function missingBuildTools() {
  return [
    ...(has('python3') ? [] : ['python3']),
    ...(has('make') ? [] : ['make']),
    ...(has('g++') || has('c++') || has('clang++') ? [] : ['g++']),
  ];
}

function ensureBuildTools() {
  if (process.platform === 'win32') return;
  const missing = missingBuildTools();
  if (missing.length === 0 || !canApt()) return;
  say(`The SQLite driver may have to be compiled: installing ${missing.join(', ')}.`);
  aptInstall(missing);
}

function buildDriver() {
  ensureBuildTools();
  say('Building the SQLite driver (better-sqlite3); from source this takes about a minute.');
  run('npm', ['rebuild', 'better-sqlite3', '--foreground-scripts'], { allowFailure: true });
  if (driverLoads()) return;
  const missing = process.platform === 'win32' ? [] : missingBuildTools();
  say(
    missing.length > 0
      ? `better-sqlite3 has no binary for this platform and could not be compiled: ${missing.join(', ')} missing. ` +
          'Install a C++ compiler, make and Python 3 (Debian: apt-get install python3 make g++; macOS: ' +
          'xcode-select --install), then run the command again.'
      : 'better-sqlite3 could not be installed: its binary could not be fetched, and compiling it failed (see above). ' +
          'It needs a C++ compiler, make, Python 3 and the headers of this Node ' +
          '(Windows: "Desktop development with C++" of the Visual Studio build tools).',
  );
  process.exit(1);
}

/** Installs what is missing and returns at once when nothing is. */
export function setup() {
  checkNode();
  const target = wanted();
  if (installed() === target) return;
  ensureBuildTools();
  // `npm ci` begins by emptying node_modules, which would pull it from under anything that is running.
  const command = existsSync(join(root, 'node_modules', '.package-lock.json')) ? 'install' : 'ci';
  say(`Installing dependencies (npm ${command}); on a fresh clone this takes a minute or two.`);
  if (run('npm', [command, ...quiet], { allowFailure: true }) !== 0) {
    // One native build that fails takes the whole installation with it, so that build gets a step of its own.
    say(`npm ${command} failed; once more without install scripts, in case one of them was the cause.`);
    run('npm', [command, ...quiet, '--ignore-scripts']);
  }
  if (!driverLoads()) buildDriver();
  mkdirSync(join(root, 'node_modules', '.cache'), { recursive: true });
  writeFileSync(stampFile, `${target}\n`);
  say('Dependencies are ready.');
}

if (isMain(import.meta.url)) setup();
