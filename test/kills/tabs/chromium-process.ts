import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { chromium, type Browser, type BrowserContext } from 'playwright-core';
import { chromiumOptions } from '../../chromium.js';

/**
 * A Chromium that is started as a user would, and driven from outside. What Playwright starts itself takes every page
 * for one in the foreground, so that none can be frozen, and has no back/forward cache.
 */
export class ChromiumProcess {
  readonly context: BrowserContext;
  readonly #process: ChildProcess;
  readonly #browser: Browser;

  private constructor(process: ChildProcess, browser: Browser) {
    this.#process = process;
    this.#browser = browser;
    this.context = browser.contexts()[0]!;
    this.context.setDefaultTimeout(60_000);
  }

  static async of(profile: string): Promise<ChromiumProcess> {
    const { executablePath, args } = chromiumOptions;
    const ports = ['--remote-debugging-port=0', `--user-data-dir=${profile}`];
    const process = spawn(executablePath, [...args, ...ports, '--headless', 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const address = await addressOf(process);
    const browser = await chromium.connectOverCDP(address, { noDefaults: true, isLocal: true });
    return new ChromiumProcess(process, browser);
  }

  /** Without a word. */
  async kill(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
    await this.#browser.close();
  }
}

/** Where it listens, which it says once it does. */
async function addressOf({ stderr }: ChildProcess): Promise<string> {
  const said: string[] = [];
  for await (const line of createInterface({ input: stderr! })) {
    const address = /^DevTools listening on (ws:\S+)/.exec(line)?.[1];
    if (address !== undefined) {
      // What it says from now on is of no interest, and must not fill the pipe.
      stderr!.resume();
      return address;
    }
    said.push(line);
  }
  throw new Error(`Chromium ended before it listened:\n${said.join('\n')}`);
}
