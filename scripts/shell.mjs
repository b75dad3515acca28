// What the scripts share: running programs, saying what happens, and installing what a Debian machine lacks.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export function say(sentence) {
  console.log(`\u25B8 ${sentence}`);
}

/** Whether the module at `url` is the program that Node was asked to run. */
export function isMain(url) {
  const program = process.argv[1];
  return program !== undefined && realpathSync(program) === realpathSync(fileURLToPath(url));
}

/** The full path of a program on PATH, or undefined. */
export function which(program) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', ''] : [''];
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const ending of endings) {
      const file = join(folder, program + ending);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // Not here: the next folder.
      }
    }
  }
  return undefined;
}

export const has = (program) => which(program) !== undefined;

/**
 * Runs a program to its end in the project's root; a failure ends this process unless it is allowed.
 * What a quiet program says is shown only if it fails.
 */
export function run(program, args, { env = {}, cwd = root, allowFailure = false, quiet = false } = {}) {
  const windows = process.platform === 'win32';
  const result = spawnSync(windows && program === 'npm' ? 'npm.cmd' : program, args, {
    cwd,
    stdio: quiet ? 'pipe' : 'inherit',
    encoding: 'utf8',
    // Node refuses to start .cmd files without a shell.
    shell: windows && program === 'npm',
    env: { ...process.env, ...env },
  });
  if (result.error) say(`${program} could not be started: ${result.error.message}`);
  const status = result.status ?? 1;
  if (quiet && status !== 0) console.log(`${result.stdout}${result.stderr}`);
  if (status !== 0 && !allowFailure) process.exit(status);
  return status;
}

/** Runs the JavaScript file of an installed package's command, the same way on every platform. */
export function runBin(file, args, options) {
  return run(process.execPath, [join(root, 'node_modules', file), ...args], options);
}

/** As root on Debian and its relatives a missing system package can simply be installed. */
export function canApt() {
  return (
    process.platform === 'linux' &&
    process.getuid?.() === 0 &&
    existsSync('/etc/debian_version') &&
    has('apt-get')
  );
}

export function aptInstall(packages) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-qq'], { env, allowFailure: true });
  return run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
    env,
    allowFailure: true,
  });
}
