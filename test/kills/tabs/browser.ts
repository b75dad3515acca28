import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CDPSession } from 'playwright-core';
import { ChromiumProcess } from './chromium-process.js';
import { Tab } from './tab.js';

/** A Chromium with its profile on disk, and the tabs in it that answer. */
export class Browser {
  /** What went wrong in any page and was caught by nobody. */
  readonly problems: string[] = [];
  readonly tabs: Tab[] = [];
  readonly #origin: string;
  readonly #profile: string;
  readonly #arrivals = new EventEmitter();
  #chromium: ChromiumProcess;
  #control: CDPSession | undefined;

  private constructor(origin: string, profile: string, chromium: ChromiumProcess) {
    this.#origin = origin;
    this.#profile = profile;
    this.#chromium = chromium;
  }

  static async of(origin: string): Promise<Browser> {
    const profile = await mkdtemp(join(tmpdir(), 'perdure-profile-'));
    return new Browser(origin, profile, await ChromiumProcess.of(profile));
  }

  /** A tab with an engine on this store: this version of the application, or the next one. */
  async open(store: string, version: 'tab' | 'next' = 'tab'): Promise<Tab> {
    const { context } = this.#chromium;
    const page = await context.newPage();
    page.on('pageerror', (error) =>
      this.problems.push(`${error.name}: ${error.message}\n${error.stack ?? ''}`),
    );
    const tab = new Tab(page, await context.newCDPSession(page));
    await tab.show();
    await page.goto(`${this.#origin}/${version}?store=${store}`);
    return this.take(tab);
  }

  /** Reckons with a tab that answers, from now on. */
  async take(tab: Tab): Promise<Tab> {
    await tab.page.waitForFunction(() => 'tab' in globalThis);
    this.tabs.push(tab);
    this.#arrivals.emit('tab');
    return tab;
  }

  /** Reckons with this tab no more: whoever waits for it asks another. */
  leave(tab: Tab): void {
    this.tabs.splice(this.tabs.indexOf(tab), 1);
    tab.leave();
  }

  async anyTab(): Promise<Tab> {
    while (this.tabs.length === 0) await once(this.#arrivals, 'tab');
    return this.tabs[Math.floor(Math.random() * this.tabs.length)]!;
  }

  /** What the site may have on disk, in bytes; as it was where nothing is said. */
  async limitStorage(quotaSize?: number): Promise<void> {
    const { context } = this.#chromium;
    // Of the page that was there from the beginning: the limit holds as long as this session.
    this.#control ??= await context.newCDPSession(context.pages()[0]!);
    const origin = this.#origin;
    const limit = quotaSize === undefined ? { origin } : { origin, quotaSize };
    await this.#control.send('Storage.overrideQuotaForOrigin', limit);
  }

  /** Kills the whole of it, and opens it again without a tab. */
  async kill(): Promise<void> {
    for (const tab of [...this.tabs]) this.leave(tab);
    await this.#chromium.kill();
    this.#chromium = await ChromiumProcess.of(this.#profile);
  }

  async closeTabs(): Promise<void> {
    for (const tab of [...this.tabs]) {
      this.leave(tab);
      await tab.close();
    }
  }

  async close(): Promise<void> {
    for (const tab of [...this.tabs]) this.leave(tab);
    await this.#chromium.kill();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}
