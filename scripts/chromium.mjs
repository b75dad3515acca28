// Finds a Chromium for the browser tests, or installs one where that is a single step.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall, canApt, isMain, say, which } from './shell.mjs';

function wellKnown() {
  switch (process.platform) {
    case 'darwin':
      return [
        '/Applications/Chromium.app/Contents/MacOS/Chromium',
        '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
        '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
      ];
    case 'win32':
      return [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA]
        .filter((folder) => folder !== undefined)
        .flatMap((folder) => [
          join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
          join(folder, 'Chromium', 'Application', 'chrome.exe'),
          join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
        ]);
    default:
      return [
        '/usr/bin/chromium',
        '/usr/bin/chromium-browser',
        '/usr/bin/google-chrome',
        '/snap/bin/chromium',
      ];
  }
}

function find() {
  const named = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  return wellKnown().find((file) => existsSync(file)) ?? named.map(which).find((file) => file !== undefined);
}

/** The path of a Chromium. Without one the browser tests cannot run, and leaving them out silently would be a lie. */
export function chromium() {
  const chosen = process.env.PERDURE_CHROMIUM;
  if (chosen) {
    if (existsSync(chosen)) return chosen;
    say(`PERDURE_CHROMIUM names ${chosen}, which does not exist.`);
    process.exit(1);
  }
  const found = find();
  if (found !== undefined) return found;
  if (canApt()) {
    say('No Chromium found: installing Debian\u2019s (apt-get install chromium) \u2026');
    aptInstall(['chromium']);
    const now = find();
    if (now !== undefined) return now;
  }
  say(
    'No Chromium found, and the browser tests need one. Install it (Debian: apt-get install chromium; macOS: ' +
      'brew install --cask chromium) or name one: PERDURE_CHROMIUM=/path/to/chrome npm test. ' +
      'Without a browser, name the projects to run: npx vitest run --project unit --project memory',
  );
  process.exit(1);
}

if (isMain(import.meta.url)) console.log(chromium());
