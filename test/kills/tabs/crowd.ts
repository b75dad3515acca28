import type { Browser } from './browser.js';
import type { Tab } from './tab.js';

/** How a tab is lost. */
export const ways = ['close', 'freeze', 'crash', 'goAway', 'reload', 'kill the browser'] as const;

const anyOf = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)]!;

/** Tabs on one store, of which some sleep. As many as there should be are always awake. */
export class Crowd {
  readonly #browser: Browser;
  readonly #size: number;
  readonly #store: string;
  #sleepers: (() => Promise<Tab>)[] = [];

  constructor(browser: Browser, size: number, store: string) {
    this.#browser = browser;
    this.#size = size;
    this.#store = store;
  }

  async fill(): Promise<void> {
    while (this.#browser.tabs.length < this.#size) await this.#browser.open(this.#store);
  }

  /** Loses any of them in this way, and resolves when another one has taken its place: one that slept, or a new one. */
  async loseOne(way: (typeof ways)[number]): Promise<void> {
    const wakes = this.#sleepers.splice(0);
    if (way === 'kill the browser') await this.#browser.kill();
    else await this.#lose(anyOf(this.#browser.tabs), way);
    if (way !== 'kill the browser') for (const wake of wakes) await this.#browser.take(await wake());
    await this.fill();
  }

  async #lose(tab: Tab, way: Exclude<(typeof ways)[number], 'kill the browser'>): Promise<void> {
    this.#browser.leave(tab);
    if (way === 'reload') {
      await this.#browser.take(await tab.reload());
      return;
    }
    // What is in front cannot be frozen.
    if (way === 'freeze') await this.#browser.tabs[0]!.page.bringToFront();
    await tab[way]();
    if (way === 'freeze') this.#sleepers.push(() => tab.resume());
    if (way === 'goAway') this.#sleepers.push(() => tab.goBack());
  }
}
